"""The tabs of a project: what to do today, and three lists that need another pair of eyes.

Which tab a task is in is the field `kind` of its data, see `labeling.tasks.Kind`; the order in
which it comes is `priority`, highest first. Tabs are found again by their title: another title
(or language) makes a new one, and tabs that people made are left alone. A tab begins with the
columns one can read; which it has after that is up to people.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from labeling.connection import Connection
from labeling.listing import condition
from labeling.tasks import Json, Kind

PRIORITY: Final = "tasks:data.priority"
COLUMNS: Final = "hiddenColumns"
_OF_TASKS: Final = (
    *("id", "inner_id", "completed_at", "total_annotations", "cancelled_annotations"),
    *("total_predictions", "annotators", "annotations_results", "annotations_ids"),
    *("predictions_score", "predictions_model_versions", "predictions_results", "file_upload"),
    *("storage_filename", "created_at", "updated_at", "updated_by", "avg_lead_time"),
    "draft_exists",
)
_OF_DATA: Final = (
    *("because", "sentences", "likeliest", "channel", "language", "kind", "priority", "taxonomy"),
)
_BESIDE: Final = ("external_id", "subject", "facts")
"""Beside an open task there is room for its text only."""
WIDTHS: Final = {"tasks:data.text": 560, "tasks:data.subject": 220, "tasks:data.facts": 260}
"""In pixels."""


@dataclass(frozen=True, slots=True)
class View:
    """A tab: the tasks of one kind that nobody answered or skipped yet."""

    title: str
    kind: Kind

    def data(self) -> Json:
        """What the server keeps of it."""
        return {
            "title": self.title,
            "type": "list",
            "target": "tasks",
            "ordering": [f"-{PRIORITY}"],
            # Without this the server orders numbers as if they were words.
            "columnsDisplayType": {PRIORITY: "Number"},
            "filters": {
                "conjunction": "and",
                "items": [
                    condition("data.kind", "equal", "String", str(self.kind)),
                    condition("total_annotations", "equal", "Number", 0),
                    condition("cancelled_annotations", "equal", "Number", 0),
                ],
            },
        }


TITLES: Final = {
    "nl": {
        Kind.QUESTION: "Vragen van vandaag",
        Kind.SECOND_OPINION: "Tweede mening",
        Kind.DISAGREEMENT: "Onenigheid",
        Kind.SUSPECT: "Verdachte labels",
    },
    "en": {
        Kind.QUESTION: "Today's questions",
        Kind.SECOND_OPINION: "Second opinion",
        Kind.DISAGREEMENT: "Disagreements",
        Kind.SUSPECT: "Suspect labels",
    },
}


def views(language: Literal["nl", "en"]) -> tuple[View, ...]:
    """The four tabs, today's questions first."""
    return tuple(View(title, kind) for kind, title in TITLES[language].items())


def ensure_views(connection: Connection, project: int, wanted: tuple[View, ...]) -> dict[str, int]:
    """Make the tabs that are missing and repair those that were changed; their numbers by title.

    What people chose of a tab besides (columns, widths) stays as it is.
    """
    there = {str(each["data"].get("title")): each for each in _listed(connection, project)}
    numbers: dict[str, int] = {}
    for view in wanted:
        found = there.get(view.title)
        if found is None:
            body = {"project": project, "data": _first_columns() | view.data()}
            found = connection.once("POST", "/api/dm/views/", project, json=body)
        elif changed(found["data"], view) or COLUMNS not in found["data"]:
            data = _first_columns() | found["data"] | view.data()
            body = {"project": project, "data": data}
            connection.again("PATCH", f"/api/dm/views/{found['id']}/", project, json=body)
        numbers[view.title] = int(found["id"])
    return numbers


def _first_columns() -> Json:
    """What a tab does not show as long as nobody chose: of a task only what can be read."""
    hidden = [f"tasks:{each}" for each in (*_OF_TASKS, *(f"data.{name}" for name in _OF_DATA))]
    beside = [*hidden, *(f"tasks:data.{name}" for name in _BESIDE)]
    return {COLUMNS: {"explore": hidden, "labeling": beside}, "columnsWidth": WIDTHS}


def missing_views(
    connection: Connection, project: int, wanted: tuple[View, ...]
) -> tuple[str, ...]:
    """Titles of tabs that are not there, or show something else."""
    there = {str(each["data"].get("title")): each["data"] for each in _listed(connection, project)}
    return tuple(
        view.title for view in wanted if view.title not in there or changed(there[view.title], view)
    )


def changed(data: Json, view: View) -> bool:
    """Whether a tab shows other tasks than it should, or in another order."""
    should = view.data()
    plain = (data.get("ordering"), data.get("columnsDisplayType", {}).get(PRIORITY))
    if plain != (should["ordering"], "Number"):
        return True
    return _conditions(data) != _conditions(should)


def _conditions(data: Json) -> tuple[str, list[tuple[Any, ...]]]:
    filters = data.get("filters") or {}
    items = [
        (each.get("filter"), each.get("operator"), str(each.get("value")))
        for each in filters.get("items", [])
    ]
    return str(filters.get("conjunction")), sorted(items)


def _listed(connection: Connection, project: int) -> list[Json]:
    said: list[Json] = connection.again("GET", "/api/dm/views/", params={"project": project})
    return said
