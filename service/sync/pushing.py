"""Questions to Label Studio: look up what is there, upload what is not, remember the task ids."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from labeling.errors import StudioError, StudioRefused
from labeling.studio import Studio
from labeling.tasks import StudioQuestion, task_data
from service.database import chunks
from service.outbox import queue, waiting
from service.questions import OpenQuestion, open_questions
from service.runtime import Runtime, taxonomy_in_use
from service.sync.connection import Line, NotConfigured, line
from service.sync.cursor import read_again
from service.sync.place import Place
from service.sync.project import up_to_date
from service.sync.reconciliation import forget, without_task
from service.tables import OutboxRow, TaskRow

BATCH = 2000
RETRY = timedelta(minutes=1)
BAD_DATA = (400, 413)
FEW = 10
"""More refused questions than this in a batch are no bad questions, but a bad project."""
Json = dict[str, Any]
TaskOf = Callable[[StudioQuestion], Json]


@dataclass(slots=True)
class Pushed:
    """How many questions went there now, were there already, are no longer open, were refused."""

    sent: int = 0
    found: int = 0
    closed: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A batch of the outbox: its rows by review, and the questions to send of them."""

    rows: Mapping[int, Sequence[int]]
    questions: Sequence[OpenQuestion]
    known: int


def push(
    runtime: Runtime,
    *,
    now: datetime,
    task_of: TaskOf | None = None,
    patiently: bool = False,
) -> Pushed:
    """Send the questions that wait in the outbox, batch by batch; what is there stays single.

    `task_of` makes the task of a question; by default one that asks it. `patiently` leaves those
    alone that failed less than a minute ago. What cannot be sent stays in the outbox, with the
    reason. Raises `NotConfigured`, `Busy` or a `StudioError`.
    """
    if not runtime.settings.label_studio_url:
        raise NotConfigured
    pushed, tried = Pushed(), 0
    if not _batch(runtime, now, patiently, tried):
        return pushed
    try:
        with line(runtime, now) as ours:
            place = up_to_date(ours)
            while batch := _batch(runtime, now, patiently, tried):
                tried = max(batch)
                _push_batch(ours, place, batch, task_of, pushed, now)
                ours.renew()
    except StudioError as error:
        _postpone(runtime, str(error), now)
        raise
    return pushed


def _batch(runtime: Runtime, now: datetime, patiently: bool, tried: int) -> dict[int, int]:
    """Outbox row -> review of the next batch, after the row that was tried last."""
    query = select(OutboxRow).where(*waiting(), OutboxRow.id > tried)
    if patiently:
        query = query.where(OutboxRow.due_at <= now)
    with runtime.reading() as session:
        rows = session.scalars(query.order_by(OutboxRow.id).limit(BATCH))
        return {row.id: int(row.payload["review_id"]) for row in rows}


def _push_batch(
    ours: Line,
    place: Place,
    batch: Mapping[int, int],
    task_of: TaskOf | None,
    pushed: Pushed,
    now: datetime,
) -> None:
    """One batch; the network is never spoken to inside a transaction."""
    with ours.runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, ours.runtime)
        missing = without_task(session, place, batch.values())
        questions = open_questions(session, ours.runtime, missing)
    make = task_of or partial(task_data, taxonomy=taxonomy)
    there = ours.studio.find_tasks(place.project, [each.asked.external_id for each in questions])
    new = [each for each in questions if each.asked.external_id not in there]
    refused: dict[int, str] = {}
    ids = _upload(
        ours.studio, place.project, [(each.review_id, make(each.asked)) for each in new], refused
    )
    ids |= {
        each.review_id: there[each.asked.external_id]
        for each in questions
        if each.asked.external_id in there
    }
    with ours.runtime.writing() as session:
        _remember(session, place, ids, now)
        if there:
            # Somebody may have answered them while we did not know them.
            read_again(session, place)
        _settle(session, batch, refused, now)
    pushed.sent += len(new) - len(refused)
    pushed.found += len(there) + len(set(batch.values())) - len(missing)
    pushed.closed += len(missing) - len(questions)
    pushed.refused += len(refused)


def _upload(
    studio: Studio, project: int, tasks: Sequence[tuple[int, Json]], refused: dict[int, str]
) -> dict[int, int]:
    """Review -> task id. One task the server will not have does not keep the others out: it is
    found by halves, and its reason noted in `refused`."""
    try:
        ids = studio.upload(project, [task for _, task in tasks])
    except StudioRefused as error:
        if error.status not in BAD_DATA or len(refused) == FEW:
            raise
        if len(tasks) == 1:
            refused[tasks[0][0]] = str(error)
            return {}
        middle = len(tasks) // 2
        first = _upload(studio, project, tasks[:middle], refused)
        return first | _upload(studio, project, tasks[middle:], refused)
    return dict(zip([review for review, _ in tasks], ids, strict=True))


def _remember(session: Session, place: Place, ids: Mapping[int, int], now: datetime) -> None:
    _forget_others(session, place, ids, now)
    session.add_all(
        TaskRow(
            server=place.server,
            project_id=place.project,
            task_id=task,
            review_id=review,
            sent_at=now,
        )
        for review, task in ids.items()
    )


def _forget_others(session: Session, place: Place, ids: Mapping[int, int], now: datetime) -> None:
    """Numbers of deleted tasks are given out again, as are those of yesterday where Label Studio
    was put back to the day before: questions that had them are not there, and asked anew."""
    stale: list[TaskRow] = []
    for some in chunks(list(ids.values())):
        query = select(TaskRow).where(*place.tasks(), TaskRow.task_id.in_(some))
        stale += [row for row in session.scalars(query) if row.review_id not in ids]
    forget(session, place, stale)
    queue(session, [row.review_id for row in stale], now=now)


def _settle(
    session: Session, batch: Mapping[int, int], refused: Mapping[int, str], now: datetime
) -> None:
    """Rows of the outbox are done, but for those whose question was refused."""
    done = [row for row, review in batch.items() if review not in refused]
    for some in chunks(done):
        rows = update(OutboxRow).where(OutboxRow.id.in_(some))
        session.execute(rows.values(done_at=now, error=None))
    for row, review in batch.items():
        if review in refused:
            _failed(session, refused[review], now, OutboxRow.id == row)


def _postpone(runtime: Runtime, error: str, now: datetime) -> None:
    """Nothing could be sent: all that is due is tried again a minute later."""
    with runtime.writing() as session:
        _failed(session, error, now, OutboxRow.due_at <= now)


def _failed(session: Session, error: str, now: datetime, which: Any) -> None:
    rows = update(OutboxRow).where(*waiting(), which)
    session.execute(
        rows.values(attempts=OutboxRow.attempts + 1, error=error[:500], due_at=now + RETRY)
    )
