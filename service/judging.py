"""What a model is worth on a file of labeled messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from classifier.errors import BadFile, TooFewLabels
from classifier.evaluation import Evaluation, TimeSplit, split_by_time
from classifier.judging import judge, judge_at
from classifier.messages import LabeledMessage
from classifier.model import Model
from classifier.text import normalized
from classifier.training import cross_validate, train
from service.labeled_files import Progress, read_labeled
from service.learning import Source, gather, training_config
from service.settings import Settings
from service.versions import load_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The figures of an evaluation as plain data, and sentences a person should read."""

    figures: dict[str, Any]
    remarks: tuple[str, ...]


def cross_validated(
    settings: Settings,
    data: Path,
    *,
    folds: int,
    unknown_label: str,
    target: float | None,
    progress: Progress,
) -> Judged:
    """What a model trained on such a file is worth, by folds; writes nothing.

    Raises as `train_version` does.
    """
    found = gather(settings, Source(data, None, unknown_label), progress)
    config = training_config(settings, target=target)
    judged = cross_validate(
        found.messages, found.taxonomy, folds=folds, config=config, progress=progress
    )
    return Judged(figures=judged.to_dict(), remarks=found.remarks)


def evaluated(
    settings: Settings,
    data: Path,
    *,
    unknown_label: str,
    version: str | None,
    target: float | None,
    allow_training_rows: bool,
    progress: Progress,
) -> Judged:
    """What a version is worth on a file, rows it was trained on left out unless allowed.

    Routing is judged at the model's own threshold. For another `target` than the model's, half of
    the messages set a threshold and the other half judges it: see `judge_at`. Raises `BadFile`,
    `ModelNotFound`, `BadModel`, or `TooFewLabels` when nothing is left to judge by.
    """
    model = load_version(settings.models_dir, version)
    read = read_labeled(settings, data, unknown_label, progress=progress)
    messages = read.messages if allow_training_rows else _unseen(model, read.messages)
    if not messages:
        raise TooFewLabels(
            f"{data}: the model was trained on every row; give other messages, or "
            "--allow-training-rows to judge it on them all the same"
        )
    progress(f"{len(messages):,} messages")
    own = target is None or target == model.target_precision
    judged = (
        judge(model, messages, timezone=settings.timezone)
        if own
        else judge_at(model, messages, float(target or 0), timezone=settings.timezone)
    )
    left_out = len(read.messages) - len(messages)
    figures = judged.to_dict() | {"left_out": left_out, "model": model.version}
    remarks = [*read.remarks, *_remarks(model, judged, left_out, own=own)]
    return Judged(figures=figures, remarks=tuple(remarks))


def by_time(
    settings: Settings,
    data: Path,
    *,
    unknown_label: str,
    target: float | None,
    progress: Progress,
) -> Judged:
    """What a model trained on the earlier messages is worth on the latest fifth; writes nothing.

    Earlier messages of a customer, or with a text, that comes back later are left out. Raises as
    `train_version` does, and `BadFile` when there are no two moments to split between.
    """
    found = gather(settings, Source(data, None, unknown_label), progress)
    split = _split(data, found.messages)
    pairs = list(zip(found.messages, split.train, split.test, strict=True))
    earlier = [message for message, inside, _ in pairs if inside]
    config = training_config(settings, target=target)
    trained = train(earlier, found.taxonomy, config=config, progress=progress)
    later = [message for message, _, inside in pairs if inside]
    progress(f"Judging on {len(later):,} later messages")
    judged = judge(trained.model, later, timezone=settings.timezone)
    judged = replace(judged, learning=trained.learning)
    facts = {
        "since": split.since.astimezone(ZoneInfo(settings.timezone)).isoformat(),
        "training": len(earlier),
        "undated": split.undated,
        "related": split.related,
    }
    return Judged(
        figures=judged.to_dict() | {"by_time": facts},
        remarks=(*found.remarks, *_time_remarks(facts), *_other_drivers(judged)),
    )


def _split(data: Path, messages: Sequence[LabeledMessage]) -> TimeSplit:
    groups = [message.group for message in messages]
    texts = [normalized(message.text) for message in messages]
    try:
        return split_by_time([message.received_at for message in messages], groups, texts)
    except ValueError:
        raise BadFile(
            data,
            "no two messages of different moments, so there is no earlier and later: add a column "
            "received_at (or created_at), as in 2026-11-21 or 2026-11-21T09:30, or judge by "
            "`--cv 5` instead",
        ) from None


def _time_remarks(facts: Mapping[str, Any]) -> list[str]:
    remarks = [
        f"Trained on {facts['training']:,} messages from before {facts['since'][:16]}, judged on "
        "those since."
    ]
    if facts["related"]:
        remarks.append(
            f"{facts['related']:,} earlier messages were left out: their customer or their text "
            "comes back later."
        )
    if facts["undated"]:
        remarks.append(f"{facts['undated']:,} messages were left out: they have no date.")
    return remarks


def _unseen(model: Model, messages: Sequence[LabeledMessage]) -> list[LabeledMessage]:
    seen = model.trained_on(message.text for message in messages)
    return [message for message, known in zip(messages, seen, strict=True) if not known]


def _remarks(model: Model, judged: Evaluation, left_out: int, *, own: bool) -> list[str]:
    remarks = []
    if left_out:
        remarks.append(f"{left_out:,} rows were left out: the model was trained on them.")
    remarks += _other_drivers(judged)
    if not own:
        remarks.append(
            f"The model's own target is {model.target_precision:.1%}: one half of the messages "
            "sets a threshold for yours, what is routed is of the other half."
        )
    return remarks


def _other_drivers(judged: Evaluation) -> list[str]:
    if not judged.other_drivers:
        return []
    return [
        f"{judged.other_drivers:,} rows name a driver the model does not know; they count for "
        "routing only."
    ]
