"""The weekly breakdown: drivers with volume, interval, share and change. Reads terms only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN, Direction
from classifier.taxonomy import Taxonomy
from classifier.volumes import Volumes, VolumeTerms, estimate_volumes, volume_change
from service.errors import BadRequest
from service.runtime import Runtime, taxonomy_in_use
from service.tables import MessageRow, TermRow
from service.terms import (
    PRIMARY,
    SLICES,
    WHOLE,
    Columns,
    has_other_columns,
    is_stale,
    load_terms,
    notice_taxonomy,
    refresh,
    stale_weeks,
)
from service.versions import learned_drivers
from service.weeks import shifted, weeks_between

HISTORY = 4
FEW_ANSWERS = 100
"""Below this many answers a week its intervals say little (volumes.md)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; `low` and `high` are None when nothing was measured."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DriverVolume:
    """One driver (or `unknown`, or a parent) in one week. Shares and changes as fractions of 1.

    `change` is in messages against the week before, None when either week is not measured.
    """

    driver: str
    parent: str | None
    group: bool
    volume: Estimate
    share: Estimate
    change: Estimate | None
    previous: float | None
    answers: int


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """A week's volumes. `messages` is the exact number of counted messages, `answers` the number
    of drawn questions answered; without any, `measured` is False and figures have no interval."""

    week: str
    slice: str
    value: str
    messages: int
    previous_messages: int | None
    answers: int
    measured: bool
    few_answers: bool
    counts: str
    models: tuple[str, ...]
    as_of: datetime
    drivers: tuple[DriverVolume, ...]
    parents: tuple[DriverVolume, ...]
    set_aside: int


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
    if slice_name not in (WHOLE, *SLICES):
        raise BadRequest(slice_name, f"volumes are kept by {', '.join(SLICES)}")
    taxonomy = taxonomy_in_use(session, runtime)
    models = runtime.settings.models_dir
    desk = _Estimator(session, models, Columns.of(taxonomy), weeks, slice_name, value)
    return [desk.report(week, taxonomy, runtime, now) for week in weeks]


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
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
        if not is_stale(session) and not has_other_columns(session, taxonomy):
            return
    with runtime.writing() as session:
        notice_taxonomy(session, taxonomy)
        weeks = stale_weeks(session)
    for week in weeks:  # the store is free for messages in between
        with runtime.writing() as session:
            refresh(session, runtime, [week])


