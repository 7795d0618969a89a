"""Commands on files: train, evaluate, classify, redact."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.options import AsJson, ModelsDir, Output, UnknownLabel, Version
from service.cli.output import counting, result, say, stages, utc_now


def add_to(app: typer.Typer) -> None:
    for command in (train, evaluate, classify, redact):
        app.command()(command)


def train(
    labels: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A file of labeled messages; else those in the store."
        ),
    ] = None,
    taxonomy: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The drivers; else the taxonomy of the settings."
        ),
    ] = None,
    models_dir: ModelsDir = None,
    encoder: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="A folder with model.onnx and tokenizer.json: read meaning beside words.",
        ),
    ] = None,
    unknown_label: UnknownLabel = "unknown",
    promote: Annotated[
        bool,
        typer.Option("--promote", help="Put it in use even if it is worse or knows other drivers."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a new model version, with its card; it is put in use unless significantly worse.

    A label file needs the columns text and label. The label late|refund names
    two drivers, the first the primary one; an empty one means none of the
    drivers. Without a taxonomy, or with one that knows none of the labels, a
    flat one is derived from them.

    A sentence encoder needs the extra: pip install waarom[encoder]. The model
    refers to its folder, which must stay where it is.

    Example: waarom train
    Example: waarom train --labels labeled.csv --models-dir models
    Example: waarom train --encoder encoders/multilingual
    """
    from service.learning import Source, train_version

    with stages("Training") as progress:
        made = train_version(
            _settings(models_dir),
            Source(labels=labels, taxonomy=taxonomy, unknown_label=unknown_label),
            encoder=encoder,
            promote=promote,
            now=utc_now(),
            progress=progress,
        )
    for remark in made.remarks:
        say(remark)
    document = {
        "version": made.version,
        "promoted": made.promoted,
        "reason": made.reason,
        "remarks": made.remarks,
        "card": made.card,
        "evaluation": made.evaluation,
    }
    lines = [f"Version {made.version}. {made.reason}", f"Its card: {made.card}"]
    result(as_json, document, "\n".join([*lines, *_summary(made.evaluation)]))


def evaluate(
    data: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="A file of labeled messages.")
    ],
    cv: Annotated[
        int | None, typer.Option(min=2, help="Train and test by so many folds; writes no model.")
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(min=0.5, max=0.999, help="Precision to route at; else the model's own."),
    ] = None,
    model: Version = None,
    models_dir: ModelsDir = None,
    unknown_label: UnknownLabel = "unknown",
    allow_training_rows: Annotated[
        bool, typer.Option("--allow-training-rows", help="Keep rows the model was trained on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What a model is worth on labeled messages it was not trained on.

    Routing is judged at the threshold the model has for its own target. For
    another --target, one half of the messages sets a threshold and what is
    routed is judged on the other half; the other figures are of all messages.
    With --cv, identical texts stay in one fold.

    Example: waarom evaluate --data labeled.csv
    Example: waarom evaluate --data labeled.csv --cv 5 --json
    """
    from service.judging import cross_validated, evaluated

    settings = _settings(models_dir)
    shared: dict[str, Any] = {"unknown_label": unknown_label, "target": target}
    with stages("Evaluating") as progress:
        if cv:
            found = cross_validated(settings, data, folds=cv, progress=progress, **shared)
        else:
            found = evaluated(
                settings,
                data,
                version=model,
                allow_training_rows=allow_training_rows,
                progress=progress,
                **shared,
            )
    for remark in found.remarks:
        say(remark)
    result(as_json, found.figures, "\n".join(_summary(found.figures)))


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

    settings = _settings(models_dir)
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
    clean = redacted(text, key=load_secret(_settings()))
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


def _settings(models_dir: Path | None = None) -> Any:
    from service.settings import read_settings

    settings = read_settings()
    return settings.model_copy(update={"models_dir": models_dir or settings.models_dir})


def _summary(found: dict[str, Any] | None) -> list[str]:
    """The figures of an evaluation, for people."""
    if found is None:
        return []
    auto, unknown = found["auto"], found["unknown"]
    lines = [
        f"messages           {found['n']:,}",
        f"accuracy           {_percent(found['accuracy'])} {_interval(found['accuracy_interval'])}",
        f"macro F1           {_percent(found['macro_f1'])} {_interval(found['macro_f1_interval'])}",
        f"calibration error  {_percent(found['ece'])}",
        f"auto-routed        {_percent(auto['share'])}, of which {_percent(auto['precision'])} "
        f"right {_interval(auto['precision_interval'])} (target {_percent(auto['target'])})",
    ]
    if unknown["auroc"] is not None:
        lines.append(
            f"unknown drivers    AUROC {unknown['auroc']:.3f}, "
            f"{_percent(unknown['recall_at_95_kept'])} caught with 95 % kept"
        )
    return lines


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _interval(ends: list[float | None]) -> str:
    return f"[{_percent(ends[0])} – {_percent(ends[1])}]"
