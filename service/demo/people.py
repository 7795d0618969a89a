"""The demo's analysts: they answer questions with the truth, through one door or another."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select

from classifier.messages import Label
from classifier.taxonomy import Taxonomy
from labeling.tasks import StudioQuestion, annotation_result, answered_task
from service import reviews
from service.runtime import Runtime
from service.sync import connect, known_project, pull, push, server
from service.tables import MessageRow, ReviewRow, TaskRow

Truth = Mapping[str, Label]
ANALYST = "demo-analyst"
AT_ONCE = 4
STATES_OPEN = ("open", "claimed")


class People(Protocol):
    """Somebody who answers the open questions of a week, all of them or the first `most`."""

    def answer(self, week: str, *, most: int | None, now: datetime) -> int: ...


class StudioPeople:
    """Analysts in Label Studio: in bulk as imported annotations, or one by one through its API."""

    def __init__(self, runtime: Runtime, truth: Truth, taxonomy: Taxonomy) -> None:
        self._runtime, self._truth, self._taxonomy = runtime, truth, taxonomy

    def answer(self, week: str, *, most: int | None, now: datetime) -> int:
        if most is None:
            push(self._runtime, now=now, task_of=self._answered)
        else:
            push(self._runtime, now=now)
            self._annotate(week, most, now)
        return pull(self._runtime, now=now).labels

    def _answered(self, asked: StudioQuestion) -> dict[str, Any]:
        return answered_task(asked, self._truth[asked.external_id], self._taxonomy)

    def _annotate(self, week: str, most: int, now: datetime) -> None:
        studio, project = connect(self._runtime), known_project(self._runtime)
        with self._runtime.reading() as session:
            rows = session.execute(
                select(TaskRow.task_id, MessageRow.external_id)
                .join(ReviewRow, ReviewRow.id == TaskRow.review_id)
                .join(MessageRow, MessageRow.id == ReviewRow.message_id)
                .where(MessageRow.week == week, ReviewRow.state.in_(STATES_OPEN))
                .where(TaskRow.project_id == project, TaskRow.server == server(self._runtime))
                .order_by(ReviewRow.priority, ReviewRow.order_key)
                .limit(most)
            ).all()

        def annotate(task_id: int, external_id: str) -> None:
            result = annotation_result(self._truth[external_id], self._taxonomy)
            studio.annotate(task_id, result, seconds=8.0)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda row: annotate(*row), rows))


class ReviewPeople:
    """Analysts at our own review calls: claim, answer, the next one."""

    def __init__(self, runtime: Runtime, truth: Truth) -> None:
        self._runtime, self._truth = runtime, truth

    def answer(self, week: str, *, most: int | None, now: datetime) -> int:
        answered = 0
        while most is None or answered < most:
            with self._runtime.writing() as session:
                asked = reviews.claim(session, self._runtime, person=ANALYST, now=now)
                if asked is None:
                    break
                reviews.answer(
                    session,
                    self._runtime,
                    review_id=asked.review.id,
                    label=self._truth[asked.message.external_id],
                    person=ANALYST,
                    now=now,
                )
            answered += 1
        return answered


def truth_of(labels: Sequence[tuple[str | None, Label]]) -> Truth:
    """External id -> what the message is really about."""
    return {external_id: label for external_id, label in labels if external_id}


Announce = Callable[[str], None]
