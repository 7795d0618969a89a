"""Messages that say nearly what an answered question says: offered, and answered in one go.

Only what was not drawn: such answers route and train, and no volume sees them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from classifier.features import NgramFeatures
from labeling.likeness import near_duplicates
from service.database import chunks, take_turn
from service.errors import AnswerStands, BadRequest, NotFound
from service.labels import Answer, record, withdraw
from service.rounds import label_of
from service.runtime import Runtime
from service.tables import LabelRow, MessageRow, ReviewRow
from service.terms import classified_text
from service.twins import undrawn

DOOR: Final = "similar"
OFFERED: Final = "offered"
"""How such a message came to have its answer."""
RECENT: Final = timedelta(weeks=8)
MOST: Final = 2000
"""So many messages, the newest, are compared with; it takes about a fifth of a second."""
SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Similar:
    """A message that says nearly the same, and the open question about it, if there is one."""

    message: MessageRow
    review_id: int | None


def similar(
    session: Session, runtime: Runtime, review_id: int, *, most: int = SHOWN
) -> list[Similar]:
    """At most `most` messages with nearly the words of a question's, the newest first, that nobody
    answered or was drawn to answer. Raises `NotFound`."""
    asked = session.get_one(MessageRow, _review(session, review_id).message_id)
    rows = _comparable(session, asked)
    messages = [asked, *(each.message for each in rows)]
    texts = [classified_text(each.subject, each.text) for each in messages]
    model = runtime.current_model()
    features = (
        model.pipeline[:-1].transform(texts) if model else NgramFeatures().fit_transform(texts)
    )
    (near,) = near_duplicates(features, [0])
    return [rows[place - 1] for place in near.tolist()[:most]]


def answer_similar(
    session: Session,
    runtime: Runtime,
    review_id: int,
    message_ids: Sequence[int],
    *,
    person: str,
    now: datetime,
) -> list[LabelRow]:
    """Give these messages the answer that a question got; those that nobody answered, is answering
    or was drawn to answer meanwhile. The new labels.

    Raises `NotFound`, and `BadRequest` where the question has no answer or a message is not alike.
    """
    take_turn(session)
    review = _review(session, review_id)
    source = _answer_to(session, review)
    if source is None:
        raise BadRequest("review", f"question {review_id} has no answer; answer it first")
    offered = {each.message.id: each for each in similar(session, runtime, review_id, most=MOST)}
    strange = sorted(set(message_ids) - offered.keys() - _no_longer_free(session, message_ids))
    if strange:
        raise BadRequest("messages", f"{strange[0]} does not say what question {review_id} says")
    answers = [
        Answer(
            message_id=id_,
            label=label_of(source),
            person=person,
            door=DOOR,
            door_ref=f"message-{id_}",
            version=f"{_given_with(review_id)}{now.isoformat(timespec='milliseconds')}",
            answered_at=now,
            review_id=offered[id_].review_id,
            chosen=OFFERED,
            origin=OFFERED,
        )
        for id_ in dict.fromkeys(message_ids)
        if id_ in offered
    ]
    return record(session, runtime, answers, now=now)


def take_back(
    session: Session, runtime: Runtime, *, review_id: int, person: str, now: datetime
) -> list[int]:
    """The messages that this person just gave the answer of a question: they hold it no longer, and
    are as they were before.

    Raises `NotFound`, and `AnswerStands` where there are none of the last `claim_minutes`.
    """
    take_turn(session)
    given = just_given(session, runtime, review_id=review_id, person=person, now=now)
    if not given:
        raise AnswerStands(review_id)
    withdraw(session, runtime, DOOR, [row.door_ref for row in given], now=now)
    return sorted(row.message_id for row in given)


def just_given(
    session: Session, runtime: Runtime, *, review_id: int, person: str, now: datetime
) -> Sequence[LabelRow]:
    """What this person gave with the answer of a question in the last `claim_minutes`, and holds.

    Raises `NotFound`.
    """
    recent = now - timedelta(minutes=runtime.settings.claim_minutes)
    query = select(LabelRow).where(
        LabelRow.door == DOOR,
        LabelRow.version.startswith(_given_with(_review(session, review_id).id), autoescape=True),
        LabelRow.person == person,
        LabelRow.current,
        LabelRow.answered_at > recent,
    )
    return session.scalars(query).all()


def _given_with(review_id: int) -> str:
    """How the versions of answers begin that were given with that of a question."""
    return f"{review_id}-"


def _review(session: Session, review_id: int) -> ReviewRow:
    review = session.get(ReviewRow, review_id)
    if review is None:
        raise NotFound("review", review_id)
    return review


def _comparable(session: Session, asked: MessageRow) -> list[Similar]:
    """Messages that may be answered with another one: the newest, and eight weeks back from it."""
    waits = (ReviewRow.message_id == MessageRow.id) & (ReviewRow.state == "open")
    query = (
        select(MessageRow, ReviewRow.id)
        .outerjoin(ReviewRow, waits)
        .where(_free(), MessageRow.id != asked.id)
        .where(MessageRow.received_at >= asked.received_at - RECENT)
        .order_by(MessageRow.received_at.desc(), MessageRow.id.desc())
        .limit(MOST)
    )
    return [Similar(message, review_id) for message, review_id in session.execute(query)]


def _answer_to(session: Session, review: ReviewRow) -> LabelRow | None:
    mine = (LabelRow.review_id == review.id, LabelRow.current)
    return session.scalar(select(LabelRow).where(*mine).order_by(LabelRow.id.desc()).limit(1))


def _no_longer_free(session: Session, message_ids: Sequence[int]) -> set[int]:
    """Those of these messages that somebody answered, is answering or was drawn to answer."""
    found: set[int] = set()
    for some in chunks(message_ids):
        found |= set(
            session.scalars(select(MessageRow.id).where(MessageRow.id.in_(some), ~_free()))
        )
    return found


def _free() -> ColumnElement[bool]:
    """Whether nobody answered an inbound message, is answering it or was drawn to answer it."""
    said = exists().where(LabelRow.message_id == MessageRow.id, LabelRow.current)
    return and_(*undrawn(), ~said)
