"""From labeled messages to a model: hold-out, folds, calibration, and the threshold."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from classifier.candidates import Choice, choose
from classifier.combination import MeaningClassifier, meaning_reader
from classifier.decisions import is_routed, precision_threshold
from classifier.encoder import Encoder
from classifier.errors import BadTaxonomy, TooFewLabels
from classifier.evaluation import Evaluation, evaluate
from classifier.fold_calibration import FoldCalibration, calibrate
from classifier.folds import (
    OutOfFold,
    Progress,
    columns_of,
    drivers_of,
    fit,
    fit_second,
    out_of_fold,
    trainable,
    vocabulary_of,
)
from classifier.messages import LabeledMessage
from classifier.model import Model, fingerprint
from classifier.novelty import Novelty
from classifier.pipeline import PipelineConfig, build_pipeline
from classifier.remarks import HOLD_OUT, OUT_OF_FOLD, training_counts, training_remarks
from classifier.seeding import Seed, seed_remarks, seeds_of, unlike, weighed
from classifier.taxonomy import Taxonomy

MANY = 4000
"""From so many messages on, three folds tell as much as five and take half the time."""

FEWEST_FOR_THRESHOLD = 200
"""Messages in the half of the hold-out that sets the threshold."""

UNLABELED = 0.5
"""How many messages a driver without any label counts for in the shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How to train.

    `folds`: for calibration; None takes 5, or 3 from 4,000 messages on. `target_precision` in
    (0, 1): what the threshold aims at. `assumed_unknown` in (0, 1): the share of messages about
    none of the drivers where no label says so. `search`: choose the pipeline by cross-validation
    among the named candidates (see `classifier.candidates`), which takes several times as long;
    otherwise `pipeline` is used. `seeded`: learn from the taxonomy's own words, too, and know
    drivers nobody labeled by those alone; it is off, since volumes tell drivers with labels from
    those without. `encoder`: what to read meaning with beside the n-grams (see
    `classifier.combination`), if anything.
    """

    pipeline: PipelineConfig = field(default_factory=PipelineConfig)
    folds: int | None = None
    target_precision: float = 0.95
    assumed_unknown: float = 0.03
    search: bool = False
    seeded: bool = False
    encoder: Encoder | None = None

    def folds_for(self, n: int) -> int:
        return self.folds or (3 if n >= MANY else 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model not yet saved, and what it is worth on messages that had no part in its making.

    `evaluation` is None without hold-out; `judged` are the messages it rests on. `remarks` are
    sentences a person should read.
    """

    model: Model
    evaluation: Evaluation | None
    judged: tuple[LabeledMessage, ...]
    training_ids: tuple[str, ...]
    remarks: tuple[str, ...]


def quiet(line: str) -> None:
    """Progress for nobody."""


def train(
    messages: Sequence[LabeledMessage],
    taxonomy: Taxonomy,
    *,
    config: TrainingConfig | None = None,
    holdout: Sequence[bool] | None = None,
    progress: Progress = quiet,
) -> Trained:
    """Train on the messages outside the hold-out and judge on half of those inside.

    `holdout` (n,) says which messages are held out: they never train, nor does any message with
    the same normalized text (invariant 12). A stable hash of the text splits them: one half sets
    the threshold, the other judges; with fewer than 200 to set it by, out-of-fold predictions set
    it and the whole hold-out judges. Of several drivers a label, the primary one is learned.
    The drivers' names, definitions and examples are training text as long as labels are few (see
    `classifier.seeding`); without a single label they are all there is.
    Raises `BadTaxonomy` for labels that are not leaves of the taxonomy, `TooFewLabels` without
    two drivers to tell apart.
    """
    config = config or TrainingConfig()
    kept, held = _split(messages, holdout)
    seeds = unlike(_seeds(taxonomy, config), [message.text for message in held])
    _check(messages, kept, taxonomy, seeds)
    config, choice = _chosen(kept, config, seeds, progress)
    second = meaning_reader(config.encoder)
    found, calibration = _calibrate(kept, config, seeds, second, progress)
    progress(f"Training on {len(kept):,} messages about {len(found.drivers)} drivers")
    model = _model(kept, taxonomy, config, found, calibration, seeds, second)
    setting = [message for message in held if _sets_threshold(message)]
    by_holdout = len(setting) >= FEWEST_FOR_THRESHOLD
    judged = [m for m in held if not (by_holdout and _sets_threshold(m))]
    threshold = (
        _threshold(*_predicted(model, setting), columns_of(setting, model.drivers), config)
        if by_holdout
        else _threshold(calibration.probabilities, calibration.unknown, found.truth, config)
    )
    source = HOLD_OUT if by_holdout else OUT_OF_FOLD
    facts = training_counts(kept, held, judged, left_out=len(messages) - len(kept) - len(held))
    manifest = {
        "counts": facts,
        "threshold_from": source,
        "pipeline": config.pipeline.to_dict(),
        "choice": choice.to_dict(),
        "seeds": len(weighed(seeds, kept)),
    }
    model = replace(model, threshold=threshold, manifest=manifest)
    progress(f"Judging on {len(judged):,} messages held out")
    return Trained(
        model=model,
        evaluation=judge(model, judged) if judged else None,
        judged=tuple(judged),
        training_ids=tuple(message.message_id for message in kept),
        remarks=(
            *training_remarks(model, kept, judged),
            *seed_remarks(seeds, kept),
            choice.sentence(),
        ),
    )


