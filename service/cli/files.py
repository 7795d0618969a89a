"""Commands on files: classify, redact."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.options import AsJson, ModelsDir, Output, Version
from service.cli.output import counting, result
from service.cli.training import settings_with


def add_to(app: typer.Typer) -> None:
    for command in (classify, redact):
        app.command()(command)


def classify(
    file: Annotated[
        str,
        typer.Argument(
            help="CSV, JSONL or .eml (also .gz), or - for one message a line on stdin.",
            show_default=False,
        ),
    ] = "-",
    output: Output = None,
    model: Version = None,
    models_dir: ModelsDir = None,
    redacted: Annotated[
        bool, typer.Option("--redacted", help="Personal data is out of it already.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Drivers for a file of messages, or for lines on stdin; stores and draws nothing.

    A file becomes a .csv or .jsonl file (also .gz): the one -o names, else
    FILE.drivers.csv beside it. Lines become JSON lines on stdout (with --json:
    one list).

    Example: waarom classify messages.csv -o drivers.csv
    Example: echo "Waar blijft mijn pakket?" | waarom classify
    """
    from service.secret import load_secret
    from service.versions import load_version

    settings = settings_with(models_dir)
    path = None if file == "-" else _existing(file)
    loaded, key = load_version(settings.models_dir, model), load_secret(settings)
    if path is None:
        _classify_stdin(loaded, output, key=key, redacted=redacted, as_json=as_json)
    else:
        out = output or path.with_name(Path(path.name.removesuffix(".gz")).stem + ".drivers.csv")
        _classify_file(path, out, loaded, key=key, redacted=redacted, as_json=as_json)


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


def _classify_file(
    path: Path, out: Path, model: Any, *, key: bytes, redacted: bool, as_json: bool
) -> None:
    from classifier.scoring import classify_file

    done = 0
    with counting("Messages classified") as progress:

        def advance(rows: int) -> None:
            nonlocal done
            progress(rows - done)
            done = rows

        report = classify_file(path, out, model, key=key, redacted=redacted, progress=advance)
    text = f"{report.rows:,} messages classified into {out} in {report.seconds:.1f} s"
    if report.rejected:
        text += f"; {report.rejected:,} rejected, see {report.rejected_file}"
    document = {
        "rows": report.rows,
        "rejected": report.rejected,
        "rejected_file": report.rejected_file,
        "seconds": report.seconds,
        "output": out,
    }
    result(as_json, document, text)
    if report.rejected and not report.rows:
        raise typer.Exit(1)


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
