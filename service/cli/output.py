"""What commands print: people get text and progress on stderr, programs one JSON document."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from service.runtime import Runtime, open_runtime
from service.settings import Settings

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")
]


def complain(sentence: str) -> None:
    """One sentence about what went wrong, on stderr."""
    Console(stderr=True).print(f"[bold red]Error:[/] {_plain(sentence)}", highlight=False)


def say(text: str) -> None:
    """A line for the person at the terminal, on stderr so that stdout stays a document."""
    Console(stderr=True).print(text, highlight=False)


def result(as_json: bool, document: Mapping[str, Any], text: str) -> None:
    """The outcome of a command: the document for programs, else the text for people."""
    typer.echo(json.dumps(document, default=_jsonable, ensure_ascii=False) if as_json else text)


@contextmanager
def counting(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress line; call what it gives with the number of things done since the last call."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, advance=done)


@contextmanager
def stages(what: str) -> Iterator[Callable[[str], None]]:
    """A progress line whose text changes with what is being done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda stage: progress.update(task, description=f"{what}: {stage}")


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Runtime]:
    """The installation in this folder, closed when the command is done."""
    runtime = open_runtime(settings or Settings())
    try:
        yield runtime
    finally:
        runtime.close()


def utc_now() -> datetime:
    return datetime.now(UTC)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _jsonable(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)
