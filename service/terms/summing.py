"""A week's messages summed: per day, model and recalibration, for the whole and each slice."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, delete, insert
from sqlalchemy.orm import Session

from classifier.volumes import (
    COLUMN_FIELDS,
    SCALAR_FIELDS,
    SecondOpinions,
    VolumeTerms,
    volume_terms,
)
from service.database import take_turn
from service.runtime import Runtime, taxonomy_in_use
from service.tables import StaleWeekRow, TermRow
from service.terms.columns import (
    ATTRIBUTES,
    BETWEEN,
    FIELDS,
    MENTION,
    PRIMARY,
    WHOLE,
    Columns,
    Pairs,
)
from service.terms.mentions import (
    mention_labels,
    mention_probabilities,
    named_drivers,
    tells_of_several,
)
from service.terms.probabilities import evenly_spread, probabilities
from service.terms.reading import asked, asked_and_answered, label_columns, logged_of
from service.terms.recalibrating import (
    in_force,
    recalibrated,
    recalibrated_mentions,
    recalibrates_mentions,
)
from service.terms.second_looks import SecondLooks, second_looks
from service.terms.staleness import notice_columns, stale_weeks

MOST_VALUES = 200
OTHER_VALUE = "other"
PLACE = ("week", "kind", "day", "model", "recalibration", "slice", "value")
NOTHING = dict.fromkeys(SCALAR_FIELDS + COLUMN_FIELDS, 0.0)
Floats = NDArray[np.float64]


def refresh(session: Session, runtime: Runtime, weeks: Collection[str] | None = None) -> list[str]:
    """Sum stale weeks anew, all or those named; the weeks that were."""
    take_turn(session)
    taxonomy = taxonomy_in_use(session, runtime)
    pairs = runtime.settings.pairs
    notice_columns(session, taxonomy, pairs)
    stale = [week for week in stale_weeks(session) if weeks is None or week in weeks]
    columns = Columns.of(taxonomy)
    for week in stale:
        session.execute(delete(TermRow).where(TermRow.week == week))
        rows = _week_rows(session, week, columns, pairs)
        if rows:
            _insert(session, rows)
        session.execute(delete(StaleWeekRow).where(StaleWeekRow.week == week))
    return stale


def _insert(session: Session, rows: list[dict[str, object]]) -> None:
    """Many rows a statement: the PostgreSQL driver otherwise sends them one by one."""
    session.execute(insert(TermRow.__table__).returning(TermRow.week), rows)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Said:
    """What the model and people said of the messages, in the columns of a kind of terms.

    `labels` are column numbers for primary drivers, with parents as groups; 0 and 1 for mentions.
    `raw` is what the model said before it was recalibrated; `second` what second opinions said.
    """

    kind: str
    probabilities: Floats
    labels: NDArray[np.integer]
    groups: Sequence[Sequence[int]] = ()
    raw: Floats | None = None
    second: SecondOpinions | None = None


@dataclass(frozen=True, slots=True)
class _Week:
    """The counted messages of a week as parallel sequences, in the order of arrival."""

    cells: list[tuple[date, str, str]]
    values: dict[str, list[str | None]]
    said: tuple[_Said, ...]
    inclusion: Floats
    reviewed: NDArray[np.bool_]


def _week_rows(
    session: Session, week: str, columns: Columns, pairs: Pairs
) -> list[dict[str, object]]:
    data = _read_week(session, week, columns, pairs)
    rows: list[dict[str, object]] = []
    for slice_name, values in data.values.items():
        for (cell, value), members in _members(data.cells, values).items():
            for said in data.said:
                terms = _summed(data, said, members)
                place = (week, said.kind, *cell, slice_name, value)
                named = columns.named(said.kind)
                rows += _term_rows(dict(zip(PLACE, place, strict=True)), terms, named)
    return rows


def _summed(data: _Week, said: _Said, members: NDArray[np.int64]) -> VolumeTerms:
    return volume_terms(
        said.probabilities[members],
        said.labels[members],
        data.inclusion[members],
        data.reviewed[members],
        groups=said.groups,
        said=None if said.raw is None else said.raw[members],
        second=said.second and said.second.of(members),
    )


def _term_rows(
    place: dict[str, object], terms: VolumeTerms, drivers: Sequence[str]
) -> Iterator[dict[str, object]]:
    scalars = {name: float(getattr(terms, name)) for name in SCALAR_FIELDS}
    yield {**place, "driver": WHOLE, **NOTHING, **scalars}
    chosen = np.flatnonzero(terms.nonzero)
    sums = np.array([getattr(terms, name)[chosen] for name in COLUMN_FIELDS])
    for number, values in zip(chosen.tolist(), sums.T.tolist(), strict=True):
        columns = dict(zip(COLUMN_FIELDS, values, strict=True))
        yield {**place, "driver": drivers[number], **NOTHING, **columns}


def _members(
    cells: Sequence[tuple[date, str, str]], values: Sequence[str | None]
) -> dict[tuple[tuple[date, str, str], str], NDArray[np.int64]]:
    """(cell, value) -> the messages in it."""
    kept = _largest(values)
    found: dict[tuple[tuple[date, str, str], str], list[int]] = defaultdict(list)
    for number, (cell, value) in enumerate(zip(cells, values, strict=True)):
        if value is not None:
            found[cell, value if value in kept else OTHER_VALUE].append(number)
    return {place: np.array(members) for place, members in found.items()}


def _largest(values: Sequence[str | None]) -> set[str]:
    counts = Counter(value for value in values if value is not None)
    return set(sorted(counts, key=lambda each: (-counts[each], each))[:MOST_VALUES])


def _read_week(session: Session, week: str, columns: Columns, pairs: Pairs) -> _Week:
    rows = session.execute(asked(week)).all()
    drawn = np.array([row.drawn for row in rows], dtype=np.bool_)
    labels = label_columns(rows, columns)
    reviewed = drawn & (labels >= 0)
    again = second_looks(session, rows, reviewed)
    used = in_force(session, week, [(row.model or "", row.recalibration or "") for row in rows])
    return _Week(
        cells=[(row.day, row.model or "", by) for row, by in zip(rows, used, strict=True)],
        values=_values(rows, pairs),
        said=tuple(_said(session, rows, labels, reviewed, used, columns, again)),
        inclusion=asked_and_answered(rows, drawn, reviewed),
        reviewed=reviewed,
    )


def _values(rows: Sequence[Row[Any]], pairs: Pairs) -> dict[str, list[str | None]]:
    """Slice -> its value of each message; of a pair there is one where both are known."""
    each: dict[str, list[str | None]] = {
        **{name: [getattr(row, name) for row in rows] for name in FIELDS},
        **{name: [_attribute(row, name) for row in rows] for name in ATTRIBUTES},
    }
    both: dict[str, list[str | None]] = {
        f"{one}{BETWEEN}{other}": [
            f"{a}{BETWEEN}{b}" if a and b else None
            for a, b in zip(each[one], each[other], strict=True)
        ]
        for one, other in pairs
    }
    return {WHOLE: [WHOLE] * len(rows), **each, **both}


def _said(
    session: Session,
    rows: Sequence[Row[Any]],
    labels: NDArray[np.int64],
    reviewed: NDArray[np.bool_],
    recalibrations: Sequence[str],
    columns: Columns,
    again: SecondLooks | None,
) -> Iterator[_Said]:
    """Mentions only where they say anything new: else each is its message's primary driver."""
    logged = logged_of(rows)
    leaves = columns.leaves
    told = probabilities(session, leaves, logged, recalibrations)
    primary = recalibrated(session, leaves, told, recalibrations)
    raw = evenly_spread(leaves, logged)
    second = again.primary(labels, columns) if again else None
    yield _Said(PRIMARY, primary, labels, columns.members, raw, second)
    several = tells_of_several(logged, rows, reviewed) or (again is not None and again.several)
    if several or recalibrates_mentions(session, recalibrations):
        named = named_drivers(primary, logged, columns)
        named = recalibrated_mentions(session, leaves, named, recalibrations)
        mentions = mention_probabilities(primary, named, columns)
        second = again.mentions(columns) if again else None
        yield _Said(MENTION, mentions, mention_labels(rows, columns), second=second)


def _attribute(row: Row[Any], name: str) -> str | None:
    value = row.attributes.get(name)
    return str(value) if value else None
