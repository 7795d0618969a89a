"""Tasks of a project, page by page, by a filter."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from labeling.connection import Connection
from labeling.errors import ProjectMissing
from labeling.tasks import Json

PAGE: Final = 500
IDS_PER_LOOKUP: Final = 150
# Servers behind gunicorn refuse request lines longer than 4,094 characters.
LOOKUP_CHARACTERS: Final = 3_000


def page_of(
    connection: Connection,
    project: int,
    page: int,
    conditions: list[Json],
    *,
    ordering: str,
    page_size: int = PAGE,
    **columns: str,
) -> list[Json]:
    """One page of tasks; past the last one is an empty page. Raises `ProjectMissing`."""
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
        said = connection.again("GET", "/api/tasks/", project, params=params)
    except ProjectMissing:
        # The server says "not found" for both; a first page exists in any project.
        if page > 1:
            exists(connection, project)
            return []
        raise
    tasks: list[Json] = said["tasks"]
    return tasks


def exists(connection: Connection, project: int) -> None:
    """Raise `ProjectMissing` unless there is this project."""
    connection.again("GET", f"/api/projects/{project}/", project, params={"include": "id"})


def listed(
    connection: Connection,
    project: int,
    conditions: list[Json],
    *,
    include: str,
    page_size: int = PAGE,
) -> Iterator[Json]:
    """Every task that meets the conditions, with these fields, by its number."""
    page = 1
    while True:
        tasks = page_of(
            connection,
            project,
            page,
            conditions,
            include=include,
            ordering="tasks:id",
            page_size=page_size,
        )
        yield from tasks
        if len(tasks) < page_size:
            return
        page += 1


def condition(column: str, operator: str, kind: str, value: object) -> Json:
    return {
        "filter": f"filter:tasks:{column}",
        "operator": operator,
        "type": kind,
        "value": value,
    }


def moment(when: datetime) -> str:
    # Without microseconds the server answers 500.
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def lookups(external_ids: Iterable[str]) -> Iterator[list[str]]:
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
