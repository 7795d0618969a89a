"""How well the width of next week's intervals is foretold: forecast against realised, on replays.

    python -m tests.benchmarks.forecast [--replays 100] [--json]

A model that is right about 85 % of the time and somewhat too sure of itself, drivers with Zipf
shares and parents above them. Five weeks are drawn with one budget; then the sixth is foretold, and
drawn, with that budget, half of it and double, by the project's own plan, draws and estimates.

A driver of ten messages a week has a width that goes up and down by half: whether it is answered
once or twice decides. What is foretold is where the middle of that lies, so many replays are needed
to see whether it does; with twenty, chance alone puts small drivers a quarter off.
"""

import argparse
import json
from dataclasses import dataclass

import numpy as np

from classifier.volumes import VolumeTerms, estimate_volumes, volume_terms
from classifier.volumes.forecast import Forecast, forecast_volumes
from labeling.sampling import draws, inclusion, plan, uncertainty

KEY = b"a key for simulations only"
LEAST = 1e-9
DRIVERS, UNSEEN, HISTORY = 30, 30, 4
COLUMNS = DRIVERS + 2  # those the model knows, one it does not, and unknown
GROUPS = [list(range(first, first + 5)) for first in range(0, DRIVERS, 5)]
TRAINED = np.arange(COLUMNS + len(GROUPS)) != UNSEEN
SCENARIOS = ("as usual", "moving", "confused")
SETTINGS = ((500, 0.1), (2000, 0.05), (2000, 0.1))


@dataclass(frozen=True)
class Arrived:
    """The messages of a week before anybody is asked."""

    name: str
    truth: np.ndarray
    probabilities: np.ndarray

    @property
    def doubts(self) -> np.ndarray:
        return uncertainty(self.probabilities)


def usual_shares() -> np.ndarray:
    """(columns,) Zipf, 2 % of the driver nobody trained on, 2 % unknown."""
    zipf = 1 / np.arange(1, DRIVERS + 1)
    return np.append(0.96 * zipf / zipf.sum(), [0.02, 0.02])


def arrive(name: str, scenario: str, n: int, rng: np.random.Generator) -> Arrived:
    """A week: a message looks like its driver and a bit like that driver's twin."""
    usual = usual_shares()
    shares = rng.dirichlet(200 * usual) if scenario == "moving" else usual
    truth = rng.choice(COLUMNS, size=n, p=shares)
    misread = (truth == 1) & (rng.random(n) < (0.3 if scenario == "confused" else 0.0))
    means = 3.5 * np.eye(COLUMNS)
    means[np.arange(DRIVERS), np.arange(DRIVERS) ^ 1] = 1.75
    means[UNSEEN] = 0.5 * means[2] + 0.4 * means[-1]
    looks = means[np.where(misread, 4, truth)] + rng.normal(size=(n, COLUMNS))
    known = np.where(np.arange(COLUMNS) == UNSEEN, 1e-12, usual)
    logits = 1.15 * (looks @ means.T - (means**2).sum(axis=1) / 2) + np.log(known)
    logits[:, UNSEEN] = -np.inf
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = 0.99 * p / p.sum(axis=1, keepdims=True) + 0.01 * (0.9 * known + 0.1 / COLUMNS)
    return Arrived(name, truth, p / p.sum(axis=1, keepdims=True))


def asked(week: Arrived, before: Arrived, budget: float) -> VolumeTerms:
    """The terms of a week planned with the doubts of the one before, all questions answered."""
    n = len(week.truth)
    pi = inclusion(plan(before.doubts, budget=budget, expected=n), week.doubts)
    drawn = draws([f"{week.name}/{number}" for number in range(n)], pi, key=KEY)
    labels = np.where(drawn, week.truth, -1)
    return volume_terms(week.probabilities, labels, pi, drawn, groups=GROUPS)


