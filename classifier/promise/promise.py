"""The promise per queue: what is routed automatically is right often enough, shown by labels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.decisions import LEAST_CONFIDENCE
from classifier.promise.evidence import equal_probability
from classifier.promise.ladder import Rung, evidenced
from classifier.promise.sequence import (
    Tests,
    family,
    labels_for,
    lower_bound,
    passed,
    tests_of,
)
from classifier.stops import leveled

GRID: Final[tuple[float, ...]] = (
    0.999,
    0.998,
    0.995,
    *(percent / 100 for percent in range(99, round(100 * LEAST_CONFIDENCE) - 1, -1)),
)
"""The thresholds a queue may get, strictest first, fixed before any label was seen: down to the
least confidence at which a model may route at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePromise:
    """What labels show of one queue.

    `threshold`: the confidence from which messages may be routed without a person, infinity where
    nothing was shown. The figures are of the `evidence` labels with a confidence of at least
    `tested` (the threshold, or the first that was tried): `errors` of them are wrong, and at
    least `lower` is right, with an `error` chance of being mistaken. `labels` counted for the
    queue, whatever their confidence. `rung`: the one that they speak for.
    """

    queue: str
    target: float
    threshold: float
    tested: float
    labels: int
    evidence: int
    errors: int
    lower: float
    error: float
    rung: Rung

    @property
    def kept(self) -> bool:
        """Whether the promise is made."""
        return self.threshold < float("inf")

    @property
    def precision(self) -> float | None:
        """The share of the evidence that is right; None without any."""
        return 1 - self.errors / self.evidence if self.evidence else None

    @property
    def needed(self) -> int | None:
        """How many more labels, of at least the `tested` confidence, would show it if as many stay
        right (without any label yet: if all are). 0 if shown, None if that rate would never do.
        """
        if self.kept:
            return 0
        rate = 1.0 if self.precision is None else self.precision
        n = max(self.evidence, 1)
        enough = labels_for(rate, error=self.error, target=self.target, at_least=n)
        return None if enough is None else enough - self.evidence

    @property
    def share(self) -> float:
        """The share of the queue's labels that the evidence is: what would be routed."""
        return self.evidence / self.labels if self.labels else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data; a threshold that routes nothing is None."""
        return {
            "queue": self.queue,
            "target": self.target,
            "threshold": self.threshold if self.kept else None,
            "tested": self.tested,
            "labels": self.labels,
            "evidence": self.evidence,
            "errors": self.errors,
            "precision": self.precision,
            "lower": self.lower,
            "level": 1 - self.error,
            "needed": self.needed,
            "rung": self.rung.value,
        }


@dataclass(frozen=True, slots=True)
class _Terms:
    target: float
    error: float
    grid: NDArray[np.float64]


def promise(
    confidence: NDArray[np.float64],
    correct: NDArray[np.bool_],
    queue: Sequence[str],
    inclusion: NDArray[np.float64] | None = None,
    *,
    target: float = 0.95,
    level: float = 0.95,
    grid: Sequence[float] = GRID,
    ids: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    key: bytes = b"",
    asking: Iterable[str] | None = None,
) -> dict[str, QueuePromise]:
    """From which confidence each queue's messages may be routed without a person.

    All (n,), of labeled messages that had no part in making the model and that it could route
    (their `confidence` above that of "none of the drivers"): whether its driver is `correct`, the
    `queue` it would send them to, and the probability of `inclusion` (see `equal_probability`,
    also for `ids`, `groups` and `key`). With probability at least `level`, at least `target` of
    what reaches its threshold is right in *every* queue that gets one. `confidence` and `correct`
    may be (n, s), of the stops of each message in its queue (see `classifier.stops.Stops`): then
    the promise is of what stops there, at a leaf or at a parent. `asking`: the queues it is
    asked for, chosen without looking at `correct`; by default all. It holds for one look at the
    labels: looking again after each answer until it succeeds is many looks. Raises ValueError
    when sizes differ, or the grid does not fall from strict to loose.
    """
    terms = _Terms(target, 1 - level, _falling(grid))
    names = np.asarray(queue, dtype=object)
    if not len(confidence) == len(correct) == len(names):
        raise ValueError(
            f"{len(confidence)} confidences, {len(correct)} answers, {len(names)} queues"
        )
    confidence, correct = leveled(confidence), leveled(correct)
    counts = equal_probability(inclusion, queue, ids=ids, groups=groups, key=key)
    asked = sorted(set(queue) if asking is None else set(asking))
    rows = {name: np.flatnonzero(counts & (names == name)) for name in asked}
    labels = {name: len(found) for name, found in rows.items()}
    tested = family(labels, target=target, error=terms.error)
    most = {name: terms.error / (len(tested) + (name not in tested)) for name in asked}
    tests = {
        name: tests_of(
            confidence[found], correct[found], terms.grid, target=target, error=most[name]
        )
        for name, found in rows.items()
    }
    ends = passed([tests[name] for name in tested], target=target, error=terms.error)
    shown = dict(zip(tested, ends, strict=True))
    return {
        name: _made(name, tests[name], labels[name], shown.get(name, (0, most[name])), terms)
        for name in asked
    }


def _made(
    name: str, tests: Tests, labels: int, end: tuple[int, float], terms: _Terms
) -> QueuePromise:
    """One queue's promise; `end`: places of the grid it may go down, and its share of the error."""
    places, error = end
    at = places - 1 if places else tests.start
    n, right = int(tests.reached[at]), int(tests.right[at])
    return QueuePromise(
        queue=name,
        target=terms.target,
        threshold=float(terms.grid[at]) if places else float("inf"),
        tested=float(terms.grid[at]),
        labels=labels,
        evidence=n,
        errors=n - right,
        lower=lower_bound(right, n, error),
        error=error,
        rung=evidenced(promised=places > 0, right=right, labels=n, target=terms.target),
    )


def _falling(grid: Sequence[float]) -> NDArray[np.float64]:
    thresholds = np.asarray(grid, dtype=np.float64)
    if not len(thresholds) or np.any(np.diff(thresholds) >= 0):
        raise ValueError("the grid must fall from the strictest threshold to the loosest")
    return thresholds
