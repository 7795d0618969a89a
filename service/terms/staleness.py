"""Which weeks' terms no longer say what the messages say."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.taxonomy import Taxonomy
from service.tables import BookmarkRow, StaleWeekRow, TermRow
from service.terms.columns import Pairs

BOOKMARK = "terms"


def mark_stale(session: Session, weeks: Iterable[str]) -> None:
    """Remember that the terms of these weeks no longer say what the messages say."""
    for week in sorted(set(weeks)):
        if session.get(StaleWeekRow, week) is None:
            session.add(StaleWeekRow(week=week))
    session.flush()


def is_stale(session: Session) -> bool:
    return session.scalar(select(func.count()).select_from(StaleWeekRow)) != 0


def stale_weeks(session: Session) -> list[str]:
    return list(session.scalars(select(StaleWeekRow.week).order_by(StaleWeekRow.week)))


def has_other_columns(session: Session, taxonomy: Taxonomy, pairs: Pairs) -> bool:
    """Whether terms were summed into the columns of another taxonomy, or by other pairs."""
    row = session.get(BookmarkRow, BOOKMARK)
    return row is None or row.value != _summed_by(taxonomy, pairs)


def notice_columns(session: Session, taxonomy: Taxonomy, pairs: Pairs) -> None:
    """Another taxonomy has other columns: every week must be summed anew. So it must by a pair of
    attributes that is new in the settings."""
    if has_other_columns(session, taxonomy, pairs):
        mark_stale(session, session.scalars(select(TermRow.week).distinct()))
        session.merge(BookmarkRow(name=BOOKMARK, value=_summed_by(taxonomy, pairs)))
        session.flush()


def _summed_by(taxonomy: Taxonomy, pairs: Pairs) -> dict[str, object]:
    by_pairs = {"pairs": [list(pair) for pair in pairs]} if pairs else {}
    return {"taxonomy": taxonomy.version, **by_pairs}
