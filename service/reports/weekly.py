"""The breakdown of a week, or of consecutive ones."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.taxonomy import Taxonomy
from service.errors import BadRequest
from service.reports.bridging import bridge_note, with_splits
from service.reports.estimating import Estimator
from service.reports.pooling import pooled
from service.reports.published import beside_published, published
from service.reports.rows import driver_rows, estimate
from service.reports.values import Estimate, WeeklyReport
from service.runtime import Runtime, taxonomy_in_use
from service.tables import SET_ASIDE, MessageRow, TermRow
from service.terms import (
    PRIMARY,
    WHOLE,
    Columns,
    has_other_columns,
    is_stale,
    notice_columns,
    refresh,
    slices,
    stale_weeks,
)
from service.weeks import shifted, year_before

FEW_ANSWERS = 100
"""Below this many answers a week its intervals say little (volumes.md)."""


def weekly_report(
    session: Session,
    runtime: Runtime,
    week: str,
    *,
    now: datetime,
    slice_name: str = WHOLE,
    value: str = WHOLE,
) -> WeeklyReport:
    """The breakdown of one week, of everything or of one value of a channel, product …"""
    return weekly_reports(session, runtime, [week], now=now, slice_name=slice_name, value=value)[0]


def weekly_reports(
    session: Session,
    runtime: Runtime,
    weeks: Sequence[str],
    *,
    now: datetime,
    slice_name: str = WHOLE,
    value: str = WHOLE,
) -> list[WeeklyReport]:
    """The breakdown of consecutive weeks. Raises `BadRequest` for a slice that is not kept."""
    kept = slices(runtime.settings.pairs)
    if slice_name not in (WHOLE, *kept):
        raise BadRequest(slice_name, f"volumes are kept by {', '.join(kept)}")
    taxonomy = taxonomy_in_use(session, runtime)
    models = runtime.settings.models_dir
    estimator = Estimator(session, models, Columns.of(taxonomy), weeks, slice_name, value)
    counts, then = runtime.settings.count, published(session, weeks)
    aside = _set_aside(session, weeks)
    return [
        beside_published(_report(estimator, week, taxonomy, counts, aside.get(week, 0), now), then)
        for week in weeks
    ]


def slice_values(session: Session, week: str, slice_name: str) -> list[str]:
    """The values of a slice in a week, largest first."""
    query = (
        select(TermRow.value)
        .where(
            TermRow.week == week,
            TermRow.kind == PRIMARY,
            TermRow.slice == slice_name,
            TermRow.driver == "",
        )
        .group_by(TermRow.value)
        .order_by(func.sum(TermRow.messages).desc())
    )
    return list(session.scalars(query))


def weeks_with_messages(session: Session) -> list[str]:
    """Every week in which a counted message was received, oldest first."""
    query = select(TermRow.week).where(
        TermRow.kind == PRIMARY, TermRow.slice == WHOLE, TermRow.driver == ""
    )
    return list(session.scalars(query.distinct().order_by(TermRow.week)))


def up_to_date(runtime: Runtime) -> None:
    """Sum what changed since the last report, a week at a time. A job that can be run twice."""
    pairs = runtime.settings.pairs
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
        if not is_stale(session) and not has_other_columns(session, taxonomy, pairs):
            return
    with runtime.writing() as session:
        notice_columns(session, taxonomy, pairs)
        weeks = stale_weeks(session)
    for week in weeks:  # the store is free for messages in between
        with runtime.writing() as session:
            refresh(session, runtime, [week])


def _report(
    estimator: Estimator, week: str, taxonomy: Taxonomy, counts: str, set_aside: int, now: datetime
) -> WeeklyReport:
    terms, before, year = estimator.terms(week), shifted(week, -1), year_before(week)
    rows = tuple(with_splits(driver_rows(estimator, week, taxonomy), estimator, week))
    leaves = len(estimator.columns.leaves)
    few = 0 < terms.answers < min(FEW_ANSWERS, terms.messages)
    return WeeklyReport(
        week=week,
        slice=estimator.slice,
        value=estimator.value,
        messages=terms.messages,
        previous_messages=estimator.terms(before).messages or None,
        answers=terms.answers,
        measured=bool(estimator.volumes(week).known.all()) and terms.answers > 0,
        few_answers=few,
        counts=counts,
        models=estimator.models(week),
        as_of=now,
        drivers=rows[:leaves],
        parents=rows[leaves:],
        set_aside=set_aside,
        several=_several(estimator, week),
        year_before=year,
        year_before_messages=(estimator.terms(year).messages or None) if year else None,
        pooled=pooled(estimator, week, taxonomy) if few else None,
        bridge=bridge_note(estimator, week),
        second_opinions=terms.second_opinions,
        differing=terms.differing,
    )


def _several(estimator: Estimator, week: str) -> Estimate | None:
    mentions = estimator.mentions(week)
    if mentions is None:
        return None
    return estimate(mentions, estimator.columns.several, estimator.terms(week).answers > 0)


def _set_aside(session: Session, weeks: Sequence[str]) -> dict[str, int]:
    """Auto-replies, bounces and outbound mail of each week: stored apart, not counted."""
    query = select(MessageRow.week, func.count()).where(MessageRow.week.in_(weeks), SET_ASIDE)
    rows = session.execute(query.group_by(MessageRow.week))
    return {str(week): int(count) for week, count in rows}
