"""Stored sums back to the terms of volumes."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.volumes import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms
from service.tables import TermRow
from service.terms.columns import PRIMARY, WHOLE, Columns
from service.weeks import shifted

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
    found: dict[tuple[str, str], _Sums] = defaultdict(lambda: _Sums(len(index)))
    for week, found_value, driver, *numbers in session.execute(query):
        place = found[week, found_value]
        if driver == WHOLE:
            place.scalars = numbers[: len(SCALAR_FIELDS)]
        elif driver in index:
            place.columns[:, index[driver]] = numbers[len(SCALAR_FIELDS) :]
    leaves = len(columns.leaves)
    return {key: place.terms(leaves) for key, place in found.items()}


def weeks_before(week: str) -> list[str]:
    """The weeks that one learns from, oldest first."""
    return [shifted(week, -back) for back in range(HISTORY, 0, -1)]


def history(terms: Terms, week: str, value: str = WHOLE) -> list[VolumeTerms]:
    """What is known of the weeks before one, those with answers, oldest first."""
    known = [terms[each, value] for each in weeks_before(week) if (each, value) in terms]
    return [each for each in known if each.answers]


class _Sums:
    """The numbers of one week and value of a slice, while its rows come in."""

    def __init__(self, columns: int) -> None:
        self.scalars = [0.0] * len(SCALAR_FIELDS)
        self.columns = np.zeros((len(COLUMN_FIELDS), columns))

    def terms(self, leaves: int) -> VolumeTerms:
        scalars = zip(SCALAR_FIELDS, self.scalars, strict=True)
        columns = zip(COLUMN_FIELDS, self.columns, strict=True)
        return VolumeTerms.from_mapping({"leaves": leaves, **dict(scalars), **dict(columns)})
