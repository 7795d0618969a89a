"""Answers from Label Studio: tasks that changed since the last look, with an overlap.

An answer seen before changes nothing; one that was deleted there holds no longer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
from service.questions import question_name
from service.runtime import Runtime, taxonomy_in_use
from service.sync.connection import bookmark, line, server
from service.sync.project import OPEN, known_project, up_to_date
from service.tables import BookmarkRow, LabelRow, MessageRow, ReviewRow, TaskRow

DOOR = "label_studio"
PERSON = "label-studio-user-"
BATCH = 500
OVERLAP = timedelta(seconds=30)
"""A change may become visible this long after the moment it bears: the longest transaction there,
our own imports apart, which never run while we read."""
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
    """Collect what people said since the last look. Raises `NotConfigured`, `Busy` or a
    `StudioError`."""
    pulled = Pulled()
    with line(runtime, now) as ours:
        project = known_project(runtime) or up_to_date(ours)
        with runtime.reading() as session:
            mark = session.get(BookmarkRow, _name(runtime, project))
            since = _since(mark)
        for tasks in _batched(ours.studio.changed(project, since)):
            with runtime.writing() as session:
                _Batch(session, runtime, project, now, pulled).take(tasks)
            ours.renew()
        if mark is not None and not mark.value.get("settled"):
            with runtime.writing() as session:
                _settle(bookmark(session, _name(runtime, project)), now)
    return pulled


def read_again(session: Session, runtime: Runtime, project: int) -> None:
    """Have the next pull look at everything in the project."""
    bookmark(session, _name(runtime, project)).value = {}


def _name(runtime: Runtime, project: int) -> str:
    return f"label_studio {server(runtime)}/{project}"


def _since(mark: BookmarkRow | None) -> datetime | None:
    """From when on to look, on Label Studio's clock: the last change seen, and a little before it
    until nothing older can turn up any more."""
    if mark is None or "since" not in mark.value:
        return None
    since = datetime.fromisoformat(mark.value["since"])
    return since if mark.value.get("settled") else since - OVERLAP


def _advance(mark: BookmarkRow, latest: datetime, now: datetime) -> None:
    before = mark.value.get("since")
    if before is None or latest > datetime.fromisoformat(before):
        mark.value = {"since": latest.isoformat(), "seen_at": now.isoformat()}


def _settle(mark: BookmarkRow, now: datetime) -> None:
    """Only lengths of time on our clock are used: it need not agree with Label Studio's."""
    seen = mark.value.get("seen_at")
    if seen and not mark.value.get("settled") and now - datetime.fromisoformat(seen) > OVERLAP:
        mark.value = {**mark.value, "settled": True}


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
        self, session: Session, runtime: Runtime, project: int, now: datetime, pulled: Pulled
    ) -> None:
        self._session, self._runtime, self._project = session, runtime, project
        self._now, self._pulled = now, pulled

    def take(self, tasks: Sequence[Json]) -> None:
        """Withdraw what is gone, record answers, note skips."""
        read = self._read(tasks)
        self._pulled.withdrawn += withdraw(self._session, DOOR, self._gone(read), now=self._now)
        answers = [answer for task in read for answer in self._answers(task)]
        self._pulled.labels += len(record(self._session, self._runtime, answers, now=self._now))
        for task in read:
            self._note_skip(task.review, task.skip())
        self._pulled.tasks += len(tasks)
        self._pulled.strangers += len({task["id"] for task in tasks}) - len(read)
        self._pulled.unusable += sum(len(task.found) - len(task.said()) for task in read)
        latest = max(datetime.fromisoformat(task["updated_at"]) for task in tasks)
        _advance(bookmark(self._session, _name(self._runtime, self._project)), latest, self._now)

    def _read(self, tasks: Sequence[Json]) -> list[_Read]:
        taxonomy = taxonomy_in_use(self._session, self._runtime)
        known = self._reviews(tasks)
        newest = {int(task["id"]): task for task in tasks}
        return [
            _Read(number, known[number], read_task(task, taxonomy))
            for number, task in newest.items()
            if number in known
        ]

    def _reviews(self, tasks: Sequence[Json]) -> dict[int, ReviewRow]:
        """The questions these tasks ask. A number alone is not enough: another server may have
        come to live at the same address."""
        names = {int(task["id"]): task.get("data", {}).get("external_id") for task in tasks}
        found: dict[int, ReviewRow] = {}
        for some in chunks(list(names)):
            query = (
                select(TaskRow.task_id, ReviewRow, MessageRow)
                .join(ReviewRow, ReviewRow.id == TaskRow.review_id)
                .join(MessageRow, MessageRow.id == ReviewRow.message_id)
                .where(
                    TaskRow.server == server(self._runtime),
                    TaskRow.project_id == self._project,
                    TaskRow.task_id.in_(some),
                )
            )
            for number, review, message in self._session.execute(query):
                if names[number] == question_name(review, message):
                    found[number] = review
        return found

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
            answered_at=said.updated_at,
            review_id=task.review.id,
            chosen=task.review.purpose,
            origin=str(said.origin),
            seconds=said.seconds,
            note=redact(said.note, key=self._runtime.secret),
            suggestion=redact(said.suggestion, key=self._runtime.secret),
        )

    def _reference(self, task: _Read, annotation: object) -> str:
        return f"{server(self._runtime)}/projects/{self._project}/tasks/{task.number}#{annotation}"

    def _note_skip(self, review: ReviewRow, skip: StudioAnswer | None) -> None:
        """A skip closes an open question; one that was taken back opens it again."""
        if skip is not None and review.state in OPEN:
            review.state, review.closed_at = "skipped", skip.updated_at
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
