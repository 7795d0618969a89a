"""Background jobs, each safe to run twice: send questions, collect answers, close weeks, sum and
bridge them."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from classifier.errors import WaaromError
from service.bridges import build_bridges
from service.idempotency import forget
from service.picking import keep_filled
from service.publications import publish_due
from service.recalibrations import begin_week, close_weeks
from service.reports import up_to_date
from service.runtime import Runtime
from service.standings import follow
from service.sync import due, hinted, nightly, pull, push, refresh, take_hints
from service.watches import keep_watch

GLANCE_SECONDS = 0.5
"""How soon a new question, or a hint from Label Studio, is noticed."""

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


def run_once(runtime: Runtime, *, now: Callable[[], datetime] = utc_now) -> list[str]:
    """One round of every job; the sentences of those that failed and will be tried again."""
    jobs: dict[str, Callable[[], object]] = {
        "closing weeks": lambda: close_weeks(runtime, now=now()),
        "beginning the week": lambda: begin_week(runtime, now=now()),
        "summing volumes": lambda: _sum(runtime, now()),
        "publishing weeks": lambda: publish_due(runtime, now=now()),
        "checking promises": lambda: follow(runtime, now=now()),
        "watching promises": lambda: keep_watch(runtime, now=now()),
        "picking questions": lambda: keep_filled(runtime, now=now()),
        "forgetting old answers": lambda: forget(runtime, now=now()),
    }
    if runtime.settings.label_studio_url:
        jobs = {
            "sending questions": lambda: push(runtime, now=now(), patiently=True),
            "comparing tasks": lambda: nightly(runtime, now=now()),
            "collecting answers": lambda: _collect(runtime, now()),
            "showing the model in use": lambda: refresh(runtime, now=now()),
            **jobs,
        }
    return [problem for name, job in jobs.items() if (problem := _problem(name, job))]


def work(runtime: Runtime, stop: threading.Event) -> None:
    """Rounds until told to stop; a problem is logged when it begins, not every round.

    Between two rounds it rests as long as the last one took, and at least `worker_seconds`; when
    all went well, a new question or a hint from Label Studio ends the rest.
    """
    runtime.keep_warm()
    known: list[str] = []
    while not stop.is_set():
        began = time.monotonic()
        problems = run_once(runtime)
        for problem in problems:
            if problem not in known:
                logger.warning("%s", problem)
        known = problems
        pause = max(runtime.settings.worker_seconds, time.monotonic() - began)
        _rest(runtime, stop, pause, alert=not problems)


def _problem(name: str, job: Callable[[], object]) -> str | None:
    try:
        job()
    except WaaromError as error:
        return str(error)
    except Exception as error:
        # Whatever it is (the database restarts, the disk is full), the next round may succeed.
        logger.debug("%s failed", name, exc_info=True)
        return f"{name} failed and is tried again: {type(error).__name__}"
    return None


def _sum(runtime: Runtime, now: datetime) -> None:
    """Bridges are between sums: without those there is nothing to notice."""
    up_to_date(runtime)
    build_bridges(runtime, now=now)


def _collect(runtime: Runtime, now: datetime) -> None:
    with runtime.reading() as session:
        any_hint = hinted(session)
    if any_hint:
        with runtime.writing() as session:
            take_hints(session)
    pull(runtime, now=now)


def _rest(runtime: Runtime, stop: threading.Event, seconds: float, *, alert: bool) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not stop.wait(min(left, GLANCE_SECONDS)):
        if alert and runtime.settings.label_studio_url and _due(runtime):
            return


def _due(runtime: Runtime) -> bool:
    try:
        with runtime.reading() as session:
            return due(session, now=utc_now())
    except SQLAlchemyError:
        return False
