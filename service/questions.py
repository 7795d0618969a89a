"""Reviews as questions for Label Studio: what a person may see of a message, and its name there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from classifier.messages import Prediction
from classifier.model import Model
from classifier.taxonomy import Taxonomy
from labeling.interface import because, disagreement, likeliest, sentences
from labeling.tasks import Kind, StudioQuestion, name_of
from service.database import chunks
from service.explanations import words_for
from service.mentions import prediction_of
from service.mentions import sentences as placed
from service.rounds import ADJUDICATION, SECOND, SUSPECT, opinions
from service.runtime import Runtime, taxonomy_in_use
from service.tables import MessageRow, PredictionRow, ReviewRow
from service.terms import Logged, classified_text
from service.triage import OPEN_STATES

KINDS = {
    SECOND: Kind.SECOND_OPINION,
    ADJUDICATION: Kind.DISAGREEMENT,
    SUSPECT: Kind.SUSPECT,
}
"""Purposes of reviews that are lists of work of their own; all others are today's questions."""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A review, its message, and how Label Studio is asked about it."""

    review_id: int
    message_id: int
    asked: StudioQuestion


def open_questions(
    session: Session,
    runtime: Runtime,
    review_ids: Sequence[int],
    *,
    model: Model | None = None,
    explained: bool = True,
) -> list[OpenQuestion]:
    """The questions among these reviews that nobody has answered yet, in the order of the ids.

    With what the model in use, or `model`, thinks of their messages: as it was stored when they
    came in, else anew. Where they need not be `explained`, in half the time, no word is said to
    have spoken.
    """
    model = model or runtime.current_model()
    taxonomy = taxonomy_in_use(session, runtime)
    found: dict[int, OpenQuestion] = {}
    for some in chunks(review_ids):
        seen = _seen(session, some, model)
        shown = [(each.message, each.prediction) for each in seen if each.prediction]
        words = words_for(model, shown) if model and explained else {}
        for each in seen:
            spoke = words.get(each.message.id, ())
            asked = _asked(session, runtime, taxonomy, each, spoke)
            found[each.review.id] = OpenQuestion(each.review.id, each.message.id, asked)
    return [found[each] for each in review_ids if each in found]


@dataclass(frozen=True, slots=True)
class _Seen:
    """An open question; a blind one has no prediction."""

    review: ReviewRow
    message: MessageRow
    prediction: PredictionRow | None


def _seen(session: Session, review_ids: Sequence[int], model: Model | None) -> list[_Seen]:
    query = (
        select(ReviewRow, MessageRow, PredictionRow)
        .join(MessageRow, MessageRow.id == ReviewRow.message_id)
        .outerjoin(PredictionRow, PredictionRow.id == _newest())
        .where(ReviewRow.id.in_(review_ids), ReviewRow.state.in_(OPEN_STATES))
    )
    rows = [
        _Seen(review, message, None if review.blind else prediction)
        for review, message, prediction in session.execute(query)
    ]
    if model is None:
        return rows
    others = [each for each in rows if not each.review.blind and not _by(model, each.prediction)]
    anew = _thought_now(model, [each.message for each in others])
    thought = {each.review.id: anew[each.message.id] for each in others}
    return [replace(each, prediction=thought.get(each.review.id, each.prediction)) for each in rows]


def _by(model: Model, prediction: PredictionRow | None) -> bool:
    return prediction is not None and prediction.model == model.version


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
    """What a question is called in Label Studio."""
    return name_of(message.external_id, review.round)


def _newest() -> ScalarSelect[int]:
    """The prediction of the text as it is: a message's content may have been replaced."""
    mine = select(func.max(PredictionRow.id)).where(PredictionRow.message_id == MessageRow.id)
    return mine.correlate(MessageRow).scalar_subquery()


def _asked(
    session: Session, runtime: Runtime, taxonomy: Taxonomy, seen: _Seen, words: Sequence[str]
) -> StudioQuestion:
    language = runtime.settings.language
    review, message, row = seen.review, seen.message, seen.prediction
    prediction = None if row is None else prediction_of(row)
    said = _said(message, prediction) if prediction else {}
    differing = [label.primary for label in opinions(session, review)]
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
        because=because(words, language=language),
        sentences=sentences(said, taxonomy, language=language),
        likeliest=likeliest(prediction, taxonomy, language=language) if prediction else (),
        disagreement=disagreement(differing, taxonomy, language=language) if differing else "",
    )


def _said(message: MessageRow, prediction: Prediction) -> dict[str, list[str]]:
    """The sentences that spoke for each driver that is pre-filled."""
    spans = {each.driver: each.spans for each in prediction.mentions}
    return {
        driver: [each.text for each in placed(message.subject, message.text, spans.get(driver, ()))]
        for driver in (prediction.driver, *prediction.also)
    }
