"""Weeks made up from numbers alone, in a second: what tests of the intervals are seeded with.

A model that is right about 85 % of the time and somewhat too sure of itself, drivers with Zipf
shares, and weeks in which something moves. Truth is the count realised.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classifier.volumes import Volumes, VolumeTerms, estimate_volumes, volume_change, volume_terms
from classifier.volumes.review_only import review_only_interval
from labeling.sampling import draws, inclusion, plan, response_rates, stratum, uncertainty
from tests.benchmarks.volumes.peers import aipw_wald, counted

KEY = b"a key for simulations only"
SCENARIOS = ("no shift", "prevalence", "unseen driver", "confused pair")
CONFUSED, TAKEN_FOR = 1, 4
METHODS = ("moderated", "blend", "naive", "aipw wald", "review only")


@dataclass(frozen=True)
class World:
    """`drivers` trained ones, then one nobody trained on, then unknown: the columns."""

    drivers: int = 40
    strength: float = 3.5
    overconfidence: float = 1.15

    @property
    def columns(self) -> int:
        return self.drivers + 2

    @property
    def unseen(self) -> int:
        return self.drivers

    @property
    def shares(self) -> np.ndarray:
        """(columns,) what the model was trained on: Zipf, none unseen, 2 % unknown."""
        zipf = 1 / np.arange(1, self.drivers + 1)
        return np.append(0.98 * zipf / zipf.sum(), [0.0, 0.02])

    @property
    def trained(self) -> np.ndarray:
        return np.arange(self.columns) != self.unseen

    def means(self) -> np.ndarray:
        """(columns, columns) what a message of each driver looks like: a bit like its twin's."""
        means = self.strength * np.eye(self.columns)
        twins = np.arange(self.drivers) ^ 1
        means[np.arange(self.drivers), twins] = 0.5 * self.strength
        means[self.unseen] = 0.5 * means[2] + 0.4 * means[-1]
        return means

    def week(self, shares: np.ndarray, n: int, misread: float, rng: np.random.Generator):
        """Truth (n,) and frozen probabilities (n, columns) of one week's messages."""
        truth = rng.choice(self.columns, size=n, p=shares / shares.sum())
        looks = np.where((truth == CONFUSED) & (rng.random(n) < misread), TAKEN_FOR, truth)
        return truth, self.probabilities(self.means()[looks] + rng.normal(size=(n, self.columns)))

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        means = self.means()
        logits = features @ means.T - (means**2).sum(axis=1) / 2
        logits[:, self.unseen] = -np.inf
        logits = self.overconfidence * logits + np.log(np.maximum(self.shares, 1e-12))
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        floor = 0.9 * self.shares + 0.1 / self.columns
        return 0.99 * p / p.sum(axis=1, keepdims=True) + 0.01 * floor


@dataclass(frozen=True)
class Week:
    truth: np.ndarray
    probabilities: np.ndarray
    inclusion: np.ndarray
    asked: np.ndarray
    terms: VolumeTerms

    @property
    def counts(self) -> np.ndarray:
        return np.bincount(self.truth, minlength=self.probabilities.shape[1]).astype(float)


def scenario_shares(world: World, scenario: str, week: int, rng: np.random.Generator):
    shares = world.shares
    if scenario == "prevalence":
        moved = rng.dirichlet(np.maximum(60 * shares[world.trained], 0.05))
        shares[world.trained] = moved
    if scenario == "unseen driver":
        shares[world.unseen] = 0.15 * ((week % 12) + 1) / 12
    return shares


def simulate(
    scenario: str,
    *,
    n: int,
    budget: float,
    weeks: int,
    seed: int = 0,
    doubtful_below: float = 0.0,
    answered: Mapping[str, float] | None = None,
) -> Iterator[Week]:
    """Weeks one after the other; each is planned with the uncertainties of the one before.

    Messages with less confidence than `doubtful_below` are all asked; `answered` is the share of
    questions answered in each confidence band, all if it is not said.
    """
    world = World()
    rng = np.random.default_rng([seed, n, SCENARIOS.index(scenario)])
    doubts = np.empty(0)
    for week in range(weeks):
        shares = scenario_shares(world, scenario, week, rng)
        misread = 0.3 if scenario == "confused pair" else 0.0
        truth, p = world.week(shares, n, misread, rng)
        pi = inclusion(plan(doubts, budget=budget * n, expected=n), doubts := uncertainty(p))
        pi[p.max(axis=1) < doubtful_below] = 1.0
        asked = draws([f"{seed}/{week}/{i}" for i in range(n)], pi, key=KEY)
        if answered:
            asked, pi = leave_unanswered(asked, pi, p.max(axis=1), answered, rng)
        terms = volume_terms(p, np.where(asked, truth, -1), pi, asked)
        yield Week(truth, p, pi, asked, terms)


def leave_unanswered(
    asked: np.ndarray,
    pi: np.ndarray,
    confidence: np.ndarray,
    answered: Mapping[str, float],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Which questions were answered, and π·ρ̂."""
    days = rng.integers(1, 8, size=len(pi))
    strata = [stratum(q == 1, c, f"{d}") for q, c, d in zip(pi, confidence, days, strict=True)]
    wider = [each.rsplit("/", 1)[0] for each in strata]
    found = asked & (rng.random(len(pi)) < [answered[each.split("/")[1]] for each in strata])
    return found, pi * response_rates(strata, found, asked=asked, wider=wider)


@dataclass
class Tally:
    """Which intervals held, and how wide they were: one row a week."""

    covered: dict[str, list] = field(default_factory=lambda: {m: [] for m in METHODS})
    width: dict[str, list] = field(default_factory=lambda: {m: [] for m in METHODS})
    error: dict[str, list] = field(default_factory=lambda: {m: [] for m in METHODS})
    truth: list = field(default_factory=list)
    change: list = field(default_factory=list)

    def add(self, week: Week, volumes: Volumes, before: tuple[Week, Volumes] | None) -> None:
        only = review_only_interval(week.terms, 0.95)
        limits = volumes.low, volumes.high
        estimates = (
            (volumes.total, *limits),
            (volumes.point, *limits),
            counted(week.terms),
            aipw_wald(week.terms),
            (sum(only) / 2, *only),
        )
        for method, (total, low, high) in zip(METHODS, estimates, strict=True):
            inside = (low <= week.counts + 1e-9) & (week.counts <= high + 1e-9)
            self.covered[method].append(inside)
            self.width[method].append(high - low)
            self.error[method].append(total - week.counts)
        self.truth.append(week.counts)
        if before is not None:
            change = volume_change(volumes, before[1])
            moved = week.counts - before[0].counts
            self.change.append((change.low <= moved + 1e-9) & (moved <= change.high + 1e-9))

    def coverage(self, method: str, columns: np.ndarray | int | slice = slice(None)) -> float:
        return 100 * float(np.mean(np.array(self.covered[method])[:, columns]))


def run(scenario: str, **setting: Any) -> Tally:
    """Simulate, estimate every week with the four before it, and compare with the truth."""
    tally, history, before = Tally(), [], None
    for week in simulate(scenario, **setting):
        volumes = estimate_volumes(week.terms, history[-4:], trained=World().trained)
        tally.add(week, volumes, before)
        history.append(week.terms)
        before = (week, volumes)
    return tally