def foretold(last: Arrived, history: list[VolumeTerms], budget: float) -> Forecast:
    """What a week like the last one is expected to bring at a budget."""
    made = plan(last.doubts, budget=budget, expected=len(last.truth))
    pi = inclusion(made, last.doubts)
    return forecast_volumes(last.probabilities, pi, history, groups=GROUPS, trained=TRAINED)


@dataclass(frozen=True)
class Replays:
    """Half-widths in messages, (replays, columns) each, groups last."""

    forecast: np.ndarray
    realised: np.ndarray

    def off(self, columns: slice | np.ndarray) -> np.ndarray:
        """By how much the mean forecast of each column is off, as a fraction of what came."""
        return self.forecast.mean(axis=0)[columns] / self.realised.mean(axis=0)[columns] - 1

    def each(self, columns: slice | np.ndarray) -> np.ndarray:
        """The same of each replay: (replays, columns)."""
        came = np.maximum(self.realised[:, columns], LEAST)
        return np.asarray(self.forecast[:, columns] / came - 1)

    def median(self, columns: slice | np.ndarray) -> np.ndarray:
        """By how much the forecast of each column is off in the middle one of the replays."""
        return np.median(self.each(columns), axis=0)


def replay(
    scenario: str, n: int, share: float, times: float, *, replays: int, seed: int = 0
) -> Replays:
    """Five weeks with a budget of `share` of the messages, then one with `times` that budget."""
    rng = np.random.default_rng([seed, n, SCENARIOS.index(scenario)])
    pairs = [_one(f"{seed}/{i}", scenario, n, share * n, times, rng) for i in range(replays)]
    forecast, realised = zip(*pairs, strict=True)
    return Replays(np.array(forecast), np.array(realised))


def _one(
    name: str, scenario: str, n: int, budget: float, times: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    weeks = [arrive(f"{name}/{w}", scenario, n, rng) for w in range(HISTORY + 2)]
    *past, last, following = weeks
    history = [
        asked(week, before, budget) for before, week in zip(weeks, [*past, last][1:], strict=False)
    ]
    forecast = foretold(last, history, times * budget)
    terms = asked(following, last, times * budget)
    volumes = estimate_volumes(terms, history, trained=TRAINED)
    return forecast.half_width, (volumes.high - volumes.low) / 2


def figures(scenario: str, n: int, share: float, times: float, replays: int) -> dict[str, object]:
    found, usual = replay(scenario, n, share, times, replays=replays), usual_shares()
    large, small = (np.flatnonzero(of & TRAINED[:COLUMNS]) for of in (usual >= 0.03, usual < 0.03))
    trained = np.flatnonzero(TRAINED[:COLUMNS])
    single = {name: np.abs(found.each(of)) for name, of in (("large", large), ("small", small))}
    return {
        "scenario": scenario,
        "messages": n,
        "answers": share * n * times,
        "of_usual_budget": times,
        "worst_median_%": 100 * float(np.abs(found.median(trained)).max()),
        "worst_mean_%": 100 * float(np.abs(found.off(trained)).max()),
        "mean_%": 100 * float(found.off(trained).mean()),
        "unseen_%": 100 * float(found.off(np.array([UNSEEN]))[0]),
        "worst_parent_%": 100 * float(np.abs(found.off(slice(COLUMNS, None))).max()),
        "one_week_large_within_20_%": 100 * float(np.mean(single["large"] <= 0.2)),
        "one_week_small_within_20_%": 100 * float(np.mean(single["small"] <= 0.2)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replays", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [
        figures(scenario, n, share, times, arguments.replays)
        for n, share in SETTINGS
        for scenario in SCENARIOS
        for times in (0.5, 1.0, 2.0)
    ]
    if arguments.json:
        print(json.dumps(rows, indent=1))  # noqa: T201
        return
    print("\t".join(rows[0]))  # noqa: T201
    for row in rows:
        print("\t".join(v if isinstance(v, str) else f"{v:.4g}" for v in row.values()))  # noqa: T201


if __name__ == "__main__":
    main()
