"""The project our questions are in: made, repaired, and filled with what is missing there."""

import hashlib
import json
import logging
from datetime import datetime

from labeling.errors import ProjectMissing, StudioRefused
from labeling.hooks import ensure_hook
from labeling.interface import instructions, labeling_interface
from labeling.projects import Project, Wanted, ensure_project
from labeling.views import View, ensure_views, views
from service.runtime import Runtime, taxonomy_in_use
from service.sync.connection import Line, line
from service.sync.hints import HEADER
from service.sync.live import connect_live
from service.sync.place import Place, ServerReplaced, keep, kept_of, known_place, present
from service.sync.reconciliation import reconcile

HOOK_PATH = "/v1/webhooks/label-studio"

logger = logging.getLogger(__name__)


def setup(runtime: Runtime, *, now: datetime) -> Project:
    """Make or repair the project, and queue every open question that is not in it.

    A project that was deleted is made anew, as is one of another server that took the place of
    ours; tasks that were deleted are asked again. Raises `NotConfigured`, `DriversInUse` or
    another `StudioError`.
    """
    with line(runtime, now) as ours:
        project, place = _ensured(ours, anew=True)
        _hinting(ours, project.id)
        connect_live(ours, project.id)
        ensure_views(ours.studio.connection, project.id, wanted_views(runtime))
        reconcile(ours, place, now=now)
        return project


def up_to_date(ours: Line) -> Place:
    """The project, made or repaired when the taxonomy or the settings changed since.

    Raises `ProjectMissing` when somebody deleted it, `ServerReplaced` when it is another one.
    """
    known = known_place(ours.runtime)
    if known is not None and made_of_what_is_wanted(ours.runtime):
        return present(ours, known)
    return _ensured(ours, anew=False)[1]


def wanted_project(runtime: Runtime) -> Wanted:
    """What the taxonomy and the settings make of it."""
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
    language = runtime.settings.language
    interface = labeling_interface(taxonomy, language=language)
    title = runtime.settings.label_studio_project
    return Wanted(title, interface, instructions(taxonomy, language))


def wanted_views(runtime: Runtime) -> tuple[View, ...]:
    return views(runtime.settings.language)


def made_of_what_is_wanted(runtime: Runtime) -> bool:
    """Whether the project, as we left it, is what the taxonomy and the settings make of it now."""
    return kept_of(runtime).get("made_of") == _made_of(wanted_project(runtime))


def _made_of(wanted: Wanted) -> str:
    return hashlib.sha256(json.dumps(wanted.settings()).encode()).hexdigest()[:16]


def _ensured(ours: Line, *, anew: bool) -> tuple[Project, Place]:
    """The project as we want it. With another title in the settings it is another project."""
    wanted, connection = wanted_project(ours.runtime), ours.studio.connection
    try:
        known = _known(ours, wanted)
        project = ensure_project(connection, wanted, project=known)
    except (ProjectMissing, ServerReplaced):
        if not anew:
            raise
        project = ensure_project(connection, wanted)
    return project, keep(ours, project, _made_of(wanted))


def _known(ours: Line, wanted: Wanted) -> int | None:
    place = known_place(ours.runtime)
    if place is None or kept_of(ours.runtime).get("title") != wanted.title:
        return None
    return present(ours, place).project


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
