"""The sums volumes are made of: kept per day, model and slice, so that a report reads no message.

A week is marked stale in the transaction that changed it (a message, an answer) and summed anew
before it is read next. Summing twice gives the same rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN
from classifier.taxonomy import Taxonomy
from classifier.volumes import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms, volume_terms
from labeling.sampling import response_rates
from service.runtime import Runtime, taxonomy_in_use
from service.tables import (
    DrawRow,
    LabelRow,
    MessageRow,
    ModelRow,
    PredictionRow,
    StaleWeekRow,
    TermRow,
)

WHOLE = ""
SLICES = ("channel", "language", "product", "partner")
MOST_VALUES = 200
OTHER_VALUE = "other"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of volumes: leaves, `unknown`, then each parent as a group of leaves."""

    leaves: tuple[str, ...]
    parents: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, taxonomy: Taxonomy) -> "Columns":
        leaves = (*taxonomy.leaves, UNKNOWN)
        index = {leaf: number for number, leaf in enumerate(leaves)}
        members = tuple(
            tuple(index[leaf] for leaf in taxonomy.leaves_under(parent))
            for parent in taxonomy.parents
        )
        return cls(leaves, taxonomy.parents, members)

    @property
    def all(self) -> tuple[str, ...]:
        return self.leaves + self.parents


def mark_stale(session: Session, weeks: Iterable[str]) -> None:
    """Remember that the terms of these weeks no longer say what the messages say.

    The update waits for a `refresh` that is taking the mark away, and finds it gone; a plain look
    would see it still there, and the message that came in between would never be summed.
    """
    for week in sorted(set(weeks)):
        mark = update(StaleWeekRow).where(StaleWeekRow.week == week).values(week=week)
        if not session.execute(mark).rowcount:  # type: ignore[attr-defined]
            session.execute(insert(StaleWeekRow).values(week=week))


def refresh(session: Session, runtime: Runtime) -> list[str]:
    """Sum every stale week anew; the weeks that were."""
    taken = delete(StaleWeekRow).returning(StaleWeekRow.week)
    weeks = sorted(session.scalars(taken))
    columns = Columns.of(taxonomy_in_use(session, runtime))
    for week in weeks:
        session.execute(delete(TermRow).where(TermRow.week == week))
        rows = _week_rows(session, week, columns)
        if rows:
            session.execute(insert(TermRow), rows)
    return weeks


def is_stale(session: Session) -> bool:
    return session.scalar(select(func.count()).select_from(StaleWeekRow)) != 0


def load_terms(
    session: Session, columns: Columns, weeks: Sequence[str], slice_name: str = WHOLE
) -> dict[tuple[str, str], VolumeTerms]:
    """(week, value of the slice) -> terms, summed over days and models; '' is the whole's value."""
    sums = [func.sum(getattr(TermRow, name)) for name in (*SCALAR_FIELDS, *COLUMN_FIELDS)]
    query = (
        select(TermRow.week, TermRow.value, TermRow.driver, *sums)
        .where(TermRow.week.in_(weeks), TermRow.slice == slice_name)
        .group_by(TermRow.week, TermRow.value, TermRow.driver)
    )
    index = {driver: number for number, driver in enumerate(columns.all)}
    found: dict[tuple[str, str], dict[str, Floats]] = defaultdict(lambda: _zeros(len(index)))
    for week, value, driver, *numbers in session.execute(query):
        place = found[week, value]
        scalars, values = numbers[: len(SCALAR_FIELDS)], numbers[len(SCALAR_FIELDS) :]
        if driver == WHOLE:
            place.update({n: np.float64(x) for n, x in zip(SCALAR_FIELDS, scalars, strict=True)})  # type: ignore[misc]
        elif driver in index:
            for name, number in zip(COLUMN_FIELDS, values, strict=True):
                place[name][index[driver]] = number
    leaves = len(columns.leaves)
    return {
        key: VolumeTerms.from_mapping({"leaves": leaves, **place}) for key, place in found.items()
    }


def _zeros(columns: int) -> dict[str, Floats]:
    scalars = {name: np.zeros(()) for name in SCALAR_FIELDS}
    return scalars | {name: np.zeros(columns) for name in COLUMN_FIELDS}


@dataclass(frozen=True, slots=True)
class _Week:
    """The counted messages of a week as parallel arrays, in the order of the rows."""

    rows: list[MessageRow]
    models: list[str]
    recalibrations: list[str]
    probabilities: Floats
    labels: NDArray[np.int64]
    inclusion: Floats
    reviewed: NDArray[np.bool_]


def _week_rows(session: Session, week: str, columns: Columns) -> list[dict[str, object]]:
    data = _read_week(session, week, columns)
    rows: list[dict[str, object]] = []
    for slice_name in (WHOLE, *SLICES):
        cells = _cells(data, slice_name)
        for (day, model, recalibration, value), members in cells.items():
            chosen = np.array(members)
            terms = volume_terms(
                data.probabilities[chosen],
                data.labels[chosen],
                data.inclusion[chosen],
                data.reviewed[chosen],
                groups=columns.members,
            )
            place = {
                "week": week,
                "day": day,
                "model": model,
                "recalibration": recalibration,
                "slice": slice_name,
                "value": value,
            }
            rows += _term_rows(place, terms, columns.all)
    return rows


