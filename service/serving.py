"""The HTTP server, with the worker beside it in one process if asked."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn

from classifier.errors import WaaromError
from service.app import create_app
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.worker import work

LAST_ROUND_SECONDS = 10.0
"""A worker that waits for another server does not keep us from stopping: its jobs can be cut."""


class CannotListen(WaaromError):
    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host, self.port, self.reason = host, port, reason
        super().__init__(
            f"{host}:{port} cannot be listened on ({reason}): stop what uses it, or choose "
            "another with --host and --port"
        )


def serve(
    settings: Settings, *, with_worker: bool = False, ready: Callable[[], None] = lambda: None
) -> None:
    """Answer until interrupted (Ctrl-C or SIGTERM), then finish what was begun.

    `ready` is called once the address is ours. Raises `CannotListen`.
    """
    with ended_by_sigterm(), suppress(KeyboardInterrupt), listening(settings) as door:
        ready()
        runtime = open_runtime(settings)
        try:
            with beside(runtime, with_worker):
                _server(runtime).run(sockets=[door])
        finally:
            runtime.close()


@contextmanager
def in_background(runtime: Runtime) -> Iterator[str]:
    """The server and the worker in threads for as long as the block lasts; gives the address.

    Raises `CannotListen`.
    """
    with listening(runtime.settings) as door, beside(runtime, with_worker=True):
        server = _server(runtime)
        thread = threading.Thread(target=server.run, args=([door],), name="server", daemon=True)
        thread.start()
        try:
            yield f"http://{runtime.settings.host}:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(2 * LAST_ROUND_SECONDS)


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """The door, open before anything else is: whoever knocks early waits. Port 0 is a free one.

    Answers leave at once: sockets made by hand hold a body back until the caller acknowledges its
    headers, which on a connection that is kept takes him 40 ms.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        door = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CannotListen(settings.host, settings.port, reason) from None
    with door:
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        yield door


def _server(runtime: Runtime) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            create_app(runtime.settings, runtime=runtime),
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=int(LAST_ROUND_SECONDS),
        )
    )


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
