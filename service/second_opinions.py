"""Asking a second person, and a third where two differ: rows made with the answer that causes them.

Which answers get a second opinion is drawn when the question is first answered, by keyed hash and
with a chance that is written down: mistakes among them then say how many there are among all.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN
from labeling.sampling import order_key, second_inclusion, second_opinion, second_worth
from service.database import chunks
from service.outbox import announce
from service.rounds import ADJUDICATION, SECOND, Rounds, rounds
from service.runtime import Runtime
from service.tables import DrawRow, LabelRow, MessageRow, PredictionRow, ReviewRow
from service.triage import FIRST, OPEN_STATES

DRAWN_PURPOSES: Final = ("required", "audit")
RECENT: Final = 200
"""Drawn questions that say what an answer is usually worth a second look."""


def follow_up(
    session: Session, runtime: Runtime, message_ids: Collection[int], *, now: datetime
) -> None:
    """What answers to these messages give rise to: second opinions, and third looks."""
    if runtime.settings.second_opinion_share == 0:  # questions asked before still go on
        message_ids = _drawn_before(session, message_ids)
    found = rounds(session, message_ids)
    asked = _reviews_of(session, found)
    made = [
        _review(runtime, message, asked[message.id], SECOND, now)
        for message in _drawn_again(session, runtime, found, now)
    ]
    undecided = [id_ for id_, each in found.items() if each.differ and each.settled is None]
    for message in _messages(session, undecided):
        # One that was answered of another first answer is not asked again: where it was asked
        # there is an answer, and what it shows is what two people said before.
        if all(review.state == "answered" for review in _third_looks(asked[message.id])):
            made.append(_review(runtime, message, asked[message.id], ADJUDICATION, now))
    _keep_open(found, asked, now)
    session.add_all(made)
    session.flush()
    announce(session, runtime.settings, made, now=now)


def close_settled(session: Session, message_ids: Collection[int], *, now: datetime) -> None:
    """Close third looks at answers that no longer differ."""
    found = rounds(session, message_ids)
    asked = _reviews_of(session, message_ids)
    _keep_open({id_: found.get(id_) for id_ in message_ids}, asked, now)


def _keep_open(
    found: dict[int, Rounds] | dict[int, Rounds | None],
    asked: dict[int, list[ReviewRow]],
    now: datetime,
) -> None:
    """A third look is open while two answers differ and nobody has decided."""
    for message_id, each in found.items():
        undecided = each is not None and each.differ and each.settled is None
        looks = _third_looks(asked[message_id])
        for review in looks:
            if not undecided and review.state in OPEN_STATES:
                review.state, review.closed_at, review.claimed_by = "skipped", now, None
        if undecided and looks and looks[-1].state == "skipped" and looks[-1].claimed_by is None:
            looks[-1].state, looks[-1].closed_at = "open", None  # nobody had to decide before


def _third_looks(asked: Iterable[ReviewRow]) -> list[ReviewRow]:
    """In order."""
    looks = [review for review in asked if review.purpose == ADJUDICATION]
    return sorted(looks, key=lambda review: review.round)


def _drawn_again(
    session: Session, runtime: Runtime, found: dict[int, Rounds], now: datetime
) -> Iterable[MessageRow]:
    """Messages whose answer gets a second opinion, drawn now; the chance is written down.

    Only with the answer itself: what brings people back to an older one (it looks wrong, say) is
    no lot, and such messages would stand for all.
    """
    share = runtime.settings.second_opinion_share
    new = [each.first for each in found.values() if each.first.stored_at == now]
    questions = [row.message_id for row in new if row.review_id is not None]
    draws = _undrawn(session, questions) if share > 0 else []
    if not draws:
        return
    surprises = _surprises(session, [found[draw.message_id].first for draw in draws])
    worth = second_worth(surprises, [draw.inclusion for draw in draws])
    chances = second_inclusion(worth, share, usual=_usual_worth(session))
    for draw, chance in zip(draws, chances.tolist(), strict=True):
        draw.second_opinion = chance
    chance_of = {draw.message_id: draw.second_opinion or 0.0 for draw in draws}
    for message in _messages(session, list(chance_of)):
        if second_opinion(message.external_id, chance_of[message.id], key=runtime.secret):
            yield message


def _drawn_before(session: Session, message_ids: Iterable[int]) -> list[int]:
    found: list[int] = []
    for some in chunks(sorted(message_ids)):
        query = select(DrawRow.message_id).where(
            DrawRow.message_id.in_(some), DrawRow.second_opinion.is_not(None)
        )
        found += session.scalars(query)
    return found


def _undrawn(session: Session, message_ids: Sequence[int]) -> list[DrawRow]:
    """The draws of messages of which nobody has drawn yet whether they get a second opinion."""
    found: list[DrawRow] = []
    for some in chunks(message_ids):
        query = select(DrawRow).where(
            DrawRow.message_id.in_(some), DrawRow.drawn, DrawRow.second_opinion.is_(None)
        )
        found += session.scalars(query.order_by(DrawRow.message_id))
    return found


def _surprises(session: Session, answers: Sequence[LabelRow]) -> list[float]:
    """One minus the probability that the first prediction gave to each answer."""
    first: dict[int, PredictionRow] = {}
    for some in chunks([row.message_id for row in answers]):
        query = select(PredictionRow).where(PredictionRow.message_id.in_(some), PredictionRow.first)
        first |= {row.message_id: row for row in session.scalars(query)}
    return [1.0 - _given_to(row.driver, first.get(row.message_id)) for row in answers]


def _given_to(driver: str | None, prediction: PredictionRow | None) -> float:
    if prediction is None:
        return 0.0
    if driver in (None, UNKNOWN):
        return prediction.unknown
    return (1.0 - prediction.unknown) * float(dict(prediction.top).get(driver, 0.0))


def _usual_worth(session: Session) -> float:
    """What second looks at the answers to the newest drawn questions are expected to be worth."""
    newest = (
        select(ReviewRow.message_id)
        .where(ReviewRow.purpose.in_(DRAWN_PURPOSES))
        .order_by(ReviewRow.id.desc())
        .limit(RECENT)
        .subquery()
    )
    query = select(DrawRow.uncertainty, DrawRow.inclusion).join(
        newest, newest.c.message_id == DrawRow.message_id
    )
    doubts, inclusion = np.array(session.execute(query).all(), dtype=np.float64).T
    return float(second_worth(doubts**2, inclusion).mean())


def _review(
    runtime: Runtime, message: MessageRow, asked: Sequence[ReviewRow], purpose: str, now: datetime
) -> ReviewRow:
    """Another round; a third look comes first, since a volume waits for it."""
    round_ = max(review.round for review in asked) + 1
    place = order_key(f"{message.external_id}~{round_}", key=runtime.secret)
    row = ReviewRow(
        message_id=message.id,
        round=round_,
        purpose=purpose,
        blind=True,
        priority=FIRST,
        order_key=0 if purpose == ADJUDICATION else place,
        state="open",
        made_at=now,
    )
    return row


def _messages(session: Session, message_ids: Sequence[int]) -> list[MessageRow]:
    found: list[MessageRow] = []
    for some in chunks(message_ids):
        query = select(MessageRow).where(MessageRow.id.in_(some))
        found += session.scalars(query.order_by(MessageRow.id))
    return found


def _reviews_of(session: Session, message_ids: Iterable[int]) -> dict[int, list[ReviewRow]]:
    found: dict[int, list[ReviewRow]] = defaultdict(list)
    for some in chunks(sorted(message_ids)):
        for row in session.scalars(select(ReviewRow).where(ReviewRow.message_id.in_(some))):
            found[row.message_id].append(row)
    return found
