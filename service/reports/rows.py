"""Volumes as the rows of a report."""

from collections.abc import Iterator
from dataclasses import replace

from classifier.messages import UNKNOWN
from classifier.taxonomy import Taxonomy
from classifier.volumes import Volumes, VolumeTerms
from service.reports.comparisons import compared
from service.reports.estimating import Estimator
from service.reports.values import DriverVolume, Estimate
from service.terms import Columns
from service.weeks import shifted, year_before


def driver_rows(estimator: Estimator, week: str, taxonomy: Taxonomy) -> Iterator[DriverVolume]:
    """One row a column, in the order of the estimator's columns."""
    before, year = shifted(week, -1), year_before(week)
    terms, now, mentions = estimator.terms(week), estimator.volumes(week), estimator.mentions(week)
    then = estimator.volumes(before) if estimator.terms(before).messages else None
    since, since_year = compared(estimator, week, before), year and compared(estimator, week, year)
    for column, row in enumerate(volume_rows(estimator.columns, taxonomy, terms, now)):
        about = _mentioned(mentions, column, row.volume) if row.driver != UNKNOWN else None
        yield replace(
            row,
            change=since.moved(column),
            previous=float(then.point[column]) if then else None,
            mentions=about,
            real_change=since.is_real(column),
            year_change=since_year.moved(column) if since_year else None,
        )


def volume_rows(
    columns: Columns, taxonomy: Taxonomy, terms: VolumeTerms, volumes: Volumes
) -> Iterator[DriverVolume]:
    """The same of a period alone, compared with nothing."""
    for column, driver in enumerate(columns.all):
        volume = estimate(volumes, column, terms.answers > 0)
        yield DriverVolume(
            driver=driver,
            parent=None if driver == UNKNOWN else taxonomy.by_id[driver].parent,
            group=column >= len(columns.leaves),
            volume=volume,
            share=share(volume, terms.messages),
            change=None,
            previous=None,
            answers=int(terms.reviewed[column]),
            naive=float(terms.naive[column]),
        )


def estimate(volumes: Volumes, column: int, answered: bool) -> Estimate:
    """The figure of a column, with an interval where it was measured."""
    value = float(volumes.point[column])
    if not (answered and volumes.known[column]):
        return Estimate(value, None, None)
    return Estimate(value, float(volumes.low[column]), float(volumes.high[column]))


def share(volume: Estimate, messages: int) -> Estimate:
    """A volume as a fraction of the messages."""
    n = max(1, messages)
    return Estimate(
        volume.value / n,
        None if volume.low is None else volume.low / n,
        None if volume.high is None else volume.high / n,
    )


def _mentioned(mentions: Volumes | None, column: int, volume: Estimate) -> Estimate | None:
    """Never less than the volume: what a message is about first of all, it is about."""
    if mentions is None:
        return None
    found = estimate(mentions, column, volume.low is not None)
    value = max(found.value, volume.value)
    if found.low is None or found.high is None or volume.low is None:
        return Estimate(value, None, None)
    return Estimate(value, max(found.low, volume.low), max(found.high, value))
