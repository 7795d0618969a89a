"""Stored sums back to the terms of volumes."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.volumes import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms
from service.tables import TermRow
from service.terms.columns import PRIMARY, WHOLE, Columns
from service.weeks import shifted

Floats = NDArray[np.float64]
Terms = dict[tuple[str, str], VolumeTerms]
"""(week, value of the slice) -> terms."""

HISTORY = 4
"""So many weeks before one are learned from."""


def load_terms(
    session: Session,
    columns: Columns,
    weeks: Sequence[str],
    slice_name: str = WHOLE,
    value: str | None = None,
    *,
    kind: str = PRIMARY,
) -> Terms:
    """(week, value of the slice) -> terms, summed over days and models; '' is the whole's value.

    Only one value when it is named. Weeks without a message about several drivers have no terms of
    mentions. Columns are those that the weeks were summed into: call
    `refresh` first when the taxonomy may have changed.
    """
    sums = [func.sum(getattr(TermRow, name)) for name in (*SCALAR_FIELDS, *COLUMN_FIELDS)]
    query = (
        select(TermRow.week, TermRow.value, TermRow.driver, *sums)
        .where(TermRow.week.in_(weeks), TermRow.kind == kind, TermRow.slice == slice_name)
        .group_by(TermRow.week, TermRow.value, TermRow.driver)
    )
    if value is not None:
        query = query.where(TermRow.value == value)
    index = {driver: number for number, driver in enumerate(columns.named(kind))}
    found: dict[tuple[str, str], dict[str, Floats]] = defaultdict(lambda: _zeros(len(index)))
    for week, found_value, driver, *numbers in session.execute(query):
        place = found[week, found_value]
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


def weeks_before(week: str) -> list[str]:
    """The weeks that one learns from, oldest first."""
    return [shifted(week, -back) for back in range(HISTORY, 0, -1)]


def history(terms: Terms, week: str, value: str = WHOLE) -> list[VolumeTerms]:
    """What is known of the weeks before one, those with answers, oldest first."""
    known = [terms[each, value] for each in weeks_before(week) if (each, value) in terms]
    return [each for each in known if each.answers]


def _zeros(columns: int) -> dict[str, Floats]:
    scalars = {name: np.zeros(()) for name in SCALAR_FIELDS}
    return scalars | {name: np.zeros(columns) for name in COLUMN_FIELDS}
