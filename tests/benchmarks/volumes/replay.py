"""A service as it lives: what it knows when a week begins, whom it asks, how the week closes."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from classifier.volumes import (
    AnsweredDraws,
    Volumes,
    VolumeTerms,
    compressed,
    estimate_volumes,
    finalized,
    fit_provisional,
    volume_terms,
)
from labeling.sampling import (
    draws,
    inclusion,
    order_key,
    plan,
    response_rates,
    stratum,
    uncertainty,
)
from tests.benchmarks.volumes.worlds import MEASURED, WARMING, Arrived, World

KEY: Final = b"a key for simulations only"
DAYS: Final = 7
REMEMBERED: Final = 4
"""Weeks that a recalibration and an estimate look back."""

Serve = Callable[[str, float], float]
"""Where a question stands in the queue, by its message and the doubt about it."""


def at_random(message_id: str, doubt: float) -> float:
    """As it should be: in the order of a hash."""
    return order_key(message_id, key=KEY)


def most_doubtful_first(message_id: str, doubt: float) -> float:
    return -doubt


@dataclass(frozen=True, kw_only=True)
class Effort:
    """`budget`: questions, as a share of a week's messages; `answered`: how many of a day's are
    answered, those that come first in the order in which they are served."""

    budget: float
    answered: float = 1.0
    serve: Serve = at_random


@dataclass(frozen=True, eq=False)
class Closed:
    """A week that is over. `probabilities` (n, k) are the final ones; `inclusion` (n,) is π·ρ̂;
    `forgetful` is what would be said without the weeks before."""

    arrived: Arrived
    probabilities: np.ndarray
    inclusion: np.ndarray
    answered: np.ndarray
    terms: VolumeTerms
    volumes: Volumes
    forgetful: Volumes


@dataclass
class Service:
    """Weeks one after the other, each with nothing but what was known by then."""

    base: np.ndarray
    trained: np.ndarray
    effort: Effort
    answers: deque[AnsweredDraws] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    terms: deque[VolumeTerms] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    doubts: deque[np.ndarray] = field(default_factory=lambda: deque(maxlen=DAYS))

    def live(self, arrived: Arrived) -> Closed:
        start = fit_provisional(self.base, tuple(self.answers))
        said, n = compressed(arrived.probabilities, start.q), len(arrived.truth)
        doubt = uncertainty(start.apply(said))
        names = [f"{arrived.name}/{number}" for number in range(n)]
        days = np.arange(n) * DAYS // n
        pi = np.concatenate([self._drawn_with(doubt[days == day], n) for day in range(DAYS)])
        asked = draws(names, pi, key=KEY)
        answered = self._answered(names, days, doubt, asked)
        pi = pi * _rates(said, days, asked, answered)
        final = finalized(start, said)
        late = final.apply(said)
        labels = np.where(answered, arrived.truth, -1)
        terms = volume_terms(late, labels, pi, answered, said=said)
        volumes = estimate_volumes(terms, tuple(self.terms), trained=self.trained)
        self.terms.append(terms)
        self.answers.append(
            AnsweredDraws(
                probabilities=said[answered],
                labels=arrived.truth[answered],
                inclusion=pi[answered],
                q_emq=final.q_emq,
            )
        )
        forgetful = estimate_volumes(terms, trained=self.trained)
        return Closed(arrived, late, pi, answered, terms, volumes, forgetful)

    def _drawn_with(self, doubt: np.ndarray, n: int) -> np.ndarray:
        """π of a day's messages, by a plan made from those of the seven days before."""
        before = np.concatenate(self.doubts) if self.doubts else np.empty(0)
        made = plan(before, budget=self.effort.budget * n, expected=n)
        self.doubts.append(doubt)
        return inclusion(made, doubt)

    def _answered(
        self, names: list[str], days: np.ndarray, doubt: np.ndarray, asked: np.ndarray
    ) -> np.ndarray:
        if self.effort.answered == 1:
            return asked
        found = np.zeros_like(asked)
        for day in range(DAYS):
            queue = np.flatnonzero(asked & (days == day))
            places = [self.effort.serve(names[row], doubt[row]) for row in queue]
            first = np.argsort(places)[: round(self.effort.answered * len(queue))]
            found[queue[first]] = True
        return found


def lived(world: World, effort: Effort, n: int) -> Iterator[Closed]:
    """The weeks that are measured, and the last one before them."""
    service = Service(world.base, world.trained, effort)
    for number in range(WARMING + MEASURED):
        closed = service.live(world.week(number, n))
        if number >= WARMING - 1:
            yield closed


def _rates(
    said: np.ndarray, days: np.ndarray, asked: np.ndarray, answered: np.ndarray
) -> np.ndarray:
    """ρ̂ of each message's stratum."""
    sure = said.max(axis=1)
    strata = [stratum(False, sure[row], f"{day}") for row, day in enumerate(days)]
    wider = [each.rsplit("/", 1)[0] for each in strata]
    return response_rates(strata, answered, asked=asked, wider=wider)
