"""Which Label Studio and which project: settings, bookmarks, set-up."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.errors import WaaromError
from labeling.interface import instructions, labeling_interface
from labeling.studio import Project, Studio
from service.database import chunks
from service.outbox import queue, waiting
from service.runtime import Runtime, taxonomy_in_use
from service.tables import BookmarkRow, OutboxRow, ReviewRow, TaskRow

OVERLAP = timedelta(minutes=2)


class NotConfigured(WaaromError):
    def __init__(self) -> None:
        super().__init__(
            "No Label Studio is set; set WAAROM_LABEL_STUDIO_URL and WAAROM_LABEL_STUDIO_API_KEY."
        )


def connect(runtime: Runtime) -> Studio:
    """The team's Label Studio. Raises `NotConfigured` or a `StudioError` that says what to do."""
    token = runtime.settings.label_studio_api_key
    if not runtime.settings.label_studio_url or token is None:
        raise NotConfigured
    return Studio(runtime.settings.label_studio_url, token.get_secret_value())


def setup(runtime: Runtime, *, now: datetime) -> Project:
    """Make or repair the project, and queue every open question that is not in it yet."""
    studio = connect(runtime)
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
        language = runtime.settings.language
    project = studio.ensure_project(
        runtime.settings.label_studio_project,
        labeling_interface(taxonomy, language=language),
        instructions(taxonomy, language),
    )
    with runtime.writing() as session:
        bookmark(session, project_name(runtime)).value = {"project_id": project.id}
        _queue_missing(session, runtime, project.id, now)
    return project


def project_id(runtime: Runtime, now: datetime) -> int:
    """The project set up before, or set up now."""
    with runtime.reading() as session:
        row = session.get(BookmarkRow, project_name(runtime))
    return int(row.value["project_id"]) if row else setup(runtime, now=now).id


def _queue_missing(session: Session, runtime: Runtime, project: int, now: datetime) -> None:
    """Open questions that are neither in this project nor waiting go into the outbox."""
    queued = {
        row.payload["review_id"] for row in session.scalars(select(OutboxRow).where(*waiting()))
    }
    open_ids = session.scalars(select(ReviewRow.id).where(ReviewRow.state.in_(["open", "claimed"])))
    missing = without_task(session, runtime, project, [i for i in open_ids if i not in queued])
    queue(session, missing, now=now)


def without_task(
    session: Session, runtime: Runtime, project: int, review_ids: Iterable[int]
) -> list[int]:
    """Those among these reviews that have no task in this project yet."""
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


def server(runtime: Runtime) -> str:
    """The address by which tasks and answers remember where they are."""
    return runtime.settings.label_studio_url.rstrip("/")


def project_name(runtime: Runtime) -> str:
    return f"label_studio {server(runtime)}"


def bookmark(session: Session, name: str) -> BookmarkRow:
    row = session.get(BookmarkRow, name)
    if row is None:
        row = BookmarkRow(name=name, value={})
        session.add(row)
    return row


def seen_until(session: Session, name: str) -> datetime | None:
    """From when on to look for changes again: a little before the last one seen."""
    row = session.get(BookmarkRow, name)
    if row is None or "since" not in row.value:
        return None
    return datetime.fromisoformat(row.value["since"]) - OVERLAP
