"""Commands on files: train, evaluate, classify, redact."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.output import JsonOption, counting, result, say, stages, utc_now

UnknownLabel = Annotated[str, typer.Option(help="The label that means: none of the drivers.")]
ModelsDir = Annotated[
    Path | None, typer.Option(help="Folder of the model versions; else from the settings.")
]


def add_to(app: typer.Typer) -> None:
    for command in (train, evaluate, classify, redact):
        app.command()(command)


def train(
    labels: Annotated[
        Path | None,
        typer.Option(exists=True, help="A file of labeled messages; else the labels in the store."),
    ] = None,
    taxonomy: Annotated[Path | None, typer.Option(exists=True, help="The drivers.")] = None,
    models_dir: ModelsDir = None,
    unknown_label: UnknownLabel = "unknown",
    promote: Annotated[
        bool, typer.Option("--promote", help="Put it in use even with other drivers.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a new model version, with its card; it is put in use unless significantly worse.

    Example: waarom train
    Example: waarom train --labels labeled.csv --models-dir models
    """
    from service.learning import Source, train_version
    from service.settings import Settings

    settings = Settings()
    source = Source(labels=labels, taxonomy=taxonomy, unknown_label=unknown_label)
    with stages("Training") as progress:
        made = train_version(
            settings.model_copy(update={"models_dir": models_dir or settings.models_dir}),
            source,
            promote=promote,
            now=utc_now(),
            progress=progress,
        )
    for remark in made.remarks:
        say(remark)
    text = (
        f"Version {made.version} {'is in use' if made.promoted else 'is not in use'}: {made.reason}"
    )
    if made.evaluation:
        text += "\n" + _summary(made.evaluation)
    document = {
        "version": made.version,
        "promoted": made.promoted,
        "reason": made.reason,
        "remarks": made.remarks,
        "card": made.card,
        "evaluation": made.evaluation,
    }
    result(as_json, document, text)


def evaluate(
    data: Annotated[Path, typer.Option(exists=True, help="A file of labeled messages.")],
    cv: Annotated[
        int | None, typer.Option(min=2, help="Train and test by so many folds; writes no model.")
    ] = None,
    target: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="Precision to route at.")
    ] = 0.95,
    model: Annotated[str | None, typer.Option(help="A version; else the one in use.")] = None,
    models_dir: ModelsDir = None,
    unknown_label: UnknownLabel = "unknown",
    allow_training_rows: Annotated[
        bool, typer.Option("--allow-training-rows", help="Keep rows the model was trained on.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """What a model is worth on labeled messages it was not trained on.

    Example: waarom evaluate --data labeled.csv
    Example: waarom evaluate --data labeled.csv --cv 5 --json
    """
    from service.learning import cross_validated, evaluated
    from service.settings import Settings

    settings = Settings()
    settings = settings.model_copy(
        update={"models_dir": models_dir or settings.models_dir, "target_precision": target}
    )
    with stages("Evaluating") as progress:
        if cv:
            found = cross_validated(settings, data, unknown_label, folds=cv, progress=progress)
        else:
            found = evaluated(
                settings, data, unknown_label, model, allow_training_rows, progress=progress
            )
    if found["left_out"]:
        say(f"{found['left_out']:,} rows were left out: the model was trained on them.")
    result(as_json, found, _summary(found))


def classify(
    file: Annotated[
        str, typer.Argument(help="CSV or JSONL (also .gz), or - for one message a line on stdin.")
    ] = "-",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A .csv or .jsonl file (also .gz).")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A version; else the one in use.")] = None,
    models_dir: ModelsDir = None,
    redacted: Annotated[
        bool, typer.Option("--redacted", help="Personal data is out of it already.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Drivers for a file of messages, or for lines on stdin; stores and draws nothing.

    Example: waarom classify messages.csv -o drivers.csv
    Example: echo "Waar blijft mijn pakket?" | waarom classify
    """
    from service.learning import load_version
    from service.secret import load_secret
    from service.settings import Settings

    settings = Settings()
    loaded = load_version(models_dir or settings.models_dir, model)
    key = load_secret(settings)
    if file == "-":
        _classify_stdin(loaded, key, redacted=redacted, as_json=as_json)
        return
    path = Path(file)
    if not path.exists():
        raise typer.BadParameter(f"there is no file {file}")
    out = output or path.with_name(path.name.split(".")[0] + ".drivers.csv")
    _classify_file(path, out, loaded, key, redacted=redacted, as_json=as_json)


def _classify_stdin(model: Any, key: bytes, *, redacted: bool, as_json: bool) -> None:
    import json

    from classifier.scoring import classify_lines

    rows = classify_lines(sys.stdin, model, key=key, redacted=redacted, chunk=1)
    if as_json:
        typer.echo(json.dumps(list(rows), ensure_ascii=False))
        return
    for row in rows:
        typer.echo(json.dumps(row, ensure_ascii=False))


def _classify_file(
    path: Path, out: Path, model: Any, key: bytes, *, redacted: bool, as_json: bool
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


def redact(as_json: JsonOption = False) -> None:
    """A filter: text in, the same text without personal data out. --json: what was found where.

    Example: waarom redact < letter.txt
    """
    from classifier.redaction import find_personal_data
    from classifier.redaction import redact as redacted
    from service.secret import load_secret
    from service.settings import Settings

    text = sys.stdin.read()
    clean = redacted(text, key=load_secret(Settings()))
    if not as_json:
        typer.echo(clean, nl=False)
        return
    found = [
        {"kind": str(each.kind), "start": each.start, "end": each.end}
        for each in find_personal_data(text)
    ]
    result(True, {"text": clean, "found": found}, "")


def _summary(found: dict[str, Any]) -> str:
    """The figures of an evaluation, for people."""
    auto, unknown = found["auto"], found["unknown"]
    lines = [
        f"messages           {found['n']:,}",
        f"accuracy           {_percent(found['accuracy'])} {_interval(found['accuracy_interval'])}",
        f"macro F1           {_percent(found['macro_f1'])}",
        f"calibration error  {_percent(found['ece'])}",
        f"auto-routed        {_percent(auto['share'])} at {_percent(auto['precision'])} right"
        f" (target {_percent(auto['target'])})",
    ]
    if unknown["auroc"] is not None:
        lines.append(
            f"unknown drivers    AUROC {unknown['auroc']:.3f}, "
            f"{_percent(unknown['recall_at_95_kept'])} caught with 95 % kept"
        )
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _interval(ends: list[float | None]) -> str:
    return f"[{_percent(ends[0])} – {_percent(ends[1])}]" if ends[0] is not None else ""
