"""Reviews as questions for Label Studio: what a person may see of a message, and its name there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import Prediction
from labeling.interface import because
from labeling.tasks import StudioQuestion
from service.database import chunks
from service.explanations import why
from service.runtime import Runtime
from service.tables import MessageRow, PredictionRow, ReviewRow


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A review, its message, and how Label Studio is asked about it."""

    review_id: int
    message_id: int
    asked: StudioQuestion


def open_questions(
    session: Session, runtime: Runtime, review_ids: Sequence[int]
) -> list[OpenQuestion]:
    """The questions among these reviews that nobody has answered yet, in the order of the ids."""
    found: dict[int, OpenQuestion] = {}
    for some in chunks(review_ids):
        query = (
            select(ReviewRow, MessageRow, PredictionRow)
            .join(MessageRow, MessageRow.id == ReviewRow.message_id)
            .outerjoin(
                PredictionRow, (PredictionRow.message_id == MessageRow.id) & PredictionRow.first
            )
            .where(ReviewRow.id.in_(some), ReviewRow.state.in_(["open", "claimed"]))
        )
        for review, message, prediction in session.execute(query):
            asked = _asked(runtime, review, message, prediction)
            found[review.id] = OpenQuestion(review.id, message.id, asked)
    return [found[each] for each in review_ids if each in found]


def question_name(review: ReviewRow, message: MessageRow) -> str:
    """What a question is called in Label Studio: the external id, and the round after the first."""
    return message.external_id if review.round == 1 else f"{message.external_id}~{review.round}"


def _asked(
    runtime: Runtime, review: ReviewRow, message: MessageRow, prediction: PredictionRow | None
) -> StudioQuestion:
    seen = None if review.blind else why(runtime, message, prediction)
    return StudioQuestion(
        external_id=question_name(review, message),
        text=message.text,
        subject=message.subject or None,
        channel=message.channel,
        received_at=message.received_at,
        product=str(message.attributes.get("product", "")),
        language=message.language,
        priority=-float(review.priority) - review.order_key / 2**63,
        blind=review.blind,
        prediction=_prediction(prediction) if prediction else None,
        model_version=prediction.model if prediction else "",
        because=because(seen.for_it, language=runtime.settings.language) if seen else "",
    )


def _prediction(row: PredictionRow) -> Prediction:
    """The five likeliest drivers are all that pre-filling needs."""
    drivers = tuple(driver for driver, _ in row.top)
    return Prediction(drivers, np.array([p for _, p in row.top]), row.unknown)
