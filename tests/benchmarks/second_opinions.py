"""What second opinions buy where people err: bias, coverage and width of the weekly intervals.

    python -m tests.benchmarks.second_opinions [--weeks 60] [--json]

The simulated weeks of `tests.benchmarks.volumes`, answered by people who err. `differently`: 5 % of
the answers are wrong, each in its own way. `one for another`: one in five messages of one driver
is taken for another. `as the model`: the same, of messages that the model takes for it, too. A
quarter of the answers gets a second opinion by somebody who errs as often. The third look is right;
or errs as often; or both opinions are wrong in the same way (`alike`), which nobody can see.
"""

import argparse
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classifier.volumes import SecondOpinions, Volumes, VolumeTerms, estimate_volumes, volume_terms
from labeling.sampling import second_inclusion, second_worth, uncertainty
from tests.benchmarks.volumes.simulated import CONFUSED, TAKEN_FOR, Week, World, simulate

WORLD = World()
MISTAKES = ("none", "differently", "one for another", "as the model")
THIRD_LOOKS = ("right", "errs", "alike")
LARGE = np.flatnonzero(WORLD.shares >= 0.03)
PAIR = [CONFUSED, TAKEN_FOR]
EVERYWHERE, OF_ONE = 0.05, 0.2


@dataclass(frozen=True)
class People:
    """How people err, what the third look is worth, and which answers get a second opinion: any
    with the same chance, or those rather that surprise the model and weigh most (`graded`)."""

    mistakes: str = "differently"
    third_look: str = "right"
    share: float = 0.25
    graded: bool = False

    def answers(self, week: Week, rng: np.random.Generator) -> np.ndarray:
        """(n,) what one of them would say of each message."""
        truth, n = week.truth, len(week.truth)
        if self.mistakes == "none":
            return truth
        if self.mistakes == "differently":
            other = (truth + rng.integers(1, WORLD.drivers, size=n)) % WORLD.drivers
            return np.where(rng.random(n) < EVERYWHERE, other, truth)
        taken = (truth == CONFUSED) & (rng.random(n) < OF_ONE)
        if self.mistakes == "as the model":
            taken &= week.probabilities.argmax(axis=1) == TAKEN_FOR
        return np.where(taken, TAKEN_FOR, truth)

    def opinions(self, week: Week, first: np.ndarray, rng: np.random.Generator) -> SecondOpinions:
        second = first if self.third_look == "alike" else self.answers(week, rng)
        third = self.answers(week, rng) if self.third_look == "errs" else week.truth
        chance = self.chance(week, first)
        return SecondOpinions(
            labels=np.where(second == first, first, third),
            inclusion=chance,
            given=week.asked & (rng.random(len(first)) < chance),
            differing=second != first,
        )

    def chance(self, week: Week, first: np.ndarray) -> np.ndarray:
        if not self.graded:
            return np.full(len(first), self.share)
        surprise = 1 - week.probabilities[np.arange(len(first)), first]
        worth = second_worth(surprise, week.inclusion)
        expected = second_worth(uncertainty(week.probabilities) ** 2, week.inclusion)
        usual = float(expected[week.asked].mean())
        return second_inclusion(worth, self.share, usual=usual)


@dataclass(repr=False)
class Tally:
    """Truth, and the volumes without second opinions and with them: one of each a week."""

    truth: list[np.ndarray] = field(default_factory=list)
    believed: list[Volumes] = field(default_factory=list)
    corrected: list[Volumes] = field(default_factory=list)
    terms: list[VolumeTerms] = field(default_factory=list)

    def coverage(self, which: str, columns: Any = slice(None)) -> float:
        """Percentage of the intervals of these columns that hold the truth."""
        held = [
            (each.low <= true + 1e-9) & (true <= each.high + 1e-9)
            for each, true in zip(getattr(self, which), self.truth, strict=True)
        ]
        return 100 * float(np.mean(np.array(held)[:, columns]))

    def width(self, which: str, columns: Any = LARGE) -> float:
        return float(np.mean([(v.high - v.low)[columns] for v in getattr(self, which)]))

    def bias(self, which: str, columns: Any = LARGE) -> float:
        """Percentage by which the totals of these columns are off, together."""
        truth = np.sum(self.truth, axis=0)[columns].sum()
        found = np.sum([v.total for v in getattr(self, which)], axis=0)[columns].sum()
        return 100 * float(found / truth - 1)

    def error(self, which: str, figure: str = "total", columns: Any = slice(None)) -> float:
        """Mean absolute error, in messages."""
        found = np.array([getattr(v, figure) for v in getattr(self, which)])
        return float(np.mean(np.abs(found - np.array(self.truth))[:, columns]))


def run(people: People, scenario: str = "no shift", *, seed: int = 0, **setting: Any) -> Tally:
    """Simulate, have people answer, estimate every week with the four before it."""
    tally, plain = Tally(), list[VolumeTerms]()
    rng = np.random.default_rng([seed, MISTAKES.index(people.mistakes)])
    for week in simulate(scenario, seed=seed, **setting):
        first = people.answers(week, rng)
        given = (week.probabilities, first, week.inclusion, week.asked)
        believed = volume_terms(*given)
        corrected = volume_terms(*given, second=people.opinions(week, first, rng))
        for terms, past, found in (
            (believed, plain, tally.believed),
            (corrected, tally.terms, tally.corrected),
        ):
            found.append(estimate_volumes(terms, past[-4:], trained=WORLD.trained))
            past.append(terms)
        tally.truth.append(week.counts)
    return tally


def figures(people: People, n: int, budget: float, weeks: int) -> dict[str, float | str]:
    scenario = "confused pair" if people.mistakes == "as the model" else "no shift"
    tally = run(people, scenario, n=n, budget=budget, weeks=weeks)
    found: dict[str, float | str] = {
        "mistakes": people.mistakes,
        "third_look": people.third_look,
        "graded": str(people.graded),
        "messages": n,
        "budget_%": 100 * budget,
        "second_opinions": float(np.mean([each.second_opinions for each in tally.terms])),
        "differing": float(np.mean([each.differing for each in tally.terms])),
    }
    for which in ("believed", "corrected"):
        found |= {
            f"{which}_all_%": tally.coverage(which),
            f"{which}_large_%": tally.coverage(which, LARGE),
            f"{which}_pair_%": tally.coverage(which, PAIR),
            f"{which}_unseen_%": tally.coverage(which, WORLD.unseen),
            f"{which}_bias_large_%": tally.bias(which),
            f"{which}_bias_confused_%": tally.bias(which, [CONFUSED]),
            f"{which}_blend_error": tally.error(which, "blend"),
            f"{which}_total_error": tally.error(which),
        }
    return found | {"width_ratio": tally.width("corrected") / tally.width("believed")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    people = [People(each, look) for each in MISTAKES for look in THIRD_LOOKS]
    people += [People(each, graded=True) for each in MISTAKES]
    rows = [
        figures(each, n, budget, arguments.weeks)
        for n, budget in ((2000, 0.1), (10_000, 0.05))
        for each in people
        if (each.mistakes, each.third_look) not in {("none", "errs"), ("none", "alike")}
    ]
    if arguments.json:
        print(json.dumps(rows, indent=1))  # noqa: T201
        return
    print("\t".join(rows[0]))  # noqa: T201
    for row in rows:
        print("\t".join(f"{v:.4g}" if not isinstance(v, str) else v for v in row.values()))  # noqa: T201


if __name__ == "__main__":
    main()
