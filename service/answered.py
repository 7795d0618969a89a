"""The drawn and answered messages of a week, as a model read them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row
from sqlalchemy.orm import Session

from service.tables import DrawRow, RecalibrationRow
from service.terms import (
    FINAL,
    Columns,
    Logged,
    aligned,
    asked,
    asked_and_answered,
    label_columns,
    logged_of,
    mention_labels,
    recalibration_id,
    tells_of_several,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Answered:
    """Of n messages what a model said, and what people did: the column of the primary driver (n,)
    and, (n, leaves) of 0 and 1, all drivers and whether they are several; π·ρ̂ (n,).

    `several`: whether anybody, or the model, could name more than one driver a message. `q_emq`:
    the shares that the final recalibration of the week and the model found, if there is one.
    """

    logged: list[Logged]
    labels: NDArray[np.int64]
    mentions: NDArray[np.int8]
    inclusion: Floats
    several: bool
    q_emq: Floats | None


def answered(session: Session, week: str, model: str, columns: Columns) -> Answered:
    """The drawn and answered messages of a week that this model predicted."""
    rows = session.execute(asked(week).where(DrawRow.drawn)).all()
    labels = label_columns(rows, columns)
    known = labels >= 0
    pi = asked_and_answered(rows, np.ones(len(rows), dtype=np.bool_), known)
    mine = known & np.array([row.model == model for row in rows], dtype=np.bool_)
    chosen: list[Row[Any]] = [row for row, is_mine in zip(rows, mine, strict=True) if is_mine]
    logged = logged_of(chosen)
    final = session.get(RecalibrationRow, recalibration_id(week, FINAL, model))
    return Answered(
        logged=logged,
        labels=labels[mine],
        mentions=mention_labels(chosen, columns)[:, : len(columns.leaves)],
        inclusion=pi[mine],
        several=tells_of_several(logged, chosen, np.ones(len(chosen), dtype=np.bool_)),
        q_emq=aligned(final.parameters, columns.leaves).q_emq if final else None,
    )
