"""Figures, examples behind them, and what is in use."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.reports import Estimate
from service.schemas.fields import example
from service.schemas.messages import DecisionWord


class SplitOut(BaseModel):
    """A change in messages in three parts that add up to it."""

    model_config = ConfigDict(from_attributes=True)

    change: float
    contacts: Estimate = Field(description="More or fewer messages in all, at the same shares.")
    mix: Estimate = Field(
        description="Another share of the messages, both weeks measured by the newest model."
    )
    measurement: Estimate = Field(
        description="What another model or taxonomy adds: that did not change for customers."
    )


class BridgeOut(BaseModel):
    """The two weeks were not measured alike: by which models, and what became of the drivers."""

    model_config = ConfigDict(from_attributes=True)

    before: str = Field(description="The week compared with.")
    models_before: list[str]
    models: list[str]
    taxonomy_changed: bool
    added: list[str] = Field(description="Drivers that could not be named in both weeks.")
    removed: list[str] = Field(description="Drivers that are none of the taxonomy's any more.")
    redefined: list[str] = Field(description="Drivers whose definition was rewritten.")
    incomparable: list[str] = Field(
        description="Drivers of which nobody can say what they were before: no change is split."
    )
    messages: int = Field(description="Messages of the two weeks that were read by both models.")
    out_of_fold: int = Field(
        description="Of those, how many had trained the newer model: folds that never saw them "
        "speak of them."
    )
    left_out: int = Field(
        description="How many more had trained it and were left out: no fold is known of them."
    )
    spanned: bool = Field(
        description="Whether changes are split. False until the messages were read again, and "
        "where the newer model is gone."
    )
    made_at: datetime | None


class DriverVolumeOut(BaseModel):
    """One driver in one week, in counted messages; shares as fractions of 1.

    `volume`, `share` and `change` are of the messages it is the primary driver of.
    """

    driver: str = Field(description="A driver's id, or `unknown`.")
    name: str
    parent: str | None
    volume: Estimate
    share: Estimate
    change: Estimate | None = Field(description="Against the week before, in messages.")
    significant: bool | None = Field(description="Whether the interval of `change` leaves out 0.")
    real_change: bool | None = Field(
        description="Whether customers contacted us for it at another rate than the week before: "
        "more than sampling and chance explain, over all rows together (false alarms at most 5 %)."
    )
    year_change: Estimate | None = Field(
        description="Against the same ISO week a year earlier, in messages; null where that week "
        "was not measured, and for a week 53."
    )
    naive: float = Field(
        description="The plain count, to compare with: answers, and the model's likeliest driver "
        "of every other message. No estimate: it is as far off as the model is."
    )
    split: SplitOut | None = Field(
        None,
        description="`change` in its parts, where the two weeks were not measured alike; null "
        "where nobody can say, as of a driver that is new and that the model does not know yet.",
    )
    naive_split: SplitOut | None = Field(
        None,
        description="The same of the plain count. It has no interval: the model moves all of it.",
    )
    previous: float | None
    answers: int = Field(description="Answered questions of the week with this driver.")
    mentions: Estimate | None = Field(
        description="Messages about this driver at all, as the primary one or beside it. Volumes "
        "add up to the messages, mentions do not. Null for `unknown`, and in a week of which no "
        "message is known to be about several drivers: then they are the volumes."
    )
    published: Estimate | None = Field(
        None,
        description="The volume as it was published last; null where it was not, and in a slice.",
    )
    revised: bool = Field(
        False, description="The volume, in whole messages, is no longer what was published."
    )


class PooledOut(BaseModel):
    """The volumes of four weeks together. Rows have no change and no mentions."""

    first: str
    last: str
    messages: int
    answers: int
    drivers: list[DriverVolumeOut]
    parents: list[DriverVolumeOut]


class PublicationOut(BaseModel):
    """The latest version of what was published of a week."""

    model_config = ConfigDict(from_attributes=True)

    version: int = Field(description="From 1; the earlier ones are kept, too.")
    as_of: datetime
    person: str = Field(description="Who published it; `waarom`: by itself, after the week's end.")
    messages: int
    answers: int
    measured: bool


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
    several: Estimate | None = Field(
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
    publication: PublicationOut | None = Field(
        None, description="What was published of the week; null until then, and in a slice."
    )
    revised: bool = Field(
        False, description="Messages, answers or a volume differ from what was published."
    )
    bridge: BridgeOut | None = Field(
        None,
        description="What changed in measuring since the week before: the model, or the taxonomy. "
        "Null where nothing did.",
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
    "published": {"value": 208.7, "low": 183.0, "high": 236.6},
    "revised": True,
}
PUBLISHED: dict[str, Any] = {
    "version": 1,
    "as_of": "2026-11-18T23:00:04Z",
    "person": "waarom",
    "messages": 998,
    "answers": 112,
    "measured": True,
}


class WeeklyOut(BaseModel):
    """The drivers of consecutive weeks, of everything or of one value of a slice."""

    model_config = example(
        {
            "first": "2026-W46",
            "last": "2026-W46",
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
                    "publication": PUBLISHED,
                    "revised": True,
                    "drivers": [VOLUME],
                    "parents": [],
                }
            ],
        }
    )

    first: str
    last: str
    slice: str | None = Field(
        None,
        description="channel, product, partner, language, or a pair such as channel/product; "
        "null: the whole.",
    )
    value: str | None = None
    weeks: list[WeekOut]


class PublishedVolumeOut(BaseModel):
    """One driver, `unknown` or a parent, as it was published."""

    driver: str
    name: str = Field(description="As it is called now; its id when it left the taxonomy.")
    parent: str | None
    group: bool = Field(description="True for a parent.")
    volume: Estimate
    share: Estimate
    change: Estimate | None
    real_change: bool | None
    mentions: Estimate | None
    answers: int
    naive: float


class VersionOut(PublicationOut):
    """A version of what was published, with its figures."""

    taxonomy: str
    few_answers: bool
    counts: str
    models: list[str]
    rows: list[PublishedVolumeOut]


class PublicationsOut(BaseModel):
    """Everything that was published of a week."""

    model_config = example(
        {
            "week": "2026-W46",
            "versions": [
                {
                    **PUBLISHED,
                    "taxonomy": "3f2a91c07be4",
                    "few_answers": False,
                    "counts": "conversation",
                    "models": ["2026-11-02.1"],
                    "rows": [
                        {
                            "driver": "delivery.late",
                            "name": "Te laat",
                            "parent": "delivery",
                            "group": False,
                            "volume": {"value": 208.7, "low": 183.0, "high": 236.6},
                            "share": {"value": 0.2091, "low": 0.1834, "high": 0.2371},
                            "change": {"value": 84.3, "low": 56.0, "high": 112.8},
                            "real_change": True,
                            "mentions": {"value": 262.0, "low": 231.1, "high": 292.9},
                            "answers": 28,
                            "naive": 187,
                        }
                    ],
                }
            ],
        }
    )

    week: str
    versions: list[VersionOut] = Field(description="The first one first.")


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
