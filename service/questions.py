"""Reviews as questions for Label Studio: what a person may see of a message, and its name there."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from classifier.messages import Prediction
from classifier.model import Model
from classifier.taxonomy import Taxonomy
from labeling.interface import because, disagreement, likeliest, sentences
from labeling.tasks import Kind, StudioQuestion
from service.database import chunks
from service.explanations import why
from service.mentions import prediction_of
from service.mentions import sentences as placed
from service.rounds import ADJUDICATION, SECOND, opinions
from service.runtime import Runtime, taxonomy_in_use
from service.tables import MessageRow, PredictionRow, ReviewRow
from service.terms import Logged, classified_text
from service.triage import OPEN_STATES

KINDS = {
    SECOND: Kind.SECOND_OPINION,
    ADJUDICATION: Kind.DISAGREEMENT,
    "suspect": Kind.SUSPECT,
}
"""Purposes of reviews that are lists of work of their own; all others are today's questions."""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A review, its message, and how Label Studio is asked about it."""

    review_id: int
    message_id: int
    asked: StudioQuestion


def open_questions(
    session: Session, runtime: Runtime, review_ids: Sequence[int], *, model: Model | None = None
) -> list[OpenQuestion]:
    """The questions among these reviews that nobody has answered yet, in the order of the ids.

    With what was thought of their messages when they came in, or with what `model` thinks now.
    """
    taxonomy = taxonomy_in_use(session, runtime)
    found: dict[int, OpenQuestion] = {}
    for some in chunks(review_ids):
        query = (
            select(ReviewRow, MessageRow, PredictionRow)
            .join(MessageRow, MessageRow.id == ReviewRow.message_id)
            .outerjoin(PredictionRow, PredictionRow.id == _newest())
            .where(ReviewRow.id.in_(some), ReviewRow.state.in_(OPEN_STATES))
        )
        rows = session.execute(query).all()
        anew = _thought_now(model, [message for _, message, _ in rows]) if model else {}
        for review, message, first in rows:
            prediction = anew.get(message.id, first)
            said = [label.primary for label in opinions(session, review)]
            asked = _asked(runtime, taxonomy, review, message, prediction, said)
            found[review.id] = OpenQuestion(review.id, message.id, asked)
    return [found[each] for each in review_ids if each in found]


def _thought_now(model: Model, messages: Sequence[MessageRow]) -> dict[int, PredictionRow]:
    """Message -> what a model thinks of it now, as a row that is never stored."""
    texts = [classified_text(each.subject, each.text) for each in messages]
    thought = zip(messages, model.predict(texts), strict=True) if texts else ()
    return {
        message.id: Logged.of(made, model.version).row(
            message_id=message.id, taxonomy=model.taxonomy.version, confidence=made.confidence
        )
        for message, made in thought
    }


def question_name(review: ReviewRow, message: MessageRow) -> str:
    """What a question is called in Label Studio: the external id, and the round after the first."""
    return message.external_id if review.round == 1 else f"{message.external_id}~{review.round}"


def _newest() -> ScalarSelect[int]:
    """The prediction of the text as it is: a message's content may have been replaced."""
    mine = select(func.max(PredictionRow.id)).where(PredictionRow.message_id == MessageRow.id)
    return mine.correlate(MessageRow).scalar_subquery()


def _asked(
    runtime: Runtime,
    taxonomy: Taxonomy,
    review: ReviewRow,
    message: MessageRow,
    row: PredictionRow | None,
    opinions: Sequence[str | None],
) -> StudioQuestion:
    language = runtime.settings.language
    prediction = None if review.blind or row is None else prediction_of(row)
    seen = why(runtime, message, row) if prediction else None
    said = _said(message, prediction) if prediction else {}
    return StudioQuestion(
        external_id=question_name(review, message),
        text=message.text,
        subject=message.subject or None,
        channel=message.channel,
        received_at=message.received_at,
        product=str(message.attributes.get("product", "")),
        language=message.language,
        kind=KINDS.get(review.purpose, Kind.QUESTION),
        priority=-float(review.priority) - review.order_key / 2**63,
        blind=review.blind,
        prediction=prediction,
        model_version=row.model if row else "",
        because=because(seen.for_it, language=language) if seen else "",
        sentences=sentences(said, taxonomy, language=language),
        likeliest=likeliest(prediction, taxonomy, language=language) if prediction else (),
        disagreement=disagreement(opinions, taxonomy, language=language) if opinions else "",
    )


def _said(message: MessageRow, prediction: Prediction) -> dict[str, list[str]]:
    """The sentences that spoke for each driver that is pre-filled."""
    spans = {each.driver: each.spans for each in prediction.mentions}
    return {
        driver: [each.text for each in placed(message.subject, message.text, spans.get(driver, ()))]
        for driver in (prediction.driver, *prediction.also)
    }
