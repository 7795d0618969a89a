"""Background jobs, each safe to run twice: send questions, collect answers, sum terms."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from classifier.errors import WaaromError
from service.reports import up_to_date
from service.runtime import Runtime
from service.sync import pull, push

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


def run_once(runtime: Runtime, *, now: Callable[[], datetime] = utc_now) -> list[str]:
    """One round of every job; the sentences of those that failed and will be tried again."""
    jobs: list[Callable[[], object]] = [lambda: up_to_date(runtime)]
    if runtime.settings.label_studio_url:
        jobs = [lambda: push(runtime, now=now()), lambda: pull(runtime, now=now()), *jobs]
    problems = []
    for job in jobs:
        try:
            job()
        except WaaromError as error:
            problems.append(str(error))
    return problems


def work(runtime: Runtime, stop: threading.Event) -> None:
    """Rounds until told to stop; a problem is logged when it begins, not every round."""
    known: list[str] = []
    while not stop.is_set():
        problems = run_once(runtime)
        for problem in problems:
            if problem not in known:
                logger.warning("%s", problem)
        known = problems
        stop.wait(runtime.settings.worker_seconds)
