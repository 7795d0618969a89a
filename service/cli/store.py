"""Commands on the store: import messages, print the weekly breakdown."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import PERSON, AsJson, Format, Output, Since, Tongue, UnknownLabel
from service.cli.output import counting, opened, result, say, utc_now

if TYPE_CHECKING:
    from service.runtime import Runtime


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command()(report)


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True,
            help="CSV, JSONL, .eml or Label Studio's .json, also as .gz, or a folder of .eml.",
        ),
    ],
    channel: Annotated[
        str | None,
        typer.Option(help="Their channel, whatever the file says: ticket, email, survey …"),
    ] = None,
    labels: Annotated[bool, typer.Option("--labels", help="Each row brings its label.")] = False,
    label_from: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The control with the labels, in Label Studio's .json."),
    ] = None,
    unknown_label: UnknownLabel = "unknown",
    draw_since: Since = None,
    as_json: AsJson = False,
) -> None:
    """Read, clean, redact and store messages; predict, and draw whom to ask.

    A table needs a column text (and label, with --labels); id, channel,
    received_at, customer and others are used where they are there. Safe to run
    twice: a known id is not stored again. Rows that cannot be used are kept
    aside by file, line and reason, and the rest goes on.

    Example: waarom import mailbox/ --channel email
    Example: waarom import labeled.csv --labels
    Example: waarom import project-7.json --label-from sentiment
    """
    from service.importing import ImportOptions, default_draw_since, import_files

    now = utc_now()
    with opened() as runtime:
        since = _local(draw_since, runtime.settings.timezone)
        since = since or default_draw_since(runtime, now)
        options = ImportOptions(
            channel=channel,
            labels=labels or label_from is not None,
            label_from=label_from,
            unknown_label=unknown_label,
            draw_since=since,
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
    if report.passed_over:
        text += f", {report.passed_over:,} skipped answers, drafts and tasks without an answer"
    result(as_json, {k: getattr(report, k) for k in report.__slots__}, text)
    if report.rejected and not report.stored and not report.known:
        raise typer.Exit(1)


def report(
    week: Annotated[
        str | None, typer.Option(help="As in 2026-W46; else the last complete.")
    ] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="Else as the file is named, else html.")
    ] = None,
    output: Output = None,
    language: Annotated[
        Tongue | None, typer.Option(help="nl or en; else from the settings.")
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish the week first, as its figures are now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The weekly breakdown: drivers with volume, interval, share and change.

    Goes to stdout unless -o names a file; --json is --format json. What was
    published of a week is kept and shown beside what its figures are now. The
    worker publishes a week once; --publish does it before that, or again.

    Example: waarom report --week 2026-W46 -o week46.html
    Example: waarom report --week 2026-W46 --publish
    Example: waarom report --json
    """
    from service.breakdown import render
    from service.reports import up_to_date

    form = format_ or _named(output) or (Format.JSON if as_json else Format.HTML)
    with opened() as runtime:
        if publish:
            _publish(runtime, week)
        up_to_date(runtime)
        with runtime.reading() as session:
            text = render(
                session, runtime, week=week, form=form.value, language=language, now=utc_now()
            )
    if output is None:
        typer.echo(text)
        return
    output.write_text(text, encoding="utf-8")
    result(as_json, {"output": output, "format": form}, f"Written to {output}")


def _publish(runtime: "Runtime", week: str | None) -> None:
    from service.breakdown import check_week
    from service.publications import publish
    from service.weeks import last_complete_week

    now = utc_now()
    chosen = check_week(week or last_complete_week(now, runtime.settings.timezone))
    row, new = publish(runtime, chosen, person=PERSON, now=now)
    said = "published now" if new else "published before, with the same figures"
    say(f"{chosen}, version {row.version}: {said}.")


def _named(output: Path | None) -> Format | None:
    """The format a file's name asks for."""
    suffix = output.suffix[1:].lower() if output else ""
    return Format(suffix) if suffix in list(Format) else None


def _local(day: datetime | None, zone: str) -> datetime | None:
    """The beginning of a day in the configured zone."""
    from zoneinfo import ZoneInfo

    return day.replace(tzinfo=ZoneInfo(zone)) if day else None
