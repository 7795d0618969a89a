"""From labeled messages to a model: folds, calibration, and the threshold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from classifier.candidates import Choice, by_few, choose
from classifier.cascade_curve import CascadeCurve, Reads
from classifier.combination import MeaningClassifier, meaning_reader
from classifier.compaction import fit_compact
from classifier.earlier import kept
from classifier.embeddings import CachedEncoder
from classifier.encoder import Encoder
from classifier.evaluation import ConfusablePair, Evaluation, LearningCurve, evaluate_messages
from classifier.evaluation.confusable import Pair
from classifier.fold_predictions import FoldPredictions
from classifier.folded import Folded, folded
from classifier.folds import OutOfFold, Progress, fit_second, training_rows, vocabulary_of
from classifier.judging import TIMEZONE, in_half, judge, threshold_of_model
from classifier.material import Material, material
from classifier.mentions import MentionReader, has_several, mention_reader
from classifier.messages import LabeledMessage
from classifier.model import Model, fingerprint
from classifier.novelty import Novelty
from classifier.pace import measured_pace
from classifier.pipeline import PipelineConfig, build_pipeline
from classifier.remarks import HOLD_OUT, OUT_OF_FOLD, training_counts, training_remarks
from classifier.seeding import Seed, seed_remarks, weighed
from classifier.steps import CALIBRATED, COMPARED, MADE, Steps
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
    among the named candidates (see `classifier.candidates`), where there are labels enough to
    tell; otherwise `pipeline` is used. `seeded`: learn from the taxonomy's own words, too, and know
    drivers nobody labeled by those alone. `encoder`: what to read meaning with beside the n-grams
    (see `classifier.combination`), if anything, and `reads`: how much of the messages it reads (see
    `classifier.cascade_curve`). `timezone`: whose weeks a model is judged by.
    `earlier`: the manifest of an earlier model, whose choice of pipeline is kept where it was made
    on nearly the same labels (see `classifier.earlier`). `workers`: how many folds at a time.
    """

    pipeline: PipelineConfig = field(default_factory=PipelineConfig)
    folds: int | None = None
    target_precision: float = 0.95
    assumed_unknown: float = 0.03
    search: bool = True
    seeded: bool = True
    encoder: Encoder | CachedEncoder | None = None
    reads: Reads = "auto"
    timezone: str = TIMEZONE
    earlier: Mapping[str, Any] | None = field(default=None, repr=False)
    workers: int = 1

    def folds_for(self, n: int) -> int:
        return self.folds or (3 if n >= MANY else 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model not yet saved, and what it is worth on messages that had no part in its making.

    `evaluation` is None without hold-out; `judged` are the messages it rests on. `learning` says
    what more labels are worth, by folds of the training messages; None with too few of them.
    So are the confusable pairs of the evaluation, of which a hold-out has too few messages.
    `cascade` is what reading more or less with the encoder is worth; None without one.
    `folded` is what those folds said of the training messages, `folds` what is kept of that beside
    the model, `choice` how its pipeline was come by.
    `remarks` are sentences a person should read.
    """

    model: Model
    evaluation: Evaluation | None
    learning: LearningCurve | None
    cascade: CascadeCurve | None
    folded: Folded
    folds: FoldPredictions
    choice: Choice
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
    opinions: Iterable[Pair] = (),
    progress: Progress = quiet,
) -> Trained:
    """Train on the messages outside the hold-out and judge on half of those inside.

    `holdout` (n,) says which messages are held out: they never train, nor does any message with
    the same normalized text (invariant 12). A stable hash of the text splits them: one half sets
    the threshold, the other judges; with fewer than 200 to set it by, out-of-fold predictions set
    it and the whole hold-out judges. Where labels name several drivers, the model learns the
    primary one, and beside it all of them (see `classifier.mentions`).
    The drivers' names, definitions and examples are training text as long as labels are few (see
    `classifier.seeding`); without a single label they are all there is. `opinions`: what two
    people said of the same message, neither knowing the other's answer.
    Raises `BadTaxonomy` for labels that are not leaves of the taxonomy, `TooFewLabels` without
    two drivers to tell apart.
    """
    config = config or TrainingConfig()
    given = material(messages, taxonomy, holdout, seeded=config.seeded)
    second = meaning_reader(config.encoder)
    choice = _settled(given, config)
    steps = _steps(progress, _folds_walked(given, config), choice)
    choice = choice or _compared(given, config, second, steps)
    config = replace(config, pipeline=choice.pipeline)
    learned = _folded(given, config, second, steps, found=choice.found)
    steps.reach(MADE)
    steps(f"Training on {len(given.kept):,} messages about {len(learned.drivers)} drivers")
    model = _model(given, taxonomy, config, learned, second)
    threshold, source, judged = _threshold(model, given.held, learned, config)
    counts = training_counts(given.kept, given.held, judged, left_out=given.left_out)
    manifest = _manifest(counts, source, config, choice, given, learned.learning)
    cascade = _cascade(model, given, learned)
    manifest["cascade_curve"] = cascade and cascade.to_dict()
    model = replace(model, threshold=threshold, manifest=manifest)
    if judged:
        steps(f"Judging on {len(judged):,} messages held out")
    return Trained(
        model=model,
        evaluation=_judged(model, judged, config, learned, learned.pairs(given.kept, opinions)),
        learning=learned.learning,
        cascade=cascade,
        folded=learned,
        folds=FoldPredictions.of(given.kept, learned),
        choice=choice,
        judged=judged,
        training_ids=tuple(message.message_id for message in given.kept),
        remarks=(
            *training_remarks(model, given.kept, judged),
            *seed_remarks(given.seeds, given.kept),
            choice.sentence(),
        ),
    )


def cross_validate(
    messages: Sequence[LabeledMessage],
    taxonomy: Taxonomy,
    *,
    folds: int = 5,
    config: TrainingConfig | None = None,
    opinions: Iterable[Pair] = (),
    progress: Progress = quiet,
) -> Evaluation:
    """What a model trained on such messages is worth, each judged by folds that never saw it.

    Folds are grouped by `group` or identical normalized text. One temperature and one unknown
    curve are fitted on all out-of-fold predictions, so their figures flatter by little. The
    threshold is set on a random half of the messages, and the other half judges what it routes.
    The pipeline is that of the config, also with `search`: the folds that chose one would flatter
    it. Raises as `train` does.
    """
    config = replace(config or TrainingConfig(), folds=folds)
    given = material(messages, taxonomy, seeded=config.seeded)
    second = meaning_reader(config.encoder)
    steps = Steps(progress, _folds_walked(given, config) + CALIBRATED)
    learned = _folded(given, config, second, steps)
    half, calibration, several = in_half(messages), learned.calibration, learned.mentions
    judged = evaluate_messages(
        calibration.probabilities,
        calibration.unknown,
        messages,
        learned.drivers,
        threshold=learned.threshold(half, config.target_precision, taxonomy),
        target=config.target_precision,
        taxonomy=taxonomy,
        set_threshold=half,
        timezone=config.timezone,
        opinions=opinions,
        mentions=several.found.probabilities if several else None,
        chosen=several.found.chosen if several else None,
    )
    return replace(judged, learning=learned.learning)


def _settled(given: Material, config: TrainingConfig) -> Choice | None:
    """The choice where there is nothing to compare: one asked for, or an earlier model's."""
    if not (config.search and given.kept) or config.pipeline != PipelineConfig():
        return Choice.fixed(config.pipeline)
    return kept(config.earlier or {}, given.kept) or by_few(given.kept)


