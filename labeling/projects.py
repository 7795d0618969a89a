"""A project in Label Studio: made, compared with what it should be, and repaired."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree import ElementTree

from labeling.connection import Connection
from labeling.errors import DriversInUse
from labeling.listing import PAGE, condition, page_of
from labeling.tasks import Json

INTERFACE: Final = "label_config"
INSTRUCTIONS: Final = "expert_instruction"
SAMPLING: Final = "Sequential sampling"
"""Tasks in the order of their numbers wherever no view orders them otherwise."""
# Without this list the server counts every task and answer first: seconds, in a large project.
FIELDS: Final = (
    "id,title,label_config,expert_instruction,show_collab_predictions,show_skip_button,"
    "enable_empty_annotation,sampling,created_at,model_version"
)


@dataclass(frozen=True, slots=True)
class Project:
    """A Label Studio project; `url` is the page people label on."""

    id: int
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a project should be."""

    title: str
    interface: str
    instructions: str = ""

    def settings(self) -> Json:
        return {
            "title": self.title,
            INTERFACE: self.interface,
            INSTRUCTIONS: self.instructions,
            "show_collab_predictions": True,
            "show_skip_button": True,
            "enable_empty_annotation": False,
            "sampling": SAMPLING,
        }


@dataclass(frozen=True, slots=True)
class State:
    """A project as it is: `settings` by the names the server has for them.

    `born`, the moment the server made it, tells it from another one of the same number;
    `model_version` is that of the predictions that are shown.
    """

    id: int
    settings: Json
    born: datetime
    model_version: str

    def differences(self, wanted: Wanted) -> Json:
        """The settings that are not as wanted, as they should be."""
        should = wanted.settings()
        return {key: value for key, value in should.items() if self.settings.get(key) != value}


def state_of(connection: Connection, project: int) -> State:
    """Raises `ProjectMissing`."""
    path = f"/api/projects/{project}/"
    return _state(connection.again("GET", path, project, params={"include": FIELDS}))


def ensure_project(
    connection: Connection, wanted: Wanted, *, project: int | None = None
) -> Project:
    """The project with this id, else with this title, else a new one; repaired if it differs.

    Raises `DriversInUse` when the interface lacks a driver that answers use (the server itself
    would drop it silently), `ProjectMissing` for an id that is gone.
    """
    number = project if project is not None else _titled(connection, wanted.title)
    if number is None:
        made = connection.once("POST", "/api/projects/", json=wanted.settings())
        number = int(made["id"])
    else:
        found = state_of(connection, number)
        if changes := found.differences(wanted):
            _refuse_to_drop(connection, found, wanted)
            repair(connection, number, changes)
    return Project(number, wanted.title, f"{connection.url}/projects/{number}/data")


def repair(connection: Connection, project: int, changes: Json) -> None:
    connection.again("PATCH", f"/api/projects/{project}/", project, json=changes)


def dropped_drivers(connection: Connection, found: State, wanted: Wanted) -> tuple[str, ...]:
    """Drivers that answers use and the wanted interface does not have."""
    # The server's own summary of labels in use leaves out imported answers.
    dropped = aliases(found.settings[INTERFACE]) - aliases(wanted.interface)
    return tuple(sorted(each for each in dropped if _is_answer(connection, found.id, each)))


def aliases(interface: str) -> set[str]:
    """What is stored for the choices of an interface: drivers' ids, and what the ticks say.

    A parent cannot be chosen: with buttons it is not even there.
    """
    # Ours, or what the server took for well-formed and gives back.
    tree = ElementTree.fromstring(interface)  # noqa: S314
    choices = (each for each in tree.iter("Choice") if each.find("Choice") is None)
    return {choice.get("alias", "") for choice in choices} - {""}


def _refuse_to_drop(connection: Connection, found: State, wanted: Wanted) -> None:
    if used := dropped_drivers(connection, found, wanted):
        raise DriversInUse(found.id, used)


def _is_answer(connection: Connection, project: int, driver: str) -> bool:
    contains = condition("annotations_results", "contains", "String", f'"{driver}"')
    return bool(
        page_of(connection, project, 1, [contains], include="id", ordering="tasks:id", page_size=1)
    )


def _titled(connection: Connection, title: str) -> int | None:
    # The server matches parts of titles.
    params = {"title": title, "page_size": PAGE, "include": "id,title"}
    said = connection.again("GET", "/api/projects/", params=params)
    exact = [int(each["id"]) for each in said["results"] if each["title"] == title]
    return min(exact, default=None)


def _state(said: Json) -> State:
    return State(
        id=int(said["id"]),
        settings=said,
        born=datetime.fromisoformat(said["created_at"]),
        model_version=str(said.get("model_version") or ""),
    )
