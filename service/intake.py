"""Messages arrive: always a list, in one transaction.

clean -> redact -> language -> counted? -> predict -> decide -> draw -> store. The single call, the
batch and the import all come through `store`; what it returns is on disk when the transaction
commits, and nothing of a message is anywhere else before that.
"""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.cleaning import clean, folded
from classifier.language import detect_language
from classifier.messages import Direction, RawMessage
from classifier.redaction import pseudonym, redact
from classifier.text import in_holdout, text_key
from service.conversations import mark_counted
from service.database import chunks, take_turn
from service.labels import take_over
from service.leaks import seen_to
from service.runtime import Runtime
from service.tables import MessageRow
from service.triage import retriage, triage
from service.twins import arrived
from service.weeks import day_of, week_of

LONGEST_ATTRIBUTE = 200
LONGEST_CHANNEL = 40
LONGEST_ID = 190
PREPARED = tuple(each.name for each in MessageRow.__table__.columns if each.name != "id")
LANGUAGE = re.compile(r"[a-z]{2,5}")


class Outcome(StrEnum):
    """STORED and REVISED are new on disk; KNOWN was there; CONFLICT left the stored one alone."""

    STORED = "stored"
    KNOWN = "known"
    REVISED = "revised"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to one message, in the order they were given."""

    outcome: Outcome
    message_id: int
    external_id: str
    inbound: bool


def receive(
    session: Session,
    runtime: Runtime,
    messages: Sequence[RawMessage],
    *,
    now: datetime,
    revise: bool = False,
    draw_since: datetime | None = None,
) -> list[Receipt]:
    """Store messages that are new, with their prediction, decision and draw; one receipt each.

    A message that brings its label is drawn with certainty. Messages received before `draw_since`
    are predicted but never asked about. A known external id with other content is a conflict,
    unless `revise`.
    """
    rows = [prepare(message, runtime, now=now) for message in messages]
    labeled = {
        row.external_id for row, message in zip(rows, messages, strict=True) if message.label
    }
    return store(
        session, runtime, rows, now=now, revise=revise, draw_since=draw_since, labeled=labeled
    )


def store(
    session: Session,
    runtime: Runtime,
    rows: Sequence[MessageRow],
    *,
    now: datetime,
    revise: bool = False,
    draw_since: datetime | None = None,
    labeled: Collection[str] = (),
) -> list[Receipt]:
    """As `receive`, of prepared rows that are in no session; `labeled` are the external ids of
    those that bring their label."""
    take_turn(session)
    known = _known(session, rows)
    from_before = set(known)
    fresh: list[MessageRow] = []
    revised: dict[str, MessageRow] = {}
    receipts = []
    for row in rows:
        stored = known.setdefault(row.external_id, row)
        if stored is row:
            fresh.append(row)
        outcome = _outcome(stored, row, revise=revise)
        if outcome is Outcome.REVISED:
            _replace_content(stored, row)
            revised[stored.external_id] = stored
        receipts.append((outcome, stored))
    if fresh:
        mark_counted(session, fresh, runtime.settings)
        session.add_all(fresh)
        session.flush()
        triage(session, runtime, fresh, now=now, draw_since=draw_since, labeled=labeled)
        take_over(session, runtime, arrived(session, fresh, now=now), now=now)
    if changed := [row for name, row in revised.items() if name in from_before]:
        retriage(session, runtime, changed, now=now)
        seen_to(session, [row.id for row in changed])
    return [
        Receipt(outcome, row.id, row.external_id, row.direction == Direction.INBOUND)
        for outcome, row in receipts
    ]


def prepare(message: RawMessage, runtime: Runtime, *, now: datetime) -> MessageRow:
    """A row ready to store: the raw message ends here, only redacted text goes on."""
    key = runtime.secret
    words = clean(message)
    text = redact(folded(words.text), key=key)
    received_at = message.received_at or now
    day = day_of(received_at, runtime.settings.timezone)
    customer = _hidden(words.customer, key, "customer")
    return MessageRow(
        external_id=safe_external_id(message.external_id, key) or f"w-{uuid4().hex}",
        content_hash=_content_hash(message, key),
        channel=redact(folded(message.channel), key=key)[:LONGEST_CHANNEL],
        direction=str(words.direction),
        conversation_id=_hidden(words.conversation_id, key, "conversation"),
        customer=customer,
        counted=False,
        subject=redact(words.subject, key=key),
        text=text,
        text_key=text_key(text, key=key),
        holdout=in_holdout(text, key=key, customer=customer),
        language=_language(message.language) or detect_language(text),
        received_at=received_at,
        day=day,
        week=week_of(day),
        attributes=_attributes(message, key),
        scores={name: score for name, score in message.scores.items() if math.isfinite(score)},
        stored_at=now,
    )


def copied(row: MessageRow) -> MessageRow:
    """The same row as one that was never in a session: a transaction can then be tried again."""
    return MessageRow(**{name: getattr(row, name) for name in PREPARED})


def safe_external_id(external_id: str | None, key: bytes) -> str | None:
    """The sender's id as it is, or a pseudonym of it where it holds personal data, is long, or
    has characters that cannot be stored.

    The same id gives the same result, so a retry is still recognized.
    """
    if not external_id:
        return None
    if len(external_id) <= LONGEST_ID and redact(folded(external_id), key=key) == external_id:
        return external_id
    return "p-" + pseudonym(external_id, key=key, kind="external_id")


def _language(named: str | None) -> str | None:
    return named if named and LANGUAGE.fullmatch(named) else None


def _attributes(message: RawMessage, key: bytes) -> dict[str, str]:
    def safe(word: str) -> str:
        return redact(folded(word), key=key)[:LONGEST_ATTRIBUTE]

    return {safe(name): safe(value) for name, value in message.attributes.items() if value}


def _hidden(value: str | None, key: bytes, kind: str) -> str | None:
    return pseudonym(value, key=key, kind=kind) if value else None


def _content_hash(message: RawMessage, key: bytes) -> str:
    content = json.dumps([message.channel, message.subject, message.text])
    return hmac.new(
        key, b"content\n" + content.encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()[:32]


def _known(session: Session, rows: Sequence[MessageRow]) -> dict[str, MessageRow]:
    found: dict[str, MessageRow] = {}
    for some in chunks([row.external_id for row in rows]):
        query = select(MessageRow).where(MessageRow.external_id.in_(some))
        found |= {row.external_id: row for row in session.scalars(query)}
    return found


def _outcome(stored: MessageRow, row: MessageRow, *, revise: bool) -> Outcome:
    if stored is row:
        return Outcome.STORED
    if stored.content_hash == row.content_hash:
        return Outcome.KNOWN
    return Outcome.REVISED if revise else Outcome.CONFLICT


def _replace_content(stored: MessageRow, row: MessageRow) -> None:
    """Only what the customer wrote changes; when and in which conversation it counted does not."""
    for name in ("content_hash", "subject", "text", "text_key", "language", "attributes", "scores"):
        setattr(stored, name, getattr(row, name))
    # What was ever held out never trains, not even in other words.
    stored.holdout = stored.holdout or row.holdout
