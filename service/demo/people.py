"""The demo's analysts: they answer questions with the truth, through one door or another."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select

from classifier.messages import Label
from classifier.taxonomy import Taxonomy
from labeling.studio import Studio
from labeling.tasks import StudioQuestion, annotation_result, answered_task, task_data
from service import reviews
from service.runtime import Runtime
from service.sync import connect, known_project, pull, push
from service.tables import MessageRow, ReviewRow
from service.triage import OPEN_STATES

Truth = Mapping[str, Label]
ANALYST = "demo-analyst"
LEFT_OPEN = 15
"""Questions of the last week left for the person who watches the demo."""
ONE_BY_ONE = 125
"""Questions of the last week answered through the annotation API; the rest come in bulk."""
AT_ONCE = 4
SECONDS_A_QUESTION = 8.0
PATIENCE_SECONDS = 60.0


class People(Protocol):
    """Somebody who answers questions: all of a week, the last week's but for a few, or one."""

    def answer_week(self, *, now: datetime) -> int: ...

    def answer_last_week(self, *, now: datetime) -> int: ...

    def answer_one(self, external_id: str, review_id: int, label: Label) -> None: ...


class StudioPeople:
    """Analysts in Label Studio: in bulk as imported annotations, or one by one through its API."""

    def __init__(self, runtime: Runtime, truth: Truth, taxonomy: Taxonomy) -> None:
        self._runtime, self._truth, self._taxonomy = runtime, truth, taxonomy

    def answer_week(self, *, now: datetime) -> int:
        push(self._runtime, now=now, task_of=self._answered)
        return pull(self._runtime, now=now).labels

    def answer_last_week(self, *, now: datetime) -> int:
        names = _open_questions(self._runtime)
        answered = names[: max(0, len(names) - LEFT_OPEN)]
        in_bulk = set(answered[ONE_BY_ONE:])

        def task_of(asked: StudioQuestion) -> dict[str, Any]:
            bulk = asked.external_id in in_bulk
            return self._answered(asked) if bulk else task_data(asked, self._taxonomy)

        push(self._runtime, now=now, task_of=task_of)
        self._annotate(answered[:ONE_BY_ONE])
        return pull(self._runtime, now=now).labels

    def answer_one(self, external_id: str, review_id: int, label: Label) -> None:
        """Answer a new question once the worker has brought it to Label Studio."""
        until = time.monotonic() + PATIENCE_SECONDS
        with closing(connect(self._runtime)) as studio:
            while not (tasks := studio.find_tasks(self._project, [external_id])):
                if time.monotonic() > until:
                    raise TimeoutError(f"question {review_id} is not in Label Studio")
                time.sleep(0.2)
            self._say(studio, tasks[external_id], label)

    @property
    def _project(self) -> int:
        number = known_project(self._runtime)
        assert number is not None  # noqa: S101 - the demo sets it up before it asks anybody
        return number

    def _answered(self, asked: StudioQuestion) -> dict[str, Any]:
        return answered_task(asked, self._truth[asked.external_id], self._taxonomy)

    def _annotate(self, external_ids: Sequence[str]) -> None:
        with closing(connect(self._runtime)) as studio:
            tasks = studio.find_tasks(self._project, external_ids)
            pool = ThreadPoolExecutor(AT_ONCE)
            try:
                given = [
                    pool.submit(self._say, studio, task, self._truth[name])
                    for name, task in tasks.items()
                ]
                for each in given:
                    each.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _say(self, studio: Studio, task: int, label: Label) -> None:
        result = annotation_result(label, self._taxonomy)
        studio.annotate(task, result, seconds=SECONDS_A_QUESTION)


class ReviewPeople:
    """Analysts at our own review calls: claim, answer, the next one."""

    def __init__(self, runtime: Runtime, truth: Truth) -> None:
        self._runtime, self._truth = runtime, truth

    def answer_week(self, *, now: datetime) -> int:
        return self._answer(len(_open_questions(self._runtime)), now)

    def answer_last_week(self, *, now: datetime) -> int:
        return self._answer(len(_open_questions(self._runtime)) - LEFT_OPEN, now)

    def answer_one(self, external_id: str, review_id: int, label: Label) -> None:
        with self._runtime.reading() as session:
            now = session.get_one(ReviewRow, review_id).made_at
        self._say(review_id, label, now)

    def _answer(self, most: int, now: datetime) -> int:
        for answered in range(most):
            with self._runtime.writing() as session:
                asked = reviews.claim(session, self._runtime, person=ANALYST, now=now)
            if asked is None:
                return answered
            self._say(asked.review.id, self._truth[asked.message.external_id], now)
        return max(0, most)

    def _say(self, review_id: int, label: Label, now: datetime) -> None:
        with self._runtime.writing() as session:
            reviews.answer(
                session, self._runtime, review_id=review_id, label=label, person=ANALYST, now=now
            )


def _open_questions(runtime: Runtime) -> list[str]:
    """External ids of messages somebody should be asked about, in the order of asking."""
    query = (
        select(MessageRow.external_id)
        .join(ReviewRow, ReviewRow.message_id == MessageRow.id)
        .where(ReviewRow.state.in_(OPEN_STATES))
        .order_by(ReviewRow.priority, ReviewRow.order_key)
    )
    with runtime.reading() as session:
        return list(session.scalars(query))
