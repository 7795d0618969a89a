"""Commands on files: classify, redact."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from classifier.scoring import Progress, ScoreReport

from service.cli.options import AsJson, ModelsDir, Output, Version, settings_with
from service.cli.output import measuring, result, say


def add_to(app: typer.Typer) -> None:
    for command in (classify, redact):
        app.command()(command)


def classify(
    file: Annotated[
        str,
        typer.Argument(
            help="CSV, JSONL or .eml (also .gz), Parquet, or - for one message a line on stdin.",
            show_default=False,
        ),
    ] = "-",
    output: Output = None,
    model: Version = None,
    models_dir: ModelsDir = None,
    redacted: Annotated[
        bool, typer.Option("--redacted", help="Personal data is out of it already.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Processes to work with; else one, or for a big file one a core."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Drivers for a file of messages, or for lines on stdin; stores and draws nothing.

    A file becomes a .csv or .jsonl file (also .gz) or a .parquet: the one -o
    names, else FILE.drivers.csv beside it. Lines become JSON lines on stdout
    (with --json: one list). When it was interrupted, the same command goes on
    from there.

    Example: waarom classify messages.csv -o drivers.csv
    Example: waarom classify messages.parquet -o drivers.parquet --jobs 8
    Example: echo "Waar blijft mijn pakket?" | waarom classify
    """
    from classifier.scoring import Plan
    from service.secret import load_secret
    from service.versions import load_version

    settings = settings_with(models_dir)
    path = None if file == "-" else _existing(file)
    loaded, key = load_version(settings.models_dir, model), load_secret(settings)
    if path is None:
        _classify_stdin(loaded, output, key=key, redacted=redacted, as_json=as_json)
    else:
        out = output or path.with_name(Path(path.name.removesuffix(".gz")).stem + ".drivers.csv")
        load = partial(load_version, settings.models_dir, loaded.version)
        shared = {"key": key, "redacted": redacted, "plan": Plan(jobs=jobs, load=load)}
        _classify_file(path, out, loaded, as_json=as_json, **shared)


def _existing(file: str) -> Path:
    if not Path(file).exists():
        raise typer.BadParameter(f"there is no file {file}", param_hint="'file'")
    return Path(file)


def _classify_stdin(
    model: Any, output: Path | None, *, key: bytes, redacted: bool, as_json: bool
) -> None:
    import json

    from classifier.scoring import CHUNK, classify_lines

    if output is not None:
        raise typer.BadParameter("lines from stdin go to stdout; use > FILE", param_hint="'-o'")
    chunk = 1 if sys.stdin.isatty() else CHUNK
    rows = classify_lines(_stdin_lines(), model, key=key, redacted=redacted, chunk=chunk)
    if as_json:
        typer.echo(json.dumps(list(rows), ensure_ascii=False))
        return
    for row in rows:
        typer.echo(json.dumps(row, ensure_ascii=False))


def _classify_file(path: Path, out: Path, model: Any, *, as_json: bool, **shared: Any) -> None:
    from classifier.scoring import classify_file

    done = 0
    with measuring("Messages classified") as advance:

        def progress(at: "Progress") -> None:
            nonlocal done
            done = at.rows
            advance(at.rows, at.share)

        try:
            report = classify_file(path, out, model, progress=progress, notice=say, **shared)
        except KeyboardInterrupt:
            say(f"Stopped after {done:,} messages; the same command goes on from there.")
            raise typer.Exit(1) from None
    result(as_json, _document(report, out), _summary(report, out))
    if report.rejected and not report.rows:
        raise typer.Exit(1)


def _document(report: "ScoreReport", out: Path) -> dict[str, Any]:
    return {
        "rows": report.rows,
        "rejected": report.rejected,
        "rejected_file": report.rejected_file,
        "resumed": report.resumed,
        "seconds": report.seconds,
        "jobs": report.jobs,
        "processor_seconds": report.spent,
        "output": out,
    }


def _summary(report: "ScoreReport", out: Path) -> str:
    text = f"{report.rows:,} messages classified into {out} in {report.seconds:.1f} s"
    if report.resumed:
        text += f", going on from row {report.resumed + 1:,}"
    if report.rejected:
        text += f"; {report.rejected:,} rejected, see {report.rejected_file}"
    return f"{text}\n{_shares(report)}"


def _shares(report: "ScoreReport") -> str:
    """What the processors were busy with."""
    spent = {name: getattr(report.spent, name) for name in report.spent.__slots__}
    total = sum(spent.values())
    each = (f"{name} {100 * took / max(total, 1e-9):.0f} %" for name, took in spent.items())
    processes = "1 process" if report.jobs == 1 else f"{report.jobs} processes"
    return f"{total:.1f} s of processor time in {processes}: {', '.join(each)}"


def redact(as_json: AsJson = False) -> None:
    """A filter: text in, the same text without personal data out. --json: what was found where.

    Example: waarom redact < letter.txt
    """
    from classifier.redaction import find_personal_data
    from classifier.redaction import redact as redacted
    from service.secret import load_secret

    text = "".join(_stdin_lines())
    clean = redacted(text, key=load_secret(settings_with()))
    if not as_json:
        typer.echo(clean, nl=False)
        return
    found = [
        {"kind": each.kind, "start": each.start, "end": each.end}
        for each in find_personal_data(text)
    ]
    result(True, {"text": clean, "found": found}, "")


def _stdin_lines() -> Any:
    """Lines of stdin as UTF-8, each line that is not as Windows-1252."""
    for line in sys.stdin.buffer:
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            yield line.decode("cp1252", "replace")
