"""One day's work: how many questions were answered today, and how many are left.

A day's work is every question that is open (drawn ones, doubtful routes, second and third looks)
and what was picked to learn from, up to `questions_a_day`. When none is left the day is done, and
more is picked tomorrow.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.reviews import left
from service.runtime import Runtime
from service.tables import LabelRow, ReviewRow
from service.triage import LEARNING, OPEN_STATES
from service.twins import TAKEN_OVER
from service.weeks import day_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A local calendar day: how many questions were `answered` on it and how many are `left` now,
    of which `picks` were picked to learn from. Whoever labels is not told which those are."""

    day: date
    answered: int
    left: int
    picks: int

    @property
    def done(self) -> bool:
        """Whether nothing is left to answer today."""
        return self.left == 0

    @property
    def questions(self) -> int:
        """How many the whole day has, as far as is known now."""
        return self.answered + self.left


def day(session: Session, runtime: Runtime, *, now: datetime, person: str | None = None) -> Day:
    """The day as it is now: of the whole team, or what one person did and can still be asked."""
    today = day_of(now, runtime.settings.timezone)
    return Day(
        day=today,
        answered=answered_since(session, _began(today, runtime), person),
        left=left(session, person),
        picks=_open_picks(session),
    )


def answered_since(session: Session, moment: datetime, person: str | None = None) -> int:
    """Questions answered from a moment on, however often an answer was changed since."""
    query = select(func.count(LabelRow.review_id.distinct())).where(
        LabelRow.current, LabelRow.answered_at >= moment, LabelRow.chosen != TAKEN_OVER
    )
    if person is not None:
        query = query.where(LabelRow.person == person)
    return session.scalar(query) or 0


def _began(today: date, runtime: Runtime) -> datetime:
    return datetime.combine(today, time.min, ZoneInfo(runtime.settings.timezone))


def _open_picks(session: Session) -> int:
    query = select(func.count()).where(
        ReviewRow.purpose == LEARNING, ReviewRow.state.in_(OPEN_STATES)
    )
    return session.scalar(query) or 0
