"""Messages in, decisions out."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    FiniteFloat,
    SkipValidation,
    StringConstraints,
    model_validator,
)

from classifier.messages import Direction
from service.schemas.fields import (
    Channel,
    Fraction,
    Request,
    ShortWords,
    Words,
    example,
    request_example,
)
from service.schemas.problems import Problem

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
DecisionWord = Literal["auto", "review", "person"]
RoleWord = Literal["primary", "also", "candidate"]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_\-]{0,39}$")]


def _plausible(moment: datetime) -> datetime:
    if not EARLIEST <= moment < datetime(2200, 1, 1, tzinfo=UTC):
        raise ValueError("lies outside 1990-2199")
    return moment


class MessageIn(Request):
    """One message as the customer sent it. It is cleaned and redacted before anything is kept."""

    model_config = request_example(
        {
            "text": "Waar blijft mijn pakket? Het vorige kwam ook kapot aan.",
            "external_id": "zd-10421",
            "channel": "ticket",
            "received_at": "2026-11-20T09:12:00+01:00",
            "customer": "klant-2207",
            "attributes": {"product": "lamp", "partner": "PostNL"},
        }
    )

    text: Words = Field(description="The body; HTML and quoted replies are taken off.")
    subject: Words = ""
    external_id: Annotated[ShortWords, StringConstraints(min_length=1)] | None = Field(
        None, description="Your own id of this message. The same id and content is one message."
    )
    channel: Channel = Field("ticket", description="ticket, email, survey, chat, web …")
    received_at: Annotated[AwareDatetime, AfterValidator(_plausible)] | None = Field(
        None, description="With a time zone; now, if left out."
    )
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,5}$")] | None = Field(
        None, description="nl, en or other, if you know it."
    )
    conversation_id: ShortWords | None = Field(None, description="The thread it belongs to.")
    customer: ShortWords | None = Field(None, description="Kept as a pseudonym only.")
    direction: Direction = Field(Direction.INBOUND, description="Only inbound ones are classified.")
    attributes: dict[AttributeName, ShortWords] = Field({}, max_length=50)
    scores: dict[Literal["nps", "csat", "ces"], FiniteFloat] = Field({})

    @model_validator(mode="after")
    def _says_something(self) -> "MessageIn":
        if not (self.text.strip() or self.subject.strip()):
            raise ValueError("a message needs a text or a subject")
        return self


class SentenceOut(BaseModel):
    """A sentence as it is kept, redacted: `field`[start:end], counted in characters from 0."""

    field: Literal["subject", "text"]
    start: int
    end: int
    text: str


class DriverScore(BaseModel):
    id: str
    name: str
    path: list[str] = Field(description="Names from the root of the taxonomy down.")
    score: Fraction = Field(
        description="Calibrated probability that this is the driver, the primary one where a "
        "message is about several; with `unknown` at most 1, but for a parent and the drivers "
        "below it, which it is the sum of."
    )
    role: RoleWord = Field(
        description="primary: `driver` itself; also: the message is about this one, too; "
        "candidate: likely, but not said of it."
    )
    mention: Fraction | None = Field(
        description="Calibrated probability that the message is about this driver at all, whatever "
        "else it is about. Null for a model that knows one driver a message, and for a driver so "
        "unlikely that it is not kept."
    )
    sentences: list[SentenceOut] = Field(
        description="Those that spoke for it; empty where it was the message as a whole."
    )


class ExplainedWord(BaseModel):
    """A word as it is kept, redacted: `field`[start:end], counted in characters from 0."""

    field: Literal["subject", "text"]
    start: int
    end: int
    text: str
    weight: float = Field(
        description="Above 0 it speaks for `driver`, below 0 for `against`, or against it."
    )


class MentionExplanationOut(BaseModel):
    """Why the message is said to be about a driver beside the likeliest one.

    `score` is what the yes-or-no line of that driver makes of what it read, before calibration: the
    sum of the weights of `words`, of `intercept` and of `remainder` (all other words).
    """

    driver: str
    sentence: SentenceOut | None = Field(
        description="The first that spoke for it, whose words these are; null: all the message."
    )
    words: list[ExplainedWord] = Field(description="The strongest, at most eight.")
    intercept: float
    score: float
    remainder: float


class ExplanationOut(BaseModel):
    """Why the likeliest driver and not the next one, in units of log-odds.

    `score` is the sum of the weights of `words`, of `intercept` (what the model goes by before it
    has read a word) and of `remainder` (all other words).
    """

    driver: str = Field(description="The likeliest driver, also where the decision is another.")
    against: str = Field(description="The next likeliest.")
    words: list[ExplainedWord] = Field(description="The strongest, at most eight.")
    intercept: float
    score: float
    remainder: float
    share: Fraction = Field(
        description="How much of the model the words speak for; less than 1 with a sentence "
        "encoder, which reads the message as a whole."
    )
    mentions: list[MentionExplanationOut] = Field(
        description="Of each other driver that the model says the message is about; empty for a "
        "model that knows one driver a message."
    )


STANDING: dict[str, Any] = {
    "id": 10421,
    "external_id": "zd-10421",
    "direction": "inbound",
    "language": "nl",
    "driver": "delivery.late",
    "also": ["delivery.damaged"],
    "drivers": [
        {
            "id": "delivery.late",
            "name": "Te laat",
            "path": ["Bezorging", "Te laat"],
            "score": 0.93,
            "role": "primary",
            "mention": 0.97,
            "sentences": [
                {"field": "text", "start": 0, "end": 24, "text": "Waar blijft mijn pakket?"}
            ],
        },
        {
            "id": "delivery.damaged",
            "name": "Beschadigd",
            "path": ["Bezorging", "Beschadigd"],
            "score": 0.02,
            "role": "also",
            "mention": 0.84,
            "sentences": [
                {"field": "text", "start": 25, "end": 55, "text": "Het vorige kwam ook kapot aan."}
            ],
        },
    ],
    "unknown": 0.03,
    "decision": "auto",
    "doubts": [],
    "queue": "logistics",
    "review_id": 7,
    "model": "2026-11-16.1",
    "taxonomy": "3f2a91c07be4",
}
CLASSIFIED: dict[str, Any] = STANDING | {
    "explanation": {
        "driver": "delivery.late",
        "against": "delivery.damaged",
        "words": [
            {"field": "text", "start": 17, "end": 23, "text": "pakket", "weight": 2.25},
            {"field": "text", "start": 0, "end": 4, "text": "Waar", "weight": 1.5},
            {"field": "text", "start": 29, "end": 35, "text": "vorige", "weight": -0.25},
        ],
        "intercept": 0.125,
        "score": 4.0,
        "remainder": 0.375,
        "share": 1.0,
        "mentions": [
            {
                "driver": "delivery.damaged",
                "sentence": {
                    "field": "text",
                    "start": 25,
                    "end": 55,
                    "text": "Het vorige kwam ook kapot aan.",
                },
                "words": [
                    {"field": "text", "start": 45, "end": 50, "text": "kapot", "weight": 1.75}
                ],
                "intercept": -1.0,
                "score": 0.875,
                "remainder": 0.125,
            }
        ],
    }
}


class Standing(BaseModel):
    """What was made of a message, and how it is routed."""

    id: int | None = Field(description="Our id; null for a dry run of a message not stored.")
    external_id: str | None = Field(description="Yours, or the one we gave.")
    direction: Direction
    language: str
    driver: str | None = Field(
        description="The driver, or a parent where only that is sure; only a proposal while "
        "`decision` is `review`; null for unknown."
    )
    also: list[str] = Field(
        description="The other drivers it is about: by the model, or by the person who decided."
    )
    drivers: list[DriverScore] = Field(
        description="Of the prediction: `driver`, those of `also`, and the likeliest three."
    )
    unknown: Fraction | None = Field(description="Probability that it is none of the drivers.")
    decision: DecisionWord | None = Field(
        description="Who routed it: auto (the model), person, or review (waits for one). "
        "Null for messages that are not inbound."
    )
    doubts: list[str] = Field(description="Why it waits for a person.")
    queue: str | None = Field(description="Where it goes; null for messages that are not inbound.")
    review_id: int | None = Field(description="The question asked about it, if one is.")
    model: str | None = Field(description="The model that predicted; null before there is one.")
    taxonomy: str = Field(description="Version of the taxonomy.")


class Classified(Standing):
    """What was made of a message."""

    model_config = example(CLASSIFIED)

    explanation: ExplanationOut | None = Field(
        None,
        description="With `?explain=true`: which words spoke for the likeliest driver. Null if not "
        "asked for, without a prediction, or once another model is in use.",
    )


class BatchIn(Request):
    model_config = request_example(
        {
            "messages": [
                {"text": "Waar blijft mijn pakket?", "external_id": "zd-1"},
                {"text": "I would like a refund.", "external_id": "zd-2", "channel": "email"},
            ]
        }
    )

    messages: list[SkipValidation[MessageIn]] = Field(
        description="Each is checked on its own: a bad one does not hold up the others."
    )


class BatchItem(BaseModel):
    """An answer or an error."""

    answer: Classified | None = None
    error: Problem | None = None


class BatchOut(BaseModel):
    model_config = example(
        {
            "results": [
                {"answer": CLASSIFIED},
                {
                    "error": {
                        "type": "urn:waarom:problem:content-conflict",
                        "title": "Content conflict",
                        "status": 409,
                        "detail": "External id 'zd-2' is known with another content; "
                        "send ?revise=true to replace it.",
                    }
                },
            ]
        }
    )

    results: list[BatchItem] = Field(description="One per message, in the order sent.")


class ReviewSeen(BaseModel):
    id: int
    state: Literal["open", "claimed", "answered", "skipped"]


class LabelSeen(BaseModel):
    """The newest thing a person said of a message."""

    driver: str | None
    also: list[str]
    person: str
    door: str
    answered_at: datetime


class MessageOut(Standing):
    """A message as it stands now, without its text."""

    model_config = example(
        STANDING
        | {
            "channel": "ticket",
            "received_at": "2026-11-20T08:12:00Z",
            "week": "2026-W47",
            "counted": True,
            "review": {"id": 7, "state": "answered"},
            "label": {
                "driver": "delivery.late",
                "also": [],
                "person": "reviewers",
                "door": "review",
                "answered_at": "2026-11-20T10:02:11Z",
            },
            "decision": "person",
        }
    )

    channel: str
    received_at: datetime
    week: str
    counted: bool = Field(description="Whether volumes count it (first of its conversation).")
    review: ReviewSeen | None
    label: LabelSeen | None


class DecisionOut(BaseModel):
    position: int
    id: int = Field(description="Our id of the message.")
    external_id: str
    decision: DecisionWord
    driver: str | None
    queue: str
    doubts: list[str]
    made_at: datetime


class DecisionPage(BaseModel):
    model_config = example(
        {
            "items": [
                {
                    "position": 58,
                    "id": 10421,
                    "external_id": "zd-10421",
                    "decision": "person",
                    "driver": "delivery.damaged",
                    "queue": "logistics",
                    "doubts": [],
                    "made_at": "2026-11-20T10:02:11Z",
                }
            ],
            "next": "58",
        }
    )

    items: list[DecisionOut]
    next: str = Field(description="Send it as `after` next time, also when there was nothing new.")
