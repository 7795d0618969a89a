"""Questions to people: open, claimed, answered, skipped. Claiming is one conditional update."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from classifier.messages import Label
from classifier.redaction import redact
from service.database import take_turn
from service.errors import NotFound, ReviewClosed, ReviewTaken
from service.labels import Answer, record
from service.mentions import said_of
from service.rounds import SECOND, SUSPECT, opinions
from service.runtime import Runtime
from service.tables import LabelRow, MessageRow, PredictionRow, ReviewRow
from service.triage import OPEN_STATES

DOOR = "review"


@dataclass(frozen=True, slots=True)
class Question:
    """A review with what a person needs to answer it. Blind: `prediction` is None. `opinions`: the
    two answers that a third look decides between, in an order that does not say whose they are."""

    review: ReviewRow
    message: MessageRow
    prediction: PredictionRow | None
    opinions: tuple[Label, ...] = ()


def claim(session: Session, runtime: Runtime, *, person: str, now: datetime) -> Question | None:
    """The next question for this person, theirs until they answer or the claim expires.

    Drawn questions come in random order, before those picked to learn from. None when there is
    nothing left. A question this person holds already is served again, and a second opinion is
    asked of nobody who said something about the message before.
    """
    free = and_(_claimable(runtime, now), _open_to(person))
    mine = and_(ReviewRow.state == "claimed", ReviewRow.claimed_by == person)
    while True:
        candidate = session.scalar(
            select(ReviewRow.id)
            .where(or_(mine, free))
            .order_by(~mine, ReviewRow.priority, ReviewRow.order_key)
            .limit(1)
        )
        if candidate is None:
            return None
        take = update(ReviewRow).where(ReviewRow.id == candidate, or_(mine, free))
        taken = session.execute(take.values(state="claimed", claimed_by=person, claimed_at=now))
        if taken.rowcount:  # type: ignore[attr-defined]
            return question(session, candidate)


def _claimable(runtime: Runtime, now: datetime) -> ColumnElement[bool]:
    expired = now - timedelta(minutes=runtime.settings.claim_minutes)
    return or_(
        ReviewRow.state == "open",
        and_(ReviewRow.state == "claimed", ReviewRow.claimed_at < expired),
    )


def _open_to(person: str) -> ColumnElement[bool]:
    """Whether this person may be asked: second opinions are those of somebody else. So are looks at
    labels that seem wrong, unless nobody else answers questions here."""
    mine = exists().where(LabelRow.message_id == ReviewRow.message_id, LabelRow.person == person)
    others = exists().where(LabelRow.person != person, LabelRow.review_id.is_not(None))
    alone = and_(ReviewRow.purpose == SUSPECT, ~others)
    return or_(ReviewRow.purpose.not_in((SECOND, SUSPECT)), ~mine, alone)


def question(session: Session, review_id: int) -> Question:
    """A review with its message. Raises `NotFound`."""
    review = session.get(ReviewRow, review_id, populate_existing=True)
    if review is None:
        raise NotFound("review", review_id)
    message = session.get_one(MessageRow, review.message_id)
    prediction = None if review.blind else newest_prediction(session, message.id)
    return Question(review, message, prediction, opinions(session, review))


def newest_prediction(session: Session, message_id: int) -> PredictionRow | None:
    query = select(PredictionRow).where(PredictionRow.message_id == message_id)
    return session.scalar(query.order_by(PredictionRow.id.desc()).limit(1))


def answer(
    session: Session,
    runtime: Runtime,
    *,
    review_id: int,
    label: Label,
    person: str,
    now: datetime,
    note: str = "",
    suggestion: str = "",
    personal_data: bool = False,
) -> LabelRow:
    """Answer a question that is open or claimed by this person.

    Raises `NotFound`, `ReviewClosed`, `ReviewTaken` or `UnknownDriver`.
    """
    take_turn(session)  # before the review is locked: others lock in this order
    review = _workable(session, runtime, review_id, person, now)
    since = review.claimed_at if review.claimed_by == person else None
    given = Answer(
        message_id=review.message_id,
        label=label,
        person=person,
        door=DOOR,
        door_ref=f"review-{review_id}",
        version=now.isoformat(),
        answered_at=now,
        review_id=review_id,
        chosen=review.purpose,
        origin=_origin(session, review, label),
        seconds=(now - since).total_seconds() if since else None,
        note=redact(note, key=runtime.secret),
        suggestion=redact(suggestion, key=runtime.secret),
        personal_data=personal_data,
    )
    rows = record(session, runtime, [given], now=now)
    review.state, review.closed_at = "answered", now
    return rows[0] if rows else _current_label(session, given)


def skip(
    session: Session, runtime: Runtime, *, review_id: int, person: str, now: datetime
) -> ReviewRow:
    """Close a question without an answer; it counts as missing."""
    review = _workable(session, runtime, review_id, person, now)
    review.state, review.closed_at = "skipped", now
    return review


def release(
    session: Session, runtime: Runtime, *, review_id: int, person: str, now: datetime
) -> ReviewRow:
    """Give a claimed question back to everybody."""
    review = _workable(session, runtime, review_id, person, now)
    review.state, review.claimed_by, review.claimed_at = "open", None, None
    return review


def left(session: Session, person: str | None = None) -> int:
    """How many questions still wait for an answer: of this person, where one is named."""
    query = select(func.count()).where(ReviewRow.state.in_(OPEN_STATES))
    if person is not None:
        query = query.where(_open_to(person))
    return session.scalar(query) or 0


def _workable(
    session: Session, runtime: Runtime, review_id: int, person: str, now: datetime
) -> ReviewRow:
    review = session.get(ReviewRow, review_id, with_for_update=True, populate_existing=True)
    if review is None:
        raise NotFound("review", review_id)
    if review.state in ("answered", "skipped"):
        raise ReviewClosed(review_id, review.state)
    expires = timedelta(minutes=runtime.settings.claim_minutes)
    held = review.claimed_at is not None and now - review.claimed_at <= expires
    if held and review.state == "claimed" and review.claimed_by != person:
        raise ReviewTaken(review_id)
    return review


def _origin(session: Session, review: ReviewRow, label: Label) -> str:
    """accepted, changed (a proposal was shown) or manual (blind)."""
    if review.blind:
        return "manual"
    prediction = newest_prediction(session, review.message_id)
    if prediction is None:
        return "manual"
    others = {each.driver for each in said_of(prediction)[1:]}
    shown = prediction.top[0][0] == label.primary and set(label.also) == others
    return "accepted" if shown else "changed"


def _current_label(session: Session, given: Answer) -> LabelRow:
    query = select(LabelRow).where(
        LabelRow.door == given.door, LabelRow.door_ref == given.door_ref, LabelRow.current
    )
    return session.scalars(query).one()
