"""Every driver a message is about, as the columns volumes are summed in: what the model gave each
driver, what people said, and both for "about several" in the place of `unknown`.

Between two drivers that exclude each other as the first reason a model may be in doubt; that is no
sign of both. So a mention is either the first reason, of which there is one, or comes beside it,
each on its own: unions over parents and over messages are made of that.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from service.terms.columns import Columns
from service.terms.probabilities import Logged

Floats = NDArray[np.float64]
LEAST_SPARE = 1e-9


def named_drivers(primary: Floats, logged: Sequence[Logged], columns: Columns) -> Floats:
    """(n, leaves) in [0, 1]: that each message is about each driver at all, and in the place of
    `unknown` that it is about several; of yes and no to each, before any is recalibrated.

    `primary` (n, leaves) are the probabilities of the first reason. A driver has what was logged
    for its mention and never less than that; where nothing was logged, exactly that.
    """
    known = primary[:, :-1]
    named = known.copy()
    rows, places, values = _listed(logged, columns)
    np.maximum.at(named, (rows, places), values)
    several = np.zeros((len(primary), 1))
    some = np.unique(rows)
    several[some, 0] = _several(known[some], _spare(known[some], named[some]))
    return np.clip(np.hstack([named, several]), 0.0, 1.0)


def mention_probabilities(primary: Floats, named: Floats, columns: Columns) -> Floats:
    """(n, columns) in [0, 1]: `named`, and that each message is about each parent at all.

    `named` (n, leaves) as `named_drivers` gives them, recalibrated or not.
    """
    spare = _spare(primary[:, :-1], named[:, :-1])
    parents = 1 - (1 - _sums(primary, columns)) * _products(spare, columns)
    return np.clip(np.hstack([named, parents]), 0.0, 1.0)


def tells_of_several(
    logged: Iterable[Logged], answers: Sequence[Row[Any]], counts: NDArray[np.bool_]
) -> bool:
    """Whether mentions say anything that primary drivers do not: some were logged, or named in one
    of the answers that count (n,)."""
    also = any(row.also for row, counted in zip(answers, counts, strict=True) if counted)
    return also or any(each.mentions for each in logged)


def mention_labels(answers: Sequence[Row[Any]], columns: Columns) -> NDArray[np.int8]:
    """(n, columns) of 0 and 1: what people said, of rows with `driver` and `also`, None for none.

    What left the taxonomy has no column of its own and still makes a message about several.
    """
    index = {leaf: number for number, leaf in enumerate(columns.leaves[:-1])}
    found = np.zeros((len(answers), len(columns.all)), dtype=np.int8)
    for number, row in enumerate(answers):
        named = {each for each in (row.driver, *(row.also or ())) if each}
        found[number, [index[each] for each in named if each in index]] = 1
        found[number, len(index)] = len(named) > 1
    for place, members in enumerate(columns.members, start=len(columns.leaves)):
        found[:, place] = found[:, members].any(axis=1)
    return found


def _listed(
    logged: Sequence[Logged], columns: Columns
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Row, column and probability of every mention of a driver that is a column."""
    index = {leaf: number for number, leaf in enumerate(columns.leaves[:-1])}
    listed = [
        (row, index[driver], probability)
        for row, each in enumerate(logged)
        for driver, probability, *_ in each.mentions
        if driver in index
    ]
    table = np.array(listed, dtype=np.float64).reshape(-1, 3)
    return table[:, 0].astype(np.intp), table[:, 1].astype(np.intp), table[:, 2]


def _spare(known: Floats, named: Floats) -> Floats:
    """The probability that a driver does not come beside the first one, when it is not that."""
    beside = np.divide(named - known, 1 - known, out=np.zeros_like(known), where=known < 1)
    return np.clip(1 - beside, LEAST_SPARE, 1.0)


def _several(known: Floats, spare: Floats) -> Floats:
    """(n,) That any driver comes beside the first one."""
    alone = np.prod(spare, axis=1, keepdims=True) / spare
    return np.asarray((known * (1 - alone)).sum(axis=1))


def _sums(values: Floats, columns: Columns) -> Floats:
    """(n, parents) sums of the leaves below each parent."""
    each = [values[:, members].sum(axis=1) for members in columns.members]
    return np.column_stack(each) if each else np.zeros((len(values), 0))


def _products(values: Floats, columns: Columns) -> Floats:
    each = [np.prod(values[:, members], axis=1) for members in columns.members]
    return np.column_stack(each) if each else np.ones((len(values), 0))
