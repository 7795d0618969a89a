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
from labeling.interface import instructions, labeling_interface
from labeling.studio import Project
from service.database import chunks
from service.outbox import queue, waiting
from service.runtime import Runtime, taxonomy_in_use
from service.sync.connection import Line, bookmark, line, server
from service.sync.hints import HEADER
from service.tables import BookmarkRow, OutboxRow, ReviewRow, TaskRow

OPEN = ("open", "claimed")

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
    if known is not None and _kept(ours.runtime).get("made_of") == _made_of(ours.runtime):
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


def _wanted(runtime: Runtime) -> tuple[str, str, str]:
    """Title, interface and instructions."""
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
    language = runtime.settings.language
    interface = labeling_interface(taxonomy, language=language)
    return runtime.settings.label_studio_project, interface, instructions(taxonomy, language)


def _made_of(runtime: Runtime) -> str:
    return hashlib.sha256(json.dumps(_wanted(runtime)).encode()).hexdigest()[:16]


def _ensured(ours: Line, *, anew: bool) -> Project:
    """The project as we want it. With another title in the settings it is another project."""
    runtime, kept = ours.runtime, _kept(ours.runtime)
    title, interface, text = _wanted(runtime)
    known = known_project(runtime) if kept.get("title") == title else None
    try:
        project = ours.studio.ensure_project(title, interface, text, project=known)
    except ProjectMissing:
        if not anew:
            raise
        project = ours.studio.ensure_project(title, interface, text)
    with runtime.writing() as session:
        bookmark(session, _name(runtime)).value = {
            "project_id": project.id,
            "title": title,
            "made_of": _made_of(runtime),
        }
    return project


def _hinting(ours: Line, project: int) -> None:
    """Have Label Studio tell us when something happens; without it, we ask now and then."""
    settings = ours.runtime.settings
    if settings.webhook_secret is None:
        return
    url = f"{settings.resolved_public_url}/v1/webhooks/label-studio"
    try:
        headers = {HEADER: settings.webhook_secret.get_secret_value()}
        ours.studio.ensure_webhook(project, url, headers)
    except StudioRefused as error:
        logger.warning("No webhook (%s); answers are collected by asking now and then", error)


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
