"""The one place where a person's answer becomes a row, whichever door it came through.

An answer is stored once however often it is seen: (door, reference, version) names it. A changed
answer is a new version; the old one stays, no longer current. Every answer corrects the route, but
for a second opinion: that one confirms, or has a third person decide. Messages with the same text
take an answer over (see `service.twins`), and follow it when it changes.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from classifier.decisions import Decision, Doubt, Status, decided_by_person
from classifier.messages import Label, RedactedText
from classifier.taxonomy import Taxonomy
from service.database import chunks, take_turn
from service.errors import NotFound, UnknownDriver
from service.rounds import holds, label_of
from service.runtime import Runtime, taxonomy_in_use, use_taxonomy
from service.second_opinions import DRAWN_PURPOSES, close_settled, follow_up
from service.tables import DecisionRow, DrawRow, LabelRow, MessageRow, ReviewRow
from service.terms import mark_stale
from service.triage import route
from service.twins import SAME_TEXT, TAKEN_OVER, Twin, settled

NOTHING = RedactedText("")
Row = TypeVar("Row", MessageRow, ReviewRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person said of a message. `door_ref` is the answer's own name behind that door.

    `chosen` says how its message came to be asked about: import, correction, or the purpose of
    its review. `seconds` is the time the person took, where known. `personal_data`: they saw some
    in the message, which redaction missed.
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
    personal_data: bool = False
    came_with_message: bool = False


def check_label(label: Label, taxonomy: Taxonomy) -> None:
    """Raise `UnknownDriver` unless every driver of the label is a leaf of the taxonomy."""
    for driver in label.mentions:
        if driver in taxonomy.parents:
            raise UnknownDriver(driver, f"has drivers below it; name one, or {driver}.other")
        if driver not in taxonomy:
            raise UnknownDriver(driver)


def record(
    session: Session, runtime: Runtime, answers: Sequence[Answer], *, now: datetime
) -> list[LabelRow]:
    """Store answers that were not seen before, close their reviews, correct the routes, and ask
    for second opinions and third looks.

    Returns the new rows. Raises `UnknownDriver` or `NotFound` before anything is stored. The
    newest answer of a message routes it: an older one that comes in late does not.
    """
    if not answers:
        return []
    take_turn(session)
    own = {answer.message_id for answer in answers if answer.door != SAME_TEXT}
    taxonomy = use_taxonomy(session, taxonomy_in_use(session, runtime), now=now)
    messages = _by_id(session, MessageRow, {answer.message_id for answer in answers})
    for answer in answers:
        check_label(answer.label, taxonomy)
        if answer.message_id not in messages:
            raise NotFound("message", answer.message_id)
    _retire_copies(session, own)
    ledger = _Ledger(session, answers)
    entered = (ledger.enter(answer, taxonomy.version, now) for answer in answers)
    rows = [row for row in entered if row is not None]
    session.add_all(rows)
    session.flush()
    routes = {row.message_id: decided_by_person(label_of(row), taxonomy) for row in ledger.newest()}
    route(session, list(routes.items()), now=now)
    follow_up(session, runtime, {row.message_id for row in rows}, now=now)
    mark_stale(session, {messages[row.message_id].week for row in rows})
    changed = sorted(own & {row.message_id for row in rows})
    follow_twins(session, runtime, [messages[id_] for id_ in changed], now=now)
    return rows


def follow_twins(
    session: Session, runtime: Runtime, messages: Sequence[MessageRow], *, now: datetime
) -> None:
    """Have messages with the same texts take over what people say of these now."""
    found = settled(session, messages, now=now)
    withdraw(session, runtime, SAME_TEXT, found.dropped, now=now)
    take_over(session, runtime, found.taken, now=now)


def take_over(session: Session, runtime: Runtime, twins: Sequence[Twin], *, now: datetime) -> None:
    """Give messages the answers to their texts, but of drivers that left the taxonomy."""
    if twins:
        leaves = set(taxonomy_in_use(session, runtime).leaves)
        taken = [_taken_over(twin, now) for twin in twins]
        known = [each for each in taken if leaves.issuperset(each.label.mentions)]
        record(session, runtime, known, now=now)


def _taken_over(twin: Twin, now: datetime) -> Answer:
    return Answer(
        message_id=twin.message_id,
        label=label_of(twin.source),
        person=twin.source.person,
        door=SAME_TEXT,
        door_ref=twin.name,
        answered_at=now,
        version=twin.version,
        review_id=twin.review_id,
        chosen=TAKEN_OVER,
        origin=TAKEN_OVER,
    )


def _retire_copies(session: Session, message_ids: Collection[int]) -> None:
    """What was taken over gives way to what people say of the message itself."""
    for some in chunks(sorted(message_ids)):
        copies = update(LabelRow).where(
            LabelRow.message_id.in_(some), LabelRow.door == SAME_TEXT, LabelRow.current
        )
        session.execute(copies.values(current=False))


class _Ledger:
    """What is known of these answers already, read in a few queries for all of them."""

    def __init__(self, session: Session, answers: Sequence[Answer]) -> None:
        ids = {answer.message_id for answer in answers}
        self._current: dict[tuple[str, str], LabelRow] = {}
        self._seen: set[tuple[str, str, str]] = set()
        self._counting: set[int] = set()
        self._answered_at: dict[int, datetime] = {}
        self._newest: dict[int, LabelRow] = {}
        for row in _labels_of(session, ids):
            self._seen.add((row.door, row.door_ref, row.version))
            if row.current:
                self._current[row.door, row.door_ref] = row
                self._is_newest(row)
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
        said = (answer.label, answer.note, answer.suggestion, answer.personal_data)
        if before is not None and _says(before) == said:
            return None
        counts = self._counts(answer, before)
        if before is not None:
            before.current = False
        row = _row(answer, counts=counts, taxonomy=taxonomy, now=now)
        self._current[name] = row
        if counts:
            self._counting.add(answer.message_id)
        if self._is_newest(row):
            self._newest[row.message_id] = row
        self._close_review(answer)
        return row

    def newest(self) -> Iterable[LabelRow]:
        """The rows entered that are now the newest answer of their message to hold."""
        return self._newest.values()

    def _is_newest(self, row: LabelRow) -> bool:
        if not holds(row):
            return False
        before = self._answered_at.get(row.message_id)
        if before is not None and row.answered_at < before:
            return False
        self._answered_at[row.message_id] = row.answered_at
        return True

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
        personal_data=answer.personal_data,
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


def withdraw(
    session: Session,
    runtime: Runtime,
    door: str,
    door_refs: Iterable[str],
    *,
    now: datetime | None = None,
) -> int:
    """Answers that were deleted behind their door hold no longer; how many there were.

    What they stood for is given back: another answer to the drawn question counts, the question
    is open when there is none, and the route is that of the newest answer left, or the model's.
    Messages with the same text follow what is left of the answers to it.
    """
    names = sorted(set(door_refs))
    if not names:
        return 0
    take_turn(session)
    gone: list[LabelRow] = []
    for some in chunks(names):
        query = select(LabelRow).where(
            LabelRow.door == door, LabelRow.door_ref.in_(some), LabelRow.current
        )
        gone += session.scalars(query)
    for row in gone:
        row.current = False
    session.flush()
    for row in gone:
        _give_back(session, row, now or row.stored_at)
    if gone:
        closed_at = now or max(row.stored_at for row in gone)
        close_settled(session, {row.message_id for row in gone}, now=closed_at)
    if gone and door != SAME_TEXT:
        messages = _by_id(session, MessageRow, {row.message_id for row in gone})
        follow_twins(session, runtime, list(messages.values()), now=closed_at)
    return len(gone)


def _give_back(session: Session, gone: LabelRow, now: datetime) -> None:
    left = sorted(
        (row for row in _labels_of(session, {gone.message_id}) if row.current),
        key=lambda row: (row.answered_at, row.id),
    )
    if not any(row.review_id == gone.review_id for row in left):
        _reopen(session, gone.review_id)
    if gone.counts and not any(row.counts for row in left):
        _let_count(session, left)
    holding = [row for row in left if holds(row)]
    before = _decision_before(session, gone.message_id, holding[-1] if holding else None)
    if before is not None:
        route(session, [(gone.message_id, before)], now=now)
    mark_stale(session, [session.get_one(MessageRow, gone.message_id).week])


def _let_count(session: Session, rows: Sequence[LabelRow]) -> None:
    """Of the answers left, the first one to a drawn question counts."""
    reviews = _by_id(session, ReviewRow, {row.review_id for row in rows if row.review_id})
    for row in rows:
        if row.review_id and reviews[row.review_id].purpose in DRAWN_PURPOSES:
            row.counts = True
            return


def _decision_before(session: Session, message_id: int, label: LabelRow | None) -> Decision | None:
    """The last decision by this label, or by the model without one; None when that holds now."""
    made = select(DecisionRow).where(DecisionRow.message_id == message_id)
    if label is None:
        made = made.where(DecisionRow.status != Status.PERSON)
    else:
        made = made.where(DecisionRow.status == Status.PERSON, DecisionRow.driver == label.driver)
    row = session.scalar(made.order_by(DecisionRow.position.desc()).limit(1))
    if row is None or row.current:
        return None
    doubts = tuple(Doubt(doubt) for doubt in row.doubts)
    return Decision(Status(row.status), row.driver, row.queue, doubts)


def _reopen(session: Session, review_id: int | None) -> None:
    if review_id is not None:
        session.execute(
            update(ReviewRow)
            .where(ReviewRow.id == review_id)
            .values(state="open", closed_at=None, claimed_by=None, claimed_at=None)
        )


def _says(row: LabelRow) -> tuple[Label, RedactedText, RedactedText, bool]:
    return label_of(row), row.note, row.suggestion, row.personal_data


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
