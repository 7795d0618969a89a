"""What is published of a week stays as it was, however its figures move afterwards.

Answers and messages that come late change what a week's terms say now. What was published is kept
with the moment it was published at: by itself once, some days after the week is over, and by a
person whenever they like. A later publication is a new version; earlier ones stay.
"""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.database import take_turn
from service.errors import BadRequest
from service.recalibrations import close_weeks
from service.reports import WeeklyReport, up_to_date, weekly_report
from service.runtime import Runtime, taxonomy_in_use
from service.standings import WAAROM
from service.tables import MessageRow, PublicationRow
from service.terms import refresh, unfinished
from service.weeks import day_of, last_complete_week, monday, shifted

WHOLE_WEEK: Final = ("messages", "answers", "measured", "few_answers", "counts", "models")
ROW: Final = (
    *("driver", "parent", "group", "volume", "share", "change", "real_change"),
    *("mentions", "answers", "naive"),
)
DIGITS: Final = 9
OVERDUE: Final = 4
"""Weeks that should have been published longer ago are history: a person may still do it."""


def publish(
    runtime: Runtime, week: str, *, person: str, now: datetime
) -> tuple[PublicationRow, bool]:
    """Publish a week as its figures are now; the version, and whether it is a new one.

    Done again with the same figures, it is the version that has them. The week is closed first, if
    that was not done. Raises `BadRequest` for a week that is not over, or had no messages.
    """
    if week > last_complete_week(now, runtime.settings.timezone):
        raise BadRequest("week", f"{week} is not over yet, so it cannot be published")
    close_weeks(runtime, now=now)
    up_to_date(runtime)
    with runtime.writing() as session:
        return _publish(session, runtime, week, person, now)


def publish_due(runtime: Runtime, *, now: datetime) -> list[str]:
    """Publish the weeks that ended `publish_after_days` ago and never were; those published now.

    A week whose close is still to come waits for it. A job that can be run twice.
    """
    with runtime.reading() as session:
        due = [week for week in _due(runtime, now) if _is_ready(session, week)]
    published = []
    for week in due:
        with runtime.writing() as session:
            take_turn(session)
            if _is_ready(session, week):
                _publish(session, runtime, week, WAAROM, now)
                published.append(week)
    return published


def versions(session: Session, week: str) -> list[PublicationRow]:
    """Everything that was published of a week, the first one first."""
    query = select(PublicationRow).where(PublicationRow.week == week)
    return list(session.scalars(query.order_by(PublicationRow.version)))


def _publish(
    session: Session, runtime: Runtime, week: str, person: str, now: datetime
) -> tuple[PublicationRow, bool]:
    take_turn(session)
    refresh(session, runtime)
    report = weekly_report(session, runtime, week, now=now)
    if not report.messages:
        raise BadRequest("week", f"no message of {week} has come in")
    figures = _figures(report)
    known = versions(session, week)
    if known and known[-1].figures == figures:
        return known[-1], False
    made = PublicationRow(
        week=week,
        version=len(known) + 1,
        as_of=now,
        person=person,
        taxonomy=taxonomy_in_use(session, runtime).version,
        figures=figures,
    )
    session.add(made)
    session.flush()
    return made, True


def _figures(report: WeeklyReport) -> dict[str, Any]:
    """What is kept of a report, as JSON holds it."""
    rows = [asdict(row) for row in (*report.drivers, *report.parents)]
    kept = [{name: _plain(row[name]) for name in ROW} for row in rows]
    whole = {name: getattr(report, name) for name in WHOLE_WEEK}
    return {**whole, "models": list(report.models), "rows": kept}


def _plain(value: Any) -> Any:
    """Without the last digits: the order in which a database adds may change them."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _due(runtime: Runtime, now: datetime) -> list[str]:
    """Weeks that are to be published by now, oldest first."""
    zone, wait = runtime.settings.timezone, timedelta(days=runtime.settings.publish_after_days)
    today, last = day_of(now, zone), last_complete_week(now, zone)
    oldest = today - timedelta(weeks=OVERDUE)
    weeks = [shifted(last, -back) for back in range(2 * OVERDUE, -1, -1)]
    return [week for week in weeks if oldest < _over(week) + wait <= today]


def _over(week: str) -> date:
    """The Monday after a week."""
    return monday(shifted(week, 1))


def _is_ready(session: Session, week: str) -> bool:
    """Whether a week has messages, is closed, and was never published."""
    here = (PublicationRow.week == week,)
    if session.scalar(select(func.count()).select_from(PublicationRow).where(*here)):
        return False
    if any(row.week == week for row in unfinished(session, week)):
        return False
    counted = select(MessageRow.id).where(MessageRow.week == week, MessageRow.counted)
    return session.scalar(counted.limit(1)) is not None
