"""Commands on the store: import messages, print the weekly breakdown."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.output import JsonOption, counting, opened, result, say, utc_now


class Format(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    JSON = "json"
    CSV = "csv"


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command()(report)


def import_(
    files: Annotated[list[Path], typer.Argument(exists=True, help="CSV, JSONL, .eml or a folder.")],
    channel: Annotated[
        str | None, typer.Option(help="Channel of messages that do not name one.")
    ] = None,
    labels: Annotated[bool, typer.Option("--labels", help="Each row brings its label.")] = False,
    unknown_label: Annotated[
        str, typer.Option(help="The label that means: none of the drivers.")
    ] = "unknown",
    draw_since: Annotated[
        str | None, typer.Option(help="Ask nothing about messages before this day (2026-10-01).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read, clean, redact and store messages; predict, and draw whom to ask.

    Safe to run twice: a known external id is not stored again.

    Example: waarom import mailbox/ --channel email
    Example: waarom import labeled.csv --labels
    """
    from service.importing import ImportOptions, default_draw_since, import_files

    now = utc_now()
    with opened() as runtime:
        since = _day(draw_since, runtime.settings.timezone) or default_draw_since(runtime, now)
        options = ImportOptions(
            channel=channel, labels=labels, unknown_label=unknown_label, draw_since=since
        )
        with counting("Messages imported") as progress:
            report = import_files(runtime, files, options, now=now, progress=progress)
    if report.derived_taxonomy:
        say(f"No taxonomy file: {report.derived_taxonomy} drivers were taken from the labels.")
    for reason, count in report.reasons.most_common(5):
        say(f"{count:,} rows kept aside: {reason}")
    text = (
        f"{report.stored:,} stored, {report.labels:,} labels, {report.known:,} known already, "
        f"{report.conflicts:,} known with another content, {report.set_aside:,} auto-replies and "
        f"outbound set aside, {report.rejected:,} rejected"
    )
    result(as_json, {k: getattr(report, k) for k in report.__slots__}, text)
    if report.rejected and not report.stored and not report.known:
        raise typer.Exit(1)


def report(
    week: Annotated[
        str | None, typer.Option(help="As in 2026-W46; else the last complete.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="html, json or csv.")] = Format.HTML,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file; else stdout.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="nl or en.")] = None,
    as_json: JsonOption = False,
) -> None:
    """The weekly breakdown: drivers with volume, interval, share and change.

    Example: waarom report --week 2026-W46 --format html -o week46.html
    """
    from service.breakdown import render
    from service.reports import up_to_date

    chosen = Format.JSON if as_json else format_
    with opened() as runtime:
        up_to_date(runtime)
        with runtime.reading() as session:
            text = render(
                session, runtime, week=week, form=chosen.value, language=language, now=utc_now()
            )
    if output is None:
        typer.echo(text)
        return
    output.write_text(text, encoding="utf-8")
    say(f"Written to {output}")


def _day(written: str | None, zone: str):  # type: ignore[no-untyped-def]
    from datetime import datetime
    from zoneinfo import ZoneInfo

    if written is None:
        return None
    try:
        return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise typer.BadParameter(f"{written!r} is not a day; write it as 2026-10-01") from None
