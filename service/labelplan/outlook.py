"""What one budget buys: how sure of drivers, and how many labels of queues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from classifier.promise import Rung
from classifier.taxonomy import Taxonomy
from classifier.volumes import VolumeTerms
from classifier.volumes.forecast import Forecast, forecast_volumes
from labeling.sampling import inclusion, plan
from service.labelplan.lastweek import LastWeek
from service.labelplan.values import AnswerTimes, Budget, DriverOutlook, QueueOutlook
from service.names import driver_name
from service.queues import Overview, Queue
from service.terms import Columns
from service.translations import Language

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is known before a week begins. `catch` is the setting `smallest_misroute`; a driver is
    too uncertain when its half-width is above `limit`, a fraction of its volume."""

    last: LastWeek
    history: Sequence[VolumeTerms]
    taxonomy: Taxonomy
    learned: frozenset[str]
    standing: Overview
    times: AnswerTimes
    catch: float | None
    limit: float
    language: Language

    @property
    def graded(self) -> float:
        """Messages a week that a budget is drawn from."""
        return float((~self.last.required).sum() * self.last.weight)

    @property
    def required(self) -> float:
        """Messages a week that are asked about whatever the budget."""
        return float(self.last.required.sum() * self.last.weight)

    def of(self, answers: float) -> Budget:
        """What so many answers to graded questions a week buy."""
        pi = self.inclusion(answers)
        asked = float(pi[~self.last.required].sum() * self.last.weight)
        leaves, parents = self._drivers(self.forecast(answers))
        return Budget(
            answers=answers,
            asked=asked,
            minutes=self.times.minutes(asked),
            drivers=_largest_first(leaves),
            parents=_largest_first(parents),
            queues=tuple(self._queue(each, pi) for each in self.standing.queues),
        )

    def inclusion(self, answers: float) -> Floats:
        """(n,) the chance that each message is asked about, by the plan for a budget."""
        graded, pi = ~self.last.required, np.ones(len(self.last.required))
        if graded.any():
            u = self.last.uncertainties[graded]
            made = plan(u, budget=answers, expected=self.graded, catch=self.catch)
            pi[graded] = inclusion(made, u)
        return pi

    def forecast(self, answers: float) -> Forecast:
        """The volumes expected with a budget, in the columns of the taxonomy."""
        return forecast_volumes(
            self.last.probabilities,
            self.inclusion(answers),
            self.history,
            groups=self._columns.members,
            trained=self._trained,
            messages=self.last.messages,
        )

    @cached_property
    def _columns(self) -> Columns:
        return Columns.of(self.taxonomy)

    @cached_property
    def _trained(self) -> NDArray[np.bool_]:
        return self._columns.trained(self.learned)

    def _drivers(self, found: Forecast) -> tuple[list[DriverOutlook], list[DriverOutlook]]:
        """Leaves and parents, in the order of the columns."""
        uncertain, share = found.too_uncertain(self.limit), found.share
        rows = [
            DriverOutlook(
                driver=driver,
                name=driver_name(self.taxonomy, driver, self.language),
                volume=float(found.volume[column]),
                half_width=float(found.half_width[column]),
                share=float(share[column]) if np.isfinite(share[column]) else None,
                too_uncertain=bool(uncertain[column]),
                learned=bool(self._trained[column]),
            )
            for column, driver in enumerate(self._columns.all)
        ]
        return rows[: len(self._columns.leaves)], rows[len(self._columns.leaves) :]

    def _queue(self, queue: Queue, pi: Floats) -> QueueOutlook:
        """Labels count for a promise with the lowest chance of their queue: the others are thinned
        to it (`classifier.promise`)."""
        mine = self.last.queues == queue.name
        sure = mine & (self.last.confidences >= (queue.tested or 0.0))
        lowest = float(pi[mine].min()) if mine.any() else 0.0
        a_week = float(sure.sum() * self.last.weight) * lowest
        needed = self._needed(queue)
        return QueueOutlook(
            queue=queue.name,
            rung=Rung(queue.rung),
            checked=queue.current,
            needed=needed,
            a_week=a_week,
            weeks=ceil(needed / a_week)
            if needed is not None and a_week > 0
            else 0
            if needed == 0
            else None,
        )

    def _needed(self, queue: Queue) -> int | None:
        if queue.threshold is not None:
            return 0
        return queue.needed if queue.current else self.standing.fewest_each


def _largest_first(rows: Iterable[DriverOutlook]) -> tuple[DriverOutlook, ...]:
    return tuple(sorted(rows, key=lambda each: (-each.volume, each.driver)))
