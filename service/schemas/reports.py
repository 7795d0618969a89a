"""Figures, examples behind them, and what is in use."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.schemas.fields import example
from service.schemas.messages import DecisionWord


class EstimateOut(BaseModel):
    """A figure with its 95 % interval; without one when nothing was measured."""

    model_config = ConfigDict(from_attributes=True)

    value: float
    low: float | None
    high: float | None


class DriverVolumeOut(BaseModel):
    """One driver in one week, in counted messages; shares as fractions of 1.

    `volume`, `share` and `change` are of the messages it is the primary driver of.
    """

    driver: str = Field(description="A driver's id, or `unknown`.")
    name: str
    parent: str | None
    volume: EstimateOut
    share: EstimateOut
    change: EstimateOut | None = Field(description="Against the week before, in messages.")
    significant: bool | None = Field(description="Whether the interval of `change` leaves out 0.")
    real_change: bool | None = Field(
        description="Whether customers contacted us for it at another rate than the week before: "
        "more than sampling and chance explain, over all rows together (false alarms at most 5 %)."
    )
    year_change: EstimateOut | None = Field(
        description="Against the same ISO week a year earlier, in messages; null where that week "
        "was not measured, and for a week 53."
    )
    naive: float = Field(
        description="The plain count, to compare with: answers, and the model's likeliest driver "
        "of every other message. No estimate: it is as far off as the model is."
    )
    previous: float | None
    answers: int = Field(description="Answered questions of the week with this driver.")
    mentions: EstimateOut | None = Field(
        description="Messages about this driver at all, as the primary one or beside it. Volumes "
        "add up to the messages, mentions do not. Null for `unknown`, and in a week of which no "
        "message is known to be about several drivers: then they are the volumes."
    )


class PooledOut(BaseModel):
    """The volumes of four weeks together. Rows have no change and no mentions."""

    first: str
    last: str
    messages: int
    answers: int
    drivers: list[DriverVolumeOut]
    parents: list[DriverVolumeOut]


class WeekOut(BaseModel):
    week: str
    messages: int = Field(description="Counted messages, exactly.")
    previous_messages: int | None
    answers: int = Field(description="Answered questions the figures rest on.")
    second_opinions: int = Field(
        description="Answers another person was asked about again; volumes are corrected by them."
    )
    differing: int = Field(description="Second opinions that named another driver first.")
    measured: bool = Field(description="False: no question was answered, figures are the model's.")
    few_answers: bool = Field(description="Too few answers for the intervals to say much.")
    counts: str = Field(description="What is counted: conversation or message.")
    models: list[str]
    as_of: datetime
    set_aside: int = Field(description="Auto-replies, bounces and outbound mail, not counted.")
    several: EstimateOut | None = Field(
        description="Messages about more than one driver; null where none is known to be."
    )
    year_before: str | None = Field(
        description="The same ISO week a year earlier; null for a week 53, which has none."
    )
    year_before_messages: int | None
    pooled: PooledOut | None = Field(
        None,
        description="The four weeks up to this one together, where it has few answers of its own.",
    )
    drivers: list[DriverVolumeOut]
    parents: list[DriverVolumeOut]


VOLUME: dict[str, Any] = {
    "driver": "delivery.late",
    "name": "Te laat",
    "parent": "delivery",
    "volume": {"value": 212.4, "low": 190.1, "high": 236.0},
    "share": {"value": 0.2124, "low": 0.1901, "high": 0.236},
    "change": {"value": 88.0, "low": 61.5, "high": 114.2},
    "significant": True,
    "real_change": True,
    "year_change": {"value": 30.2, "low": -4.0, "high": 65.1},
    "naive": 187,
    "previous": 124.4,
    "answers": 31,
    "mentions": {"value": 268.9, "low": 240.2, "high": 297.6},
}


class WeeklyOut(BaseModel):
    """The drivers of consecutive weeks, of everything or of one value of a slice."""

    model_config = example(
        {
            "first": "2026-W46",
            "last": "2026-W46",
            "slice": "channel",
            "value": "email",
            "weeks": [
                {
                    "week": "2026-W46",
                    "messages": 1000,
                    "previous_messages": 980,
                    "answers": 126,
                    "second_opinions": 31,
                    "differing": 3,
                    "measured": True,
                    "few_answers": False,
                    "counts": "conversation",
                    "models": ["2026-11-02.1"],
                    "as_of": "2026-11-20T12:00:00Z",
                    "set_aside": 14,
                    "several": {"value": 171.3, "low": 139.8, "high": 202.8},
                    "year_before": "2025-W46",
                    "year_before_messages": 911,
                    "drivers": [VOLUME],
                    "parents": [],
                }
            ],
        }
    )

    first: str
    last: str
    slice: str | None = Field(
        description="channel, product, partner, language, or a pair such as channel/product; "
        "null: the whole."
    )
    value: str | None
    weeks: list[WeekOut]


class ExampleMessage(BaseModel):
    """A counted message with a driver, redacted."""

    id: int
    external_id: str
    channel: str
    language: str
    received_at: datetime
    week: str
    subject: str
    text: str
    decision: DecisionWord
    driver: str | None


class ExamplePage(BaseModel):
    model_config = example(
        {
            "driver": "delivery.late",
            "items": [
                {
                    "id": 10421,
                    "external_id": "zd-10421",
                    "channel": "ticket",
                    "language": "nl",
                    "received_at": "2026-11-20T08:12:00Z",
                    "week": "2026-W47",
                    "subject": "",
                    "text": "Waar blijft mijn pakket? Het zou gisteren bezorgd worden.",
                    "decision": "auto",
                    "driver": "delivery.late",
                }
            ],
            "next": "10421",
        }
    )

    driver: str
    items: list[ExampleMessage] = Field(description="Newest first.")
    next: str | None = Field(description="Send it as `cursor` for the next page; null at the end.")


class ModelOut(BaseModel):
    version: str
    current: bool
    taxonomy: str | None = Field(description="Taxonomy it was trained with.")
    drivers: int | None = Field(description="How many drivers it can name.")
    used_since: datetime | None = Field(description="When it first predicted here; null: never.")


class ModelsOut(BaseModel):
    model_config = example(
        {
            "current": "2026-11-16.1",
            "models": [
                {
                    "version": "2026-11-16.1",
                    "current": True,
                    "taxonomy": "3f2a91c07be4",
                    "drivers": 26,
                    "used_since": "2026-11-16T08:00:00Z",
                }
            ],
        }
    )

    current: str | None
    models: list[ModelOut] = Field(description="Newest first.")


class DriverOut(BaseModel):
    id: str
    parent: str | None
    leaf: bool = Field(description="Labels and volumes use leaves only.")
    names: dict[str, str]
    path: list[str]
    definition: dict[str, str]
    examples: list[str]
    queue: str
    owner: str
    pillar: str
    phase: str
    links: list[str]


class TaxonomyOut(BaseModel):
    model_config = example(
        {
            "version": "3f2a91c07be4",
            "fallback_queue": "triage",
            "drivers": [
                {
                    "id": "delivery.late",
                    "parent": "delivery",
                    "leaf": True,
                    "names": {"nl": "Te laat", "en": "Late"},
                    "path": ["Bezorging", "Te laat"],
                    "definition": {"en": "The parcel is not there yet."},
                    "examples": ["Waar blijft mijn pakket?"],
                    "queue": "logistics",
                    "owner": "",
                    "pillar": "",
                    "phase": "",
                    "links": [],
                }
            ],
        }
    )

    version: str
    fallback_queue: str
    drivers: list[DriverOut]


class AliveOut(BaseModel):
    model_config = example({"status": "alive"})

    status: str


class ReadyOut(BaseModel):
    """`model` false: everything waits for a person until there is one."""

    model_config = example({"ready": True, "database": True, "model": True})

    ready: bool
    database: bool
    model: bool


class HintOut(BaseModel):
    model_config = example({"status": "noted"})

    status: str
