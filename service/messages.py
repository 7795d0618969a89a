"""Messages as they are read: what was made of them, the feed of decisions, examples of a driver."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN, Direction, RawMessage
from classifier.taxonomy import Taxonomy
from service.database import chunks
from service.errors import NotFound
from service.intake import prepare, safe_external_id
from service.rounds import SECOND, SUSPECT
from service.rungs import thresholds_in_force
from service.runtime import Runtime, taxonomy_in_use
from service.tables import DecisionRow, LabelRow, MessageRow, PredictionRow, ReviewRow
from service.terms import Logged, classified_text

EXTERNAL = "external:"
LARGEST_ID = 2**63 - 1
NONE: Final = false()


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message with its newest prediction, current decision, newest review and newest label.

    `prediction` and `decision` are None for messages that are not inbound, `prediction` also when
    there was no model.
    """

    row: MessageRow
    prediction: PredictionRow | None
    decision: DecisionRow | None
    review: ReviewRow | None = None
    label: LabelRow | None = None


def views(session: Session, message_ids: Iterable[int]) -> dict[int, MessageView]:
    """Messages by id, in five queries for all of them; ids that do not exist are left out."""
    found: dict[int, MessageView] = {}
    for some in chunks(sorted(set(message_ids))):
        found |= _views(session, some)
    return found


def view(session: Session, message_id: int) -> MessageView:
    """One message. Raises `NotFound`."""
    found = views(session, [message_id])
    if message_id not in found:
        raise NotFound("message", message_id)
    return found[message_id]


def current_decision(session: Session, message_id: int) -> DecisionRow:
    """How a message that was ever routed is routed now."""
    query = select(DecisionRow).where(DecisionRow.message_id == message_id, DecisionRow.current)
    return session.scalars(query).one()


def find(session: Session, runtime: Runtime, reference: str) -> int:
    """The id of a message by our id or by `external:<external id>`. Raises `NotFound`."""
    if reference.startswith(EXTERNAL):
        external_id = safe_external_id(reference.removeprefix(EXTERNAL), runtime.secret)
        query = select(MessageRow.id).where(MessageRow.external_id == external_id)
        found = session.scalar(query)
        if found is None:
            raise NotFound("message with external id", external_id)
        return found
    if not (reference.isascii() and reference.isdigit()) or int(reference) > LARGEST_ID:
        raise NotFound("message", "with that name; send our id, or external:<your id>")
    return int(reference)


def preview(
    session: Session, runtime: Runtime, message: RawMessage, *, now: datetime
) -> MessageView:
    """What would be made of a message; nothing is stored, drawn or asked."""
    row = prepare(message, runtime, now=now)
    if row.direction != Direction.INBOUND:
        return MessageView(row, None, None)
    taxonomy, model = taxonomy_in_use(session, runtime), runtime.current_model()
    made = model.predict([classified_text(row.subject, row.text)])[0] if model else None
    thresholds = thresholds_in_force(session, model, taxonomy)
    decided = thresholds.decide(made, taxonomy, text=row.text)
    decision = DecisionRow(
        status=str(decided.status),
        driver=decided.driver,
        queue=decided.queue,
        doubts=[str(doubt) for doubt in decided.doubts],
    )
    if model is None or made is None:
        return MessageView(row, None, decision)
    prediction = Logged.of(made, model.version).row(taxonomy=taxonomy.version)
    return MessageView(row, prediction, decision)


def decisions_after(
    session: Session, position: int, limit: int
) -> Sequence[tuple[DecisionRow, str]]:
    """Decisions after a position in the feed, with the external id of their message.

    Positions have no gaps and appear in order of commit, so a reader misses none.
    """
    query = (
        select(DecisionRow, MessageRow.external_id)
        .join(MessageRow, MessageRow.id == DecisionRow.message_id)
        .where(DecisionRow.position > position)
        .order_by(DecisionRow.position)
        .limit(limit)
    )
    return [(decision, external_id) for decision, external_id in session.execute(query)]


def examples_of(
    session: Session,
    taxonomy: Taxonomy,
    driver: str,
    *,
    week: str | None,
    channel: str | None,
    before: int | None,
    limit: int,
    but: ColumnElement[bool] = NONE,
) -> Sequence[tuple[MessageRow, DecisionRow]]:
    """Counted messages now decided (or proposed) to be about a driver, newest first, `but` some.

    A parent stands for itself, where messages may stop, and the drivers below it; `unknown` for
    messages about none. `before` is the id of the last message of the page before. Raises
    `NotFound` for no such driver.
    """
    if driver != UNKNOWN and driver not in taxonomy:
        raise NotFound("driver", driver)
    about = (
        DecisionRow.driver.is_(None)
        if driver == UNKNOWN
        else DecisionRow.driver.in_(_from(driver, taxonomy))
    )
    query = (
        select(MessageRow, DecisionRow)
        .join(DecisionRow, DecisionRow.message_id == MessageRow.id)
        .where(DecisionRow.current, MessageRow.counted, about, ~but)
        .order_by(MessageRow.id.desc())
        .limit(limit)
    )
    if week:
        query = query.where(MessageRow.week == week)
    if channel:
        query = query.where(MessageRow.channel == channel)
    if before:
        query = query.where(MessageRow.id < before)
    return [(message, decision) for message, decision in session.execute(query)]


def _from(driver: str, taxonomy: Taxonomy) -> list[str]:
    """A driver and all below it, parents too."""
    return [
        each.id
        for each in taxonomy.drivers
        if driver == each.id or driver in taxonomy.ancestors(each.id)
    ]


def _views(session: Session, ids: Sequence[int]) -> dict[int, MessageView]:
    rows = session.scalars(select(MessageRow).where(MessageRow.id.in_(ids))).all()
    newest = select(func.max(PredictionRow.id)).where(PredictionRow.message_id.in_(ids))
    predictions = session.scalars(
        select(PredictionRow).where(PredictionRow.id.in_(newest.group_by(PredictionRow.message_id)))
    )
    decisions = session.scalars(
        select(DecisionRow).where(DecisionRow.message_id.in_(ids), DecisionRow.current)
    )
    reviews = session.scalars(
        select(ReviewRow)
        .where(ReviewRow.message_id.in_(ids), ReviewRow.purpose.not_in((SECOND, SUSPECT)))
        .order_by(ReviewRow.round)
    )
    labels = session.scalars(
        select(LabelRow)
        .where(LabelRow.message_id.in_(ids), LabelRow.current, LabelRow.chosen != SECOND)
        .order_by(LabelRow.answered_at, LabelRow.id)
    )
    prediction = {each.message_id: each for each in predictions}
    decision = {each.message_id: each for each in decisions}
    review = {each.message_id: each for each in reviews}
    label = {each.message_id: each for each in labels}
    return {
        row.id: MessageView(
            row,
            prediction.get(row.id),
            decision.get(row.id),
            review.get(row.id),
            label.get(row.id),
        )
        for row in rows
    }
