"""From labels, in the store or in a file, to a model version in use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from classifier import registry
from classifier.card import Making, training_data, write_card
from classifier.card.reading import PICTURE
from classifier.errors import BadFile, BadModel, ModelNotFound, TooFewLabels
from classifier.evaluation import Evaluation
from classifier.evaluation.confusable import Pair
from classifier.fold_predictions import FOLDS
from classifier.messages import LabeledMessage
from classifier.plots import coverage_plot, learning_plot, reading_plot, reliability_plot
from classifier.promise import QueuePromise, outcomes
from classifier.promotion import Promotion, should_promote
from classifier.registry import current_version, load_model, save
from classifier.scoring.workers import cores
from classifier.taxonomy import Taxonomy, flat_taxonomy, load_taxonomy
from classifier.training import Trained, TrainingConfig, train
from service.encoders import encoder_in, with_cache
from service.evidence import carried
from service.labeled_files import Progress, read_labeled
from service.opinions import second_opinions
from service.runtime import open_runtime, taxonomy_in_use
from service.secret import load_secret
from service.settings import Settings
from service.suspects import ask_suspects
from service.training_rows import TrainingRow, training_set
from service.weeks import day_of

NOTHING_KNOWN = "No message was held out, so nothing is known of what it is worth."
WORKERS = 2
"""Folds at a time, where there are cores enough: each takes its memory."""

SHOWN = 5
"""So many names fit in a sentence."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where labels come from: a file, or None for the store; and the drivers they name."""

    labels: Path | None = None
    taxonomy: Path | None = None
    unknown_label: str = "unknown"


@dataclass(frozen=True, slots=True)
class Gathered:
    """Rows to learn from, the taxonomy they fit, and sentences a person should read.

    `opinions`: the drivers that two people gave the same message, and what it weighs.
    """

    rows: Sequence[TrainingRow]
    taxonomy: Taxonomy
    remarks: tuple[str, ...]
    opinions: Sequence[Pair] = ()

    @property
    def messages(self) -> list[LabeledMessage]:
        return [row.message for row in self.rows]

    @property
    def held(self) -> list[LabeledMessage]:
        return [row.message for row in self.rows if row.holdout]


@dataclass(frozen=True, slots=True)
class Made:
    """A version that was saved, whether it is in use now, and why."""

    version: str
    promoted: bool
    reason: str
    remarks: tuple[str, ...]
    card: Path
    evaluation: dict[str, Any] | None


def train_version(
    settings: Settings,
    source: Source,
    *,
    promote: bool,
    now: datetime,
    encoder: Path | None = None,
    search: bool | None = None,
    progress: Progress = lambda line: None,
) -> Made:
    """Train, judge, save with a card, and put in use unless significantly worse.

    `encoder` is the folder of one to read meaning with beside words. `search`: compare ways to
    read first, always or never; None compares unless the model in use was chosen on nearly the
    same labels. Raises `BadFile`, `BadTaxonomy` or `TooFewLabels`.
    """
    config = training_config(settings, encoder=encoder, search=search is not False)
    if search is None:
        config = replace(config, earlier=_manifest_in_use(settings.models_dir))
    found = gather(settings, source, progress)
    trained = train(
        found.messages,
        found.taxonomy,
        config=config,
        holdout=[row.holdout for row in found.rows],
        opinions=found.opinions,
        progress=progress,
    )
    promotion = _promotion(settings, trained, asked=promote)
    drawn = source.labels is None
    key = load_secret(settings) if drawn else b""
    shown = outcomes(trained.model, found.held, drawn=drawn, key=key)
    promises = shown.promises()
    progress("Writing the card")
    card = _card(settings, found, trained, promises, promotion.reason)
    extra = _plots(trained) | ({} if drawn else carried(shown))
    extra[FOLDS] = trained.folds.to_bytes()
    version = _saved(settings, trained, card, promotion, extra, day_of(now, settings.timezone))
    doubted = _look_again(settings, now) if drawn else ()
    return Made(
        version=version,
        promoted=promotion.promoted,
        reason=promotion.reason,
        remarks=(*found.remarks, *trained.remarks, *doubted),
        card=settings.models_dir / version / registry.CARD,
        evaluation=_figures(trained.evaluation, promises),
    )


def _look_again(settings: Settings, now: datetime) -> tuple[str, ...]:
    """Ask about labels of the store that look wrong by what the folds said; how many, in words."""
    runtime = open_runtime(settings)
    try:
        asked = ask_suspects(runtime, now=now)
    finally:
        runtime.close()
    if not asked:
        return ()
    return (
        f"{_many(asked, 'label')} that look wrong will be asked of somebody else; "
        "`waarom label suspects` says why.",
    )


def training_config(
    settings: Settings,
    *,
    target: float | None = None,
    encoder: Path | None = None,
    search: bool = True,
) -> TrainingConfig:
    """How to train by the settings, at another `target` precision if one is given.

    `encoder` is the folder of one; `search` as in `TrainingConfig`.
    """
    return TrainingConfig(
        target_precision=target or settings.target_precision,
        assumed_unknown=settings.assumed_unknown,
        encoder=encoder_in(settings, encoder) if encoder else None,
        reads=settings.encoder_reads,
        search=search,
        timezone=settings.timezone,
        workers=min(cores(), WORKERS),
    )


