"""What the next model learns from: messages with the label that holds."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from classifier.messages import LabeledMessage, RedactedText
from service.rounds import ADJUDICATION, SECOND, SUSPECT, label_of
from service.tables import DrawRow, LabelRow, MessageRow
from service.terms import classified_text
from service.twins import TAKEN_OVER

LOOKED_AGAIN = (ADJUDICATION, SUSPECT)
"""How answers are chosen that take the place of the answer to a drawn question."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A labeled message and whether it belongs to the hold-out, which never trains."""

    message: LabeledMessage
    holdout: bool


def training_set(session: Session) -> list[TrainingRow]:
    """Every message with a current label, by its newest one that holds, whoever gave it.

    Without those that took a label over: their text is among the others already, and would weigh
    as much as it has copies.
    """
    query = (
        select(LabelRow, MessageRow, DrawRow)
        .join(MessageRow, MessageRow.id == LabelRow.message_id)
        .outerjoin(DrawRow, DrawRow.message_id == MessageRow.id)
        .where(teaches())
        .order_by(LabelRow.answered_at, LabelRow.id)
    )
    newest: dict[int, TrainingRow] = {}
    drawn: set[int] = set()
    for label, message, draw in session.execute(query):
        if label.counts:
            drawn.add(message.id)
        of_draw = message.id in drawn and (label.counts or label.chosen in LOOKED_AGAIN)
        inclusion = draw.inclusion if draw and of_draw else None
        newest[message.id] = TrainingRow(
            labeled_message(label, message, inclusion), message.holdout
        )
    return list(newest.values())


def teaches() -> ColumnElement[bool]:
    """Whether a label may train: of copies of a text one is enough, and a second opinion alone
    holds for nothing."""
    return and_(LabelRow.current, LabelRow.chosen.not_in((SECOND, TAKEN_OVER)))


def labeled_message(
    label: LabelRow, message: MessageRow, inclusion: float | None
) -> LabeledMessage:
    """A message with its label. `inclusion`: the probability of its draw, where the label answers
    the drawn question or decides about such an answer."""
    return LabeledMessage(
        text=RedactedText(classified_text(message.subject, message.text)),
        label=label_of(label),
        message_id=message.external_id,
        group=message.customer or message.text_key,
        channel=message.channel,
        language=message.language,
        received_at=message.received_at,
        inclusion=inclusion,
    )