def judge(model: Model, messages: Sequence[LabeledMessage]) -> Evaluation:
    """What a model is worth on labeled messages (n ≥ 1), at its own threshold."""
    probabilities, unknown = _predicted(model, messages)
    return _evaluate(
        messages, probabilities, unknown, model.drivers, model.threshold, model.target_precision
    )


def cross_validate(
    messages: Sequence[LabeledMessage],
    taxonomy: Taxonomy,
    *,
    folds: int = 5,
    config: TrainingConfig | None = None,
    progress: Progress = quiet,
) -> Evaluation:
    """What a model trained on such messages is worth, each judged by folds that never saw it.

    Folds are grouped by `group` or identical normalized text. One temperature and one unknown
    curve are fitted on all out-of-fold predictions, and the threshold on a random half of them:
    two numbers and a threshold from thousands of messages, so their figures flatter by little.
    Raises as `train` does.
    """
    config = replace(config or TrainingConfig(), folds=folds)
    seeds = _seeds(taxonomy, config)
    _check(messages, messages, taxonomy, seeds)
    second = meaning_reader(config.encoder)
    found, calibration = _calibrate(messages, config, seeds, second, progress)
    half = np.array([_sets_threshold(message) for message in messages], dtype=bool)
    threshold = _threshold(
        calibration.probabilities[half], calibration.unknown[half], found.truth[half], config
    )
    return _evaluate(
        messages,
        calibration.probabilities,
        calibration.unknown,
        found.drivers,
        threshold,
        config.target_precision,
    )


def _split(
    messages: Sequence[LabeledMessage], holdout: Sequence[bool] | None
) -> tuple[list[LabeledMessage], list[LabeledMessage]]:
    """The messages to train on, and those held out."""
    if holdout is None:
        return list(messages), []
    held = [message for message, inside in zip(messages, holdout, strict=True) if inside]
    kept = [message for message, inside in zip(messages, holdout, strict=True) if not inside]
    texts = {fingerprint(message.text) for message in held}
    return [message for message in kept if fingerprint(message.text) not in texts], held


def _seeds(taxonomy: Taxonomy, config: TrainingConfig) -> Sequence[Seed]:
    return seeds_of(taxonomy) if config.seeded else ()


def _chosen(
    kept: Sequence[LabeledMessage],
    config: TrainingConfig,
    seeds: Sequence[Seed],
    progress: Progress,
) -> tuple[TrainingConfig, Choice]:
    """The config with the pipeline to train, and how it was come by."""
    if not (config.search and kept):
        return config, Choice.fixed(config.pipeline)
    folds = config.folds_for(len(kept))
    choice = choose(kept, folds=folds, seeds=seeds, progress=progress)
    return replace(config, pipeline=choice.pipeline), choice


def _check(
    messages: Sequence[LabeledMessage],
    kept: Sequence[LabeledMessage],
    taxonomy: Taxonomy,
    seeds: Sequence[Seed],
) -> None:
    named = {driver for message in messages for driver in message.label.drivers}
    strange = sorted(named - set(taxonomy.leaves))
    if strange:
        raise BadTaxonomy("taxonomy", [_strange(driver, taxonomy) for driver in strange])
    learned = drivers_of(kept, seeds)
    if len(learned) < 2:
        raise TooFewLabels(
            f"labels for {len(learned)} driver{'' if len(learned) == 1 else 's'} to train on, and "
            "it takes at least two to tell apart: label more messages"
        )
    if not trainable(kept, seeds):
        raise TooFewLabels("none of the labeled messages has a word in it")


