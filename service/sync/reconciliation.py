"""Tasks that were deleted in Label Studio: what was open in them is asked again, nothing is lost.

A deleted task leaves no trace among the tasks that changed, so that their numbers are compared.
Its answers are kept: only deleting the answer itself takes it back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.database import chunks
from service.outbox import queue, waiting
from service.runtime import Runtime
from service.sync.connection import Line, address, bookmark, line
from service.sync.cursor import look_back
from service.sync.place import DOOR, Place, known_place, present
from service.tables import BookmarkRow, LabelRow, OutboxRow, ReviewRow, TaskRow
from service.triage import OPEN_STATES
from service.weeks import day_of


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many tasks were gone, and how many questions wait to be asked (again)."""

    gone: int = 0
    asked: int = 0


def nightly(runtime: Runtime, *, now: datetime) -> Reconciled:
    """Once a day: compare the tasks, and have answers of the last day looked at again, whatever
    the clock over there did. Raises `Busy` or a `StudioError`."""
    today = day_of(now, runtime.settings.timezone).isoformat()
    with runtime.reading() as session:
        row = session.get(BookmarkRow, _name(runtime))
        if row is not None and row.value.get("day") == today:
            return Reconciled()
    with line(runtime, now) as ours:
        place = known_place(runtime)
        found = Reconciled() if place is None else _compared(ours, present(ours, place), now)
    with runtime.writing() as session:
        if place is not None:
            look_back(session, place)
        bookmark(session, _name(runtime)).value = {"day": today}
    return found


def _compared(ours: Line, place: Place, now: datetime) -> Reconciled:
    """Where as many tasks are there as we know, none is taken to be gone: listing a hundred
    thousand takes Label Studio minutes, counting them a moment."""
    with ours.runtime.reading() as session:
        known = session.scalar(select(func.count(TaskRow.id)).where(*place.tasks()))
    if ours.studio.total(place.project) == known:
        return Reconciled()
    return reconcile(ours, place, now=now)


def reconcile(ours: Line, place: Place, *, now: datetime) -> Reconciled:
    """Forget tasks that are gone, and have open questions without a task asked."""
    there = ours.studio.task_ids(place.project)
    with ours.runtime.writing() as session:
        gone = _forget_gone(session, place, there)
        return Reconciled(gone, _queue_missing(session, place, now))


def without_task(session: Session, place: Place, review_ids: Iterable[int]) -> list[int]:
    """Those among these reviews that have no task in this project, each once, in order."""
    ids = list(dict.fromkeys(review_ids))
    there: set[int] = set()
    for some in chunks(ids):
        query = select(TaskRow.review_id).where(*place.tasks(), TaskRow.review_id.in_(some))
        there |= set(session.scalars(query))
    return [each for each in ids if each not in there]


def forget(session: Session, place: Place, tasks: Sequence[TaskRow]) -> None:
    """Tasks that are no longer there. Answers given in them keep to a name of their own: Label
    Studio may give the numbers of deleted tasks and answers to new ones."""
    mine = {row.review_id: place.reference(row.task_id, "") for row in tasks}
    for some in chunks(list(mine)):
        given = select(LabelRow).where(LabelRow.review_id.in_(some), LabelRow.door == DOOR)
        for label in session.scalars(given):
            if label.door_ref.startswith(mine[label.review_id or 0]):
                label.door_ref = f"gone {label.id} {label.door_ref}"
    for row in tasks:
        session.delete(row)
    session.flush()


def _forget_gone(session: Session, place: Place, there: set[int]) -> int:
    mine = session.scalars(select(TaskRow).where(*place.tasks()))
    gone = [row for row in mine if row.task_id not in there]
    forget(session, place, gone)
    return len(gone)


def _queue_missing(session: Session, place: Place, now: datetime) -> int:
    """Open questions that are neither in this project nor waiting go into the outbox."""
    queued = {
        row.payload["review_id"] for row in session.scalars(select(OutboxRow).where(*waiting()))
    }
    open_ids = session.scalars(select(ReviewRow.id).where(ReviewRow.state.in_(OPEN_STATES)))
    missing = without_task(session, place, [i for i in open_ids if i not in queued])
    queue(session, missing, now=now)
    return len(missing)


def _name(runtime: Runtime) -> str:
    return f"label_studio_night {address(runtime)}"