class _Estimator:
    """Volumes of some weeks, with the four weeks before each to learn how far off the model is."""

    def __init__(
        self,
        session: Session,
        models: Path,
        columns: Columns,
        weeks: Sequence[str],
        slice_name: str,
        value: str,
    ) -> None:
        self._session, self._columns = session, columns
        self._slice, self._value = slice_name, value
        needed = weeks_between(shifted(min(weeks), -HISTORY - 1), max(weeks))
        self._whole = load_terms(session, columns, needed)
        self._sliced = (
            load_terms(session, columns, needed, slice_name, value) if slice_name else self._whole
        )
        self._models = _models(session, models, needed)
        self._volumes: dict[str, Volumes] = {}

    def report(
        self, week: str, taxonomy: Taxonomy, runtime: Runtime, now: datetime
    ) -> WeeklyReport:
        terms, volumes = self._terms(week), self.volumes(week)
        before = self._terms(shifted(week, -1))
        rows = self._rows(week, taxonomy)
        leaves = len(self._columns.leaves)
        return WeeklyReport(
            week=week,
            slice=self._slice,
            value=self._value,
            messages=terms.messages,
            previous_messages=before.messages or None,
            answers=terms.answers,
            measured=bool(volumes.known.all()) and terms.answers > 0,
            few_answers=0 < terms.answers < min(FEW_ANSWERS, terms.messages),
            counts=runtime.settings.count,
            models=tuple(sorted(self._models.get(week, {}))),
            as_of=now,
            drivers=tuple(rows[:leaves]),
            parents=tuple(rows[leaves:]),
            set_aside=_set_aside(self._session, week),
        )

    def volumes(self, week: str) -> Volumes:
        if week not in self._volumes:
            self._volumes[week] = estimate_volumes(
                self._terms(week),
                self._history(week, self._sliced, self._value),
                trained=self._trained(week),
                whole=(self._terms(week, whole=True), self._history(week, self._whole, WHOLE)),
            )
        return self._volumes[week]

    def _terms(self, week: str, *, whole: bool = False) -> VolumeTerms:
        found = self._whole.get((week, WHOLE)) if whole else self._sliced.get((week, self._value))
        columns = self._columns
        return found or VolumeTerms.zeros(len(columns.leaves), len(columns.parents))

    def _history(
        self, week: str, terms: dict[tuple[str, str], VolumeTerms], value: str
    ) -> list[VolumeTerms]:
        past = [shifted(week, -back) for back in range(HISTORY, 0, -1)]
        known = [terms[each, value] for each in past if (each, value) in terms]
        return [each for each in known if each.answers]

    def _trained(self, week: str) -> NDArray[np.bool_]:
        """A leaf counts as trained when every model of the week had seen labels of it, a parent
        when a leaf under it does."""
        models = self._models.get(week, {}).values()
        known = frozenset.intersection(*models) if models else frozenset()
        leaves = [leaf in known for leaf in self._columns.leaves]
        parents = [any(leaves[leaf] for leaf in members) for members in self._columns.members]
        return np.array([*leaves, *parents], dtype=np.bool_)

    def _rows(self, week: str, taxonomy: Taxonomy) -> list[DriverVolume]:
        terms, now, before = self._terms(week), self.volumes(week), self.volumes(shifted(week, -1))
        earlier = self._terms(shifted(week, -1))
        change = volume_change(now, before)
        rows = []
        for column, driver in enumerate(self._columns.all):
            known = bool(now.known[column]) and terms.answers > 0
            both = bool(change.known[column]) and known and earlier.answers > 0
            volume = _estimate(now.point[column], now.low[column], now.high[column], known)
            rows.append(
                DriverVolume(
                    driver=driver,
                    parent=None if driver == UNKNOWN else taxonomy.by_id[driver].parent,
                    group=column >= len(self._columns.leaves),
                    volume=volume,
                    share=_share(volume, terms.messages),
                    change=_estimate(
                        change.difference[column], change.low[column], change.high[column], True
                    )
                    if both
                    else None,
                    previous=float(before.point[column]) if earlier.messages else None,
                    answers=int(terms.reviewed[column]),
                )
            )
        return rows


def _estimate(value: float, low: float, high: float, known: bool) -> Estimate:
    if not known:
        return Estimate(float(value), None, None)
    return Estimate(float(value), float(low), float(high))


def _share(volume: Estimate, messages: int) -> Estimate:
    n = max(1, messages)
    return Estimate(
        volume.value / n,
        None if volume.low is None else volume.low / n,
        None if volume.high is None else volume.high / n,
    )


def _models(
    session: Session, folder: Path, weeks: Sequence[str]
) -> dict[str, dict[str, frozenset[str]]]:
    """week -> model -> the drivers it had labels of."""
    query = select(TermRow.week, TermRow.model).where(
        TermRow.week.in_(weeks),
        TermRow.kind == PRIMARY,
        TermRow.slice == WHOLE,
        TermRow.driver == "",
        TermRow.model != "",
    )
    rows = session.execute(query.distinct()).all()
    drivers = {model: learned_drivers(folder, model) for model in {row.model for row in rows}}
    found: dict[str, dict[str, frozenset[str]]] = {}
    for week, model in rows:
        found.setdefault(week, {})[model] = drivers[model]
    return found


def _set_aside(session: Session, week: str) -> int:
    """Auto-replies, bounces and outbound mail of the week: stored apart, not counted."""
    query = select(func.count()).where(
        MessageRow.week == week, MessageRow.direction != Direction.INBOUND
    )
    return session.scalar(query) or 0
