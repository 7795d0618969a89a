"""Whom Label Studio asks for predictions while people open tasks: "ML backends", in its words."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from labeling.connection import Connection
from labeling.errors import StudioRefused
from labeling.hooks import Hook, hooks
from labeling.projects import repair, state_of
from labeling.tasks import Json

TITLE: Final = "Waarom"
WEBHOOK: Final = re.compile(r"/ml/[^/]+/webhook$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One backend of a project. Its address is secret."""

    number: int
    title: str
    url: str = field(repr=False)
    connected: bool


def backends(connection: Connection, project: int) -> list[Backend]:
    """Those of a project; the server asks each whether it is there before it answers."""
    found = connection.again("GET", "/api/ml/", project, params={"project": project})
    return [_backend(each) for each in found]


def connect_backend(connection: Connection, project: int, url: str) -> None:
    """Have the server ask at `url`, where it must be answered now; any earlier address goes.

    The webhook that it makes along with a backend goes, too: it sends the project's passwords with
    every event. Raises `StudioRefused` for an address that it will not call, or where nobody
    answers.
    """
    mine = ours(connection, project)
    for each in mine:
        if each.url != url:
            _remove(connection, each)
    if not any(each.url == url for each in mine):
        _add(connection, project, url)
    forget_hooks(connection, project)


def disconnect_backend(connection: Connection, project: int) -> None:
    """Have the server ask us no longer."""
    for each in ours(connection, project):
        _remove(connection, each)
    forget_hooks(connection, project)


def show_stored(connection: Connection, project: int, version: str) -> None:
    """Where nothing but what a backend of ours says is shown, as the server has it in a project
    that had no predictions when the backend came: show those stored of a version, if there are any.
    They are shown also while nobody answers at the backend."""
    if state_of(connection, project).model_version != TITLE:
        return
    versions = connection.again("GET", f"/api/projects/{project}/model-versions/", project)
    if version in versions:
        repair(connection, project, {"model_version": version})


def forget_hooks(connection: Connection, project: int) -> None:
    """Remove the webhooks that backends of ours brought into a project, and left in it."""
    for each in hooks_left(connection, project):
        connection.again("DELETE", f"/api/webhooks/{each.number}/")


def hooks_left(connection: Connection, project: int) -> list[Hook]:
    """Those that backends of ours brought into a project."""
    others = {
        each.url.rstrip("/") + "/webhook"
        for each in backends(connection, project)
        if not _is_ours(each)
    }
    return [
        each
        for each in hooks(connection)
        if each.project == project
        and WEBHOOK.search(urlsplit(each.url).path)
        and each.url not in others
    ]


def _add(connection: Connection, project: int, url: str) -> None:
    body = {"project": project, "url": url, "title": TITLE, "is_interactive": False}
    try:
        connection.once("POST", "/api/ml/", project, json=body)
    except StudioRefused:
        # It may refuse the webhook once the backend is made.
        if not any(each.url == url for each in ours(connection, project)):
            raise


def ours(connection: Connection, project: int) -> list[Backend]:
    """Those of a project that are us, or were."""
    return [each for each in backends(connection, project) if _is_ours(each)]


def _is_ours(backend: Backend) -> bool:
    return backend.title == TITLE and "/ml/" in urlsplit(backend.url).path


def _remove(connection: Connection, backend: Backend) -> None:
    connection.again("DELETE", f"/api/ml/{backend.number}")


def _backend(said: Json) -> Backend:
    return Backend(
        number=int(said["id"]),
        title=str(said.get("title") or ""),
        url=str(said["url"]),
        connected=said.get("state") == "CO",
    )
