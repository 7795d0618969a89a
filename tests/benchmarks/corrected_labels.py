"""Whether volumes should count labels that were corrected because the model doubted them.

    python -m tests.benchmarks.corrected_labels [--weeks 60] [--a-week 1000000] [--json]

The simulated weeks and people of `tests.benchmarks.second_opinions`: 5 % of the answers are wrong,
each in its own way; one in five messages of one driver is taken for another; or the same of
messages that the model takes for it, too. Each week the answers that the model is sure are wrong
are asked of somebody else who errs as often, the most doubtful first, and what is said then holds.
`as given`: volumes go by the first answers all the same. `corrected`: by what holds. Either with a
quarter of the answers asked again by lot, and a third look that is right where two differ; what was
asked again that way is no suspect any more.
"""

import argparse
import json
from dataclasses import dataclass, replace

import numpy as np

from classifier.volumes import SecondOpinions, estimate_volumes, volume_terms
from labeling.suspects import doubts, usual_certainty
from tests.benchmarks.second_opinions import LARGE, PAIR, WORLD, People, Tally
from tests.benchmarks.volumes.simulated import CONFUSED, TAKEN_FOR, Week, simulate

KINDS = ("differently", "one for another", "as the model")
ALL = 1_000_000


@dataclass(frozen=True)
class Judged:
    """A week's answers as given and as corrected (n,), and the second opinions on either."""

    given: np.ndarray
    corrected: np.ndarray
    second: SecondOpinions


def suspected(week: Week, answers: np.ndarray, among: np.ndarray, most: int) -> np.ndarray:
    """Rows of the answers that the model is as sure are wrong as it is of others like them."""
    rows = np.flatnonzero(among)
    chances, labels = week.probabilities[rows], answers[rows]
    found = doubts(chances, labels)
    other = chances[np.arange(len(rows)), found.believed]
    own = chances[np.arange(len(rows)), labels]
    sure = (other > own) & (other >= usual_certainty(chances, labels)[found.believed])
    order = np.argsort(-np.nan_to_num(found.doubt), kind="stable")
    return rows[order[sure[order]][:most]]


def judged(people: People, week: Week, most: int, rng: np.random.Generator) -> Judged:
    given = people.answers(week, rng)
    second = people.opinions(week, given, rng)
    rows = suspected(week, given, week.asked & ~second.given, most)
    corrected = given.copy()
    corrected[rows] = people.answers(week, rng)[rows]
    return Judged(given, corrected, second)


def run(kind: str, *, most: int = ALL, seed: int = 0, **setting: float) -> dict[str, Tally]:
    """By what volumes go, believed and corrected for second opinions (as `Tally` has both)."""
    people = People(kind, graded=True)
    tallies = {"as given": Tally(), "corrected": Tally()}
    plain = {name: [] for name in tallies}
    scenario = "confused pair" if kind == "as the model" else "no shift"
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    for week in simulate(scenario, seed=seed, **setting):
        found = judged(people, week, most, rng)
        for name, answers in (("as given", found.given), ("corrected", found.corrected)):
            tally = tallies[name]
            asked = (week.probabilities, answers, week.inclusion, week.asked)
            second = replace(found.second, labels=_held(found, answers))
            for terms, past, estimated in (
                (volume_terms(*asked), plain[name], tally.believed),
                (volume_terms(*asked, second=second), tally.terms, tally.corrected),
            ):
                estimated.append(estimate_volumes(terms, past[-4:], trained=WORLD.trained))
                past.append(terms)
            tally.truth.append(week.counts)
    return tallies


def _held(found: Judged, answers: np.ndarray) -> np.ndarray:
    return np.where(found.second.given, found.second.labels, answers)


def figures(kind: str, most: int, **setting: float) -> list[dict[str, float | str]]:
    rows = []
    for name, tally in run(kind, most=most, **setting).items():
        for which, said in (("believed", "no"), ("corrected", "a quarter")):
            rows.append(
                {
                    "mistakes": kind,
                    "volumes by": name,
                    "asked again by lot": said,
                    "bias_large_%": tally.bias(which),
                    "bias_confused_%": tally.bias(which, [CONFUSED]),
                    "bias_taken_for_%": tally.bias(which, [TAKEN_FOR]),
                    "hold_large_%": tally.coverage(which, LARGE),
                    "hold_pair_%": tally.coverage(which, PAIR),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=60)
    parser.add_argument("--a-week", type=int, default=ALL)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    setting = {"n": 10_000, "budget": 0.05, "weeks": chosen.weeks}
    rows = [row for kind in KINDS for row in figures(kind, chosen.a_week, **setting)]
    if chosen.json:
        print(json.dumps(rows, indent=1))  # noqa: T201
        return
    print("\t".join(rows[0]))  # noqa: T201
    for row in rows:
        print("\t".join(f"{v:.3g}" if not isinstance(v, str) else v for v in row.values()))  # noqa: T201


if __name__ == "__main__":
    main()
