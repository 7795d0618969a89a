"""Which recalibration a message's probabilities go through, and their way through it.

The one logged with its prediction while its week is open; when the week is closed, that week's
final one of the same model, for good.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from classifier.messages import UNKNOWN
from classifier.volumes import MentionRecalibration, Recalibration
from service.database import chunks
from service.tables import RecalibrationRow

Floats = NDArray[np.float64]

PROVISIONAL, FINAL = "provisional", "final"
MENTIONS: Final = "mentions"
"""Among the parameters of one: how mentions are recalibrated."""

REST, BY_Q = "rest", "q"
"""Among them, too: by what the rest of a prediction is spread. It never changes for a week."""

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


def began_with(session: Session, week: str, model: str) -> RecalibrationRow | None:
    """The first recalibration a model had, from this week on."""
    own = RecalibrationRow.id == RecalibrationRow.week + f"/{PROVISIONAL}/{model}"
    query = select(RecalibrationRow).where(RecalibrationRow.week >= week, own)
    return session.scalar(query.order_by(RecalibrationRow.week).limit(1))


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
    found = probabilities.copy()
    for parameters, mine in _each(session, ids):
        found[mine] = aligned(parameters, leaves).apply(found[mine])
    return found


def recalibrated_mentions(
    session: Session, leaves: Sequence[str], named: Floats, ids: Sequence[str]
) -> Floats:
    """(n, k) `named` drivers in the columns `leaves`, each row through the recalibration of
    mentions beside the one named, where there is one."""
    found = named.copy()
    for parameters, mine in _each(session, ids):
        if through := aligned_mentions(parameters, leaves):
            found[mine] = through.apply(found[mine])
    return found


def shares_of_rest(
    session: Session, leaves: Sequence[str], base: Floats, ids: Sequence[str]
) -> Floats:
    """(n, k) by what to spread the rest of each prediction: the shares q of the recalibration
    named; `base` (n, k) without one, or where one was made before rests were spread by q."""
    found = base.copy()
    for parameters, mine in _each(session, ids):
        if parameters.get(REST) == BY_Q:
            found[mine] = aligned(parameters, leaves).q
    return found


def recalibrates_mentions(session: Session, ids: Sequence[str]) -> bool:
    """Whether any of the recalibrations named changes what a message mentions."""
    return any(MENTIONS in parameters for parameters, _ in _each(session, ids))


def _each(
    session: Session, ids: Sequence[str]
) -> Iterator[tuple[dict[str, Any], NDArray[np.bool_]]]:
    """Parameters, and whose they are (n,), of each recalibration that changes anything."""
    names = np.array(ids, dtype=np.str_)
    for name in sorted(set(ids) - {"", NO_RECALIBRATION}):
        yield _parameters(session, name), names == name


def _parameters(session: Session, name: str) -> dict[str, Any]:
    """Those stored, which never change: read once a session."""
    known: dict[str, dict[str, Any]] = session.info.setdefault(RecalibrationRow.__tablename__, {})
    if name not in known:
        known[name] = session.get_one(RecalibrationRow, name).parameters
    return known[name]


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


def aligned_mentions(
    parameters: dict[str, Any], leaves: Sequence[str]
) -> MentionRecalibration | None:
    """That of mentions in the columns `leaves`, `several` in the place of `unknown`; a column that
    is new stays as it is. None where the week began without one."""
    stored = parameters.get(MENTIONS)
    if stored is None:
        return None
    places = {column: number for number, column in enumerate(parameters["columns"])}
    none = MentionRecalibration.none(len(leaves))
    values = {name: list(column) for name, column in none.to_dict().items()}
    for number, leaf in enumerate(leaves):
        if leaf in places:
            for name, column in values.items():
                column[number] = stored[name][places[leaf]]
    return MentionRecalibration.from_dict(values)
