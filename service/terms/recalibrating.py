"""Which recalibration a message's probabilities go through, and their way through it.

The one logged with its prediction while its week is open; when the week is closed, that week's
final one of the same model, for good.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from classifier.messages import UNKNOWN
from classifier.volumes import Recalibration
from service.database import chunks
from service.tables import RecalibrationRow

Floats = NDArray[np.float64]

PROVISIONAL, FINAL = "provisional", "final"
NO_RECALIBRATION: Final = "none"
"""The id of the one that changes nothing: before the first was made."""


def recalibration_id(week: str, kind: str, model: str) -> str:
    """What a recalibration is stored by: there is one of a kind, of a week and a model."""
    return f"{week}/{kind}/{model}"


def existing(session: Session, ids: Iterable[str]) -> set[str]:
    """Those of these ids that a recalibration is stored by."""
    found: set[str] = set()
    for some in chunks(sorted(set(ids))):
        query = select(RecalibrationRow.id).where(RecalibrationRow.id.in_(some))
        found |= set(session.scalars(query))
    return found


def unfinished(session: Session, last: str) -> list[RecalibrationRow]:
    """Those that weeks up to `last` began with and that have no final one yet, oldest first."""
    final = aliased(RecalibrationRow)
    marks = (f"/{kind}/" for kind in (PROVISIONAL, FINAL))
    closed = select(final.id).where(final.id == func.replace(RecalibrationRow.id, *marks))
    query = select(RecalibrationRow).where(
        RecalibrationRow.kind == PROVISIONAL, RecalibrationRow.week <= last, ~closed.exists()
    )
    return list(session.scalars(query.order_by(RecalibrationRow.week, RecalibrationRow.id)))


def in_force(session: Session, week: str, made_by: Sequence[tuple[str, str]]) -> list[str]:
    """The ids for messages of a week, from the (model, recalibration) logged for each."""
    ids = {model: recalibration_id(week, FINAL, model) for model, _ in made_by}
    closed = existing(session, ids.values())
    return [ids[model] if ids[model] in closed else logged for model, logged in made_by]


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
