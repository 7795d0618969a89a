"""What was published of weeks, beside what their terms say now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from service.reports.values import DriverVolume, Estimate, Publication, WeeklyReport
from service.tables import PublicationRow


def published(session: Session, weeks: Sequence[str]) -> dict[str, Publication]:
    """Week -> its latest publication, of those that have one."""
    latest = (
        select(PublicationRow.week, func.max(PublicationRow.version))
        .where(PublicationRow.week.in_(weeks))
        .group_by(PublicationRow.week)
    )
    key = tuple_(PublicationRow.week, PublicationRow.version)
    rows = session.scalars(select(PublicationRow).where(key.in_(latest)))
    return {row.week: _publication(row) for row in rows}


def beside_published(report: WeeklyReport, publications: Mapping[str, Publication]) -> WeeklyReport:
    """The report with what was published of its week, which was of the whole."""
    found = publications.get(report.week)
    if found is None or report.slice:
        return report
    return replace(
        report,
        publication=found,
        drivers=_rows(report.drivers, found),
        parents=_rows(report.parents, found),
    )


def _rows(rows: Sequence[DriverVolume], found: Publication) -> tuple[DriverVolume, ...]:
    return tuple(replace(row, published=found.volumes.get(row.driver)) for row in rows)


def _publication(row: PublicationRow) -> Publication:
    figures = row.figures
    return Publication(
        version=row.version,
        as_of=row.as_of,
        person=row.person,
        taxonomy=row.taxonomy,
        messages=figures["messages"],
        answers=figures["answers"],
        measured=figures["measured"],
        volumes={each["driver"]: Estimate(**each["volume"]) for each in figures["rows"]},
    )
