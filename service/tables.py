"""The database, table by table. All text in it is redacted; all times are UTC.

message ──< prediction        what models said, each row naming its model and recalibration
   ├──── draw                 the inclusion probability and the one draw of a counted message
   ├──< review ──< task       a question to a person; where it lives in Label Studio
   ├──< label                 what people said; every version of it
   └──< decision              how it was routed, and every change of that: the feed
term                          sums from which volumes are estimated
publication                   a week's figures as they were published
bridge                        messages read by two models, where a week changed models
standing ──< standing_change  what the model may do for a queue; who changed that, when and why
   └──── check                a look at the labels, from which promises were made or not
"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from classifier.messages import RedactedText

BigId = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored as UTC; refuses naive ones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


class Table(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this as a class attribute
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
        str: String(200),
        RedactedText: Text(),
    }


class TaxonomyRow(Table):
    """A taxonomy that was in use; the newest row is the one in use now."""

    __tablename__ = "taxonomies"
    version: Mapped[str] = mapped_column(String(12), primary_key=True)
    content: Mapped[dict[str, Any]]
    used_since: Mapped[datetime]


class ModelRow(Table):
    """A model that made predictions here: enough to read them without the artifact."""

    __tablename__ = "models"
    version: Mapped[str] = mapped_column(String(40), primary_key=True)
    taxonomy: Mapped[str] = mapped_column(String(12))
    drivers: Mapped[list[Any]]
    base_shares: Mapped[list[Any]]
    used_since: Mapped[datetime]


class RecalibrationRow(Table):
    """How logged probabilities become those that volumes use; the `none` one changes nothing."""

    __tablename__ = "recalibrations"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    week: Mapped[str | None] = mapped_column(String(8))
    parameters: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]


SET_ASIDE = text("direction <> 'inbound'")
"""Messages that are stored apart and not counted: few, and found by an index of their own."""


class MessageRow(Table):
    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_set_aside", "week", sqlite_where=SET_ASIDE, postgresql_where=SET_ASIDE),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    external_id: Mapped[str] = mapped_column(unique=True)
    content_hash: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(40), index=True)
    direction: Mapped[str] = mapped_column(String(12))
    conversation_id: Mapped[str | None] = mapped_column(String(32), index=True)
    customer: Mapped[str | None] = mapped_column(String(32), index=True)
    counted: Mapped[bool]
    subject: Mapped[RedactedText]
    text: Mapped[RedactedText]
    text_key: Mapped[str] = mapped_column(String(32), index=True)
    holdout: Mapped[bool]
    language: Mapped[str] = mapped_column(String(8))
    received_at: Mapped[datetime]
    day: Mapped[date]
    week: Mapped[str] = mapped_column(String(8), index=True)
    attributes: Mapped[dict[str, Any]]
    scores: Mapped[dict[str, Any]]
    stored_at: Mapped[datetime]


class PredictionRow(Table):
    """`top` is [[driver, p], …] for the five likeliest; `rest` is spread over the others.

    `mentions` is [[driver, p, chosen, [[start, end], …]], …] as in `Prediction.mentions`: what it
    may be about at all; empty for a model that knows one driver a message.
    """

    __tablename__ = "predictions"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    first: Mapped[bool]
    model: Mapped[str] = mapped_column(String(40))
    recalibration: Mapped[str] = mapped_column(String(40))
    taxonomy: Mapped[str] = mapped_column(String(12))
    top: Mapped[list[Any]]
    rest: Mapped[float]
    unknown: Mapped[float]
    confidence: Mapped[float]
    threshold: Mapped[float | None]
    mentions: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    made_at: Mapped[datetime]


class PlanRow(Table):
    """How likely a graded question was on a day: π = min(1, floor + slope · u)."""

    __tablename__ = "plans"
    day: Mapped[date] = mapped_column(primary_key=True)
    floor: Mapped[float]
    slope: Mapped[float]
    smallest_misroute: Mapped[float]
    budget: Mapped[float]
    expected: Mapped[float]
    made_at: Mapped[datetime]


class DrawRow(Table):
    """One per counted message, made with its first prediction and never again.

    `inclusion` 0 means that nobody could have been asked (too old on arrival). `second_opinion` is
    the chance that its answer gets one, drawn with the first answer; null where none is asked for.
    """

    __tablename__ = "draws"
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    inclusion: Mapped[float]
    drawn: Mapped[bool]
    required: Mapped[bool]
    stratum: Mapped[str] = mapped_column(String(60))
    uncertainty: Mapped[float]
    second_opinion: Mapped[float | None]
    made_at: Mapped[datetime]


class ReviewRow(Table):
    """A question to a person. State: open, claimed, answered or skipped.

    `renewed_at`: when who claimed it was last seen at work on it; null until then.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("message_id", "round"),
        Index("ix_reviews_queue", "state", "priority", "order_key"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    round: Mapped[int] = mapped_column(default=1)
    purpose: Mapped[str] = mapped_column(String(20))
    blind: Mapped[bool]
    priority: Mapped[int]
    order_key: Mapped[int] = mapped_column(BigInteger())
    state: Mapped[str] = mapped_column(String(10))
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    renewed_at: Mapped[datetime | None]
    made_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class LabelRow(Table):
    """One version of what one person said. `current` is the version that holds.

    `counts`: it answers a drawn question (or came with the message) and corrects volumes.
    `personal_data`: this person saw some in the message, which redaction missed; what, is not kept.
    """

    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("door", "door_ref", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    review_id: Mapped[int | None] = mapped_column(ForeignKey("reviews.id"), index=True)
    driver: Mapped[str | None]
    also: Mapped[list[Any]]
    note: Mapped[RedactedText]
    suggestion: Mapped[RedactedText]
    personal_data: Mapped[bool] = mapped_column(default=False, server_default=false())
    person: Mapped[str]
    door: Mapped[str] = mapped_column(String(20))
    door_ref: Mapped[str]
    version: Mapped[str] = mapped_column(String(40))
    chosen: Mapped[str] = mapped_column(String(20))
    counts: Mapped[bool]
    current: Mapped[bool]
    origin: Mapped[str] = mapped_column(String(20))
    seconds: Mapped[float | None]
    taxonomy: Mapped[str] = mapped_column(String(12))
    answered_at: Mapped[datetime] = mapped_column(index=True)
    stored_at: Mapped[datetime]


class DecisionRow(Table):
    """How a message was routed; `position`, gap-free in order of commit, is the feed's cursor."""

    __tablename__ = "decisions"
    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    status: Mapped[str] = mapped_column(String(10))
    driver: Mapped[str | None]
    queue: Mapped[str]
    doubts: Mapped[list[Any]]
    current: Mapped[bool]
    made_at: Mapped[datetime]


class TaskRow(Table):
    """Where a question lives in a Label Studio."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("server", "project_id", "review_id"),
        UniqueConstraint("server", "project_id", "task_id", name="uq_tasks_task"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    server: Mapped[str]
    project_id: Mapped[int]
    task_id: Mapped[int]
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"), index=True)
    sent_at: Mapped[datetime]


class OutboxRow(Table):
    """What must reach another system, written with what caused it and sent until it is there."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    door: Mapped[str] = mapped_column(String(20), index=True)
    payload: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(500))
    done_at: Mapped[datetime | None] = mapped_column(index=True)


class BookmarkRow(Table):
    """How far a reader of another system has come."""

    __tablename__ = "bookmarks"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]


