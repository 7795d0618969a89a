"""Questions to people: open, claimed, answered, skipped. Claiming is one conditional update."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, distinct, exists, func, or_, select, update
from sqlalchemy.orm import Session

from classifier.messages import Label
from classifier.redaction import redact
from service.database import take_turn
from service.errors import AnswerStands, NotFound, ReviewClosed, ReviewTaken
from service.labels import Answer, record, withdraw
from service.mentions import said_of
from service.rounds import SECOND, SUSPECT, opinions
from service.runtime import Runtime
from service.settings import Settings
from service.tables import LabelRow, MessageRow, PredictionRow, ReviewRow
from service.triage import OPEN_STATES

DOOR = "review"
STAYS_AFTER_LEAVING = timedelta(minutes=1)
"""How long a question is kept for who left its page, in case they come back."""
NOBODYS: Final = {"claimed_by": None, "claimed_at": None, "renewed_at": None}


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
    mine, theirs = _for(runtime, person, now)
    while True:
        candidate = session.scalar(
            select(ReviewRow.id)
            .where(theirs)
            .order_by(~mine, ReviewRow.priority, ReviewRow.order_key)
            .limit(1)
        )
        if candidate is None:
            return None
        take = update(ReviewRow).where(ReviewRow.id == candidate, theirs)
        taken = session.execute(take.values(_claim(person, now)))
        if taken.rowcount:  # type: ignore[attr-defined]
            return question(session, candidate)


def any_for(session: Session, runtime: Runtime, person: str, *, now: datetime) -> bool:
    """Whether there is a question for this person now: others may hold all that are left."""
    _, theirs = _for(runtime, person, now)
    return bool(session.scalar(select(exists().where(theirs))))


def _for(
    runtime: Runtime, person: str, now: datetime
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The questions that a person holds, and these with those they may claim."""
    mine = and_(ReviewRow.state == "claimed", ReviewRow.claimed_by == person)
    free = and_(_claimable(runtime, now), _open_to(person))
    # The states are said apart, for the index of questions in their order.
    return mine, and_(ReviewRow.state.in_(OPEN_STATES), or_(mine, free))


def _claim(person: str, now: datetime) -> dict[str, object]:
    return {"state": "claimed", "claimed_by": person, "claimed_at": now, "renewed_at": None}


def _claimable(runtime: Runtime, now: datetime) -> ColumnElement[bool]:
    return or_(ReviewRow.state == "open", and_(ReviewRow.state == "claimed", ~_held(runtime, now)))


def _held(runtime: Runtime, now: datetime) -> ColumnElement[bool]:
    """Whether a claim holds: it was made or renewed less than `claim_minutes` ago."""
    seen = func.coalesce(ReviewRow.renewed_at, ReviewRow.claimed_at)
    return seen >= now - timedelta(minutes=runtime.settings.claim_minutes)


def held_until(review: ReviewRow, settings: Settings) -> datetime | None:
    """When a claim ends unless it is renewed; None where nobody claimed it."""
    seen = review.renewed_at or review.claimed_at
    return seen and seen + timedelta(minutes=settings.claim_minutes)


def _open_to(person: str) -> ColumnElement[bool]:
    """Whether this person may be asked: second opinions are those of somebody else. So are looks at
    labels that seem wrong, unless nobody else answers questions here."""
    of_it = LabelRow.message_id == ReviewRow.message_id
    own = exists().where(of_it, LabelRow.person == person)
    holds = exists().where(of_it, LabelRow.person == person, LabelRow.current)
    theirs = exists().where(of_it, LabelRow.person != person, LabelRow.current)
    mine = or_(holds, and_(own, ~theirs))  # who took it back may, once another person answered
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
        door_ref=_answer_name(review_id),
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
    review.state, review.closed_at, review.claimed_by = "answered", now, person
    return rows[0] if rows else _current_label(session, given)


def skip(
    session: Session, runtime: Runtime, *, review_id: int, person: str, now: datetime
) -> ReviewRow:
    """Close a question without an answer; it counts as missing."""
    review = _workable(session, runtime, review_id, person, now)
    review.state, review.closed_at, review.claimed_by = "skipped", now, person
    return review


