"""Webhooks: what Label Studio sends where when something happens in it.

Its calls are hints: it sends them once, waits a second, and forgets those that fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from labeling.connection import Connection
from labeling.errors import StudioRefused
from labeling.tasks import Json

NO_SUCH_ACTION: Final = "WAAROM_ONLY_ASKS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One webhook; `project` is None for one of the whole organization. Its headers are secret."""

    number: int
    project: int | None
    url: str
    headers: Mapping[str, str]
    active: bool
    every_event: bool
    payload: bool


class Refusal(StrEnum):
    """Why the server would not call an address."""

    PRIVATE = "private"
    UNRESOLVED = "unresolved"
    INVALID = "invalid"


def hooks(connection: Connection) -> list[Hook]:
    """Every webhook our token may see, of all projects."""
    return [_hook(each) for each in connection.again("GET", "/api/webhooks/")]


def ensure_hook(connection: Connection, project: int, url: str, headers: Mapping[str, str]) -> None:
    """Have every event of a project sent to `url` once, payload left out: it is only a hint.

    Others of this project to the same path, at whatever address, are what an earlier setting
    left behind: they go. Raises `StudioRefused` for an address the server will not call.
    """
    ours = [
        each
        for each in hooks(connection)
        if each.project == project and urlsplit(each.url).path == urlsplit(url).path
    ]
    kept = next((each for each in ours if each.url == url), None)
    for each in ours:
        if each is not kept:
            connection.again("DELETE", f"/api/webhooks/{each.number}/")
    body = _body(project, url, headers)
    if kept is None:
        connection.once("POST", "/api/webhooks/", project, json=body)
    elif not as_wanted(kept, headers):
        connection.once("PATCH", f"/api/webhooks/{kept.number}/", project, json=body)


def as_wanted(hook: Hook, headers: Mapping[str, str]) -> bool:
    """Whether a webhook sends every event, with these headers and nothing of the task."""
    rest = (hook.active, hook.every_event, hook.payload)
    return hook.headers == headers and rest == (True, True, False)


def refusal(connection: Connection, project: int, url: str) -> Refusal | None:
    """Why the server would not call this address; None when it would. Nothing is made there."""
    # It looks at the address first, and an action it does not know keeps it from making one.
    body = _body(project, url, {}) | {"actions": [NO_SUCH_ACTION]}
    try:
        connection.once("POST", "/api/webhooks/", project, json=body)
    except StudioRefused as error:
        if error.status == 403:
            return Refusal.PRIVATE
        if error.status >= 500:
            return Refusal.UNRESOLVED
        return Refusal.INVALID if "in url" in error.detail else None
    return None


def _hook(said: Json) -> Hook:
    return Hook(
        number=int(said["id"]),
        project=said.get("project"),
        url=str(said["url"]),
        headers=dict(said.get("headers") or {}),
        active=bool(said["is_active"]),
        every_event=bool(said["send_for_all_actions"]),
        payload=bool(said["send_payload"]),
    )


def _body(project: int, url: str, headers: Mapping[str, str]) -> Json:
    return {
        "project": project,
        "url": url,
        "headers": dict(headers),
        "send_payload": False,
        "send_for_all_actions": True,
        "is_active": True,
    }
