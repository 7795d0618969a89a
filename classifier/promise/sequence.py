"""Exact tests in sequence: how far down a queue's threshold may go, and what evidence that takes.

Within a queue fixed-sequence testing (Maurer, Hothorn and Lehmacher 1995); over queues the
graphical Bonferroni procedure (Bretz, Maurer, Brannath and Posch 2009), in which a queue that has
passed every test leaves its share of the error to the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc
from scipy.stats import beta, binom

from classifier.stops import summed

SURE: Final = 0.9
"""How likely the first test should be to succeed, going by the model's own confidence."""

CAUTION: Final = 2.0
"""For choosing the first test a model is taken to err so many times as often as it says …"""

LEAST_ERROR: Final = 0.005
"""… and at least this often."""

FAR: Final = 100_000
"""No more labels than this are looked at for the number that would suffice."""

STEPS: Final = 64
REFINED: Final = 400
"""In so many steps, then in so many between two of them: to the label below a thousand or so."""


@dataclass(frozen=True, slots=True)
class Tests:
    """One queue's tests over the grid (g,), strictest first: how many labels reach each threshold
    and how many of them are right, and the first test that is made."""

    reached: NDArray[np.intp]
    right: NDArray[np.intp]
    start: int

    def p_values(self, target: float) -> NDArray[np.float64]:
        """(g,) of "no more than `target` is right": the exact binomial tail."""
        return np.asarray(bdtrc(self.right - 1, self.reached, target))


def faultless_labels(queues: int = 1, *, target: float = 0.95, level: float = 0.95) -> int:
    """The fewest labels, all right, that show `target` for each of so many queues at once.

    59 for one queue and 144 for each of 77 (target and level 0.95).
    """
    return int(np.ceil(np.log((1 - level) / queues) / np.log(target) - 1e-9))


def labels_for(
    precision: float, *, error: float, target: float = 0.95, at_least: int = 1
) -> int | None:
    """The fewest labels, `at_least` so many, that show `target` where this share is right.

    `error` is the chance of being wrong about it. None where no 100,000 labels would do, as at a
    precision that is not above the target.
    """
    if precision <= target or at_least > FAR:
        return None
    steps = np.unique(np.geomspace(at_least, FAR, STEPS).astype(np.intp))
    enough = _enough(steps, precision, target, error)
    if not enough.any():
        return None
    last = int(enough.argmax())
    ends = steps[max(last - 1, 0)], steps[last]
    between = np.unique(np.linspace(*ends, REFINED).astype(np.intp))
    return int(between[_enough(between, precision, target, error).argmax()])


def _enough(
    n: NDArray[np.intp], precision: float, target: float, error: float
) -> NDArray[np.bool_]:
    """Whether each number of labels (m,), this share of them right, shows the target."""
    right = np.floor(n * precision + 1e-9)
    return np.asarray(bdtrc(right - 1, n, target) <= error)


def tests_of(
    confidence: NDArray[np.float64],
    correct: NDArray[np.bool_],
    grid: NDArray[np.float64],
    *,
    target: float,
    error: float,
) -> Tests:
    """Count a queue's labels over the grid, and choose the first test without their answers.

    `confidence` and `correct` (n, s) are of the stops of each message in this queue: it counts at
    the first that reaches a threshold. Each threshold is a hypothesis of its own about what it
    routes, so a message may be right at one and wrong at another.

    The first is the strictest that would likely succeed by the model's own word, else the one
    likeliest to: stricter ones have too few labels to show anything. That choice looks at
    confidences only, and is therefore as good as made beforehand: given them the answers are
    independent, and the binomial tail bounds theirs (Hoeffding 1956).
    """
    reached = summed(np.ones(confidence.shape, dtype=np.intp), confidence, grid)
    right = summed(correct, confidence, grid)
    said = summed(confidence, confidence, grid)
    wrong = np.maximum(CAUTION * (1 - said / np.maximum(reached, 1)), LEAST_ERROR)
    start = _first(_power(reached, 1 - np.minimum(wrong, 1.0), target, error))
    return Tests(reached, right, start)


def _power(
    reached: NDArray[np.intp], precision: NDArray[np.float64], target: float, error: float
) -> NDArray[np.float64]:
    """The chance (g,) that a test succeeds if `precision` (g,) is right."""
    fewest_right = binom.ppf(1 - error, reached, target) + 1
    return np.asarray(bdtrc(fewest_right - 1, reached, precision))


def _first(power: NDArray[np.float64]) -> int:
    likely = np.flatnonzero(power >= SURE)
    return int(likely[0]) if len(likely) else len(power) - 1 - int(power[::-1].argmax())


def passed(tests: Sequence[Tests], *, target: float, error: float) -> list[tuple[int, float]]:
    """For each queue how many places of the grid it may go down, and its last share of the error.

    Begins with error / queues each; 0 places where the first test fails. The chance that any
    queue is let down to where no more than `target` is right is at most `error`.
    """
    if not tests:
        return []
    p_values = [each.p_values(target) for each in tests]
    place = [each.start for each in tests]
    share = [error / len(tests)] * len(tests)
    testing = set(range(len(tests)))
    while testing:
        for queue in testing:
            fails = np.flatnonzero(p_values[queue][place[queue] :] > share[queue])
            place[queue] = place[queue] + int(fails[0]) if len(fails) else len(p_values[queue])
        done = {queue for queue in testing if place[queue] == len(p_values[queue])}
        testing -= done
        if not done:
            break
        for queue in testing:
            share[queue] += sum(share[each] for each in done) / len(testing)
    return [
        (place[queue] if place[queue] > each.start else 0, share[queue])
        for queue, each in enumerate(tests)
    ]


def family(labels: Mapping[str, int], *, target: float, error: float) -> list[str]:
    """The queues to test, those with most labels: as many as have enough if each makes no mistake.

    How many labels a queue has says nothing of how many are right, so leaving out those with too
    few costs no validity, and leaves each of the others a larger share of the error.
    """
    ranked = sorted(labels, key=lambda name: (-labels[name], name))
    enough = [
        count
        for count, name in enumerate(ranked, start=1)
        if labels[name] >= faultless_labels(count, target=target, level=1 - error)
    ]
    return ranked[: enough[-1]] if enough else []


def lower_bound(right: int, n: int, error: float) -> float:
    """The one-sided Clopper-Pearson lower bound of a share; 0 without any right."""
    return float(beta.ppf(error, right, n - right + 1)) if right else 0.0
