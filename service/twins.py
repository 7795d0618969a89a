"""Identical texts: the answer to one is taken over by the others, so that they are routed by it.

The same text, and subject, once normalized. Not where people gave one text different main drivers,
nor of a few words such as "see attachment", which mean another thing in each message. And never by
a message that was drawn: texts that repeat would be answered more often than others as long as not
all questions are, and one mistake would be counted as often as its text occurs. So volumes, which
rest on drawn messages, never see an answer that was taken over.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, exists, or_, select
from sqlalchemy.orm import Session

from classifier.messages import Direction
from classifier.text import normalized
from service.database import chunks
from service.rounds import SECOND
from service.tables import DrawRow, LabelRow, MessageRow, ReviewRow

SAME_TEXT: Final = "same_text"
"""The door that answers which are taken over come through."""
TAKEN_OVER: Final = "taken_over"
"""How such a message came to have its answer, and what the answer is."""
FEWEST_WORDS: Final = 3
RECENT: Final = timedelta(weeks=4)
"""Older messages were dealt with long ago."""
MOST: Final = 1000
"""So many messages, the newest, take over answers at a time."""
Text = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Twin:
    """A message that takes over an answer, and the open review that it answers, if there is one;
    `before` is how many answers it took over earlier."""

    message_id: int
    review_id: int | None
    source: LabelRow
    before: int

    @property
    def name(self) -> str:
        """What its answer is called behind its door; one at a time holds."""
        return name_of(self.message_id)

    @property
    def version(self) -> str:
        """Which label it is a copy of."""
        return f"label-{self.source.id}.{self.before}"


@dataclass(frozen=True, slots=True)
class Settled:
    """The messages that take over an answer now, and the names of answers taken over that no
    longer hold."""

    taken: Sequence[Twin] = ()
    dropped: Sequence[str] = ()


def settled(session: Session, messages: Iterable[MessageRow], *, now: datetime) -> Settled:
    """What follows for the twins of messages that are new, or whose answers changed."""
    texts = {_text(each) for each in messages if _says_enough(each)}
    keys = sorted({key for key, _ in texts})
    said = _said(session, keys)
    if not said:
        return Settled()
    own, copies = _sources(said, texts), _copies(said)
    free = {row.id: row for row in _free(session, keys, now) if _text(row) in own}
    held = {row.LabelRow.message_id: row for row in said if _holds_copy(row.LabelRow)}
    twins = [Twin(row.id, row.review_id, own[_text(row)], copies[row.id]) for row in free.values()]
    dropped = [name_of(id_) for id_, row in held.items() if _text(row) in texts - own.keys()]
    return Settled(twins, dropped)


def name_of(message_id: int) -> str:
    return f"message-{message_id}"


def _says_enough(message: MessageRow) -> bool:
    inbound = message.direction == str(Direction.INBOUND)
    return inbound and len(normalized(message.text).split()) >= FEWEST_WORDS


def _text(row: Any) -> Text:
    return row.text_key, normalized(row.subject)


def _said(session: Session, keys: Sequence[str]) -> list[Row[Any]]:
    """Labels of messages with these texts, in order of time; also copies that hold no longer."""
    found: list[Row[Any]] = []
    for some in chunks(keys):
        query = (
            select(LabelRow, MessageRow.text_key, MessageRow.subject)
            .join(MessageRow, MessageRow.id == LabelRow.message_id)
            .where(MessageRow.text_key.in_(some), LabelRow.chosen != SECOND)
            .where(or_(LabelRow.current, LabelRow.door == SAME_TEXT))
        )
        found += session.execute(query.order_by(LabelRow.answered_at, LabelRow.id))
    return found


def _sources(said: Iterable[Row[Any]], texts: Collection[Text]) -> dict[Text, LabelRow]:
    """The newest answer to each text, where all messages with it have the same main driver."""
    newest: dict[Text, dict[int, LabelRow]] = defaultdict(dict)
    for row in said:
        if row.LabelRow.door != SAME_TEXT and _text(row) in texts:
            newest[_text(row)][row.LabelRow.message_id] = row.LabelRow
    return {
        text: max(labels.values(), key=lambda label: (label.answered_at, label.id))
        for text, labels in newest.items()
        if len({label.driver for label in labels.values()}) == 1
    }


def _copies(said: Iterable[Row[Any]]) -> dict[int, int]:
    """Message -> how many answers it took over so far."""
    found: dict[int, int] = defaultdict(int)
    for row in said:
        found[row.LabelRow.message_id] += row.LabelRow.door == SAME_TEXT
    return found


def _holds_copy(label: LabelRow) -> bool:
    return label.current and label.door == SAME_TEXT


def _free(session: Session, keys: Sequence[str], now: datetime) -> Iterable[Any]:
    """Messages with these texts that nobody was drawn to answer, is answering, or has answered."""
    said = exists().where(
        LabelRow.message_id == MessageRow.id, LabelRow.current, LabelRow.door != SAME_TEXT
    )
    asked = (ReviewRow.message_id == MessageRow.id) & (ReviewRow.state == "open")
    columns = (MessageRow.id, MessageRow.text_key, MessageRow.subject)
    for some in chunks(keys):
        yield from session.execute(
            select(*columns, ReviewRow.id.label("review_id"))
            .outerjoin(ReviewRow, asked)
            .where(MessageRow.text_key.in_(some), MessageRow.received_at >= now - RECENT)
            .where(*undrawn(), ~said)
            .order_by(MessageRow.received_at.desc())
            .limit(MOST)
        )


def undrawn() -> tuple[ColumnElement[bool], ...]:
    """Inbound messages that nobody was drawn to answer, or is answering now."""
    drawn = exists().where(DrawRow.message_id == MessageRow.id, DrawRow.drawn)
    claimed = exists().where(ReviewRow.message_id == MessageRow.id, ReviewRow.state == "claimed")
    return inbound(), ~drawn.correlate(MessageRow), ~claimed.correlate(MessageRow)


def inbound() -> ColumnElement[bool]:
    """Whether a message came from a customer."""
    return MessageRow.direction == str(Direction.INBOUND)
