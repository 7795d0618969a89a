"""Lines that say what the demo is doing, and its end: whatever it started is stopped."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

Say = Callable[[str], None]


@contextmanager
def step(console: Console, what: str) -> Iterator[Say]:
    """A line that says what is being done, then that it is done and how long it took."""
    began, last = time.monotonic(), ""

    def say(detail: str) -> None:
        nonlocal last
        last = detail
        status.update(f"{what} … {escape(detail)}")

    with console.status(what) as status:
        yield say
    said = f": {escape(last)}" if last else ""
    seconds = time.monotonic() - began
    console.print(
        f"[green]✓[/] {what}{said} [dim]({seconds:.1f} s)[/]", highlight=False, soft_wrap=True
    )


@contextmanager
def no_interrupt_lost() -> Iterator[None]:
    """A Ctrl-C that comes while something is being cleaned away cannot be raised there, and
    Python would print it and go on: here it comes again a moment later."""
    before = sys.unraisablehook

    def again(unraisable: "sys.UnraisableHookArgs") -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            before(unraisable)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def undisturbed_end() -> Iterator[None]:
    """Once the block ends, however it does, a second Ctrl-C does not cut the stopping short.

    To be entered last: what is around it is left undisturbed, and so is the end of the process.
    """
    try:
        yield
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
