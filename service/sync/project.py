"""The project our questions are in: made, repaired, and filled with what is missing there."""

import hashlib
import json
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from labeling.errors import ProjectMissing, StudioRefused
from labeling.hooks import ensure_hook
from labeling.interface import instructions, labeling_interface
from labeling.projects import Project, Wanted, ensure_project
from service.database import chunks
from service.outbox import queue, waiting
from service.runtime import Runtime, taxonomy_in_use
from service.sync.connection import Line, bookmark, line, server
from service.sync.hints import HEADER
from service.tables import BookmarkRow, OutboxRow, ReviewRow, TaskRow

OPEN = ("open", "claimed")
HOOK_PATH = "/v1/webhooks/label-studio"

logger = logging.getLogger(__name__)


def setup(runtime: Runtime, *, now: datetime) -> Project:
    """Make or repair the project, and queue every open question that is not in it.

    A project that was deleted is made anew; tasks that were deleted are asked again.
    Raises `NotConfigured`, `DriversInUse` or another `StudioError`.
    """
    with line(runtime, now) as ours:
        project = _ensured(ours, anew=True)
        _hinting(ours, project.id)
        there = ours.studio.task_ids(project.id)
        with runtime.writing() as session:
            _forget_gone(session, runtime, project.id, there)
            _queue_missing(session, runtime, project.id, now)
        return project


def up_to_date(ours: Line) -> int:
    """The project, made or repaired when the taxonomy or the settings changed since.

    Raises `ProjectMissing` when somebody deleted it.
    """
    known = known_project(ours.runtime)
    if known is not None and made_of_what_is_wanted(ours.runtime):
        return known
    return _ensured(ours, anew=False).id


def known_project(runtime: Runtime) -> int | None:
    """The project set up before; None when there was none yet."""
    number = _kept(runtime).get("project_id")
    return None if number is None else int(number)


def _kept(runtime: Runtime) -> dict[str, Any]:
    with runtime.reading() as session:
        row = session.get(BookmarkRow, _name(runtime))
        return dict(row.value) if row else {}


def _name(runtime: Runtime) -> str:
    return f"label_studio {server(runtime)}"


def wanted_project(runtime: Runtime) -> Wanted:
    """What the taxonomy and the settings make of it."""
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
    language = runtime.settings.language
    interface = labeling_interface(taxonomy, language=language)
    title = runtime.settings.label_studio_project
    return Wanted(title, interface, instructions(taxonomy, language))


def made_of_what_is_wanted(runtime: Runtime) -> bool:
    """Whether the project, as we left it, is what the taxonomy and the settings make of it now."""
    return _kept(runtime).get("made_of") == _made_of(wanted_project(runtime))


def _made_of(wanted: Wanted) -> str:
    return hashlib.sha256(json.dumps(wanted.settings()).encode()).hexdigest()[:16]


def _ensured(ours: Line, *, anew: bool) -> Project:
    """The project as we want it. With another title in the settings it is another project."""
    runtime, kept = ours.runtime, _kept(ours.runtime)
    wanted, connection = wanted_project(runtime), ours.studio.connection
    known = known_project(runtime) if kept.get("title") == wanted.title else None
    try:
        project = ensure_project(connection, wanted, project=known)
    except ProjectMissing:
        if not anew:
            raise
        project = ensure_project(connection, wanted)
    with runtime.writing() as session:
        bookmark(session, _name(runtime)).value = {
            "project_id": project.id,
            "title": wanted.title,
            "made_of": _made_of(wanted),
        }
    return project


def _hinting(ours: Line, project: int) -> None:
    """Have Label Studio tell us when something happens; without it, we ask now and then."""
    runtime = ours.runtime
    if runtime.settings.webhook_secret is None:
        return
    try:
        ensure_hook(ours.studio.connection, project, hook_url(runtime), hook_headers(runtime))
    except StudioRefused as error:
        logger.warning(
            "No webhook (%s); answers are collected by asking now and then. `waarom doctor` says "
            "what to do.",
            error,
        )


def hook_url(runtime: Runtime) -> str:
    """Where Label Studio reaches us."""
    return runtime.settings.resolved_public_url + HOOK_PATH


def hook_headers(runtime: Runtime) -> dict[str, str]:
    """What it sends along, so that we know it: secret. Empty where no secret is set."""
    secret = runtime.settings.webhook_secret
    return {HEADER: secret.get_secret_value()} if secret else {}


def _forget_gone(session: Session, runtime: Runtime, project: int, there: set[int]) -> None:
    """Tasks that somebody deleted in Label Studio are no longer where we thought."""
    mine = select(TaskRow.task_id).where(
        TaskRow.server == server(runtime), TaskRow.project_id == project
    )
    gone = [task for task in session.scalars(mine) if task not in there]
    for some in chunks(gone):
        session.execute(
            delete(TaskRow).where(
                TaskRow.server == server(runtime),
                TaskRow.project_id == project,
                TaskRow.task_id.in_(some),
            )
        )


def _queue_missing(session: Session, runtime: Runtime, project: int, now: datetime) -> None:
    """Open questions that are neither in this project nor waiting go into the outbox."""
    queued = {
        row.payload["review_id"] for row in session.scalars(select(OutboxRow).where(*waiting()))
    }
    open_ids = session.scalars(select(ReviewRow.id).where(ReviewRow.state.in_(OPEN)))
    missing = without_task(session, runtime, project, [i for i in open_ids if i not in queued])
    queue(session, missing, now=now)


def without_task(
    session: Session, runtime: Runtime, project: int, review_ids: Iterable[int]
) -> list[int]:
    """Those among these reviews that have no task in this project, each once, in order."""
    ids = list(dict.fromkeys(review_ids))
    there: set[int] = set()
    for some in chunks(ids):
        query = select(TaskRow.review_id).where(
            TaskRow.server == server(runtime),
            TaskRow.project_id == project,
            TaskRow.review_id.in_(some),
        )
        there |= set(session.scalars(query))
    return [each for each in ids if each not in there]
