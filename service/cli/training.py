"""What is done with labels: train a model, evaluate one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.options import AsJson, ModelsDir, UnknownLabel, Version, settings_with
from service.cli.output import result, say, stages, utc_now

Labels = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="A file of labeled messages; else those in the store."
    ),
]
Drivers = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="The drivers; else the taxonomy of the settings."
    ),
]
EncoderDir = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="A folder with model.onnx and tokenizer.json: read meaning beside words.",
    ),
]
Search = Annotated[
    bool | None,
    typer.Option(
        "--search/--no-search",
        help="Compare ways to read the messages by cross-validation, from 300 labels on, always or "
        "never; else unless the model in use was chosen on nearly the same labels.",
        show_default=False,
    ),
]
Promote = Annotated[
    bool,
    typer.Option("--promote", help="Put it in use even if it is worse or knows other drivers."),
]
Data = Annotated[
    Path, typer.Option(exists=True, dir_okay=False, help="A file of labeled messages.")
]
Folds = Annotated[
    int | None, typer.Option(min=2, help="Train and test by so many folds; writes no model.")
]
ByTime = Annotated[
    bool,
    typer.Option("--by-time", help="Train on the earlier messages, test on the latest fifth."),
]
Target = Annotated[
    float | None,
    typer.Option(min=0.5, max=0.999, help="Precision to route at; else the model's own."),
]
AllowTrainingRows = Annotated[
    bool, typer.Option("--allow-training-rows", help="Keep rows the model was trained on.")
]


def add_to(app: typer.Typer) -> None:
    for command in (train, evaluate):
        app.command()(command)


def train(
    labels: Labels = None,
    taxonomy: Drivers = None,
    models_dir: ModelsDir = None,
    encoder: EncoderDir = None,
    search: Search = None,
    unknown_label: UnknownLabel = "unknown",
    promote: Promote = False,
    as_json: AsJson = False,
) -> None:
    """Train a new model version, with its card; it is put in use unless significantly worse.

    A label file needs the columns text and label. The label late|refund names
    two drivers, the first the primary one; an empty one means none of the
    drivers. Without a taxonomy, or with one that knows none of the labels, a
    flat one is derived from them.

    A sentence encoder needs the extra: pip install waarom\\[encoder]. The model
    refers to its folder, which must stay where it is.

    Example: waarom train
    Example: waarom train --labels labeled.csv --models-dir models
    Example: waarom train --encoder encoders/multilingual
    """
    from service.learning import Source, train_version

    with stages("Training") as progress:
        made = train_version(
            settings_with(models_dir),
            Source(labels=labels, taxonomy=taxonomy, unknown_label=unknown_label),
            encoder=encoder,
            search=search,
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
    result(as_json, document, "\n".join([*lines, *summary(made.evaluation)]))


def evaluate(
    data: Data,
    cv: Folds = None,
    by_time: ByTime = False,
    target: Target = None,
    model: Version = None,
    models_dir: ModelsDir = None,
    unknown_label: UnknownLabel = "unknown",
    allow_training_rows: AllowTrainingRows = False,
    as_json: AsJson = False,
) -> None:
    """What a model is worth on labeled messages it was not trained on.

    Routing is judged at the threshold the model has for its own target. For
    another --target, one half of the messages sets a threshold and what is
    routed is judged on the other half; the other figures are of all messages.
    With --cv, identical texts stay in one fold. With --by-time, a new model
    learns from the earlier messages and is judged on the latest fifth, as it
    would have been in use; the file needs a column received_at.

    Example: waarom evaluate --data labeled.csv
    Example: waarom evaluate --data labeled.csv --cv 5 --json
    Example: waarom evaluate --data labeled.csv --by-time
    """
    from service.judging import by_time as judged_by_time
    from service.judging import cross_validated, evaluated

    _check_way(cv, by_time, model)
    settings = settings_with(models_dir)
    shared: dict[str, Any] = {"unknown_label": unknown_label, "target": target}
    with stages("Evaluating") as progress:
        shared["progress"] = progress
        if cv:
            found = cross_validated(settings, data, folds=cv, **shared)
        elif by_time:
            found = judged_by_time(settings, data, **shared)
        else:
            found = evaluated(
                settings, data, version=model, allow_training_rows=allow_training_rows, **shared
            )
    for remark in found.remarks:
        say(remark)
    result(as_json, found.figures, "\n".join(summary(found.figures)))


def _check_way(cv: int | None, by_time: bool, model: str | None) -> None:
    """--cv and --by-time train models of their own, each in another way."""
    given = [name for name, on in (("--cv", cv), ("--by-time", by_time), ("--model", model)) if on]
    if len(given) > 1:
        raise typer.BadParameter("choose one of them", param_hint=" and ".join(given))


def summary(found: dict[str, Any] | None) -> list[str]:
    """The figures of an evaluation, for people."""
    if found is None:
        return []
    auto, error, unknown = found["auto"], found["calibration"], found["unknown"]
    routed = f"{_percent(auto['share'])} {_interval(auto['share_interval'])}"
    right = f"{_percent(auto['precision'])} {_interval(auto['precision_interval'])}"
    lines = [
        f"messages           {found['n']:,}",
        f"accuracy           {_percent(found['accuracy'])} {_interval(found['accuracy_interval'])}",
        f"macro F1           {_percent(found['macro_f1'])} {_interval(found['macro_f1_interval'])}",
        f"calibration error  {_percent(found['ece'])}"
        + (f" {_interval([error['low'], error['high']])}" if error else ""),
        f"auto-routed        {routed}, of which {right} right (target {_percent(auto['target'])})",
    ]
    if unknown["auroc"] is not None:
        low, high = unknown["auroc_interval"]
        lines.append(
            f"unknown drivers    AUROC {unknown['auroc']:.3f} [{low:.3f} – {high:.3f}], "
            f"{_percent(unknown['recall_at_95_kept'])} {_interval(unknown['recall_interval'])} "
            "caught with 95 % kept"
        )
    found_more = (*_several(found.get("several")), *_parents(found.get("parents")))
    return [*lines, *found_more, *_learning(found["learning_curve"])]


def _several(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    others = found["others"]
    return [
        f"exact drivers      {_rate(found['exact'])} of messages have exactly the drivers said",
        f"micro F1           {_percent(found['micro_f1'])} {_interval(found['micro_f1_interval'])}",
        f"other drivers      {_rate(others['recall'])} of those people name found, "
        f"{_rate(others['precision'])} of those it adds right",
    ]


def _parents(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    stopped = found["routed_at_parent"]
    return [
        f"right parent       {_rate(found['parent_right'])}, "
        f"{_rate(found['only_parent_right'])} with the wrong driver",
        f"stopped at parent  {_rate(stopped['share'])}, of which {_rate(stopped['precision'])} "
        "right",
    ]


def _learning(curve: dict[str, Any] | None) -> list[str]:
    if curve is None:
        return []
    low, high = (100 * each for each in curve["gain_interval"])
    return [
        f"{curve['extra']:,} more labels    about {100 * curve['gain']:+.1f} points of accuracy "
        f"[{low:+.1f} – {high:+.1f}]"
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _rate(found: dict[str, Any]) -> str:
    return f"{_percent(found['value'])} {_interval([found['low'], found['high']])}"


def _interval(ends: list[float]) -> str:
    return f"[{_percent(ends[0])} – {_percent(ends[1])}]"
