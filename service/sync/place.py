"""Where our questions are: which project of which Label Studio, told from any other at its address.

A project's number says little: another server that comes to live at the same address, or the same
one with another database, has a project of that number too. The moment it was made tells them
apart. The first to bear a number goes by the server's address; any other gets a name of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from labeling.errors import StudioError
from labeling.projects import Project, State, state_of
from labeling.studio import Studio
from service.database import chunks
from service.questions import question_name
from service.runtime import Runtime
from service.sync.connection import Line, address, bookmark
from service.tables import BookmarkRow, MessageRow, ReviewRow, TaskRow

DOOR = "label_studio"


class ServerReplaced(StudioError):
    def __init__(self, url: str, project: int) -> None:
        self.url, self.project = url, project
        super().__init__(
            f"Label Studio at {url} is not the one we know: its project {project} is another, made "
            "at another moment. If another server or database is meant, run `waarom label setup`: "
            "open questions are asked there anew, and labels already collected are kept. If not, "
            "start Label Studio with its own data again"
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A project; `server` is the name by which tasks, answers and bookmarks remember it."""

    server: str
    project: int

    def tasks(self) -> tuple[ColumnElement[bool], ...]:
        """Its tasks, as conditions."""
        return (TaskRow.server == self.server, TaskRow.project_id == self.project)

    def reference(self, task: object, annotation: object) -> str:
        """What an answer there is called here."""
        return f"{self.server}/projects/{self.project}/tasks/{task}#{annotation}"

    @property
    def bookmark(self) -> str:
        return f"label_studio {self.server}/{self.project}"


def known_place(runtime: Runtime) -> Place | None:
    """The project set up before; None when there was none yet."""
    kept = kept_of(runtime)
    number = kept.get("project_id")
    return None if number is None else Place(kept.get("server", address(runtime)), int(number))


def known_project(runtime: Runtime) -> int | None:
    """Its number; None when there was none yet."""
    place = known_place(runtime)
    return place.project if place else None


def kept_of(runtime: Runtime) -> dict[str, Any]:
    """What we remember of the project: its number, title, birth, and of what it was made."""
    with runtime.reading() as session:
        row = session.get(BookmarkRow, _name(runtime))
        return dict(row.value) if row else {}


def present(ours: Line, place: Place) -> Place:
    """The place, once it was seen that it is still the one we know.

    Raises `ProjectMissing` or `ServerReplaced`.
    """
    known_state(ours.runtime, ours.studio)
    return place


def known_state(runtime: Runtime, studio: Studio) -> State | None:
    """The project we know as it is now; None when there was none yet.

    Raises `ProjectMissing` or `ServerReplaced`.
    """
    place, born = known_place(runtime), kept_of(runtime).get("born")
    if place is None:
        return None
    state = state_of(studio.connection, place.project)
    if born is not None and datetime.fromisoformat(born) != state.born:
        raise ServerReplaced(address(runtime), place.project)
    return state


def reviews_of(
    session: Session, place: Place, names: Mapping[int, str | None]
) -> dict[int, ReviewRow]:
    """The questions that tasks ask, by the tasks' numbers; `names` are what the tasks call them. A
    number alone is not enough: another server may have come to live at the same address."""
    found: dict[int, ReviewRow] = {}
    for some in chunks(list(names)):
        query = (
            select(TaskRow.task_id, ReviewRow, MessageRow)
            .join(ReviewRow, ReviewRow.id == TaskRow.review_id)
            .join(MessageRow, MessageRow.id == ReviewRow.message_id)
            .where(*place.tasks(), TaskRow.task_id.in_(some))
        )
        for number, review, message in session.execute(query):
            if names[number] in (question_name(review, message), _name_before(review, message)):
                found[number] = review
    return found


def _name_before(review: ReviewRow, message: MessageRow) -> str | None:
    """What earlier versions called a first question whose external id ends in a round."""
    return message.external_id if review.round == 1 else None


def keep(ours: Line, project: Project, made_of: str) -> Place:
    """Remember a project as the one where our questions are."""
    state = state_of(ours.studio.connection, project.id)
    with ours.runtime.writing() as session:
        place = Place(_server(session, ours.runtime, state), project.id)
        bookmark(session, _name(ours.runtime)).value = {
            "project_id": project.id,
            "title": project.title,
            "made_of": made_of,
            "born": state.born.isoformat(),
            "server": place.server,
        }
    return place


def _server(session: Session, runtime: Runtime, state: State) -> str:
    url = address(runtime)
    first = bookmark(session, f"label_studio_born {url}/{state.id}")
    if not first.value:
        first.value = {"born": state.born.isoformat()}
    if datetime.fromisoformat(first.value["born"]) == state.born:
        return url
    return f"{url}#{state.born.strftime('%Y%m%dT%H%M%S.%f')}"


def _name(runtime: Runtime) -> str:
    return f"label_studio {address(runtime)}"
