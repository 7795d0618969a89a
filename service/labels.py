"""The one place where a person's answer becomes a row, whichever door it came through.

An answer is stored once however often it is seen: (door, reference, version) names it. A changed
answer is a new version; the old one stays, no longer current. Every answer corrects the route.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from classifier.decisions import decided_by_person
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.taxonomy import Taxonomy
from service.database import chunks
from service.errors import NotFound, UnknownDriver
from service.runtime import Runtime, taxonomy_in_use
from service.tables import DrawRow, LabelRow, MessageRow, ReviewRow
from service.terms import mark_stale
from service.triage import classified_text, route

NOTHING = RedactedText("")
DRAWN_PURPOSES = ("required", "audit")
Row = TypeVar("Row", MessageRow, ReviewRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person said of a message. `door_ref` is the answer's own name behind that door.

    `chosen` says how its message came to be asked about: import, correction, or the purpose of
    its review. `seconds` is the time the person took, where known.
    """

    message_id: int
    label: Label
    person: str
    door: str
    door_ref: str
    answered_at: datetime
    version: str = "1"
    review_id: int | None = None
    chosen: str = "correction"
    origin: str = "manual"
    seconds: float | None = None
    note: RedactedText = NOTHING
    suggestion: RedactedText = NOTHING
    came_with_message: bool = False


def check_label(label: Label, taxonomy: Taxonomy) -> None:
    """Raise `UnknownDriver` unless every driver of the label is a leaf of the taxonomy."""
    for driver in label.drivers:
        if driver in taxonomy.parents:
            raise UnknownDriver(driver, f"has drivers below it; name one, or {driver}.other")
        if driver not in taxonomy:
            raise UnknownDriver(driver)


def record(
    session: Session, runtime: Runtime, answers: Sequence[Answer], *, now: datetime
) -> list[LabelRow]:
    """Store answers that were not seen before, close their reviews and correct the routes.

    Returns the new rows. Raises `UnknownDriver` or `NotFound` before anything is stored.
    """
    taxonomy = taxonomy_in_use(session, runtime)
    for answer in answers:
        check_label(answer.label, taxonomy)
    messages = _by_id(session, MessageRow, {answer.message_id for answer in answers})
    ledger = _Ledger(session, answers)
    rows = []
    for answer in answers:
        if answer.message_id not in messages:
            raise NotFound("message", answer.message_id)
        row = ledger.enter(answer, taxonomy.version, now)
        if row is not None:
            rows.append(row)
    session.add_all(rows)
    session.flush()
    routes = {row.message_id: decided_by_person(_label(row), taxonomy) for row in rows}
    route(session, list(routes.items()), now=now)
    mark_stale(session, {messages[row.message_id].week for row in rows})
    return rows


class _Ledger:
    """What is known of these answers already, read in a few queries for all of them."""

    def __init__(self, session: Session, answers: Sequence[Answer]) -> None:
        ids = {answer.message_id for answer in answers}
        self._current: dict[tuple[str, str], LabelRow] = {}
        self._seen: set[tuple[str, str, str]] = set()
        self._counting: set[int] = set()
        for row in _labels_of(session, ids):
            self._seen.add((row.door, row.door_ref, row.version))
            if row.current:
                self._current[row.door, row.door_ref] = row
            if row.current and row.counts:
                self._counting.add(row.message_id)
        self._drawn = _drawn(session, ids)
        reviews = {answer.review_id for answer in answers if answer.review_id}
        self._reviews = _by_id(session, ReviewRow, reviews)

    def enter(self, answer: Answer, taxonomy: str, now: datetime) -> LabelRow | None:
        """The row to store for an answer; None when it says nothing new."""
        name = (answer.door, answer.door_ref)
        if (*name, answer.version) in self._seen:
            return None
        self._seen.add((*name, answer.version))
        before = self._current.get(name)
        if before is not None and _label(before) == answer.label and before.note == answer.note:
            return None
        counts = self._counts(answer, before)
        if before is not None:
            before.current = False
        row = _row(answer, counts=counts, taxonomy=taxonomy, now=now)
        self._current[name] = row
        if counts:
            self._counting.add(answer.message_id)
        self._close_review(answer)
        return row

    def _counts(self, answer: Answer, before: LabelRow | None) -> bool:
        """Only the answer to a drawn question corrects volumes, and only one of them does."""
        if before is not None:
            return before.counts
        if answer.message_id in self._counting or answer.message_id not in self._drawn:
            return False
        review = self._reviews.get(answer.review_id or 0)
        return answer.came_with_message or (review is not None and review.purpose in DRAWN_PURPOSES)

    def _close_review(self, answer: Answer) -> None:
        review = self._reviews.get(answer.review_id or 0)
        if review is not None and review.state != "answered":
            review.state, review.closed_at = "answered", answer.answered_at


