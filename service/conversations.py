"""Which messages count: the first inbound one of a conversation within the reopening window."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import Direction
from service.database import chunks
from service.settings import Settings
from service.tables import MessageRow


def mark_counted(session: Session, rows: Sequence[MessageRow], settings: Settings) -> None:
    """Set `counted` on rows that are not stored yet.

    A message counts unless its conversation had another inbound one at most `reopening_days`
    earlier; with `count = "message"` every inbound message counts. A message that comes in after
    a later one of its conversation does not count either: that one stands for both already.
    """
    moments = _known_moments(session, rows)
    window = timedelta(days=settings.reopening_days)
    for row in sorted(rows, key=lambda each: each.received_at):
        row.counted = row.direction == Direction.INBOUND
        if not (row.counted and row.conversation_id and settings.count == "conversation"):
            continue
        others = moments[row.conversation_id]
        row.counted = all(abs(row.received_at - moment) > window for moment in others)
        others.append(row.received_at)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands among the inbound ones of its conversation, from 1."""

    number: int
    of: int


def place(session: Session, message: MessageRow) -> Place:
    """The place of a message in its conversation; the only one where it has none."""
    if message.conversation_id is None:
        return Place(1, 1)
    moments = _known_moments(session, [message])[message.conversation_id]
    earlier = sum(moment < message.received_at for moment in moments)
    return Place(earlier + 1, max(len(moments), earlier + 1))


def _known_moments(session: Session, rows: Sequence[MessageRow]) -> dict[str, list[datetime]]:
    wanted = sorted({row.conversation_id for row in rows if row.conversation_id})
    moments: dict[str, list[datetime]] = defaultdict(list)
    for some in chunks(wanted):
        query = select(MessageRow.conversation_id, MessageRow.received_at).where(
            MessageRow.conversation_id.in_(some), MessageRow.direction == Direction.INBOUND
        )
        for conversation, moment in session.execute(query):
            moments[conversation or ""].append(moment)
    return moments
