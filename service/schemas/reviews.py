"""Labels and reviews: what people are asked and what they say."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from classifier.messages import UNKNOWN, Label
from service.schemas.fields import (
    LARGEST_ID,
    DriverId,
    Request,
    ShortWords,
    example,
    request_example,
)
from service.schemas.messages import (
    DecisionWord,
    DriverScore,
    ExplanationOut,
    ReviewSeen,
)


class LabelIn(Request):
    """What a message is about, according to a person."""

    model_config = request_example(
        {"driver": "delivery.damaged", "also": ["payment.refund"], "note": "Wil geld terug."},
        {"driver": "unknown", "suggestion": "spaarpunten", "also": ["delivery.late"]},
    )

    driver: DriverId | None = Field(
        description="The primary driver, a leaf of the taxonomy; null for none of these."
    )
    also: list[DriverId] = Field(
        [],
        max_length=20,
        description="Other drivers it is about; also where the primary one is none of these.",
    )
    note: ShortWords = Field("", description="Redacted before it is kept.")
    suggestion: ShortWords = Field("", description="A driver that is missing, in own words.")
    personal_data: bool = Field(
        False, description="The message still holds personal data, which redaction missed."
    )

    @property
    def label(self) -> Label:
        primary = None if self.driver == UNKNOWN else self.driver
        others = (each for each in dict.fromkeys(self.also) if each not in (primary, self.driver))
        return Label(primary, tuple(others))


class LabelOut(BaseModel):
    """A stored label, and how its message is routed now."""

    model_config = example(
        {
            "id": 311,
            "message_id": 10421,
            "review_id": 7,
            "driver": "delivery.damaged",
            "also": ["payment.refund"],
            "person": "helpdesk",
            "answered_at": "2026-11-20T10:02:11Z",
            "decision": "person",
            "queue": "logistics",
        }
    )

    id: int
    message_id: int
    review_id: int | None
    driver: str | None
    also: list[str]
    person: str
    answered_at: datetime
    decision: DecisionWord
    queue: str


class AskedMessage(BaseModel):
    """The message a question is about, redacted."""

    id: int
    external_id: str
    channel: str
    language: str
    received_at: datetime
    subject: str
    text: str
    attributes: dict[str, str]


class Proposal(BaseModel):
    """What the model thinks; a blind question comes without it."""

    driver: str | None
    also: list[str] = Field(description="The other drivers it is about, according to the model.")
    drivers: list[DriverScore]
    unknown: float
    doubts: list[str]


REVIEW: dict[str, Any] = {
    "id": 7,
    "state": "claimed",
    "purpose": "required",
    "blind": False,
    "message": {
        "id": 10421,
        "external_id": "zd-10421",
        "channel": "ticket",
        "language": "nl",
        "received_at": "2026-11-20T08:12:00Z",
        "subject": "",
        "text": "Doos gescheurd en de lamp is kapot. Ik wil mijn geld terug.",
        "attributes": {"product": "lamp"},
    },
    "proposal": {
        "driver": "delivery.damaged",
        "also": ["payment.refund"],
        "drivers": [
            {
                "id": "delivery.damaged",
                "name": "Beschadigd",
                "path": ["Bezorging", "Beschadigd"],
                "score": 0.51,
                "role": "primary",
                "mention": 0.96,
                "sentences": [
                    {
                        "field": "text",
                        "start": 0,
                        "end": 35,
                        "text": "Doos gescheurd en de lamp is kapot.",
                    }
                ],
            },
            {
                "id": "payment.refund",
                "name": "Terugbetaling",
                "path": ["Betaling", "Terugbetaling"],
                "score": 0.43,
                "role": "also",
                "mention": 0.81,
                "sentences": [
                    {
                        "field": "text",
                        "start": 36,
                        "end": 59,
                        "text": "Ik wil mijn geld terug.",
                    }
                ],
            },
        ],
        "unknown": 0.04,
        "doubts": ["low_confidence"],
    },
    "opinions": [],
    "claimed_by": "reviewers",
    "claimed_until": "2026-11-20T10:30:00Z",
    "explanation": {
        "driver": "delivery.damaged",
        "against": "payment.refund",
        "words": [
            {"field": "text", "start": 5, "end": 14, "text": "gescheurd", "weight": 1.75},
            {"field": "text", "start": 48, "end": 52, "text": "geld", "weight": -1.25},
        ],
        "intercept": -0.125,
        "score": 0.5,
        "remainder": 0.125,
        "share": 1.0,
        "mentions": [
            {
                "driver": "payment.refund",
                "sentence": {
                    "field": "text",
                    "start": 36,
                    "end": 59,
                    "text": "Ik wil mijn geld terug.",
                },
                "words": [{"field": "text", "start": 48, "end": 52, "text": "geld", "weight": 1.5}],
                "intercept": -0.75,
                "score": 1.0,
                "remainder": 0.25,
            }
        ],
    },
}


SIMILAR: dict[str, Any] = {
    "id": 10433,
    "external_id": "zd-10433",
    "channel": "ticket",
    "received_at": "2026-11-20T09:40:00Z",
    "subject": "",
    "text": "Doos gescheurd en de lamp is kapot. Ik wil graag mijn geld terug.",
}


class OpinionOut(BaseModel):
    """An answer that a third look decides about; whose it is, is not said."""

    driver: str | None = Field(description="Null for none of the drivers.")
    name: str | None
    path: list[str]
    also: list[str]


class ReviewOut(BaseModel):
    """A question to a person."""

    model_config = example(REVIEW)

    id: int
    state: str
    purpose: str = Field(
        description="required: a doubtful message; audit: one to measure by or to learn from, "
        "which is not said; second: a second opinion; adjudication decides where two differ; "
        "routing: a doubtful message that is not counted; suspect: a label that looks wrong."
    )
    blind: bool
    message: AskedMessage
    proposal: Proposal | None
    opinions: list[OpinionOut] = Field(
        [], description="The two answers that differ, of an adjudication; else none."
    )
    claimed_by: str | None
    claimed_until: datetime | None
    explanation: ExplanationOut | None = Field(
        None,
        description="With `?explain=true`: which words spoke for the likeliest driver. Null if not "
        "asked for, for a blind question, or once another model is in use.",
    )


class ReviewStateOut(ReviewSeen):
    model_config = example({"id": 7, "state": "skipped"})


class DayOut(BaseModel):
    """One day's questions, in the zone of the installation."""

    model_config = example({"day": "2026-11-20", "answered": 12, "left": 9, "done": False})

    day: date
    answered: int = Field(description="By this key, today.")
    left: int = Field(description="Questions that can still be answered by it today.")
    done: bool


class SimilarOut(BaseModel):
    """A message that says nearly what the question says, redacted."""

    model_config = example(SIMILAR)

    id: int
    external_id: str
    channel: str
    received_at: datetime
    subject: str
    text: str


class SimilarPage(BaseModel):
    model_config = example({"items": [SIMILAR]})

    items: list[SimilarOut]


class SimilarIn(Request):
    """Which of the messages offered get the answer of the question."""

    model_config = request_example({"messages": [10433]})

    messages: list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] = Field(min_length=1, max_length=100)


class SimilarAnswered(BaseModel):
    """Those that were answered, or hold it no longer; one that somebody answered meanwhile is not
    among them."""

    model_config = example({"messages": [10433]})

    messages: list[int]