def _row(answer: Answer, *, counts: bool, taxonomy: str, now: datetime) -> LabelRow:
    return LabelRow(
        message_id=answer.message_id,
        review_id=answer.review_id,
        driver=answer.label.primary,
        also=list(answer.label.also),
        note=answer.note,
        suggestion=answer.suggestion,
        person=answer.person,
        door=answer.door,
        door_ref=answer.door_ref,
        version=answer.version,
        chosen=answer.chosen,
        counts=counts,
        current=True,
        origin=answer.origin,
        seconds=answer.seconds,
        taxonomy=taxonomy,
        answered_at=answer.answered_at,
        stored_at=now,
    )


def withdraw(session: Session, door: str, door_refs: Iterable[str]) -> int:
    """Answers that were deleted behind their door hold no longer; how many there were."""
    gone = 0
    for some in chunks(sorted(set(door_refs))):
        query = select(LabelRow).where(
            LabelRow.door == door, LabelRow.door_ref.in_(some), LabelRow.current
        )
        for row in session.scalars(query).all():
            row.current = False
            gone += 1
            message = session.get_one(MessageRow, row.message_id)
            mark_stale(session, [message.week])
            _reopen(session, row.review_id)
    return gone


def _reopen(session: Session, review_id: int | None) -> None:
    if review_id is not None:
        session.execute(
            update(ReviewRow)
            .where(ReviewRow.id == review_id)
            .values(state="open", closed_at=None, claimed_by=None, claimed_at=None)
        )


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A labeled message and whether it belongs to the hold-out, which never trains."""

    message: LabeledMessage
    holdout: bool


def training_set(session: Session) -> list[TrainingRow]:
    """Every message with a current label, by its newest one, whoever gave it."""
    query = (
        select(LabelRow, MessageRow, DrawRow)
        .join(MessageRow, MessageRow.id == LabelRow.message_id)
        .outerjoin(DrawRow, DrawRow.message_id == MessageRow.id)
        .where(LabelRow.current)
        .order_by(LabelRow.answered_at, LabelRow.id)
    )
    newest: dict[int, TrainingRow] = {}
    for label, message, draw in session.execute(query):
        newest[message.id] = TrainingRow(_labeled(label, message, draw), message.holdout)
    return list(newest.values())


def _labeled(label: LabelRow, message: MessageRow, draw: DrawRow | None) -> LabeledMessage:
    return LabeledMessage(
        text=RedactedText(classified_text(message.subject, message.text)),
        label=_label(label),
        message_id=message.external_id,
        group=message.customer or message.text_key,
        channel=message.channel,
        language=message.language,
        received_at=message.received_at,
        inclusion=draw.inclusion if draw and label.counts else None,
    )


def _label(row: LabelRow) -> Label:
    return Label(row.driver, tuple(row.also))


def _labels_of(session: Session, message_ids: set[int]) -> Iterable[LabelRow]:
    for some in chunks(sorted(message_ids)):
        yield from session.scalars(select(LabelRow).where(LabelRow.message_id.in_(some)))


def _drawn(session: Session, message_ids: set[int]) -> set[int]:
    found: set[int] = set()
    for some in chunks(sorted(message_ids)):
        query = select(DrawRow.message_id).where(DrawRow.message_id.in_(some), DrawRow.drawn)
        found |= set(session.scalars(query))
    return found


def _by_id(session: Session, table: type[Row], ids: set[int]) -> dict[int, Row]:
    found: dict[int, Row] = {}
    for some in chunks(sorted(ids)):
        found |= {row.id: row for row in session.scalars(select(table).where(table.id.in_(some)))}
    return found
