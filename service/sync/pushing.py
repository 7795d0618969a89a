"""Questions to Label Studio: look up what is there, upload what is not, remember the task ids."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from labeling.errors import StudioError
from labeling.tasks import StudioQuestion, task_data
from service.database import chunks
from service.outbox import waiting
from service.questions import OpenQuestion, open_questions
from service.runtime import Runtime, taxonomy_in_use
from service.sync.connection import connect, project_id, server, without_task
from service.tables import OutboxRow, TaskRow

BATCH = 2000
RETRY = timedelta(minutes=1)
Json = dict[str, Any]
TaskOf = Callable[[StudioQuestion], Json]


@dataclass(frozen=True, slots=True)
class Pushed:
    """How many questions went there now, were there already, or are no longer open."""

    sent: int = 0
    found: int = 0
    closed: int = 0


def push(runtime: Runtime, *, now: datetime, task_of: TaskOf | None = None) -> Pushed:
    """Send the questions that wait in the outbox, batch by batch; what is there stays single.

    `task_of` makes the task of a question; by default one that asks it. Raises `StudioError`;
    what was not sent then is tried again a minute later.
    """
    total = Pushed()
    while True:
        pushed = _push_batch(runtime, now, task_of)
        if pushed is None:
            return total
        total = Pushed(*(sum(pair) for pair in zip(astuple(total), astuple(pushed), strict=True)))


def _push_batch(runtime: Runtime, now: datetime, task_of: TaskOf | None) -> Pushed | None:
    """One batch; None when nothing is due. The network is never spoken to inside a transaction."""
    studio, project = connect(runtime), project_id(runtime, now)
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
        due = _due(session, now)
        questions = open_questions(session, without_task(session, runtime, project, due.values()))
    if not due:
        return None
    make = task_of or partial(task_data, taxonomy=taxonomy)
    try:
        there = studio.find_tasks(project, [each.asked.external_id for each in questions])
        new = [each for each in questions if each.asked.external_id not in there]
        ids = studio.upload(project, [make(each.asked) for each in new])
    except StudioError as error:
        _postpone(runtime, list(due), str(error), now)
        raise
    task_ids = there | dict(zip([each.asked.external_id for each in new], ids, strict=True))
    with runtime.writing() as session:
        _remember_tasks(session, runtime, project, questions, task_ids, now)
        _done(session, list(due), now)
    return Pushed(len(new), len(questions) - len(new), len(due) - len(questions))


def _due(session: Session, now: datetime) -> dict[int, int]:
    """Outbox row -> review, for the next batch that may be tried now."""
    query = (
        select(OutboxRow)
        .where(*waiting(), OutboxRow.due_at <= now)
        .order_by(OutboxRow.id)
        .limit(BATCH)
    )
    return {row.id: int(row.payload["review_id"]) for row in session.scalars(query)}


def _remember_tasks(
    session: Session,
    runtime: Runtime,
    project: int,
    questions: Iterable[OpenQuestion],
    task_ids: Mapping[str, int],
    now: datetime,
) -> None:
    session.add_all(
        TaskRow(
            server=server(runtime),
            project_id=project,
            task_id=task_ids[each.asked.external_id],
            review_id=each.review_id,
            sent_at=now,
        )
        for each in questions
    )


def _done(session: Session, outbox_ids: Sequence[int], now: datetime) -> None:
    for some in chunks(outbox_ids):
        session.execute(
            update(OutboxRow).where(OutboxRow.id.in_(some)).values(done_at=now, error=None)
        )


def _postpone(runtime: Runtime, outbox_ids: Sequence[int], error: str, now: datetime) -> None:
    with runtime.writing() as session:
        for some in chunks(outbox_ids):
            session.execute(
                update(OutboxRow)
                .where(OutboxRow.id.in_(some))
                .values(attempts=OutboxRow.attempts + 1, error=error[:500], due_at=now + RETRY)
            )
