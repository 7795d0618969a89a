"""Seconds on the clock, and those that our processor and Label Studio's worked meanwhile."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
import numpy as np
import uvicorn

from service.app import create_app
from service.runtime import Runtime
from service.serving import listening

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds: on the clock, of our process and its threads, of Label Studio's processes."""

    clock: float
    ours: float = 0.0
    theirs: float = 0.0

    @classmethod
    def of(cls, session: int, work: Callable[[], int]) -> tuple[Self, int]:
        """What some work took, and what it gave; `session` is that of Label Studio."""
        clock, ours, theirs = time.perf_counter(), time.process_time(), _worked(session)
        found = work()
        took = cls(
            time.perf_counter() - clock, time.process_time() - ours, _worked(session) - theirs
        )
        return took, found


def _worked(session: int) -> float:
    """Processor seconds of the processes of a session so far; 0 where there is no /proc."""
    found = 0
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = each.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            found += int(fields[11]) + int(fields[12])
    return found / TICKS


@contextmanager
def served(runtime: Runtime) -> Iterator[str]:
    """The application without a worker, as long as the block lasts; its address."""
    with listening(runtime.settings.model_copy(update={"port": 0})) as door:
        app = create_app(runtime.settings, runtime=runtime)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([door],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


@dataclass(frozen=True, slots=True)
class Waited:
    """Milliseconds a caller waits: the median, and the 99th of a hundred."""

    median: float
    last: float


def answered(
    url: str, bodies: Sequence[Mapping[str, object]], *, headers: Mapping[str, str] | None = None
) -> Waited:
    """What one caller waits who sends these one after the other; the first tenth does not count."""
    took = []
    with httpx.Client(headers=headers, timeout=60, trust_env=False) as client:
        for body in bodies:
            began = time.perf_counter()
            said = client.post(url, json=body)
            took.append(time.perf_counter() - began)
            assert said.is_success, said.text
            assert said.json().get("results") != [], said.text
    median, last = np.percentile(np.array(took[len(took) // 10 :]) * 1_000, [50, 99])
    return Waited(float(median), float(last))
