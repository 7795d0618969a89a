"""How likely a graded question is on each day, fixed before anybody is asked that day."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from labeling.sampling import SamplingPlan, plan
from service.settings import Settings
from service.tables import DrawRow, MessageRow, PlanRow

WEEK = timedelta(days=7)
LABELED, TOO_OLD = "labeled", "too old"
"""Strata outside the graded draw: came with a label; arrived too old to be asked about."""


class Plans:
    """The sampling plan of a day: read from the store, or made from the week before it.

    It is made from counts and predictions only, never from answers.
    """

    def __init__(self, session: Session, settings: Settings, now: datetime) -> None:
        self._session, self._settings, self._now = session, settings, now
        self._made: dict[date, SamplingPlan] = {}

    def of(self, day: date) -> SamplingPlan:
        if day not in self._made:
            self._made[day] = self._stored(day) or self._new(day)
        return self._made[day]

    def _stored(self, day: date) -> SamplingPlan | None:
        row = self._session.get(PlanRow, day)
        if row is None:
            return None
        return SamplingPlan(row.floor, row.slope, row.smallest_misroute, row.budget, row.expected)

    def _new(self, day: date) -> SamplingPlan:
        last_week = self._graded_uncertainties(day - WEEK, day)
        made = plan(
            last_week,
            budget=self._settings.graded_budget,
            expected=self._expected(day, len(last_week)),
            catch=self._settings.smallest_misroute,
        )
        row = PlanRow(
            day=day,
            floor=made.floor,
            slope=made.slope,
            smallest_misroute=made.smallest_misroute,
            budget=made.budget,
            expected=made.expected,
            made_at=self._now,
        )
        self._session.add(row)
        self._session.flush()
        return made

    def _expected(self, day: date, last_week: int) -> float:
        """Graded messages a week: those of the last seven days, or of the days there were."""
        if not last_week:
            return self._settings.expected_messages
        first = self._session.scalar(_graded(func.min(MessageRow.day)).where(MessageRow.day < day))
        return last_week * WEEK / min(WEEK, day - (first or day - WEEK))

    def _graded_uncertainties(self, first: date, end: date) -> NDArray[np.float64]:
        days = (MessageRow.day >= first, MessageRow.day < end)
        query = _graded(DrawRow.uncertainty).where(*days)
        return np.array(list(self._session.scalars(query)), dtype=np.float64)


def _graded(column: Any) -> Select[Any]:
    """A column of the messages whose question is drawn by the plan of their day."""
    return (
        select(column)
        .select_from(DrawRow)
        .join(MessageRow, MessageRow.id == DrawRow.message_id)
        .where(~DrawRow.required, DrawRow.stratum.not_in([LABELED, TOO_OLD]))
    )
