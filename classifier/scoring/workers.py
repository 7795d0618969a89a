"""Processes that work on tasks side by side and share what they were given to work with.

On Linux a worker is a fork of this process: it has the same memory, of which it copies only what
it writes to, so there is one copy of the weights. Elsewhere it starts afresh, and what it works
with is sent to it. A worker whose parent is gone stops by itself.
"""

import gc
import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, Final, TypeVar, cast

from classifier.errors import WaaromError

AHEAD: Final = 3
"""So many tasks a worker may be under way, or done before their turn."""
FORK, SPAWN = "fork", "spawn"

Task = TypeVar("Task")
Done = TypeVar("Done")


class WorkerLost(WaaromError):
    """A worker ended before its work did, as when the system needs its memory."""

    def __init__(self) -> None:
        super().__init__(
            "a worker process was killed, perhaps for want of memory; run the same command again "
            "with a smaller --jobs, and it goes on from where it was"
        )


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_method() -> str:
    return FORK if sys.platform == "linux" else SPAWN


@contextmanager
def crew(
    work: Callable[[Task], Done], jobs: int, start: str | None = None
) -> Iterator[Callable[[Iterable[Task]], Iterator[Done]]]:
    """A function that does `work` on tasks by so many processes, in order, a few ahead.

    With one job it is done here. What a task raises is raised; raises `WorkerLost` when a worker
    dies. The workers are gone when this ends.
    """
    if jobs <= 1:
        yield lambda tasks: map(work, tasks)
        return
    gc.collect()
    gc.freeze()  # what is here already is neither searched nor written to for garbage any more
    workers = _Workers(work, jobs, start or start_method())
    try:
        yield workers.run
    finally:
        workers.stop()
        gc.unfreeze()


class _Workers:
    """So many processes, each with a line to it."""

    def __init__(self, work: Callable[[Any], Any], jobs: int, start: str) -> None:
        context: Any = multiprocessing.get_context(start)
        self._lines: list[Connection] = []
        self._processes: list[Any] = []
        for _ in range(jobs):
            mine, theirs = context.Pipe()
            self._lines.append(mine)
            inherited = list(self._lines) if start == FORK else []
            process = context.Process(target=_labor, args=(theirs, inherited, work), daemon=True)
            with warnings.catch_warnings():
                # Threads at rest are no danger; none of ours is at work here.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            self._processes.append(process)
            theirs.close()

    def run(self, tasks: Iterable[Any]) -> Iterator[Any]:
        """What comes of each task, in order. The next task is ready before it is asked for."""
        waiting = (ForkingPickler.dumps(task) for task in tasks)
        idle, busy = deque(self._lines), dict[Connection, int]()
        done: dict[int, Any] = {}
        sent = taken = 0
        ready = next(waiting, None)
        while True:
            while ready is not None and idle and sent - taken < AHEAD * len(self._lines):
                line = idle.popleft()
                _send(line, ready)
                busy[line] = sent
                sent += 1
                ready = next(waiting, None)
            if taken in done:
                yield done.pop(taken)
                taken += 1
            elif busy:
                for line in cast(list[Connection], wait(list(busy))):
                    done[busy.pop(line)] = _received(line)
                    idle.append(line)
            else:
                return

    def stop(self) -> None:
        """Let go of the workers; what they are doing is of no use any more."""
        for line in self._lines:
            line.close()
        for process in self._processes:
            process.terminate()
            process.join()


def _send(line: Connection, content: Any) -> None:
    try:
        line.send_bytes(content)
    except OSError:
        raise WorkerLost from None


def _received(line: Connection) -> Any:
    try:
        found, failure = line.recv()
    except (EOFError, OSError):
        raise WorkerLost from None
    if failure is not None:
        raise failure
    return found


def _labor(line: Connection, inherited: list[Connection], work: Callable[[Any], Any]) -> None:
    """Do tasks as they come, until nobody is there to send any."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    for each in inherited:
        each.close()
    while True:
        try:
            task = line.recv()
        except (EOFError, OSError):
            return
        try:
            reply = work(task), None
        except Exception as failure:
            reply = None, failure  # type: ignore[assignment]
        try:
            _reply(line, reply)
        except OSError:
            return


def _reply(line: Connection, reply: tuple[Any, Exception | None]) -> None:
    try:
        content = ForkingPickler.dumps(reply)
    except Exception:
        content = ForkingPickler.dumps((None, RuntimeError(type(reply[1]).__name__)))
    line.send_bytes(content)
