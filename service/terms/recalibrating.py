"""Which recalibration a message's probabilities go through, and their way through it.

The one logged with its prediction while its week is open; when the week is closed, that week's
final one of the same model, for good.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN
from classifier.volumes import Recalibration
from service.tables import RecalibrationRow

Floats = NDArray[np.float64]

PROVISIONAL, FINAL = "provisional", "final"
NO_RECALIBRATION: Final = "none"
"""The id of the one that changes nothing: before the first was made."""


def finals(session: Session, week: str) -> dict[str, RecalibrationRow]:
    """Model -> the final recalibration of a week; none while the week is open."""
    return _of_models(session, week, FINAL)


def provisionals(session: Session, week: str) -> dict[str, RecalibrationRow]:
    """Model -> the recalibration a week began with."""
    return _of_models(session, week, PROVISIONAL)


def in_force(session: Session, week: str, made_by: Sequence[tuple[str, str]]) -> list[str]:
    """The ids for messages of a week, from the (model, recalibration) logged for each."""
    ids = {model: row.id for model, row in finals(session, week).items()}
    return [ids.get(model, logged) for model, logged in made_by]


def recalibrated(
    session: Session, leaves: Sequence[str], probabilities: Floats, ids: Sequence[str]
) -> Floats:
    """(n, k) `probabilities` of the columns `leaves`, each row through the recalibration named."""
    found, names = probabilities.copy(), np.array(ids, dtype=np.str_)
    for name in sorted(set(ids) - {"", NO_RECALIBRATION}):
        row, mine = session.get_one(RecalibrationRow, name), names == name
        found[mine] = aligned(row.parameters, leaves).apply(found[mine])
    return found


def aligned(parameters: dict[str, Any], leaves: Sequence[str]) -> Recalibration:
    """A stored recalibration in the columns `leaves`, which may have come and gone since.

    A new column takes no part. What was likely of one that is gone is unknown now.
    """
    places = {leaf: number for number, leaf in enumerate(leaves)}
    columns: list[str] = parameters["columns"]
    vectors = {name: [0.0] * len(leaves) for name in ("q", "q_base", "q_emq")}
    for number, column in enumerate(columns):
        if column in places:
            for name, values in vectors.items():
                values[places[column]] += parameters[name][number]
        else:
            vectors["q"][places[UNKNOWN]] += parameters["q"][number]
    return Recalibration.from_dict(parameters | vectors)


def _of_models(session: Session, week: str, kind: str) -> dict[str, RecalibrationRow]:
    query = select(RecalibrationRow).where(
        RecalibrationRow.week == week, RecalibrationRow.kind == kind
    )
    return {row.parameters["model"]: row for row in session.scalars(query)}