def _strange(driver: str, taxonomy: Taxonomy) -> str:
    if driver in taxonomy:
        return f"labels name {driver!r}, which has drivers below it: name one of those"
    return f"labels name {driver!r}, which is not a driver in it: add it, or correct the labels"


def _calibrate(
    messages: Sequence[LabeledMessage],
    config: TrainingConfig,
    seeds: Sequence[Seed],
    second: MeaningClassifier | None,
    progress: Progress,
) -> tuple[OutOfFold, FoldCalibration]:
    folds = config.folds_for(len(messages))
    found = out_of_fold(
        messages,
        folds=folds,
        config=config.pipeline,
        progress=progress,
        seeds=seeds,
        second=second,
    )
    return found, calibrate(
        messages,
        found,
        assumed_unknown=config.assumed_unknown,
        config=config.pipeline,
        progress=progress,
        seeds=seeds,
        second=second,
    )


def _model(
    kept: Sequence[LabeledMessage],
    taxonomy: Taxonomy,
    config: TrainingConfig,
    found: OutOfFold,
    calibration: FoldCalibration,
    seeds: Sequence[Seed],
    second: MeaningClassifier | None,
) -> Model:
    """The model of all the messages to train on; it routes nothing yet."""
    about_driver = [message for message in kept if message.label.primary]
    pipeline = fit(build_pipeline(config.pipeline), about_driver, seeds)
    counts = np.bincount(found.truth[found.truth >= 0], minlength=len(found.drivers))
    shares = np.where(counts > 0, counts, UNLABELED)
    return Model(
        pipeline=pipeline,
        taxonomy=taxonomy,
        temperature=calibration.temperature,
        unknown_curve=calibration.curve,
        base_shares=tuple(float(share) for share in shares / shares.sum()),
        threshold=float("inf"),
        target_precision=config.target_precision,
        training_keys=frozenset(fingerprint(message.text) for message in kept),
        meaning=_meaning(second, about_driver, seeds, config),
        meaning_weight=calibration.weight,
        novelty=Novelty(vocabulary_of(about_driver, seeds), calibration.evidence_weights),
    )


def _meaning(
    second: MeaningClassifier | None,
    messages: Sequence[LabeledMessage],
    seeds: Sequence[Seed],
    config: TrainingConfig,
) -> MeaningClassifier | None:
    """The reader of meaning fitted on all, on the encoder itself: what it remembered can go."""
    if second is None or config.encoder is None:
        return None
    fitted = fit_second(second, messages, seeds)
    return fitted.with_encoder(config.encoder)


def _sets_threshold(message: LabeledMessage) -> bool:
    """Which half of the hold-out a message is in, for every version alike."""
    return int(fingerprint(f"half {message.text}"), 16) % 2 == 0


def _predicted(
    model: Model, messages: Sequence[LabeledMessage]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    predictions = model.predict([message.text for message in messages])
    return (
        np.stack([each.probabilities for each in predictions]),
        np.array([each.unknown for each in predictions]),
    )


def _evaluate(
    messages: Sequence[LabeledMessage],
    probabilities: NDArray[np.float64],
    unknown: NDArray[np.float64],
    drivers: Sequence[str],
    threshold: float,
    target: float,
) -> Evaluation:
    return evaluate(
        probabilities,
        unknown,
        [message.label for message in messages],
        drivers,
        threshold=threshold,
        target=target,
        message_ids=[message.message_id for message in messages],
        languages=[message.language for message in messages],
        channels=[message.channel for message in messages],
    )


def _threshold(
    probabilities: NDArray[np.float64],
    unknown: NDArray[np.float64],
    truth: NDArray[np.intp],
    config: TrainingConfig,
) -> float:
    """The lowest confidence that keeps the target among messages that can be routed at all."""
    confidence = (1 - unknown) * probabilities.max(axis=1)
    routable = is_routed(confidence, unknown, 0.0)
    correct = probabilities.argmax(axis=1) == truth
    return precision_threshold(confidence[routable], correct[routable], config.target_precision)
