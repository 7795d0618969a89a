"""What a new model thinks of the questions that are still open, in place of what an older one did.

Once a model. Blind questions show nothing, whichever model is in use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.model import Model
from labeling.tasks import prediction_json, shown_beside
from service.database import chunks
from service.questions import OpenQuestion, open_questions
from service.runtime import Runtime, taxonomy_in_use
from service.sync.connection import Line, bookmark, line
from service.sync.place import Place, known_place, present
from service.tables import BookmarkRow, ReviewRow, TaskRow
from service.triage import OPEN_STATES

LEFT_OPEN = timedelta(hours=8)
"""Nobody has a question before them for longer."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many tasks show what the model in use thinks since, and of how many the words changed."""

    tasks: int = 0
    words: int = 0


def refresh(runtime: Runtime, *, now: datetime) -> Refreshed:
    """Show what the model in use thinks in every open question that is not blind, once a model.

    Interrupted, it is done over; nothing is there twice. Older predictions go hours later: Label
    Studio refuses an answer that was begun with one that is gone. Raises `Busy` or a
    `StudioError`.
    """
    place, model = known_place(runtime), runtime.current_model()
    if place is None or model is None:
        return Refreshed()
    shown = _shown(runtime, place)
    if shown.get("model") != model.version:
        return _anew(runtime, place, model, now)
    if "tidy_from" in shown and datetime.fromisoformat(shown["tidy_from"]) <= now:
        _tidy(runtime, place, model, now)
    return Refreshed()


def _anew(runtime: Runtime, place: Place, model: Model, now: datetime) -> Refreshed:
    with line(runtime, now) as ours:
        present(ours, place)
        done = _replace(ours, place, model)
    _note(runtime, place, {"model": model.version, "tidy_from": (now + LEFT_OPEN).isoformat()})
    return done


def _tidy(runtime: Runtime, place: Place, model: Model, now: datetime) -> None:
    with line(runtime, now) as ours:
        present(ours, place)
        versions = set(ours.studio.predicted_by(place.project))
        ours.studio.forget_predictions(place.project, versions - {model.version})
    _note(runtime, place, {"model": model.version})


def _note(runtime: Runtime, place: Place, value: dict[str, Any]) -> None:
    with runtime.writing() as session:
        bookmark(session, _name(place)).value = value


def _replace(ours: Line, place: Place, model: Model) -> Refreshed:
    with ours.runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, ours.runtime)
        tasks = _open_tasks(session, place)
        questions = _asked_anew(session, ours.runtime, list(tasks), model)
    made = {tasks[each.review_id]: prediction_json(each.asked, taxonomy) for each in questions}
    # One that was deleted over there, and not yet missed, would have all of them refused.
    there = ours.studio.data_of(place.project, {each.asked.external_id for each in questions})
    new = {task: said for task, said in made.items() if said is not None and task in there}
    versions = ours.studio.predicted_by(place.project)
    # An earlier attempt may have been cut off, and questions asked since have theirs already.
    ours.studio.forget_predictions(place.project, {model.version} & set(versions))
    ours.studio.predict(place.project, new)
    words = _reworded(ours, tasks, questions, there, set(new))
    return Refreshed(len(new), words)


def _open_tasks(session: Session, place: Place) -> dict[int, int]:
    """Review -> task of open questions that are not blind."""
    query = (
        select(ReviewRow.id, TaskRow.task_id)
        .join(TaskRow, TaskRow.review_id == ReviewRow.id)
        .where(*place.tasks(), ReviewRow.state.in_(OPEN_STATES), ReviewRow.blind.is_(False))
        .order_by(ReviewRow.id)
    )
    return {row.id: row.task_id for row in session.execute(query)}


def _asked_anew(
    session: Session, runtime: Runtime, review_ids: Sequence[int], model: Model
) -> list[OpenQuestion]:
    return [
        question
        for some in chunks(review_ids)
        for question in open_questions(session, runtime, some, model=model)
    ]


def _reworded(
    ours: Line,
    tasks: dict[int, int],
    questions: Sequence[OpenQuestion],
    there: dict[int, dict[str, Any]],
    shown: set[int],
) -> int:
    """What is shown beside a prediction, where it is something else now; a call a task."""
    words = 0
    for each in questions:
        task = tasks[each.review_id]
        should = shown_beside(each.asked, pre_filled=task in shown)
        data = there.get(task)
        if data is not None and data | should != data:
            ours.studio.change_data(task, data | should)
            words += 1
            ours.renew()
    return words


def _shown(runtime: Runtime, place: Place) -> dict[str, Any]:
    with runtime.reading() as session:
        row = session.get(BookmarkRow, _name(place))
        return dict(row.value) if row else {}


def _name(place: Place) -> str:
    return f"{place.bookmark} model"
