"""The HTTP server, with the worker beside it in one process if asked."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from service.app import create_app
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.worker import work

LAST_ROUND_SECONDS = 10.0
"""A worker that waits for another server does not keep us from stopping: its jobs can be cut."""


def serve(settings: Settings, *, with_worker: bool = False) -> None:
    """Answer until interrupted (Ctrl-C or SIGTERM), then finish what was begun."""
    runtime = open_runtime(settings)
    try:
        with ended_by_sigterm(), beside(runtime, with_worker):
            uvicorn.run(
                create_app(settings, runtime=runtime),
                host=settings.host,
                port=settings.port,
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=int(LAST_ROUND_SECONDS),
            )
    except KeyboardInterrupt:
        return
    finally:
        runtime.close()


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that what it opened is closed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def beside(runtime: Runtime, with_worker: bool) -> Iterator[None]:
    """The worker in a thread for as long as the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(runtime, stop), name="worker", daemon=True)
    if with_worker:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if with_worker:
            thread.join(LAST_ROUND_SECONDS)