def _manifest_in_use(folder: Path) -> dict[str, Any] | None:
    """What is known of the model in use; None without one, or without one that can be read."""
    try:
        version = current_version(folder)
        return registry.verify(folder / version) if version else None
    except (BadModel, ModelNotFound):
        return None


def _saved(
    settings: Settings,
    trained: Trained,
    card: Callable[[str], str],
    promotion: Promotion,
    extra: Mapping[str, bytes],
    today: date,
) -> str:
    """The name of the new version, which is in use where it should be."""
    folder = settings.models_dir
    version = save(trained.model, folder, today=today, card=card, extra=extra)
    if promotion.promoted:
        registry.promote(folder, version)
    return version


def _figures(
    evaluation: Evaluation | None, promises: Mapping[str, QueuePromise]
) -> dict[str, Any] | None:
    if evaluation is None:
        return None
    return evaluation.to_dict() | {"promise": [each.to_dict() for each in promises.values()]}


def _promotion(settings: Settings, trained: Trained, *, asked: bool) -> Promotion:
    """Whether the new model takes over; one that can no longer be loaded stands in nobody's way."""
    folder = settings.models_dir
    try:
        current = load_model(folder) if current_version(folder) else None
        current = current and with_cache(settings, current)
    except (BadModel, ModelNotFound) as error:
        return Promotion(True, f"Promoted: the model in use before cannot be loaded. {error}")
    found = should_promote(trained.model, current, trained.judged)
    if asked and not found.promoted:
        return Promotion(True, f"Promoted because you asked. {found.reason}")
    return found


def gather(settings: Settings, source: Source, progress: Progress) -> Gathered:
    """The labeled messages of a source, and the drivers they name. Raises as `train_version`."""
    if source.labels is None:
        return _from_store(settings, source)
    read = read_labeled(settings, source.labels, source.unknown_label, progress=progress)
    found = {driver for row in read.rows for driver in row.message.label.drivers}
    taxonomy, remarks = _taxonomy(settings, source, found)
    return Gathered(read.rows, taxonomy, (*read.remarks, *remarks))


def _taxonomy(
    settings: Settings, source: Source, found: set[str]
) -> tuple[Taxonomy, tuple[str, ...]]:
    """The drivers to train on: a file's, unless its subject is another one altogether."""
    path = source.taxonomy or settings.taxonomy
    if source.taxonomy is None and not path.exists():
        return flat_taxonomy(found), (f"No {path}: {_derived(found)}.",)
    taxonomy = load_taxonomy(path)
    strange = sorted(found - set(taxonomy.leaves))
    if source.taxonomy is None and found.isdisjoint(taxonomy.by_id):
        return flat_taxonomy(found), (f"{path} knows none of these labels: {_derived(found)}.",)
    if strange:
        names = ", ".join(strange[:SHOWN]) + (" …" if len(strange) > SHOWN else "")
        raise BadFile(
            source.labels or path,
            f"{_many(len(strange), 'label')} not in {path} or with drivers below it ({names}): "
            "correct it here, add it there, or name what means none of the drivers by "
            "--unknown-label",
        )
    return taxonomy, ()


def _derived(found: set[str]) -> str:
    return f"a flat one of {_many(len(found), 'driver')} was derived from the labels"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _from_store(settings: Settings, source: Source) -> Gathered:
    runtime = open_runtime(settings)
    try:
        with runtime.reading() as session:
            taxonomy = taxonomy_in_use(session, runtime)
            rows = training_set(session)
            opinions = second_opinions(session)
    finally:
        runtime.close()
    taxonomy = load_taxonomy(source.taxonomy) if source.taxonomy else taxonomy
    if not rows and not taxonomy.leaves:
        raise TooFewLabels(
            "There are no labels yet, and no taxonomy whose words could do without: answer "
            "questions, `waarom import FILE --labels`, or begin with `waarom init`."
        )
    return Gathered(rows, taxonomy, (), opinions)


def _card(
    settings: Settings,
    found: Gathered,
    trained: Trained,
    promises: Mapping[str, QueuePromise],
    reason: str,
) -> Callable[[str], str]:
    """What writes the card of a version, once it has a name."""
    facts = trained.model.manifest["counts"]
    setting = int(facts["held_out"]) - int(facts["judging"])
    kept = [row.message for row in found.rows if not row.holdout]
    learned = training_data(kept, timezone=settings.timezone)

    def written(version: str) -> str:
        if trained.evaluation is None:
            return f"# Model {version}\n\n{NOTHING_KNOWN}\n"
        making = Making(
            version=version,
            taxonomy=trained.model.taxonomy.version,
            threshold_messages=setting or int(facts["training"]),
            out_of_fold=not setting,
            promotion=reason,
        )
        card = write_card(
            making,
            learned,
            trained.evaluation,
            promises=promises.values(),
            reading=trained.cascade,
        )
        return f"{card}\n## What it reads\n\n{trained.choice.sentence()}\n"

    return written


def _plots(trained: Trained) -> dict[str, bytes]:
    found = trained.evaluation
    if found is None:
        return {}
    plots = {"reliability.svg": reliability_plot(found), "coverage.svg": coverage_plot(found)}
    if found.learning:
        plots["learning.svg"] = learning_plot(found.learning)
    if trained.cascade:
        plots[PICTURE] = reading_plot(trained.cascade)
    return {name: plot.encode() for name, plot in plots.items()}