def _term_rows(
    place: dict[str, object], terms: VolumeTerms, drivers: Sequence[str]
) -> list[dict[str, object]]:
    nothing = dict.fromkeys((*SCALAR_FIELDS, *COLUMN_FIELDS), 0.0)
    scalars = {name: float(getattr(terms, name)) for name in SCALAR_FIELDS}
    rows = [place | nothing | scalars | {"driver": WHOLE}]
    for number in np.flatnonzero(terms.nonzero):
        sums = {name: float(getattr(terms, name)[number]) for name in COLUMN_FIELDS}
        rows.append(place | nothing | sums | {"driver": drivers[number]})
    return rows


def _cells(data: _Week, slice_name: str) -> dict[tuple[date, str, str, str], list[int]]:
    values = [_value(row, slice_name) for row in data.rows]
    kept = _largest(values)
    cells: dict[tuple[date, str, str, str], list[int]] = defaultdict(list)
    for number, (row, value) in enumerate(zip(data.rows, values, strict=True)):
        if value is None:
            continue
        value = value if value in kept else OTHER_VALUE
        cells[row.day, data.models[number], data.recalibrations[number], value].append(number)
    return cells


def _value(row: MessageRow, slice_name: str) -> str | None:
    if slice_name == WHOLE:
        return WHOLE
    if slice_name in ("channel", "language"):
        return str(getattr(row, slice_name))
    value = row.attributes.get(slice_name)
    return str(value) if value else None


def _largest(values: Sequence[str | None]) -> set[str]:
    counts: dict[str, int] = defaultdict(int)
    for value in values:
        if value is not None:
            counts[value] += 1
    return set(sorted(counts, key=lambda each: (-counts[each], each))[:MOST_VALUES])


def _read_week(session: Session, week: str, columns: Columns) -> _Week:
    query = (
        select(MessageRow, DrawRow, PredictionRow, LabelRow)
        .join(DrawRow, DrawRow.message_id == MessageRow.id)
        .outerjoin(PredictionRow, (PredictionRow.message_id == MessageRow.id) & PredictionRow.first)
        .outerjoin(
            LabelRow,
            (LabelRow.message_id == MessageRow.id) & LabelRow.counts & LabelRow.current,
        )
        .where(MessageRow.week == week, MessageRow.counted)
        .order_by(MessageRow.id)
    )
    found = session.execute(query).all()
    spread = _Spread(session, columns)
    index = {leaf: number for number, leaf in enumerate(columns.leaves)}
    labels = [_label_column(label, index) for *_, label in found]
    reviewed = np.array([label is not None and draw.drawn for _, draw, _, label in found], np.bool_)
    return _Week(
        rows=[row for row, *_ in found],
        models=[prediction.model if prediction else "" for _, _, prediction, _ in found],
        recalibrations=[p.recalibration if p else "" for _, _, p, _ in found],
        probabilities=np.array([spread.of(p) for _, _, p, _ in found]).reshape(len(found), -1),
        labels=np.array(labels, dtype=np.int64),
        inclusion=_inclusion([draw for _, draw, _, _ in found], reviewed),
        reviewed=reviewed,
    )


def _label_column(label: LabelRow | None, index: dict[str, int]) -> int:
    """The column of an answer; a driver that has left the taxonomy counts as unknown."""
    if label is None:
        return -1
    return index.get(label.driver or UNKNOWN, index[UNKNOWN])


def _inclusion(draws: Sequence[DrawRow], reviewed: NDArray[np.bool_]) -> Floats:
    """π·ρ̂: the chance to be asked times the response rate of the stratum, nan if not measured."""
    pi = np.array([draw.inclusion for draw in draws], dtype=np.float64)
    if not len(pi):
        return pi
    strata = [draw.stratum for draw in draws]
    rates = response_rates(
        strata,
        reviewed,
        asked=np.array([draw.drawn for draw in draws], np.bool_),
        wider=[layer.rsplit("/", 1)[0] for layer in strata],
    )
    return np.where(pi > 0, pi * rates, np.nan)


class _Spread:
    """Logged predictions back to probabilities per column, the rest spread by the base shares."""

    def __init__(self, session: Session, columns: Columns) -> None:
        self._session = session
        self._index = {leaf: number for number, leaf in enumerate(columns.leaves)}
        self._base: dict[str, Floats] = {}

    def of(self, prediction: PredictionRow | None) -> Floats:
        k = len(self._index)
        if prediction is None:
            return np.full(k, 1.0 / k)
        p = np.zeros(k)
        base = self._base_shares(prediction.model).copy()
        for driver, probability in prediction.top:
            column = self._index.get(driver, self._index[UNKNOWN])
            p[column] += probability
            if driver in self._index:
                base[self._index[driver]] = 0.0
        if base.sum() > 0:
            p += prediction.rest * base / base.sum()
        else:
            p /= p.sum()
        p *= 1.0 - prediction.unknown
        p[self._index[UNKNOWN]] += prediction.unknown
        return p

    def _base_shares(self, model: str) -> Floats:
        if model not in self._base:
            base = np.zeros(len(self._index))
            row = self._session.get(ModelRow, model)
            for driver, share in zip(row.drivers, row.base_shares, strict=True) if row else ():
                if driver in self._index:
                    base[self._index[driver]] = share
            self._base[model] = base
        return self._base[model]
