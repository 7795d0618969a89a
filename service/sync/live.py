"""What the model in use thinks of a question at the moment somebody opens it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labeling.backends import connect_backend, disconnect_backend, show_stored
from labeling.errors import StudioRefused
from labeling.tasks import prediction_json
from service.questions import open_questions
from service.runtime import Runtime, taxonomy_in_use
from service.sync.connection import Line
from service.sync.place import Place, known_place, reviews_of

PATH = "/ml/"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A task by its number over there, and the name of the question it says to ask."""

    task: int
    name: str


def current_version(runtime: Runtime) -> str:
    """Of the model in use; empty without one."""
    model = runtime.current_model()
    return model.version if model else ""


def live_predictions(
    runtime: Runtime, project: str, opened: Sequence[Opened]
) -> list[list[dict[str, Any]]]:
    """For each task, in order, the prediction to pre-fill, alone in a list.

    An empty list, of which Label Studio keeps nothing, for what is not our open question, for a
    blind one, and where the model finds "unknown driver" likelier. An empty prediction would be
    kept, and an answer to a blind question be taken for a changed one. Read are the messages as
    they are stored here, whatever the task holds.
    """
    place = known_place(runtime)
    if place is None or str(place.project) != project:
        return [[] for _ in opened]
    with runtime.reading() as session:
        reviews = reviews_of(session, place, {each.task: each.name for each in opened})
        taxonomy = taxonomy_in_use(session, runtime)
        asked = [each.id for each in reviews.values()]
        questions = open_questions(session, runtime, asked, explained=False)
    made = {each.review_id: prediction_json(each.asked, taxonomy) for each in questions}
    shown = {task: made.get(review.id) for task, review in reviews.items()}
    return [[found] if (found := shown.get(each.task)) else [] for each in opened]


def connect_live(ours: Line, project: int) -> None:
    """Have Label Studio ask us, or no longer, as the settings say. Without it nothing is lost:
    predictions are sent with the questions."""
    connection, url = ours.studio.connection, live_url(ours.runtime)
    if url is None:
        disconnect_backend(connection, project)
        return
    try:
        connect_backend(connection, project, url)
    except StudioRefused as error:
        logger.warning(
            "Label Studio does not ask for live predictions (%s): it must reach Waarom at %s, "
            "with `waarom serve` running, when `waarom label setup` is run.",
            error,
            ours.runtime.settings.resolved_public_url,
        )


def show_what_was_sent(ours: Line, place: Place) -> None:
    """Of questions that were sent with predictions, whether or not we answer when one is opened."""
    if ours.runtime.settings.live_secret is not None:
        show_stored(ours.studio.connection, place.project, current_version(ours.runtime))


def live_url(runtime: Runtime) -> str | None:
    """Where Label Studio asks us, secret; None where no secret is set."""
    secret = runtime.settings.live_secret
    if secret is None:
        return None
    return runtime.settings.resolved_public_url + PATH + secret.get_secret_value()
