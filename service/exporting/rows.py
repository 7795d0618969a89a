"""The label of each message that holds, with all that is known of how it came to be."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from classifier.messages import Label, Prediction, RedactedText
from classifier.pseudonyms import pseudonym
from service.database import chunks, read_only
from service.leaks import leaking
from service.mentions import prediction_of
from service.rounds import ADJUDICATION, SECOND, label_of
from service.runtime import Runtime
from service.tables import DrawRow, LabelRow, MessageRow, PredictionRow, ReviewRow

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """Which labels: answered `since` a moment, only those that `counts` (correct volumes), only of
    messages that still hold `personal_data`.

    `people`: name who answered, by a pseudonym; nobody is named otherwise.
    """

    since: datetime | None = None
    counts: bool = False
    personal_data: bool = False
    people: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedLabel:
    """The label that holds of one message: the newest answer to it, whoever gave it.

    `number` is the label's own; numbers rise in the order in which labels were stored. `inclusion`
    in [0, 1] is the probability with which the message was drawn to be asked about, None where it
    took no part in a draw; `asked` is `blind`, `pre-filled`, or empty where nobody was asked.
    `personal_data`: somebody says that the message still holds some, in this answer or another.
    `model` is empty and `prediction` None where no model had seen the message when it was answered.
    """

    number: int
    message_id: int
    external_id: str
    text: RedactedText
    subject: RedactedText
    channel: str
    received_at: datetime
    language: str
    attributes: Mapping[str, str]
    label: Label
    note: RedactedText
    suggestion: RedactedText
    personal_data: bool
    chosen: str
    inclusion: float | None
    counts: bool
    asked: str
    origin: str
    door: str
    person: str | None
    answered_at: datetime
    taxonomy: str
    model: str
    prediction: Prediction | None


def exported(
    session: Session, runtime: Runtime, picked: Picked, *, after: int = 0, limit: int | None = None
) -> Iterator[ExportedLabel]:
    """Labels with a number above `after`, in order of number, `limit` at most.

    Reads a page at a time and forgets it again, so that memory does not grow with the store.
    """
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = session.execute(_query(picked).where(LabelRow.id > after).limit(size)).all()
        said = _predictions(session, page)
        for row in page:
            yield _exported(runtime, row, said.get(row.LabelRow.id), picked)
        if len(page) < size:
            return
        after, left = page[-1].LabelRow.id, None if left is None else left - size
        session.expunge_all()


@contextmanager
def snapshot(runtime: Runtime) -> Iterator[Session]:
    """The store as it is now, whatever is written while it is read."""
    engine = read_only(runtime.engine)
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session:
        yield session


def _query(picked: Picked) -> Select[LabelRow, MessageRow, float, bool, bool]:
    leaks = leaking()
    query = (
        select(LabelRow, MessageRow, DrawRow.inclusion, ReviewRow.blind, leaks.label("leaks"))
        .join(MessageRow, MessageRow.id == LabelRow.message_id)
        .outerjoin(DrawRow, DrawRow.message_id == LabelRow.message_id)
        .outerjoin(ReviewRow, ReviewRow.id == LabelRow.review_id)
        .where(LabelRow.current, LabelRow.counts if picked.counts else holds())
        .order_by(LabelRow.id)
    )
    if picked.personal_data:
        query = query.where(leaks)
    return query.where(LabelRow.answered_at >= picked.since) if picked.since else query


def holds() -> ColumnElement[bool]:
    """No current label of the same message is newer; a second opinion only confirms or differs."""
    other = aliased(LabelRow)
    later = or_(
        other.answered_at > LabelRow.answered_at,
        and_(other.answered_at == LabelRow.answered_at, other.id > LabelRow.id),
    )
    rival = (other.message_id == LabelRow.message_id, other.current, other.chosen != SECOND)
    return and_(LabelRow.chosen != SECOND, ~exists().where(*rival, later))


def _predictions(session: Session, page: Sequence[Any]) -> dict[int, PredictionRow]:
    """Of each label, the last prediction made before it was given; else the first of all."""
    labels = {row.LabelRow.message_id: row.LabelRow for row in page}
    found: dict[int, PredictionRow] = {}
    for some in chunks(sorted(labels)):
        query = select(PredictionRow).where(PredictionRow.message_id.in_(some))
        for each in session.scalars(query.order_by(PredictionRow.id)):
            label = labels[each.message_id]
            if label.id not in found or each.made_at <= label.answered_at:
                found[label.id] = each
    return found


def _exported(
    runtime: Runtime, row: Any, said: PredictionRow | None, picked: Picked
) -> ExportedLabel:
    label, message = row.LabelRow, row.MessageRow
    person = pseudonym(label.person, key=runtime.secret, kind="person") if picked.people else None
    return ExportedLabel(
        number=label.id,
        message_id=message.id,
        external_id=message.external_id,
        text=message.text,
        subject=message.subject,
        channel=message.channel,
        received_at=message.received_at,
        language=message.language,
        attributes=message.attributes,
        label=label_of(label),
        note=label.note,
        suggestion=label.suggestion,
        personal_data=row.leaks,
        chosen=label.chosen,
        inclusion=row.inclusion,
        counts=label.counts or label.chosen == ADJUDICATION,
        asked="" if row.blind is None else "blind" if row.blind else "pre-filled",
        origin=label.origin,
        door=label.door,
        person=person,
        answered_at=label.answered_at,
        taxonomy=label.taxonomy,
        model=said.model if said else "",
        prediction=prediction_of(said) if said else None,
    )