class CounterRow(Table):
    """A number handed out without gaps, by an update that locks its row until the commit."""

    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigId)


class RejectRow(Table):
    """A row that was kept aside: where and why, never its content."""

    __tablename__ = "rejects"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    file: Mapped[str]
    line: Mapped[int]
    field: Mapped[str]
    reason: Mapped[str] = mapped_column(String(500))
    made_at: Mapped[datetime]


class StaleWeekRow(Table):
    """A week whose terms must be summed anew before they are read."""

    __tablename__ = "stale_weeks"
    week: Mapped[str] = mapped_column(String(8), primary_key=True)


class TermRow(Table):
    """The sums of one driver on one day, per model and recalibration, of the whole or a slice.

    `kind`: 'primary' of the driver each message is about first of all, 'mention' of all it is
    about. `slice` is '' for the whole, else an attribute; the row with driver '' holds the sums
    that do not depend on a driver. Names as in `classifier.volumes`.
    """

    __tablename__ = "terms"
    __table_args__ = (Index("ix_terms_slice", "slice", "kind", "week", "value", "driver"),)
    week: Mapped[str] = mapped_column(String(8), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True, default="primary")
    day: Mapped[date] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(40), primary_key=True)
    recalibration: Mapped[str] = mapped_column(String(40), primary_key=True)
    slice: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    driver: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[float] = mapped_column(default=0.0)
    answers: Mapped[float] = mapped_column(default=0.0)
    unmeasured: Mapped[float] = mapped_column(default=0.0)
    weight: Mapped[float] = mapped_column(default=0.0)
    weight_spread: Mapped[float] = mapped_column(default=0.0)
    expected: Mapped[float] = mapped_column(default=0.0)
    expected_open: Mapped[float] = mapped_column(default=0.0)
    spread_open: Mapped[float] = mapped_column(default=0.0)
    correction: Mapped[float] = mapped_column(default=0.0)
    design: Mapped[float] = mapped_column(default=0.0)
    modeled: Mapped[float] = mapped_column(default=0.0)
    modeled_fourth: Mapped[float] = mapped_column(default=0.0)
    surprise: Mapped[float] = mapped_column(default=0.0)
    surprise_square: Mapped[float] = mapped_column(default=0.0)
    reviewed: Mapped[float] = mapped_column(default=0.0)
    weighted: Mapped[float] = mapped_column(default=0.0)
    weighted_spread: Mapped[float] = mapped_column(default=0.0)
    likeliest: Mapped[float] = mapped_column(default=0.0)
    second_opinions: Mapped[float] = mapped_column(default=0.0)
    differing: Mapped[float] = mapped_column(default=0.0)
    unconfirmed: Mapped[float] = mapped_column(default=0.0)
    reviewed_unconfirmed: Mapped[float] = mapped_column(default=0.0)
    second_correction: Mapped[float] = mapped_column(default=0.0)
    second_design: Mapped[float] = mapped_column(default=0.0)
    second_design_square: Mapped[float] = mapped_column(default=0.0)
    second_modeled: Mapped[float] = mapped_column(default=0.0)
    second_modeled_fourth: Mapped[float] = mapped_column(default=0.0)
    second_surplus: Mapped[float] = mapped_column(default=0.0)


