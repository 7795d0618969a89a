"""What the newest model says of messages that others predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from service.answered import ReadBy
from service.database import chunks
from service.tables import MessageRow
from service.terms import Logged, classified_text, logged_of


@dataclass(frozen=True, slots=True)
class Newest:
    """The model that reads again, and the drivers it had labels of."""

    reader: ReadBy
    learned: frozenset[str]

    @property
    def version(self) -> str:
        return self.reader.model.version


@dataclass(frozen=True, slots=True)
class Said:
    """Of one message: `logged` as of any prediction, None where nothing can be said that does not
    flatter the model; `trained`: whether it was trained on the message."""

    logged: Logged | None
    trained: bool


def say_again(session: Session, rows: Sequence[Row[Any]], newest: Newest) -> list[Said]:
    """What the newest model says of messages (rows of `asked` with their `id`), in their order.

    What it said itself when they came in stands; of what it was trained on, its folds speak.
    """
    texts = _texts(session, [row.id for row in rows if row.model != newest.version])
    words = list(texts.values())
    told = zip(newest.reader.said(words), newest.reader.model.trained_on(words), strict=True)
    again = {
        id_: Said(Logged.of(found, newest.version) if found else None, bool(trained))
        for id_, (found, trained) in zip(texts, told, strict=True)
    }
    itself = (Said(each, trained=False) for each in logged_of(rows))
    return [again.get(row.id, mine) for row, mine in zip(rows, itself, strict=True)]


def _texts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Message -> what models read of it."""
    found: dict[int, str] = {}
    for some in chunks(ids):
        query = select(MessageRow.id, MessageRow.subject, MessageRow.text)
        for row in session.execute(query.where(MessageRow.id.in_(some))):
            found[row.id] = classified_text(row.subject, row.text)
    return found
