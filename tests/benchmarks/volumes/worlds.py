"""Weeks of messages in which something moves, drawn from a pool. Truth is the count realised."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from classifier.volumes import Recalibration
from tests.benchmarks.volumes.pools import Pool

SCENARIOS: Final[Mapping[str, str]] = {
    "S1": "nothing moves",
    "S2": "other shares every week",
    "S3": "a new driver grows to 15 %",
    "S4": "typos",
    "S5": "one driver taken for another",
}
WARMING: Final = 4
"""Weeks lived before the first that is measured."""
MEASURED: Final = 12
OUT_OF_SCOPE: Final = 0.03
"""Share of messages about none of the drivers, where the set has such messages."""
NEW: Final = 0.15
STEADINESS: Final = 60.0
"""Of the Dirichlet distribution that shares are drawn from."""
CONFUSED, TAKEN_FOR = 1, 4
MISTAKEN: Final = (0.1, 0.4)
"""By how common they are: which driver is taken for which, and how much of it, drawn weekly."""


@dataclass(frozen=True, eq=False)
class Arrived:
    """A week's messages before anybody is asked: `truth` (n,) columns, `probabilities` (n, k) the
    model's own, `shares` (k,) how common each driver was when it was drawn."""

    name: str
    truth: np.ndarray
    probabilities: np.ndarray
    shares: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """(k,) what an estimate should find."""
        return np.bincount(self.truth, minlength=self.probabilities.shape[1]).astype(float)


@dataclass(frozen=True, eq=False)
class World:
    """A scenario over a pool. Which driver is how common is drawn anew in each replay."""

    pool: Pool
    scenario: str
    replay: int = 0

    @cached_property
    def _ranks(self) -> np.ndarray:
        return np.random.default_rng([7, self.replay]).permutation(self.pool.unseen)

    @cached_property
    def shares(self) -> np.ndarray:
        """(columns,) of the weeks before: Zipf over the trained drivers, none of the new one."""
        zipf = np.empty(self.pool.unseen)
        zipf[self._ranks] = 1 / np.arange(1, self.pool.unseen + 1)
        outside = OUT_OF_SCOPE if np.any(self.pool.truth > self.pool.unseen) else 0.0
        return np.append((1 - outside) * zipf / zipf.sum(), [0.0, outside])

    @cached_property
    def base(self) -> np.ndarray:
        """(columns,) what the probabilities are calibrated to: 0 where nobody trained."""
        taught = np.where(self.trained, self.shares, 0.0)
        taught[-1] = 0.0
        return taught / taught.sum()

    @property
    def trained(self) -> np.ndarray:
        return np.arange(self.pool.columns) != self.pool.unseen

    @property
    def counted(self) -> np.ndarray:
        """(columns,) those that messages can be about in this scenario."""
        counted = self.shares > 0
        counted[self.pool.unseen] = self.scenario == "S3"
        return counted

    @property
    def pair(self) -> np.ndarray:
        """The driver that is taken for another, and that other."""
        return self._ranks[[CONFUSED, TAKEN_FOR]]

    def week(self, number: int, n: int) -> Arrived:
        """The messages of a week; those before `WARMING` come before anything grows."""
        seeds = [self.replay, number, n, list(SCENARIOS).index(self.scenario)]
        random = np.random.default_rng(seeds)
        shares = self._shares_of(number, random)
        truth = random.choice(self.pool.columns, size=n, p=shares)
        rows = self._rows(self._looks(truth, random), random)
        name = f"{self.scenario}/{self.replay}/{number}"
        return Arrived(name, truth, self._probabilities[rows], shares)

    def _shares_of(self, number: int, random: np.random.Generator) -> np.ndarray:
        shares = self.shares
        if self.scenario == "S2":
            some = shares > 0
            shares = np.zeros_like(shares)
            shares[some] = random.dirichlet(STEADINESS * self.shares[some])
        if self.scenario == "S3" and number >= WARMING:
            grown = NEW * (number - WARMING + 1) / MEASURED
            shares = (1 - grown) * shares
            shares[self.pool.unseen] = grown
        return shares

    def _looks(self, truth: np.ndarray, random: np.random.Generator) -> np.ndarray:
        if self.scenario != "S5":
            return truth
        confused, taken_for = self.pair
        mistaken = random.random(len(truth)) < random.uniform(*MISTAKEN)
        return np.where((truth == confused) & mistaken, taken_for, truth)

    def _rows(self, looks: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """A message of the pool for each, at random among those about its driver."""
        by_driver = np.argsort(self.pool.truth, kind="stable")
        many = np.bincount(self.pool.truth, minlength=self.pool.columns)
        first = np.cumsum(many) - many
        return by_driver[first[looks] + (random.random(len(looks)) * many[looks]).astype(int)]

    @cached_property
    def _probabilities(self) -> np.ndarray:
        """(pool's messages, columns) corrected to the shares of the weeks before."""
        mistyped = self.scenario == "S4"
        said = self.pool.mistyped_drivers if mistyped else self.pool.drivers
        unknown = self.pool.mistyped_unknown if mistyped else self.pool.unknown
        taught = self.base[: self.pool.unseen]
        moved = Recalibration(
            temperature=1.0, alpha=1.0, epsilon=0.0, q=taught, q_base=self.pool.base, q_emq=taught
        ).apply(said)
        none = np.zeros((len(moved), 1))
        return np.hstack([(1 - unknown[:, None]) * moved, none, unknown[:, None]])
