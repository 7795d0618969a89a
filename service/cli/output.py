"""What commands print: people get text and progress on stderr, programs one JSON document."""

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from service.runtime import Runtime


def complain(sentence: str) -> None:
    """One sentence about what went wrong, on stderr."""
    typer.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    typer.echo(sentence, err=True)


def say(text: str) -> None:
    """A line for the person at the terminal, on stderr so that stdout stays a document."""
    typer.echo(text, err=True)


def result(as_json: bool, document: Mapping[str, Any], text: str) -> None:
    """The outcome of a command: the document for programs, else the text for people."""
    typer.echo(json.dumps(_plain(document), ensure_ascii=False) if as_json else text)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """A progress line; call what it gives with the number of things done since the last call.

    Silent where no person watches.
    """
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    with _line("{task.completed:,.0f}") as progress:
        task = progress.add_task(what, total=None)
        yield lambda done: progress.update(task, advance=done)


@contextmanager
def measuring(what: str) -> Iterator[Callable[[float, float], None]]:
    """A progress bar with the time left; call what it gives with the number of things done, and
    the share of all that is in [0, 1].

    Silent where no person watches. It begins at the first call: until then no thread runs.
    """
    if not sys.stderr.isatty():
        yield lambda done, share: None
        return
    bar, task = _bar(what)
    try:

        def advance(done: float, share: float) -> None:
            bar.start()
            bar.update(task, completed=share, done=done)

        yield advance
    finally:
        bar.stop()


def _bar(what: str) -> tuple["Progress", "TaskID"]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    bar = Progress(
        *("{task.description}", BarColumn(), TaskProgressColumn(), "{task.fields[done]:,.0f}"),
        *(TimeRemainingColumn(elapsed_when_finished=True), "left"),
        console=Console(stderr=True),
        transient=True,
        speed_estimate_period=60,
    )
    return bar, bar.add_task(what, total=1.0, done=0)


@contextmanager
def stages(what: str) -> Iterator[Callable[[str], None]]:
    """A progress line whose text changes with what is being done; in a log, a line for each."""
    if not sys.stderr.isatty():
        yield lambda stage: say(f"{what}: {stage}")
        return
    with _line() as progress:
        task = progress.add_task(what, total=None)
        yield lambda stage: progress.update(task, description=f"{what}: {stage}")


def _line(*columns: str) -> "Progress":
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn

    around = SpinnerColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    return Progress(
        around[0], "{task.description}", *columns, around[1], console=console, transient=True
    )


@contextmanager
def opened() -> Iterator["Runtime"]:
    """The installation in this folder, closed when the command is done."""
    from service.runtime import open_runtime
    from service.settings import read_settings

    runtime = open_runtime(read_settings())
    try:
        yield runtime
    finally:
        runtime.close()


def utc_now() -> datetime:
    return datetime.now(UTC)


def _plain(value: Any) -> Any:
    """What JSON can hold; a number that is none (infinity) is null."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value
