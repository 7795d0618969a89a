"""Answers from Label Studio: tasks that changed since the last look, with an overlap.

An answer seen before changes nothing; one that was deleted there holds no longer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
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
from service.sync.ahead import ahead
from service.sync.connection import Line, line
from service.sync.cursor import advance, behind_by, read_again, settle, since
from service.sync.place import DOOR, Place, known_place, present, reviews_of
from service.sync.project import up_to_date
from service.sync.reconciliation import reconcile
from service.tables import LabelRow, ReviewRow
from service.triage import OPEN_STATES

PERSON = "label-studio-user-"
BATCH = 500
Json = dict[str, Any]


@dataclass(slots=True)
class Pulled:
    """How many tasks had changed, what they brought, and answers that could not be used; and
    tasks of ours that are gone, where everything was looked at."""

    tasks: int = 0
    labels: int = 0
    skipped: int = 0
    withdrawn: int = 0
    unusable: int = 0
    strangers: int = 0
    gone: int = 0


def pull(runtime: Runtime, *, now: datetime, everything: bool = False) -> Pulled:
    """Collect what people said since the last look, or look at `everything` again.

    Raises `NotConfigured`, `Busy` or a `StudioError`.
    """
    pulled = Pulled()
    with line(runtime, now) as ours:
        known = known_place(runtime)
        place = present(ours, known) if known else up_to_date(ours)
        if everything:
            pulled.gone = _from_the_beginning(ours, place, now)
        with runtime.writing() as session:
            after = since(session, place, ours.studio.clock)
            behind = behind_by(session, place, ours.studio.clock, ours.moment)
        changed = _batched(ours.studio.changed(place.project, after))
        with closing(ahead(changed)) as batches:
            for tasks in batches:
                with runtime.writing() as session:
                    _Batch(session, runtime, place, now, behind, pulled).take(tasks)
                ours.renew()
        with runtime.writing() as session:
            settle(session, place, now)
    return pulled


def _from_the_beginning(ours: Line, place: Place, now: datetime) -> int:
    gone = reconcile(ours, place, now=now).gone
    with ours.runtime.writing() as session:
        read_again(session, place)
    return gone


@dataclass(frozen=True, slots=True)
class _Read:
    """A task that asks one of our questions, and what was found in it."""

    number: int
    review: ReviewRow
    found: Sequence[StudioAnswer | Unusable]

    def said(self) -> list[StudioAnswer]:
        return [each for each in self.found if isinstance(each, StudioAnswer)]

    def skip(self) -> StudioAnswer | None:
        return next((each for each in self.said() if each.skipped), None)


class _Batch:
    """Some changed tasks, taken in one transaction."""

    def __init__(
        self,
        session: Session,
        runtime: Runtime,
        place: Place,
        now: datetime,
        behind: timedelta,
        pulled: Pulled,
    ) -> None:
        self._session, self._runtime, self._place = session, runtime, place
        self._now, self._behind, self._pulled = now, behind, pulled

    def take(self, tasks: Sequence[Json]) -> None:
        """Withdraw what is gone, record answers, note skips."""
        read = self._read(tasks)
        gone = self._gone(read)
        self._pulled.withdrawn += withdraw(self._session, self._runtime, DOOR, gone, now=self._now)
        answers = self._come_back([each for task in read for each in self._answers(task)])
        self._pulled.labels += len(record(self._session, self._runtime, answers, now=self._now))
        for task in read:
            self._note_skip(task.review, task.skip())
        self._pulled.tasks += len(tasks)
        self._pulled.strangers += len({task["id"] for task in tasks}) - len(read)
        self._pulled.unusable += sum(len(task.found) - len(task.said()) for task in read)
        latest = max(datetime.fromisoformat(task["updated_at"]) for task in tasks)
        advance(self._session, self._place, latest, self._now)

    def _read(self, tasks: Sequence[Json]) -> list[_Read]:
        taxonomy = taxonomy_in_use(self._session, self._runtime)
        names = {int(task["id"]): task.get("data", {}).get("external_id") for task in tasks}
        known = reviews_of(self._session, self._place, names)
        newest = {int(task["id"]): task for task in tasks}
        return [
            _Read(number, known[number], read_task(task, taxonomy))
            for number, task in newest.items()
            if number in known
        ]

    def _gone(self, read: Sequence[_Read]) -> list[str]:
        """Answers we hold of these tasks that were deleted since, or turned into a skip."""
        there = {
            self._reference(task, each.annotation_id)
            for task in read
            for each in task.found
            if isinstance(each, Unusable) or not each.skipped
        }
        prefixes = {task.review.id: self._reference(task, "") for task in read}
        gone: list[str] = []
        for some in chunks(list(prefixes)):
            query = select(LabelRow.review_id, LabelRow.door_ref).where(
                LabelRow.review_id.in_(some), LabelRow.door == DOOR, LabelRow.current
            )
            gone += [
                name
                for review, name in self._session.execute(query)
                if name.startswith(prefixes[review or 0]) and name not in there
            ]
        return gone

    def _come_back(self, answers: Sequence[Answer]) -> list[Answer]:
        """The answers; one that was withdrawn and is there again, as where Label Studio was put
        back to an earlier day, under the name of a new version: it holds again."""
        seen: dict[str, set[str]] = defaultdict(set)
        hold: set[str] = set()
        for some in chunks([each.door_ref for each in answers]):
            query = select(LabelRow.door_ref, LabelRow.version, LabelRow.current).where(
                LabelRow.door == DOOR, LabelRow.door_ref.in_(some)
            )
            for name, version, current in self._session.execute(query):
                seen[name].add(version)
                hold |= {name} if current else set()
        return [
            replace(each, version=f"{each.version} {len(seen[each.door_ref])}")
            if each.version in seen[each.door_ref] and each.door_ref not in hold
            else each
            for each in answers
        ]

    def _answers(self, task: _Read) -> Iterator[Answer]:
        for each in task.said():
            if each.label is not None:
                yield self._answer(task, each, each.label)

    def _answer(self, task: _Read, said: StudioAnswer, label: Label) -> Answer:
        return Answer(
            message_id=task.review.message_id,
            label=label,
            person=f"{PERSON}{said.annotator}",
            door=DOOR,
            door_ref=self._reference(task, said.annotation_id),
            version=said.updated_at.isoformat(),
            answered_at=self._on_our_clock(said.updated_at),
            review_id=task.review.id,
            chosen=task.review.purpose,
            origin=str(said.origin),
            seconds=said.seconds,
            note=redact(said.note, key=self._runtime.secret),
            suggestion=redact(said.suggestion, key=self._runtime.secret),
            personal_data=said.personal_data,
        )

    def _on_our_clock(self, moment: datetime) -> datetime:
        return min(moment + self._behind, self._now)

    def _reference(self, task: _Read, annotation: object) -> str:
        return self._place.reference(task.number, annotation)

    def _note_skip(self, review: ReviewRow, skip: StudioAnswer | None) -> None:
        """A skip closes an open question; one that was taken back opens it again."""
        if skip is not None and review.state in OPEN_STATES:
            review.state = "skipped"
            review.closed_at = self._on_our_clock(skip.updated_at)
            review.claimed_by = f"{PERSON}{skip.annotator}"
            self._pulled.skipped += 1
        elif skip is None and review.state == "skipped" and _skipped_there(review):
            review.state, review.closed_at, review.claimed_by = "open", None, None


def _skipped_there(review: ReviewRow) -> bool:
    return (review.claimed_by or "").startswith(PERSON)


def _batched(tasks: Iterable[Json]) -> Iterator[list[Json]]:
    iterator = iter(tasks)
    while batch := list(islice(iterator, BATCH)):
        yield batch
