"""What we ask of a Label Studio 1.23 server; with `labeling.connection` the only I/O here.

Every failure is a `labeling.errors.StudioError`. Calls that can be repeated without harm are
tried three times when the server does not answer; imports and annotations are sent once, since
nobody knows whether an unanswered one arrived: look with `find_tasks` before sending again.
Nothing is logged here, and no error quotes what was sent.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import quote
from xml.etree import ElementTree

from labeling.connection import Connection
from labeling.errors import DriversInUse, ProjectMissing, StudioRefused
from labeling.tasks import Json

T = TypeVar("T")

BATCH: Final = 2_000
PAGE: Final = 500
IDS_PER_LOOKUP: Final = 150
# Leaving the rest out halves the size of a page. The same list chooses the task's own fields and
# those of the annotations and predictions inside it.
READ_FIELDS: Final = (
    "id,data,annotations,predictions,created_at,updated_at,"
    "result,was_cancelled,completed_by,lead_time,task,parent_prediction,model_version,score"
)
# Servers behind gunicorn refuse request lines longer than 4,094 characters.
LOOKUP_CHARACTERS: Final = 3_000
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Project:
    """A Label Studio project; `url` is the page people label on."""

    id: int
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a project is: all its tasks, those with an answer, skipped annotations."""

    tasks: int
    answered: int
    skipped: int


