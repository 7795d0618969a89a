"""Lines that say what the demo is doing, and its end: whatever it started is stopped."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

Say = Callable[[str], None]
ENDING = (signal.SIGINT, signal.SIGTERM)


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
def undisturbed_end() -> Iterator[None]:
    """Once the block ends, however it does, a second Ctrl-C does not cut the stopping short.

    To be entered last: what is around it is left undisturbed.
    """
    try:
        yield
    finally:
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)


@contextmanager
def signals_as_before() -> Iterator[None]:
    """How this process takes Ctrl-C and SIGTERM is its own business again after the block."""
    before = {each: signal.getsignal(each) for each in ENDING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
