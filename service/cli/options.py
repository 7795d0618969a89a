"""Options that several commands share, so that they are called and behave the same."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.settings import Settings


PERSON = "command line"
"""Who does what a command writes down."""


class Format(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    JSON = "json"
    CSV = "csv"


class Tongue(StrEnum):
    """The languages of pages and reports."""

    NL = "nl"
    EN = "en"


def _writable(path: Path | None) -> Path | None:
    if path is not None and not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}")
    return path


AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")
]
ModelsDir = Annotated[
    Path | None,
    typer.Option(file_okay=False, help="Folder of the model versions; else from the settings."),
]
Version = Annotated[
    str | None, typer.Option("--model", help="A version, as in 2026-11-21.1; else the one in use.")
]
UnknownLabel = Annotated[str, typer.Option(help="The label that means: none of the drivers.")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", dir_okay=False, callback=_writable, help="The file to write."),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="DAY",
        help="Ask nothing about messages before this day, as in 2026-10-01; else four weeks ago.",
    ),
]


def settings_with(models_dir: Path | None = None) -> "Settings":
    """The settings of this folder, with another models folder if one is given."""
    from service.settings import read_settings

    settings = read_settings()
    return settings.model_copy(update={"models_dir": models_dir or settings.models_dir})