def undo(
    session: Session, runtime: Runtime, *, review_id: int, person: str, now: datetime
) -> Question:
    """Take back what this person just answered or skipped: the question is theirs again, and what
    they hold instead is given back. What was said stays on record, and no longer holds.

    Raises `NotFound`, and `AnswerStands` after `claim_minutes`, where somebody else said it, or
    where another person went on from it.
    """
    take_turn(session)
    review = session.get(ReviewRow, review_id, with_for_update=True, populate_existing=True)
    if review is None:
        raise NotFound("review", review_id)
    held = (ReviewRow.state == "claimed", ReviewRow.claimed_by == person)
    session.execute(update(ReviewRow).where(*held).values(state="open", **NOBODYS))
    recent = review.closed_at is not None and now < review.closed_at + timedelta(
        minutes=runtime.settings.claim_minutes
    )
    if review.claimed_by != person or not recent or _built_upon(session, review, person):
        raise AnswerStands(review_id)
    if review.state == "answered":
        withdraw(session, runtime, DOOR, [_answer_name(review_id)], now=now)
    mine = update(ReviewRow).where(ReviewRow.id == review_id)
    session.execute(mine.values(**_claim(person, now), closed_at=None))
    return question(session, review_id)


def said_before(session: Session, review_id: int, person: str) -> LabelRow | None:
    """What a person answered to a question here last, also where that was undone since."""
    name = _answer_name(review_id)
    own = (LabelRow.door == DOOR, LabelRow.door_ref == name, LabelRow.person == person)
    return session.scalar(select(LabelRow).where(*own).order_by(LabelRow.id.desc()).limit(1))


def closed_by(session: Session, review_id: int, person: str) -> str:
    """How a person closed a question here: answered, skipped, or "" where they did not."""
    review = session.get(ReviewRow, review_id, populate_existing=True)
    if review is None:
        return ""
    said = said_before(session, review_id, person)
    answered = review.state == "answered" and said is not None and said.current
    skipped = review.state == "skipped" and review.claimed_by == person
    return review.state if answered or skipped else ""


def _built_upon(session: Session, review: ReviewRow, person: str) -> bool:
    """Whether something was said of the message since, or somebody is answering a later round."""
    others = LabelRow.message_id == review.message_id
    if review.state == "answered":
        said = said_before(session, review.id, person)
        if said is None or not said.current:
            return True
        if session.scalar(select(exists().where(others, LabelRow.id > said.id))):
            return True
    later = exists().where(
        ReviewRow.message_id == review.message_id,
        ReviewRow.round > review.round,
        ReviewRow.state.in_(("claimed", "answered")),
    )
    return bool(session.scalar(select(later)))


def release(
    session: Session, runtime: Runtime, *, review_id: int, person: str, now: datetime
) -> ReviewRow:
    """Give a claimed question back to everybody."""
    review = _workable(session, runtime, review_id, person, now)
    review.state = "open"
    review.claimed_by = review.claimed_at = review.renewed_at = None
    return review


def renew(
    session: Session,
    runtime: Runtime,
    *,
    review_id: int,
    person: str,
    now: datetime,
    leaving: bool = False,
) -> ReviewRow:
    """Hold on to a claimed question; who is `leaving` does so for a last minute only.

    Raises `NotFound`, `ReviewClosed`, or `ReviewTaken` once it is no longer this person's.
    """
    review = _workable(session, runtime, review_id, person, now)
    if review.state != "claimed" or review.claimed_by != person:
        raise ReviewTaken(review_id)
    lasts = timedelta(minutes=runtime.settings.claim_minutes)
    review.renewed_at = now - lasts + STAYS_AFTER_LEAVING if leaving else now
    return review


def busy(session: Session, runtime: Runtime, person: str, *, now: datetime) -> int:
    """How many other people are answering questions right now."""
    others = (ReviewRow.state == "claimed", ReviewRow.claimed_by != person, _held(runtime, now))
    return session.scalar(select(func.count(distinct(ReviewRow.claimed_by))).where(*others)) or 0


def asked_blind(session: Session, message_id: int, person: str) -> bool:
    """Whether a blind question about a message is open which this person may be asked."""
    query = select(exists().where(MessageRow.id == message_id, blind_to(person)))
    return bool(session.scalar(query))


def blind_to(person: str) -> ColumnElement[bool]:
    """The same of each message a query reads."""
    return exists().where(
        ReviewRow.message_id == MessageRow.id,
        ReviewRow.blind,
        ReviewRow.state.in_(OPEN_STATES),
        _open_to(person),
    )


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
    until = held_until(review, runtime.settings)
    held = until is not None and now <= until
    if held and review.state == "claimed" and review.claimed_by != person:
        raise ReviewTaken(review_id)
    return review


def _answer_name(review_id: int) -> str:
    return f"review-{review_id}"


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
