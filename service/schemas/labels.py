"""Labels as they leave: what people said of messages, and how it came that they were asked."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from service.schemas.fields import example

LABEL: dict[str, Any] = {
    "id": 311,
    "message_id": 10421,
    "external_id": "zd-10421",
    "text": "Doos gescheurd en de lamp is kapot. Ik wil mijn geld terug.",
    "subject": "",
    "channel": "ticket",
    "language": "nl",
    "received_at": "2026-11-20T08:12:00Z",
    "attributes": {"product": "lamp"},
    "driver": "delivery.damaged",
    "also": ["payment.refund"],
    "note": "Wil geld terug.",
    "suggestion": "",
    "personal_data": False,
    "chosen": "audit",
    "inclusion": 0.18,
    "counts": True,
    "asked": "blind",
    "origin": "manual",
    "door": "review",
    "person": "4f0c1d9be27a6683",
    "answered_at": "2026-11-20T10:02:11Z",
    "taxonomy": "3f9a2c1b7d04",
    "prediction": {
        "model": "2026-11-16.1",
        "driver": "delivery.damaged",
        "also": [],
        "score": 0.71,
        "unknown": 0.03,
    },
}


class SaidOut(BaseModel):
    """What the model in use had said when the answer was given."""

    model: str
    driver: str | None = Field(description="Null where it found none of the drivers likelier.")
    also: list[str]
    score: float = Field(description="The probability of its likeliest driver.")
    unknown: float = Field(description="The probability of none of the drivers.")


class ExportedLabelOut(BaseModel):
    """The newest answer to a message, with how the message was chosen."""

    model_config = example(LABEL)

    id: int
    message_id: int
    external_id: str
    text: str = Field(description="Redacted, as it is kept.")
    subject: str
    channel: str
    language: str
    received_at: datetime
    attributes: dict[str, str]
    driver: str | None = Field(description="Null when it is about none of the drivers.")
    also: list[str]
    note: str
    suggestion: str
    personal_data: bool = Field(
        description="Whether somebody says that the message still holds some."
    )
    chosen: str = Field(
        description="required or audit (drawn), routing or learning (asked without being drawn), "
        "correction, offered (with a message that says nearly the same), taken_over (from one that "
        "says the same), or import, where it came from a file, with that file's own word behind it."
    )
    inclusion: float | None = Field(
        description="The probability with which the message was drawn; 0 where nobody could be "
        "asked any more, null where it took no part in a draw."
    )
    counts: bool = Field(description="Whether this label corrects volumes.")
    asked: str = Field(description="blind or pre-filled; empty where it answers no question.")
    origin: str = Field(description="accepted or changed, of what was pre-filled, else manual.")
    door: str
    person: str | None = Field(description="A pseudonym; null unless asked for.")
    answered_at: datetime
    taxonomy: str = Field(description="The version in use then.")
    prediction: SaidOut | None


class LabelPage(BaseModel):
    """Labels in the order in which they were stored."""

    model_config = example({"items": [LABEL], "next": "311"})

    items: list[ExportedLabelOut]
    next: str = Field(description="Send it as `after` to go on; keep it when nothing was new.")
