"""Rows and reports as the API shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classifier.decisions import Status
from classifier.messages import Direction, Label
from classifier.taxonomy import Taxonomy
from service.explanations import PlacedWord, Why, WhyAlso
from service.mentions import Answered, DriverSeen, answered, drivers_seen
from service.messages import MessageView
from service.reviews import Question, held_until
from service.schemas.messages import (
    Classified,
    DecisionOut,
    DriverScore,
    ExplainedWord,
    ExplanationOut,
    LabelSeen,
    MentionExplanationOut,
    MessageOut,
    ReviewSeen,
    SentenceOut,
)
from service.schemas.reports import (
    DriverOut,
    ExampleMessage,
    ModelOut,
    TaxonomyOut,
)
from service.schemas.reviews import (
    AskedMessage,
    LabelOut,
    OpinionOut,
    Proposal,
    ReviewOut,
    SimilarOut,
)
from service.settings import Settings
from service.tables import DecisionRow, LabelRow, MessageRow, ModelRow, PredictionRow, ReviewRow
from service.triage import LEARNING


@dataclass(frozen=True, slots=True)
class Names:
    """What drivers are called: a taxonomy and the language of the installation."""

    taxonomy: Taxonomy
    language: str

    def drivers(
        self, row: MessageRow, prediction: PredictionRow | None, answer: Answered
    ) -> list[DriverScore]:
        """Those answered and the likeliest, with their roles; none without a prediction."""
        if prediction is None:
            return []
        seen = drivers_seen(row, prediction, answer, self.taxonomy)
        return [self.driver(each) for each in seen]

    def driver(self, seen: DriverSeen) -> DriverScore:
        return DriverScore(
            id=seen.driver,
            name=self.taxonomy.name(seen.driver, self.language),
            path=list(self.taxonomy.path(seen.driver, self.language)),
            score=seen.score,
            role=seen.role.value,
            mention=seen.mention,
            sentences=[
                SentenceOut.model_validate(each, from_attributes=True) for each in seen.sentences
            ],
        )


def classified(view: MessageView, names: Names) -> Classified:
    return Classified(**_classified(view, names))


def explanation(why: Why | None) -> ExplanationOut | None:
    """Unrounded, so that the parts add up to the score."""
    if why is None:
        return None
    made = why.explanation
    return ExplanationOut(
        driver=made.driver,
        against=made.against,
        words=_words(why.words),
        intercept=made.intercept,
        score=made.score,
        remainder=made.remainder,
        share=made.share,
        mentions=[_mention(each) for each in why.also],
    )


def _mention(why: WhyAlso) -> MentionExplanationOut:
    made, said = why.explanation, why.sentence
    return MentionExplanationOut(
        driver=made.driver,
        sentence=said and SentenceOut.model_validate(said, from_attributes=True),
        words=_words(why.words),
        intercept=made.intercept,
        score=made.score,
        remainder=made.remainder,
    )


def _words(words: Sequence[PlacedWord]) -> list[ExplainedWord]:
    return [ExplainedWord.model_validate(word, from_attributes=True) for word in words]


def message(view: MessageView, names: Names) -> MessageOut:
    row, review, label = view.row, view.review, view.label
    seen = label and LabelSeen(
        driver=label.driver,
        also=label.also,
        person=label.person,
        door=label.door,
        answered_at=label.answered_at,
    )
    return MessageOut(
        **_classified(view, names),
        channel=row.channel,
        received_at=row.received_at,
        week=row.week,
        counted=row.counted,
        review=review and ReviewSeen.model_validate({"id": review.id, "state": review.state}),
        label=seen,
    )


def _classified(view: MessageView, names: Names) -> dict[str, Any]:
    row, prediction, decision = view.row, view.prediction, view.decision
    answer = answered(decision, view.label, prediction, names.taxonomy)
    return {
        "id": row.id,
        "external_id": row.external_id,
        "direction": Direction(row.direction),
        "language": row.language,
        "driver": decision.driver if decision else None,
        "also": list(answer.also),
        "drivers": names.drivers(row, prediction, answer),
        "unknown": round(prediction.unknown, 6) if prediction else None,
        "decision": decision.status if decision else None,
        "doubts": decision.doubts if decision else [],
        "queue": decision.queue if decision else None,
        "review_id": view.review.id if view.review else None,
        "model": prediction.model if prediction else None,
        "taxonomy": prediction.taxonomy if prediction else names.taxonomy.version,
    }


def decision(row: DecisionRow, external_id: str) -> DecisionOut:
    return DecisionOut.model_validate(
        {
            "position": row.position,
            "id": row.message_id,
            "external_id": external_id,
            "decision": row.status,
            "driver": row.driver,
            "queue": row.queue,
            "doubts": row.doubts,
            "made_at": row.made_at,
        }
    )


def label(row: LabelRow, routed: DecisionRow) -> LabelOut:
    return LabelOut.model_validate(
        {
            "id": row.id,
            "message_id": row.message_id,
            "review_id": row.review_id,
            "driver": row.driver,
            "also": row.also,
            "person": row.person,
            "answered_at": row.answered_at,
            "decision": routed.status,
            "queue": routed.queue,
        }
    )


def review(question: Question, routed: DecisionRow, names: Names, settings: Settings) -> ReviewOut:
    """A question as a person meets it: a blind one shows nothing of what the model thinks."""
    row, asked = question.review, question.message
    return ReviewOut(
        id=row.id,
        state=row.state,
        purpose=shown_purpose(row),
        blind=row.blind,
        message=AskedMessage(
            id=asked.id,
            external_id=asked.external_id,
            channel=asked.channel,
            language=asked.language,
            received_at=asked.received_at,
            subject=asked.subject,
            text=asked.text,
            attributes=asked.attributes,
        ),
        proposal=_proposal(question, routed, names),
        opinions=[_opinion(each, names) for each in question.opinions],
        claimed_by=row.claimed_by,
        claimed_until=held_until(row, settings),
    )


def similar(message: MessageRow) -> SimilarOut:
    return SimilarOut(
        id=message.id,
        external_id=message.external_id,
        channel=message.channel,
        received_at=message.received_at,
        subject=message.subject,
        text=message.text,
    )


def shown_purpose(row: ReviewRow) -> str:
    """A pick is shown as an audit: whoever answers must not tell one from the other."""
    return "audit" if row.purpose == LEARNING else row.purpose


def _opinion(label: Label, names: Names) -> OpinionOut:
    driver = label.primary
    known = driver is not None and driver in names.taxonomy
    return OpinionOut(
        driver=driver,
        name=names.taxonomy.name(driver, names.language) if driver and known else None,
        path=list(names.taxonomy.path(driver, names.language)) if driver and known else [],
        also=list(label.also),
    )


def _proposal(question: Question, routed: DecisionRow, names: Names) -> Proposal | None:
    prediction = question.prediction
    if prediction is None:
        return None
    answer = _proposed(prediction, routed, names)
    return Proposal(
        driver=answer.primary,
        also=list(answer.also),
        drivers=names.drivers(question.message, prediction, answer),
        unknown=round(prediction.unknown, 6),
        doubts=list(routed.doubts),
    )


def _proposed(prediction: PredictionRow, routed: DecisionRow, names: Names) -> Answered:
    """What the model says of a message, also where a person has decided about it since."""
    if routed.status != Status.PERSON:
        return answered(routed, None, prediction, names.taxonomy)
    (driver, probability), *_ = prediction.top
    likelier = (1.0 - prediction.unknown) * probability > prediction.unknown
    said = DecisionRow(status=Status.REVIEW.value, driver=driver if likelier else None)
    return answered(said, None, prediction, names.taxonomy)


def example(row: MessageRow, routed: DecisionRow) -> ExampleMessage:
    return ExampleMessage.model_validate(
        {
            "id": row.id,
            "external_id": row.external_id,
            "channel": row.channel,
            "language": row.language,
            "received_at": row.received_at,
            "week": row.week,
            "subject": row.subject,
            "text": row.text,
            "decision": routed.status,
            "driver": routed.driver,
        }
    )


def model(version: str, row: ModelRow | None, current: str | None) -> ModelOut:
    return ModelOut(
        version=version,
        current=version == current,
        taxonomy=row.taxonomy if row else None,
        drivers=len(row.drivers) if row else None,
        used_since=row.used_since if row else None,
    )


def taxonomy(names: Names) -> TaxonomyOut:
    tree = names.taxonomy
    drivers = [_driver(tree, each.id, names) for each in tree.drivers]
    return TaxonomyOut(version=tree.version, fallback_queue=tree.fallback_queue, drivers=drivers)


def _driver(tree: Taxonomy, driver_id: str, names: Names) -> DriverOut:
    driver = tree.by_id[driver_id]
    return DriverOut(
        id=driver.id,
        parent=driver.parent,
        leaf=driver.id in tree.leaves,
        names=dict(driver.names),
        path=list(tree.path(driver.id, names.language)),
        definition=dict(driver.definition),
        examples=list(driver.examples),
        queue=tree.queue(driver.id),
        owner=tree.inherited(driver.id, "owner"),
        pillar=tree.inherited(driver.id, "pillar"),
        phase=tree.inherited(driver.id, "phase"),
        links=list(driver.links),
    )
