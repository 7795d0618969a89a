"""Answers from Label Studio: tasks that changed since the last look, with an overlap.

An answer seen before changes nothing; one that was deleted there holds no longer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import Label
from classifier.redaction import redact
from labeling.tasks import Answer as StudioAnswer
from labeling.tasks import Unusable, read_task
from service.database import chunks
from service.labels import Answer, record, withdraw
from service.runtime import Runtime, taxonomy_in_use
from service.sync.connection import bookmark, connect, project_id, project_name, seen_until, server
from service.tables import LabelRow, ReviewRow, TaskRow

DOOR = "label_studio"
Json = dict[str, Any]


@dataclass(slots=True)
class Pulled:
    """How many tasks had changed, what they brought, and answers that could not be used."""

    tasks: int = 0
    labels: int = 0
    skipped: int = 0
    withdrawn: int = 0
    unusable: int = 0
    strangers: int = 0


def pull(runtime: Runtime, *, now: datetime) -> Pulled:
    """Collect what people said since the last look."""
    studio, project = connect(runtime), project_id(runtime, now)
    name = f"{project_name(runtime)}/{project}"
    with runtime.reading() as session:
        since = seen_until(session, name)
        taxonomy = taxonomy_in_use(session, runtime)
    pulled = Pulled()
    for tasks in _in_batches(studio.changed(project, since), 500):
        with runtime.writing() as session:
            known = _task_reviews(session, runtime, project, [int(task["id"]) for task in tasks])
            for task in tasks:
                pulled.tasks += 1
                review = known.get(int(task["id"]))
                if review is None:
                    pulled.strangers += 1
                    continue
                _take(session, runtime, review, read_task(task, taxonomy), pulled, now)
            latest = max(str(task["updated_at"]) for task in tasks)
            bookmark(session, name).value = {"since": latest}
    return pulled


def _take(
    session: Session,
    runtime: Runtime,
    review: ReviewRow,
    found: Sequence[StudioAnswer | Unusable],
    pulled: Pulled,
    now: datetime,
) -> None:
    """One task's annotations: answers recorded, skips noted, deleted ones withdrawn."""
    usable = [each for each in found if isinstance(each, StudioAnswer)]
    pulled.unusable += len(found) - len(usable)
    pulled.withdrawn += withdraw(session, DOOR, _deleted(session, runtime, review, found))
    answers = [
        _answer(runtime, review, each, each.label) for each in usable if each.label is not None
    ]
    pulled.labels += len(record(session, runtime, answers, now=now))
    if any(each.skipped for each in usable) and review.state in ("open", "claimed"):
        review.state, review.closed_at = "skipped", now
        pulled.skipped += 1


def _answer(runtime: Runtime, review: ReviewRow, said: StudioAnswer, label: Label) -> Answer:
    return Answer(
        message_id=review.message_id,
        label=label,
        person=f"label-studio-user-{said.annotator}",
        door=DOOR,
        door_ref=_annotation_name(runtime, said.annotation_id),
        version=said.updated_at.isoformat(),
        answered_at=said.updated_at,
        review_id=review.id,
        chosen=review.purpose,
        origin=str(said.origin),
        seconds=said.seconds,
        note=redact(said.note, key=runtime.secret),
        suggestion=redact(said.suggestion, key=runtime.secret),
    )


def _annotation_name(runtime: Runtime, annotation_id: int) -> str:
    return f"{server(runtime)}#{annotation_id}"


def _deleted(
    session: Session,
    runtime: Runtime,
    review: ReviewRow,
    found: Iterable[StudioAnswer | Unusable],
) -> list[str]:
    """Answers we hold of this question that are no longer in Label Studio."""
    there = {_annotation_name(runtime, each.annotation_id) for each in found}
    query = select(LabelRow.door_ref).where(
        LabelRow.review_id == review.id, LabelRow.door == DOOR, LabelRow.current
    )
    return [name for name in session.scalars(query) if name not in there]


def _task_reviews(
    session: Session, runtime: Runtime, project: int, task_ids: Sequence[int]
) -> dict[int, ReviewRow]:
    found: dict[int, ReviewRow] = {}
    for some in chunks(task_ids):
        query = (
            select(TaskRow.task_id, ReviewRow)
            .join(ReviewRow, ReviewRow.id == TaskRow.review_id)
            .where(
                TaskRow.server == server(runtime),
                TaskRow.project_id == project,
                TaskRow.task_id.in_(some),
            )
        )
        found |= {row[0]: row[1] for row in session.execute(query)}
    return found


def _in_batches(items: Iterable[Json], size: int) -> Iterator[list[Json]]:
    batch: list[Json] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
