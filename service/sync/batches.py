"""The outbox in batches, made into tasks for Label Studio."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from labeling.tasks import StudioQuestion, task_data
from service.outbox import waiting
from service.questions import open_questions
from service.runtime import Runtime, taxonomy_in_use
from service.sync.place import Place
from service.sync.reconciliation import without_task
from service.tables import OutboxRow

BATCH = 2000
Json = dict[str, Any]
TaskOf = Callable[[StudioQuestion], Json]


@dataclass(frozen=True, slots=True)
class Task:
    """A question as Label Studio is asked it; `name` is what finds it there."""

    review_id: int
    name: str
    json: Json


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of the outbox, each with its review, and the tasks to send of them; `tried`: reviews
    that somebody began to send before."""

    rows: Mapping[int, int]
    tried: frozenset[int]
    tasks: Sequence[Task]


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits to be sent; `patiently` without what failed less than a minute ago.

    `task_of` makes the task of a question; by default one that asks it.
    """

    runtime: Runtime
    now: datetime
    patiently: bool = False
    task_of: TaskOf | None = None

    def waits(self) -> bool:
        with self.runtime.reading() as session:
            return bool(self._rows(session, after=0, most=1))

    def batches(self, place: Place) -> Iterator[Batch]:
        """Each row once, in order."""
        after = 0
        while (batch := self._made(place, after)) is not None:
            yield batch
            after = max(batch.rows)

    def _made(self, place: Place, after: int) -> Batch | None:
        with self.runtime.reading() as session:
            rows = self._rows(session, after=after, most=BATCH)
            if not rows:
                return None
            reviews = {row.id: int(row.payload["review_id"]) for row in rows}
            tried = frozenset(reviews[row.id] for row in rows if row.attempts)
            missing = without_task(session, place, reviews.values())
            return Batch(reviews, tried, self._tasks(session, missing))

    def _rows(self, session: Session, *, after: int, most: int) -> Sequence[OutboxRow]:
        query = select(OutboxRow).where(*waiting(), OutboxRow.id > after)
        if self.patiently:
            query = query.where(OutboxRow.due_at <= self.now)
        return session.scalars(query.order_by(OutboxRow.id).limit(most)).all()

    def _tasks(self, session: Session, review_ids: Sequence[int]) -> list[Task]:
        taxonomy = taxonomy_in_use(session, self.runtime)
        make = self.task_of or partial(task_data, taxonomy=taxonomy)
        questions = open_questions(session, self.runtime, review_ids)
        return [
            Task(each.review_id, each.asked.external_id, make(each.asked)) for each in questions
        ]