def _folds_walked(given: Material, config: TrainingConfig) -> int:
    """How many folds there are to go through, those of several drivers a message included."""
    return config.folds_for(len(given.kept)) * (2 if has_several(given.kept) else 1)


def _steps(progress: Progress, folds: int, settled: Choice | None) -> Steps:
    return Steps(progress, (0 if settled else COMPARED) + folds + CALIBRATED + MADE)


def _compared(
    given: Material, config: TrainingConfig, second: MeaningClassifier | None, progress: Progress
) -> Choice:
    folds = config.folds_for(len(given.kept))
    return choose(
        given.kept,
        folds=folds,
        progress=progress,
        seeds=given.seeds,
        second=second,
        counts=given.counts,
        workers=config.workers,
    )


def _folded(
    given: Material,
    config: TrainingConfig,
    second: MeaningClassifier | None,
    progress: Progress,
    *,
    found: OutOfFold | None = None,
) -> Folded:
    return folded(
        given.kept,
        found,
        folds=config.folds_for(len(given.kept)),
        assumed_unknown=config.assumed_unknown,
        reads=config.reads,
        config=config.pipeline,
        progress=progress,
        seeds=given.seeds,
        second=second,
        counts=given.counts,
        workers=config.workers,
    )


def _model(
    given: Material,
    taxonomy: Taxonomy,
    config: TrainingConfig,
    learned: Folded,
    second: MeaningClassifier | None,
) -> Model:
    """The model of all the messages to train on; it routes nothing yet."""
    found, calibration = learned.found, learned.calibration
    about_driver = [message for message in given.kept if message.label.primary]
    pipeline = fit_compact(
        build_pipeline(config.pipeline), *training_rows(about_driver, given.seeds)
    )
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
        training_keys=frozenset(fingerprint(message.text) for message in given.kept),
        meaning=_meaning(second, about_driver, given.seeds, config),
        meaning_weight=calibration.weight,
        cascade=calibration.cascade,
        novelty=Novelty(vocabulary_of(about_driver, given.seeds), calibration.evidence_weights),
        mentions=_mentions(given, pipeline, learned),
    )


