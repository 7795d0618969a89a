"""The HTTP server, with the worker beside it in one process if asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from service.app import create_app
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.worker import work


def serve(settings: Settings, *, with_worker: bool = False) -> None:
    """Answer until interrupted."""
    runtime = open_runtime(settings)
    try:
        with beside(runtime, with_worker):
            uvicorn.run(
                create_app(settings, runtime=runtime),
                host=settings.host,
                port=settings.port,
                log_level="warning",
                server_header=False,
            )
    finally:
        runtime.close()


@contextmanager
def beside(runtime: Runtime, with_worker: bool) -> Iterator[None]:
    """The worker in a thread for as long as the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(runtime, stop), name="worker")
    if with_worker:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if with_worker:
            thread.join()
