"""What we ask of a Label Studio 1.23 server about tasks and answers.

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

from labeling.connection import Connection
from labeling.errors import StudioRefused
from labeling.listing import PAGE, condition, listed, lookups, moment, page_of
from labeling.projects import Project, Wanted, ensure_project, repair
from labeling.tasks import Json

T = TypeVar("T")

BATCH: Final = 2_000
PREDICTIONS: Final = 10_000
"""In one call: each takes seconds whatever it brings, in a large project."""
# Leaving the rest out halves the size of a page. The same list chooses the task's own fields and
# those of the annotations and predictions inside it.
READ_FIELDS: Final = (
    "id,data,annotations,predictions,created_at,updated_at,"
    "result,was_cancelled,completed_by,updated_by,lead_time,task,parent_prediction,model_version,score"
)
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
        self.connection = Connection(url, token, timeout=timeout)
        self.url = self.connection.url
        self._once, self._again = self.connection.once, self.connection.again

    @property
    def clock(self) -> datetime | None:
        """The moment on the server's clock when it answered last, to the second."""
        return self.connection.clock

    def close(self) -> None:
        self.connection.close()

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
        """See `labeling.projects.ensure_project`."""
        wanted = Wanted(title, interface, instructions)
        return ensure_project(self.connection, wanted, project=project)

    def count(self, project: int) -> Counts:
        said = self._again("GET", f"/api/projects/{project}/", project)
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
        for number, data in self.data_of(project, external_ids).items():
            found.setdefault(str(data.get("external_id")), number)
        return found

    def task_ids(self, project: int) -> set[int]:
        """Every task in the project, for noticing those that were deleted there."""
        return {int(task["id"]) for task in listed(self.connection, project, [], include="id")}

    def total(self, project: int) -> int:
        """How many tasks a project has; quick."""
        params = {"project": project, "page_size": 1, "include": "id"}
        return int(self._again("GET", "/api/tasks/", project, params=params)["total"])

    def newest(self, project: int) -> tuple[int, tuple[int, str] | None]:
        """How many tasks a project has; number and external id of the newest. Quick."""
        params = {
            "project": project,
            "page_size": 1,
            "include": "id,data",
            "query": json.dumps({"ordering": ["-tasks:id"]}),
        }
        said = self._again("GET", "/api/tasks/", project, params=params)
        last = [(int(task["id"]), str(task["data"].get("external_id"))) for task in said["tasks"]]
        return int(said["total"]), last[0] if last else None

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
            tasks = page_of(
                self.connection,
                project,
                page,
                [condition("updated_at", "greater_or_equal", "Datetime", moment(after))],
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

    def predict(self, project: int, predictions: Mapping[int, Json]) -> None:
        """Give tasks (by id) predictions of one model version, and have people see that version.

        The server drops predictions it does not like without a word: that is `StudioRefused`.
        It keeps doubles: see `forget_predictions`.
        """
        rows = [{"task": task, **prediction} for task, prediction in predictions.items()]
        for batch in _batches(rows, PREDICTIONS):
            path = f"/api/projects/{project}/import/predictions"
            said = self._once("POST", path, project, json=list(batch))
            if said["created"] != len(batch):
                raise StudioRefused(201, f"{said['created']} of {len(batch)} predictions stored")
        # It must be one of those that are there, or none.
        version = rows[0]["model_version"] if rows else ""
        repair(self.connection, project, {"model_version": version})

    def predicted_by(self, project: int) -> list[str]:
        """The model versions that have predictions there."""
        return [str(each) for each in self._again("GET", _versions(project), project)]

    def forget_predictions(self, project: int, versions: Iterable[str]) -> None:
        """Remove the predictions of these model versions; answers begun with them stay."""
        for version in versions:
            self._again("DELETE", _versions(project), project, json={"model_version": version})

    def data_of(self, project: int, external_ids: Iterable[str]) -> dict[int, Json]:
        """The data of the tasks of these messages, by task id."""
        found: dict[int, Json] = {}
        for some in lookups(dict.fromkeys(external_ids)):
            among = condition("data.external_id", "in_list", "List", some)
            for task in listed(self.connection, project, [among], include="id,data"):
                found[int(task["id"])] = task["data"]
        return found

    def change_data(self, task: int, data: Json) -> None:
        """Have a task show other data; its answers stay."""
        self._again("PATCH", f"/api/tasks/{task}/", json={"data": data})

    def delete_tasks(self, project: int, tasks: Iterable[int]) -> None:
        """Remove tasks with their annotations; those already gone are passed over."""
        for batch in _batches(sorted(set(tasks)), PAGE):
            body = {"selectedItems": {"all": False, "included": list(batch)}}
            params = {"id": "delete_tasks", "project": project}
            self._again("POST", "/api/dm/actions", project, params=params, json=body)


def _versions(project: int) -> str:
    return f"/api/projects/{project}/model-versions/"


def _batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
