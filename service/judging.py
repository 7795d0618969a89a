"""What a model is worth on a file of labeled messages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from classifier.decisions import is_routed, precision_threshold
from classifier.errors import TooFewLabels
from classifier.evaluation import Evaluation
from classifier.messages import LabeledMessage
from classifier.model import Model, fingerprint
from classifier.training import TrainingConfig, cross_validate, judge
from service.labeled_files import Progress, read_labeled
from service.learning import Source, gather
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
    config = TrainingConfig(target_precision=target or settings.target_precision)
    judged = cross_validate(
        [row.message for row in found.rows],
        found.taxonomy,
        folds=folds,
        config=config,
        progress=progress,
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
    judged = judge(model, messages) if own else judge_at(model, messages, float(target or 0))
    left_out = len(read.messages) - len(messages)
    figures = judged.to_dict() | {"left_out": left_out, "model": model.version}
    remarks = [*read.remarks, *_remarks(model, judged, left_out, own=own)]
    return Judged(figures=figures, remarks=tuple(remarks))


def judge_at(model: Model, messages: Sequence[LabeledMessage], target: float) -> Evaluation:
    """As `judge`, for another target precision than the model's.

    A threshold chosen and judged on the same messages would flatter. So one half of the messages,
    by a stable hash of the text, sets it with the guarantee of `precision_threshold`; what is
    routed, and the slices, are of the other half. Everything else does not depend on the
    threshold, and is of all messages.
    """
    halves: tuple[list[LabeledMessage], list[LabeledMessage]] = ([], [])
    for message in messages:
        halves[int(fingerprint(message.text), 16) % 2].append(message)
    setting, judging = halves
    changed = replace(model, threshold=_threshold(model, setting, target), target_precision=target)
    whole = judge(changed, messages)
    if not judging:
        return whole
    half = judge(changed, judging)
    return replace(whole, auto=half.auto, slices=half.slices)


def _threshold(model: Model, messages: Sequence[LabeledMessage], target: float) -> float:
    predictions = model.predict([message.text for message in messages])
    confidence = np.array([each.confidence for each in predictions], dtype=np.float64)
    unknown = np.array([each.unknown for each in predictions], dtype=np.float64)
    correct = np.array(
        [each.driver in m.label.drivers for each, m in zip(predictions, messages, strict=True)],
        dtype=bool,
    )
    routable = is_routed(confidence, unknown, 0.0)
    return precision_threshold(confidence[routable], correct[routable], target)


def _unseen(model: Model, messages: Sequence[LabeledMessage]) -> list[LabeledMessage]:
    seen = model.trained_on(message.text for message in messages)
    return [message for message, known in zip(messages, seen, strict=True) if not known]


def _remarks(model: Model, judged: Evaluation, left_out: int, *, own: bool) -> list[str]:
    remarks = []
    if left_out:
        remarks.append(f"{left_out:,} rows were left out: the model was trained on them.")
    if judged.other_drivers:
        remarks.append(
            f"{judged.other_drivers:,} rows name a driver the model does not know; they count for "
            "routing only."
        )
    if not own:
        remarks.append(
            f"The model's own target is {model.target_precision:.1%}: one half of the messages "
            "sets a threshold for yours, what is routed is of the other half."
        )
    return remarks
