"""`waarom label export`: the labels of the store as a file."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import AsJson, Output
from service.cli.output import counting, opened, result, say


class LabelsAs(StrEnum):
    """What labels can be written as."""

    CSV = "csv"
    JSONL = "jsonl"
    LABEL_STUDIO = "label-studio"
    HUGGINGFACE = "huggingface"


NAMED = {".csv": LabelsAs.CSV, ".jsonl": LabelsAs.JSONL, ".json": LabelsAs.LABEL_STUDIO}


def export(
    output: Output = None,
    format_: Annotated[
        LabelsAs | None, typer.Option("--format", help="Else as the file is named, else csv.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DAY", help="Only those answered on this day or after."
        ),
    ] = None,
    counts_only: Annotated[
        bool, typer.Option("--counts-only", help="Only those that correct volumes.")
    ] = False,
    personal_data: Annotated[
        bool,
        typer.Option(
            "--personal-data", help="Only of messages that still hold some, as people say."
        ),
    ] = False,
    with_people: Annotated[
        bool, typer.Option("--with-people", help="Say who answered, by a pseudonym.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the label of each message, and how it was chosen, to a file.

    One row a message: its redacted text, the newest answer, whether its
    question was drawn and with which probability, and what the model thought.
    `waarom import --labels` and `waarom train --labels` read it back.
    Without -o it goes to stdout.

    Example: waarom label export -o labels.csv
    Example: waarom label export --format huggingface -o train.jsonl
    Example: waarom label export --since 2026-11-01 --counts-only -o drawn.jsonl
    """
    from zoneinfo import ZoneInfo

    from service.exporting import FORMATS, Picked, export_file, export_to

    if as_json and output is None:
        raise typer.BadParameter("--json needs -o: stdout holds one document")
    form = FORMATS[format_ or _named(output)]
    with opened() as runtime:
        zone = ZoneInfo(runtime.settings.timezone)
        beginning = since.replace(tzinfo=zone) if since else None
        picked = Picked(
            since=beginning,
            counts=counts_only,
            personal_data=personal_data,
            people=with_people,
        )
        with counting("Labels exported") as progress:
            if output is None:
                stdout = typer.get_binary_stream("stdout")
                done = export_to(runtime, stdout, form, picked, progress=progress)
            else:
                done = export_file(runtime, output, form, picked, progress=progress)
    if done.left_out:
        say(f"{done.left_out:,} labels left out: their driver is not in the taxonomy in use.")
    if output is not None:
        document = {"labels": done.labels, "left_out": done.left_out, "format": form.name}
        text = f"{done.labels:,} labels written to {output}"
        result(as_json, document | {"output": output}, text)


def _named(output: Path | None) -> LabelsAs:
    """The format a file's name asks for."""
    name = output.name.lower().removesuffix(".gz") if output else ""
    return NAMED.get(Path(name).suffix, LabelsAs.CSV)