class Studio:
    """One Label Studio server, seen with one token. Making it sends nothing.

    `url` may have a path; `timeout` in seconds is for one call, bulk calls included.
    Raises `StudioUnauthorized` at once for a personal access token that has expired.
    """

    def __init__(self, url: str, token: str, *, timeout: float = 300.0) -> None:
        self._connection = Connection(url, token, timeout=timeout)
        self.url = self._connection.url
        self._once, self._again = self._connection.once, self._connection.again

    def close(self) -> None:
        self._connection.close()

    def ping(self) -> str:
        """The server's version; needs no valid token."""
        said = self._again("GET", "/api/version")
        return str(said.get("release", "unknown")) if isinstance(said, dict) else "unknown"

    def whoami(self) -> str:
        """The email address our token belongs to; raises `StudioUnauthorized` otherwise."""
        return str(self._again("GET", "/api/current-user/whoami")["email"])

    def annotators(self) -> dict[int, str]:
        """Email addresses of everybody who can label, by the number answers carry."""
        users = self._again("GET", "/api/users/")
        return {int(user["id"]): str(user["email"]) for user in users}

    def ensure_project(
        self, title: str, interface: str, instructions: str = "", *, project: int | None = None
    ) -> Project:
        """The project with this id, else with this title, else a new one; repaired if it differs.

        Raises `DriversInUse` when `interface` lacks a driver that answers use (the server itself
        would drop it silently), `ProjectMissing` for an id that is gone.
        """
        wanted = {
            "title": title,
            "label_config": interface,
            "expert_instruction": instructions,
            "show_collab_predictions": True,
            "show_skip_button": True,
            "enable_empty_annotation": False,
        }
        found = self._project(project) if project is not None else self._titled(title)
        if found is None:
            found = self._once("POST", "/api/projects/", json=wanted)
        elif changes := {key: value for key, value in wanted.items() if found.get(key) != value}:
            self._refuse_to_drop(found, interface)
            self._repair(int(found["id"]), changes)
        number = int(found["id"])
        return Project(number, title, f"{self.url}/projects/{number}/data")

    def count(self, project: int) -> Counts:
        said = self._project(project)
        return Counts(
            int(said["task_number"]),
            int(said["num_tasks_with_annotations"]),
            int(said["skipped_annotations_number"]),
        )

    def upload(self, project: int, tasks: Sequence[Json]) -> list[int]:
        """Import tasks (see `labeling.tasks`), 2,000 a time; their ids, in order.

        Doubles are not noticed by the server. When a batch fails, those before it are in.
        """
        path = f"/api/projects/{project}/import"
        ids: list[int] = []
        for batch in _batches(tasks, BATCH):
            said = self._once(
                "POST", path, project, params={"return_task_ids": "true"}, json=list(batch)
            )
            ids += said["task_ids"]
        return ids

    def find_tasks(self, project: int, external_ids: Iterable[str]) -> dict[str, int]:
        """Which of these messages have a task already: external id to task id (the oldest)."""
        found: dict[str, int] = {}
        for some in _lookups(dict.fromkeys(external_ids)):
            condition = _condition("data.external_id", "in_list", "List", some)
            for task in self._listed(project, [condition], include="id,data"):
                found.setdefault(str(task["data"].get("external_id")), int(task["id"]))
        return found

    def task_ids(self, project: int) -> set[int]:
        """Every task in the project, for noticing those that were deleted there."""
        return {int(task["id"]) for task in self._listed(project, [], include="id")}

    def changed(
        self, project: int, since: datetime | None = None, *, page_size: int = PAGE
    ) -> Iterator[Json]:
        """Tasks with their annotations, changed at or after `since` (server clock), oldest first.

        A task answered while we read moves to the end of the list, so pages by number would skip
        others: each page is asked for from the last time seen on the one before. A task may come
        twice, with different `updated_at`.
        """
        after, page, seen = since or BEGINNING, 1, set[tuple[int, str]]()
        while True:
            tasks = self._page(
                project,
                page,
                [_condition("updated_at", "greater_or_equal", "Datetime", _moment(after))],
                fields="all",
                include=READ_FIELDS,
                ordering="tasks:updated_at",
                page_size=page_size,
            )
            new = [task for task in tasks if (task["id"], task["updated_at"]) not in seen]
            yield from new
            seen |= {(task["id"], task["updated_at"]) for task in new}
            if len(tasks) < page_size:
                return
            last = datetime.fromisoformat(tasks[-1]["updated_at"])
            after, page = last, page + 1 if last == after else 1

    def annotate(self, task: int, result: Sequence[Json], *, seconds: float | None = None) -> int:
        """Answer a task as the token's user; the annotation's id. Sent once."""
        body = {"result": list(result), "lead_time": seconds}
        return int(self._once("POST", f"/api/tasks/{task}/annotations/", json=body)["id"])

    def predict(
        self, project: int, predictions: Mapping[int, Json], *, replaces: str | None = None
    ) -> None:
        """Give tasks (by id) new predictions of one model version, and drop an older version's.

        The server drops predictions it does not like without a word: that is `StudioRefused`.
        """
        rows = [{"task": task, **prediction} for task, prediction in predictions.items()]
        for batch in _batches(rows, BATCH):
            path = f"/api/projects/{project}/import/predictions"
            said = self._once("POST", path, project, json=list(batch))
            if said["created"] != len(batch):
                raise StudioRefused(201, f"{said['created']} of {len(batch)} predictions stored")
        if rows:
            self._repair(project, {"model_version": rows[0]["model_version"]})
        if replaces is not None:
            path = f"/api/projects/{project}/model-versions/"
            body = {"model_version": replaces}
            self._again("DELETE", path, project, json=body)

    def delete_tasks(self, project: int, tasks: Iterable[int]) -> None:
        """Remove tasks with their annotations; those already gone are passed over."""
        for batch in _batches(sorted(set(tasks)), PAGE):
            body = {"selectedItems": {"all": False, "included": list(batch)}}
            params = {"id": "delete_tasks", "project": project}
            self._again("POST", "/api/dm/actions", project, params=params, json=body)

    def ensure_webhook(self, project: int, url: str, headers: Mapping[str, str]) -> None:
        """Have every event of a project sent to `url`, payload left out: it is only a hint."""
        hooks = self._again("GET", "/api/webhooks/", params={"project": project})
        wanted = {
            "project": project,
            "url": url,
            "headers": dict(headers),
            "send_payload": False,
            "send_for_all_actions": True,
            "is_active": True,
        }
        mine = next((hook for hook in hooks if hook["url"] == url), None)
        if mine is None:
            self._once("POST", "/api/webhooks/", project, json=wanted)
        elif any(mine.get(key) != value for key, value in wanted.items()):
            self._once("PATCH", f"/api/webhooks/{mine['id']}/", project, json=wanted)

    def _project(self, project: int) -> Json:
        said: Json = self._again("GET", f"/api/projects/{project}/", project)
        return said

    def _titled(self, title: str) -> Json | None:
        # The server matches parts of titles.
        params = {"title": title, "page_size": PAGE}
        said = self._again("GET", "/api/projects/", params=params)
        exact = [each for each in said["results"] if each["title"] == title]
        return min(exact, key=lambda each: int(each["id"])) if exact else None

    def _repair(self, project: int, changes: Json) -> None:
        self._again("PATCH", f"/api/projects/{project}/", project, json=changes)

    def _refuse_to_drop(self, found: Json, interface: str) -> None:
        # The server's own summary of labels in use leaves out imported answers.
        project = int(found["id"])
        dropped = _aliases(found["label_config"]) - _aliases(interface)
        if used := tuple(sorted(each for each in dropped if self._is_answer(project, each))):
            raise DriversInUse(project, used)

    def _is_answer(self, project: int, driver: str) -> bool:
        condition = _condition("annotations_results", "contains", "String", f'"{driver}"')
        return bool(
            self._page(project, 1, [condition], include="id", ordering="tasks:id", page_size=1)
        )

    def _listed(self, project: int, conditions: list[Json], include: str) -> Iterator[Json]:
        page = 1
        while True:
            tasks = self._page(project, page, conditions, include=include, ordering="tasks:id")
            yield from tasks
            if len(tasks) < PAGE:
                return
            page += 1

    def _page(
        self,
        project: int,
        page: int,
        conditions: list[Json],
        *,
        ordering: str,
        page_size: int = PAGE,
        **columns: str,
    ) -> list[Json]:
        """One page of tasks; past the last one is an empty page."""
        query = {
            "filters": {"conjunction": "and", "items": conditions},
            "ordering": [ordering],
        }
        params = {
            "project": project,
            "page": page,
            "page_size": page_size,
            "query": json.dumps(query, separators=(",", ":")),
            **columns,
        }
        try:
            said = self._again("GET", "/api/tasks/", project, params=params)
        except ProjectMissing:
            # The server says "not found" for both; a first page exists in any project.
            if page > 1:
                self._project(project)
                return []
            raise
        tasks: list[Json] = said["tasks"]
        return tasks


def _aliases(interface: str) -> set[str]:
    # Ours, or what the server took for well-formed and gives back.
    tree = ElementTree.fromstring(interface)  # noqa: S314
    return {choice.get("alias", "") for choice in tree.iter("Choice")} - {""}


def _condition(column: str, operator: str, kind: str, value: object) -> Json:
    return {
        "filter": f"filter:tasks:{column}",
        "operator": operator,
        "type": kind,
        "value": value,
    }


def _moment(when: datetime) -> str:
    # Without microseconds the server answers 500.
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _lookups(external_ids: Iterable[str]) -> Iterator[list[str]]:
    """Ids in groups that fit one request line."""
    group: list[str] = []
    length = 0
    for each in external_ids:
        size = len(quote(json.dumps(each))) + len("%2C")
        if group and (len(group) == IDS_PER_LOOKUP or length + size > LOOKUP_CHARACTERS):
            yield group
            group, length = [], 0
        group.append(each)
        length += size
    if group:
        yield group
