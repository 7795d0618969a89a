"""Questions to Label Studio: find out what is there, upload what is not, remember the task ids."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from labeling.errors import StudioError, StudioRefused
from labeling.studio import Studio
from service.database import chunks
from service.outbox import queue, waiting
from service.questions import question_name
from service.runtime import Runtime
from service.sync.ahead import ahead
from service.sync.batches import Batch, Outbox, Task, TaskOf
from service.sync.connection import Line, NotConfigured, line
from service.sync.cursor import read_again
from service.sync.live import show_what_was_sent
from service.sync.place import Place
from service.sync.project import up_to_date
from service.sync.reconciliation import forget, without_task
from service.tables import MessageRow, OutboxRow, ReviewRow, TaskRow

RETRY = timedelta(minutes=1)
BAD_DATA = (400, 413)
FEW = 10
"""More refused questions than this in a batch are no bad questions, but a bad project."""


@dataclass(slots=True)
class Pushed:
    """How many questions went there now, were there already, are no longer open, were refused."""

    sent: int = 0
    found: int = 0
    closed: int = 0
    refused: int = 0


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
    pushed, outbox = Pushed(), Outbox(runtime, now, patiently, task_of)
    if not outbox.waits():
        return pushed
    try:
        with line(runtime, now) as ours:
            place = up_to_date(ours)
            with closing(ahead(outbox.batches(place))) as batches:
                for batch in batches:
                    _send(ours, place, batch, pushed, now)
                    ours.renew()
            show_what_was_sent(ours, place)
    except StudioError as error:
        _postpone(runtime, str(error), now)
        raise
    return pushed


def _send(ours: Line, place: Place, batch: Batch, pushed: Pushed, now: datetime) -> None:
    """One batch; the network is never spoken to inside a transaction."""
    with ours.runtime.reading() as session:
        # Another row of the same question may have been in the batch before.
        missing = set(without_task(session, place, batch.rows.values()))
    asked = [each for each in batch.tasks if each.review_id in missing]
    there = _there(ours, place, asked, batch.tried)
    new = [each for each in asked if each.name not in there]
    refused: dict[int, str] = {}
    if new:
        _note_attempt(ours.runtime, batch)
    ids = _upload(ours.studio, place.project, new, refused)
    ids |= {each.review_id: there[each.name] for each in asked if each.name in there}
    with ours.runtime.writing() as session:
        _remember(session, place, ids, now)
        if there:
            # Somebody may have answered them while we did not know them.
            read_again(session, place)
        _settle(session, batch, refused, now)
    pushed.sent += len(new) - len(refused)
    pushed.found += len(there) + len(set(batch.rows.values())) - len(missing)
    pushed.closed += len(missing) - len(asked)
    pushed.refused += len(refused)


def _there(
    ours: Line, place: Place, asked: Sequence[Task], tried: frozenset[int]
) -> dict[str, int]:
    """Which of these have a task that we do not know of: name -> task id.

    Label Studio takes a tenth of a second and more to look for a hundred, so only those are looked
    for that somebody began to send before, unless there may be others.
    """
    if not asked:
        return {}
    all_known = _knows_all(ours, place)
    doubtful = [each.name for each in asked if not all_known or each.review_id in tried]
    return ours.studio.find_tasks(place.project, doubtful)


def _knows_all(ours: Line, place: Place) -> bool:
    """Whether the project holds as many tasks as we know of, and the newest is the newest we know:
    one that was sent by a database that was put back to an earlier day would be newer."""
    with ours.runtime.reading() as session:
        known = session.scalar(select(func.count(TaskRow.id)).where(*place.tasks()))
        newest = session.execute(
            select(TaskRow.task_id, ReviewRow, MessageRow)
            .join(ReviewRow, ReviewRow.id == TaskRow.review_id)
            .join(MessageRow, MessageRow.id == ReviewRow.message_id)
            .where(*place.tasks())
            .order_by(TaskRow.task_id.desc())
            .limit(1)
        ).first()
    last = (newest[0], question_name(newest[1], newest[2])) if newest else None
    return ours.studio.newest(place.project) == (known, last)


def _note_attempt(runtime: Runtime, batch: Batch) -> None:
    """Before anything is sent: whoever comes after us, should we be cut off, looks for it there."""
    with runtime.writing() as session:
        for some in chunks(list(batch.rows)):
            rows = update(OutboxRow).where(OutboxRow.id.in_(some))
            session.execute(rows.values(attempts=OutboxRow.attempts + 1))


def _upload(
    studio: Studio, project: int, tasks: Sequence[Task], refused: dict[int, str]
) -> dict[int, int]:
    """Review -> task id. One task the server will not have does not keep the others out: it is
    found by halves, and its reason noted in `refused`."""
    try:
        ids = studio.upload(project, [task.json for task in tasks])
    except StudioRefused as error:
        if error.status not in BAD_DATA or len(refused) == FEW:
            raise
        if len(tasks) == 1:
            refused[tasks[0].review_id] = str(error)
            return {}
        middle = len(tasks) // 2
        first = _upload(studio, project, tasks[:middle], refused)
        return first | _upload(studio, project, tasks[middle:], refused)
    return dict(zip([task.review_id for task in tasks], ids, strict=True))


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


def _settle(session: Session, batch: Batch, refused: Mapping[int, str], now: datetime) -> None:
    """Rows of the outbox are done, but for those whose question was refused."""
    done = [row for row, review in batch.rows.items() if review not in refused]
    for some in chunks(done):
        rows = update(OutboxRow).where(OutboxRow.id.in_(some))
        session.execute(rows.values(done_at=now, error=None))
    for row, review in batch.rows.items():
        if review in refused:
            _failed(session, refused[review], now, OutboxRow.id == row)


def _postpone(runtime: Runtime, error: str, now: datetime) -> None:
    """Nothing could be sent: all that is due is tried again a minute later."""
    with runtime.writing() as session:
        _failed(session, error, now, OutboxRow.due_at <= now)


def _failed(session: Session, error: str, now: datetime, which: Any) -> None:
    rows = update(OutboxRow).where(*waiting(), which)
    session.execute(rows.values(error=error[:500], due_at=now + RETRY))
