"""Identical texts: the answer to one is taken over by the others, so that they are routed by it.

The same text, and subject, once normalized. Not where people gave one text different main drivers,
nor of a few words such as "see attachment", which mean another thing in each message. And never by
a message that was drawn: texts that repeat would be answered more often than others as long as not
all questions are, and one mistake would be counted as often as its text occurs. So volumes, which
rest on drawn messages, never see an answer that was taken over.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, select
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
Where = ColumnElement[bool]


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

    def is_held_as(self, copy: LabelRow) -> bool:
        """Whether this copy is one of that label, and holds."""
        return copy.current and copy.version.startswith(f"label-{self.source.id}.")


@dataclass(frozen=True, slots=True)
class Settled:
    """The messages that take over an answer now, and the names of answers taken over that no
    longer hold."""

    taken: Sequence[Twin]
    dropped: Sequence[str]


def arrived(session: Session, messages: Iterable[MessageRow], *, now: datetime) -> Sequence[Twin]:
    """What new messages take over; for others with the same texts nothing changed."""
    new = {each.id: each for each in messages if _says_enough(each)}
    own = _sources(session, {_text(each) for each in new.values()})
    wanted = sorted(id_ for id_, each in new.items() if _text(each) in own)
    return _twins(session, own, [MessageRow.id.in_(some) for some in chunks(wanted)], now)


def settled(session: Session, messages: Iterable[MessageRow], *, now: datetime) -> Settled:
    """What follows for the twins of messages whose answers changed."""
    texts = {_text(each) for each in messages if _says_enough(each)}
    own = _sources(session, texts)
    keys = sorted({key for key, _ in own})
    twins = _twins(session, own, [MessageRow.text_key.in_(some) for some in chunks(keys)], now)
    return Settled(twins, _held(session, texts - own.keys()))


def name_of(message_id: int) -> str:
    return f"message-{message_id}"


def _says_enough(message: MessageRow) -> bool:
    inbound = message.direction == str(Direction.INBOUND)
    return inbound and len(normalized(message.text).split()) >= FEWEST_WORDS


def _text(row: Any) -> Text:
    return row.text_key, normalized(row.subject)


def _sources(session: Session, texts: Collection[Text]) -> dict[Text, LabelRow]:
    """The newest answer to each text, where all messages with it have the same main driver."""
    newest: dict[Text, dict[int, LabelRow]] = defaultdict(dict)
    for some in chunks(sorted({key for key, _ in texts})):
        query = (
            select(LabelRow, MessageRow.text_key, MessageRow.subject)
            .join(MessageRow, MessageRow.id == LabelRow.message_id)
            .where(MessageRow.text_key.in_(some), LabelRow.current)
            .where(LabelRow.door != SAME_TEXT, LabelRow.chosen != SECOND)
        )
        for row in session.execute(query.order_by(LabelRow.answered_at, LabelRow.id)):
            if _text(row) in texts:
                newest[_text(row)][row.LabelRow.message_id] = row.LabelRow
    return {
        text: max(labels.values(), key=lambda label: (label.answered_at, label.id))
        for text, labels in newest.items()
        if len({label.driver for label in labels.values()}) == 1
    }


def _twins(
    session: Session, own: Mapping[Text, LabelRow], places: Iterable[Where], now: datetime
) -> list[Twin]:
    """Of the messages at these places those that do not hold the answer to their text yet."""
    free = {row.id: row for row in _free(session, places, now) if _text(row) in own}
    copies = _copies(session, sorted(free))
    twins = (
        Twin(row.id, row.review_id, own[_text(row)], len(copies[row.id])) for row in free.values()
    )
    return [each for each in twins if not any(map(each.is_held_as, copies[each.message_id]))]


def _copies(session: Session, message_ids: Sequence[int]) -> dict[int, list[LabelRow]]:
    """What messages took over so far, also what holds no longer."""
    found: dict[int, list[LabelRow]] = defaultdict(list)
    for some in chunks(message_ids):
        query = select(LabelRow).where(LabelRow.message_id.in_(some), LabelRow.door == SAME_TEXT)
        for row in session.scalars(query):
            found[row.message_id].append(row)
    return found


def _held(session: Session, texts: Collection[Text]) -> list[str]:
    """The names of answers that messages with these texts took over and that hold."""
    found: list[str] = []
    for some in chunks(sorted({key for key, _ in texts})):
        query = (
            select(MessageRow.id, MessageRow.text_key, MessageRow.subject)
            .join(LabelRow, LabelRow.message_id == MessageRow.id)
            .where(MessageRow.text_key.in_(some), LabelRow.current, LabelRow.door == SAME_TEXT)
        )
        found += [name_of(row.id) for row in session.execute(query) if _text(row) in texts]
    return found


def _free(session: Session, places: Iterable[Where], now: datetime) -> Iterable[Any]:
    """Messages there that nobody was drawn to answer, is answering, or has answered."""
    said = exists().where(
        LabelRow.message_id == MessageRow.id, LabelRow.current, LabelRow.door != SAME_TEXT
    )
    asked = (ReviewRow.message_id == MessageRow.id) & (ReviewRow.state == "open")
    columns = (MessageRow.id, MessageRow.text_key, MessageRow.subject)
    for place in places:
        yield from session.execute(
            select(*columns, ReviewRow.id.label("review_id"))
            .outerjoin(ReviewRow, asked)
            .where(place, MessageRow.received_at >= now - RECENT)
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
