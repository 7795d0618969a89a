"""Where queues stand on the ladder, and asking for another rung."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from classifier.promise import Rung
from service.schemas.fields import Request, ShortWords, example, request_example


class RungIn(Request):
    """The rung a queue is asked to stand on."""

    model_config = request_example({"rung": "automate", "why": "Agreed with finance."})

    rung: Rung = Field(
        description="recommend: a person decides every message. select: the model routes what "
        "reaches its own threshold; nothing is promised of one queue. automate: it routes from "
        "the queue's threshold, with the promise."
    )
    why: ShortWords = Field("", description="Kept with the change; redacted before it is kept.")


WATCH: dict[str, Any] = {
    "since": "2026-11-16T08:30:00Z",
    "answers": 48,
    "errors": 2,
    "estimate": 0.0385,
    "lower": 0.0021,
    "level": 0.95,
}
QUEUE: dict[str, Any] = {
    "name": "logistics",
    "rung": "automate",
    "current": True,
    "lapsed": False,
    "threshold": 0.82,
    "meant": 1042,
    "routed": 861,
    "labels": 148,
    "evidence": 121,
    "errors": 1,
    "lower": 0.9614,
    "tested": 0.82,
    "needed": 0,
    "checked_at": "2026-11-16T08:00:00Z",
    "changed_at": "2026-11-16T08:30:00Z",
    "watch": WATCH,
    "withdrawn_at": None,
}


class WatchOut(BaseModel):
    """What blind audits say of the messages that a queue on automate is sent."""

    model_config = ConfigDict(from_attributes=True)

    since: datetime = Field(description="Messages routed from then on count.")
    answers: int = Field(description="Audits answered.")
    errors: int = Field(description="How many of them are wrong.")
    estimate: float | None = Field(description="The share that is wrong, weighted; null: none.")
    lower: float = Field(
        description="At least this share is wrong, at the level, however often one looks. Above "
        "what is allowed, the promise is withdrawn."
    )
    level: float = Field(description="The queues promised of a model share 5 %.")


class QueueOut(BaseModel):
    """A queue: its rung, and what the labels of the model in use show."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [QUEUE]})

    name: str
    rung: Rung
    current: bool = Field(description="Whether the figures are of the model and drivers in use.")
    lapsed: bool = Field(description="On automate without a promise: routed as on select.")
    threshold: float | None = Field(description="The confidence promised; null: no promise.")
    meant: int = Field(description="Of the last 10,000 decisions, those meant for this queue.")
    routed: int = Field(description="How many of these the model routed.")
    labels: int = Field(description="Labels that count, whatever the model's confidence.")
    evidence: int = Field(description="Those of at least the `tested` confidence.")
    errors: int = Field(description="How many of `evidence` are wrong.")
    lower: float = Field(description="At least this share is right, at the level of the look.")
    tested: float | None
    needed: int | None = Field(
        description="More labels of `tested` confidence that would show the promise if as many "
        "stay right; null: not known, or no number would do."
    )
    checked_at: datetime | None
    changed_at: datetime | None
    watch: WatchOut | None = Field(description="Null: not on automate with a promise in force.")
    withdrawn_at: datetime | None = Field(
        None, description="When audits broke its promise, if no person moved the queue since."
    )


class ChangeOut(BaseModel):
    """A queue went up or down."""

    model_config = ConfigDict(from_attributes=True)

    queue: str
    before: Rung
    rung: Rung
    reason: str = Field(
        description="as_asked, one_rung_at_a_time, evidence_lost, new_model (which has not shown "
        "the promise) or promise_broken (by audits)."
    )
    why: str
    person: str
    model: str | None
    evidence: int = Field(description="Answers it rests on; of promise_broken, audits.")
    errors: int = Field(description="How many of these are wrong.")
    changed_at: datetime


class QueuesOut(BaseModel):
    model_config = example(
        {
            "model": "2026-11-16.1",
            "target": 0.95,
            "level": 0.95,
            "look": 1,
            "checked_at": "2026-11-16T08:00:00Z",
            "fresh": 12,
            "fewest": 59,
            "fewest_each": 72,
            "queues": [QUEUE],
            "changes": [
                {
                    "queue": "logistics",
                    "before": "select",
                    "rung": "automate",
                    "reason": "as_asked",
                    "why": "Agreed with finance.",
                    "person": "An",
                    "model": "2026-11-16.1",
                    "evidence": 121,
                    "errors": 1,
                    "changed_at": "2026-11-16T08:30:00Z",
                }
            ],
        }
    )
    model_config["from_attributes"] = True

    model: str | None = Field(description="The model in use.")
    target: float = Field(description="The share promised to be right.")
    level: float = Field(description="With how much confidence, for all queues at once.")
    look: int = Field(description="Which look at this model's labels the figures are of.")
    checked_at: datetime | None
    fresh: int = Field(description="Answers that count which came in since.")
    fewest: int = Field(description="Faultless labels that show the promise for one queue.")
    fewest_each: int = Field(description="Faultless labels for each of all queues at once.")
    queues: list[QueueOut]
    changes: list[ChangeOut] = Field(description="The last 20, newest first.")


class CheckOut(BaseModel):
    """A check of the labels that count for the model in use."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "model": "2026-11-16.1",
                    "answers": 402,
                    "look": 1,
                    "level": 0.95,
                    "wait": 0,
                    "fallen": [],
                }
            ]
        },
    )

    model: str
    answers: int = Field(description="Labels that count, of all queues, thinned.")
    look: int = Field(description="0: too few labels to test anything, which costs nothing.")
    level: float
    wait: int = Field(description="So many more labels before they are looked at again.")
    fallen: list[str] = Field(description="Queues that went from automate to select.")