def _mentions(given: Material, pipeline: Pipeline, learned: Folded) -> MentionReader | None:
    """The reader of all drivers a message is about; None where no label names several."""
    if learned.mentions is None:
        return None
    return mention_reader(given.kept, pipeline, learned.mentions, seeds=given.seeds)


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


def _cascade(model: Model, given: Material, learned: Folded) -> CascadeCurve | None:
    """The curve of the cascade with how fast the model is here."""
    curve = learned.calibration.cascade_curve
    if curve is None:
        return None
    return replace(curve, pace=measured_pace(model, [message.text for message in given.kept]))


def _threshold(
    model: Model, held: Sequence[LabeledMessage], learned: Folded, config: TrainingConfig
) -> tuple[float, str, tuple[LabeledMessage, ...]]:
    """The threshold, what set it, and the messages left to judge by."""
    target, half = config.target_precision, in_half(held)
    if half.sum() < FEWEST_FOR_THRESHOLD:
        by_folds = learned.threshold(slice(None), target, model.taxonomy)
        return by_folds, OUT_OF_FOLD, tuple(held)
    pairs = list(zip(held, half, strict=True))
    setting = [message for message, inside in pairs if inside]
    judging = tuple(message for message, inside in pairs if not inside)
    return threshold_of_model(model, setting, target), HOLD_OUT, judging


def _judged(
    model: Model,
    judged: Sequence[LabeledMessage],
    config: TrainingConfig,
    learned: Folded,
    pairs: tuple[ConfusablePair, ...],
) -> Evaluation | None:
    """What the model is worth on messages held out; what more labels are, and pairs, by folds."""
    if not judged:
        return None
    found = judge(model, judged, timezone=config.timezone)
    return replace(found, learning=learned.learning, confusable=pairs)


def _manifest(
    counts: dict[str, Any],
    source: str,
    config: TrainingConfig,
    choice: Choice,
    given: Material,
    learning: LearningCurve | None,
) -> dict[str, Any]:
    return {
        "counts": counts,
        "threshold_from": source,
        "pipeline": config.pipeline.to_dict(),
        "choice": choice.to_dict(),
        "seeds": len(weighed(given.seeds, given.kept)),
        "learning_curve": learning.to_dict() if learning else None,
    }