class PublicationRow(Table):
    """The figures of a week as they were published: never changed, a later version comes beside.

    `figures` holds messages, answers, measured, few_answers, counts, models, and `rows`: of each
    driver, `unknown` and parent what `service.publications.ROW` names, as in a report.
    """

    __tablename__ = "publications"
    week: Mapped[str] = mapped_column(String(8), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    as_of: Mapped[datetime]
    person: Mapped[str]
    taxonomy: Mapped[str] = mapped_column(String(12))
    figures: Mapped[dict[str, Any]]


class BridgeRow(Table):
    """A week that was not measured as the week before was: by what, and both read by `model`.

    `models_*`, `taxonomies_*`: of the week before, and of this one. `figures`: the terms of either
    week as they are and as the newest model reads them; see `service.bridges`.
    """

    __tablename__ = "bridges"
    week: Mapped[str] = mapped_column(String(8), primary_key=True)
    model: Mapped[str] = mapped_column(String(40))
    models_before: Mapped[list[Any]]
    models_after: Mapped[list[Any]]
    taxonomies_before: Mapped[list[Any]]
    taxonomies_after: Mapped[list[Any]]
    taxonomy_change: Mapped[dict[str, Any]]
    answers: Mapped[int]
    figures: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]


class StandingRow(Table):
    """What the model may do for a queue; a queue without a row is where every queue begins.

    `model` and `drivers` say of what the figures are: as in `classifier.promise.QueuePromise`,
    `threshold` null where nothing is promised. `needed` null: no number of labels would do.
    """

    __tablename__ = "standings"
    queue: Mapped[str] = mapped_column(primary_key=True)
    rung: Mapped[str] = mapped_column(String(12))
    changed_at: Mapped[datetime]
    model: Mapped[str | None] = mapped_column(String(40))
    drivers: Mapped[list[Any]]
    target: Mapped[float | None]
    level: Mapped[float | None]
    threshold: Mapped[float | None]
    tested: Mapped[float | None]
    labels: Mapped[int]
    evidence: Mapped[int]
    errors: Mapped[int]
    lower: Mapped[float]
    needed: Mapped[int | None]
    checked_at: Mapped[datetime | None]


class StandingChangeRow(Table):
    """A queue went up or down: by whom, when, why, and on what evidence."""

    __tablename__ = "standing_changes"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    queue: Mapped[str] = mapped_column(index=True)
    before: Mapped[str] = mapped_column(String(12))
    rung: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(24))
    why: Mapped[RedactedText]
    person: Mapped[str]
    model: Mapped[str | None] = mapped_column(String(40))
    threshold: Mapped[float | None]
    evidence: Mapped[int]
    errors: Mapped[int]
    changed_at: Mapped[datetime]


class CheckRow(Table):
    """A look at the labels that count for the promises of a model.

    `look` is its number among those at which anything was tested, 0 where labels were too few for
    that; each has its own `level`. `evidence` names the labels looked at, by a hash. Of the kind
    'watch' there is one row a model: when audits last watched what is routed, up to which answer.
    """

    __tablename__ = "checks"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model: Mapped[str] = mapped_column(String(40), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    look: Mapped[int]
    level: Mapped[float]
    labels: Mapped[int]
    evidence: Mapped[str] = mapped_column(String(32))
    person: Mapped[str]
    made_at: Mapped[datetime]


class KeyRow(Table):
    """An API key: its hash and what it may do."""

    __tablename__ = "api_keys"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class IdempotencyRow(Table):
    """The answer to a request that may be sent again with the same Idempotency-Key."""

    __tablename__ = "idempotency"
    key: Mapped[str] = mapped_column(primary_key=True)
    api_key_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    made_at: Mapped[datetime] = mapped_column(index=True)
