"""From labels, in the store or in a file, to a model version in use; what a version is worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from classifier import registry
from classifier.card import Making, training_data, write_card
from classifier.cleaning import clean
from classifier.errors import ModelNotFound, TooFewLabels
from classifier.evaluation import Evaluation
from classifier.language import detect_language
from classifier.messages import Direction, LabeledMessage, RawMessage, RedactedText
from classifier.model import Model
from classifier.plots import coverage_plot, reliability_plot
from classifier.promotion import should_promote
from classifier.readers import read_messages
from classifier.redaction import pseudonym, redact
from classifier.registry import current_version, load_model, save
from classifier.taxonomy import Taxonomy, flat_taxonomy, load_taxonomy
from classifier.text import in_holdout, text_key
from classifier.training import Trained, TrainingConfig, cross_validate, judge, train
from service.labels import TrainingRow, training_set
from service.runtime import open_runtime, taxonomy_in_use
from service.secret import load_secret
from service.settings import Settings
from service.triage import classified_text
from service.weeks import day_of

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where labels come from: a file, or None for the store; and the drivers they name."""

    labels: Path | None = None
    taxonomy: Path | None = None
    unknown_label: str = "unknown"


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
    progress: Progress = lambda line: None,
) -> Made:
    """Train, judge, save with a card, and put in use unless significantly worse.

    Raises `BadFile`, `BadTaxonomy` or `TooFewLabels`.
    """
    rows, taxonomy, remarks = _gather(settings, source, progress)
    config = TrainingConfig(target_precision=settings.target_precision)
    trained = train(
        [row.message for row in rows],
        taxonomy,
        config=config,
        holdout=[row.holdout for row in rows],
        progress=progress,
    )
    folder = settings.models_dir
    promoted, reason = should_promote(trained.model, _current(folder), trained.judged)
    if promote and not promoted:
        promoted, reason = True, f"Promoted because you asked. {reason}"
    progress("Writing the card")
    version = save(
        trained.model,
        folder,
        today=day_of(now, settings.timezone),
        card=_card(settings, rows, trained, reason, now),
        extra=_plots(trained),
    )
    if promoted:
        registry.promote(folder, version)
    return Made(
        version=version,
        promoted=promoted,
        reason=reason,
        remarks=(*remarks, *trained.remarks),
        card=folder / version / registry.CARD,
        evaluation=trained.evaluation.to_dict() if trained.evaluation else None,
    )


def cross_validated(
    settings: Settings, data: Path, unknown_label: str, *, folds: int, progress: Progress
) -> dict[str, Any]:
    """What a model trained on such a file is worth, by folds; writes nothing."""
    rows, taxonomy, _ = _gather(settings, Source(data, None, unknown_label), progress)
    config = TrainingConfig(target_precision=settings.target_precision)
    messages = [row.message for row in rows]
    return cross_validate(
        messages, taxonomy, folds=folds, config=config, progress=progress
    ).to_dict()


def evaluated(
    settings: Settings,
    data: Path,
    unknown_label: str,
    version: str | None,
    allow_training_rows: bool,
    *,
    progress: Progress,
) -> dict[str, Any]:
    """What a version is worth on a file, rows it was trained on left out unless allowed."""
    model = load_version(settings.models_dir, version)
    messages = [row.message for row in _from_file(settings, data, unknown_label, progress)]
    seen = model.trained_on(message.text for message in messages)
    kept = [
        message
        for message, trained in zip(messages, seen, strict=True)
        if allow_training_rows or not trained
    ]
    if not kept:
        raise TooFewLabels(
            f"{data}: the model was trained on every row; give other messages, or "
            "--allow-training-rows to judge it on them all the same"
        )
    progress(f"Judging on {len(kept):,} messages")
    found = judge(model, kept).to_dict()
    return found | {"left_out": len(messages) - len(kept), "model": model.version}


def load_version(folder: Path, version: str | None) -> Model:
    """A version by name, else the one in use. Raises `ModelNotFound` or `BadModel`."""
    return load_model(folder / version if version else folder)


def read_card(folder: Path, version: str | None) -> tuple[str, dict[str, Any]]:
    """A version's card and manifest, once it is verified."""
    name = version or current_version(folder)
    if name is None:
        raise ModelNotFound(folder, "no model here; `waarom train` makes one")
    manifest = registry.verify(folder / name)
    return (folder / name / registry.CARD).read_text(encoding="utf-8"), manifest


def _current(folder: Path) -> Model | None:
    return load_model(folder) if current_version(folder) else None


def _gather(
    settings: Settings, source: Source, progress: Progress
) -> tuple[list[TrainingRow], Taxonomy, tuple[str, ...]]:
    if source.labels is None:
        return _from_store(settings, source)
    rows = _from_file(settings, source.labels, source.unknown_label, progress)
    if source.taxonomy:
        return rows, load_taxonomy(source.taxonomy), ()
    found = {driver for row in rows for driver in row.message.label.drivers}
    if settings.taxonomy.exists():
        taxonomy = load_taxonomy(settings.taxonomy)
        if found <= set(taxonomy.leaves):
            return rows, taxonomy, ()
    remark = f"No taxonomy names these labels: a flat one of {len(found)} drivers was derived."
    return rows, flat_taxonomy(found), (remark,)


def _from_store(
    settings: Settings, source: Source
) -> tuple[list[TrainingRow], Taxonomy, tuple[str, ...]]:
    runtime = open_runtime(settings)
    try:
        with runtime.reading() as session:
            taxonomy = taxonomy_in_use(session, runtime)
            rows = training_set(session)
    finally:
        runtime.close()
    if not rows:
        raise TooFewLabels(
            "There are no labels yet: answer questions, or `waarom import FILE --labels`."
        )
    return rows, load_taxonomy(source.taxonomy) if source.taxonomy else taxonomy, ()


def _from_file(
    settings: Settings, path: Path, unknown_label: str, progress: Progress
) -> list[TrainingRow]:
    """A file's usable rows, cleaned and redacted; others are counted and said."""
    key = load_secret(settings)
    rows: list[TrainingRow] = []
    rejected: list[str] = []
    read = read_messages(path, unknown_label=unknown_label, labels=True, timezone=settings.timezone)
    for number, row in enumerate(read, start=1):
        if not isinstance(row, RawMessage):
            rejected.append(f"line {row.line}, {row.field}: {row.reason}")
        elif row.direction is Direction.INBOUND:
            rows.append(_training_row(row, number, key))
        if number % 1000 == 0:
            progress(f"{number:,} rows read")
    if not rows:
        what = f"; the first: {rejected[0]}" if rejected else ""
        raise TooFewLabels(f"{path}: no row could be used ({len(rejected):,} rejected{what})")
    if rejected:
        progress(f"{len(rejected):,} rows left out; the first: {rejected[0]}")
    return rows


def _training_row(raw: RawMessage, number: int, key: bytes) -> TrainingRow:
    message = clean(raw)
    text = RedactedText(
        classified_text(redact(message.subject, key=key), redact(message.text, key=key))
    )
    assert message.label is not None  # noqa: S101 - the reader was asked for labels
    customer = pseudonym(message.customer, key=key, kind="customer") if message.customer else None
    labeled = LabeledMessage(
        text=text,
        label=message.label,
        message_id=redact(message.external_id or f"row-{number}", key=key),
        group=customer or text_key(text, key=key),
        channel=message.channel,
        language=message.language or detect_language(text),
        received_at=message.received_at,
    )
    return TrainingRow(labeled, in_holdout(text, key=key, customer=customer))


def _card(
    settings: Settings,
    rows: Sequence[TrainingRow],
    trained: Trained,
    reason: str,
    now: datetime,
) -> str:
    if trained.evaluation is None:
        return "# Model\n\nNo message was held out, so nothing is known of what it is worth.\n"
    facts = trained.model.manifest["counts"]
    setting = int(facts["held_out"]) - int(facts["judging"])
    making = Making(
        version=day_of(now, settings.timezone).isoformat(),
        taxonomy=trained.model.taxonomy.version,
        threshold_messages=setting or int(facts["training"]),
        out_of_fold=not setting,
        promotion=reason,
    )
    learned = training_data(
        [row.message for row in rows if not row.holdout], timezone=settings.timezone
    )
    return write_card(making, learned, trained.evaluation)


def _plots(trained: Trained) -> dict[str, bytes]:
    evaluation: Evaluation | None = trained.evaluation
    if evaluation is None:
        return {}
    return {
        "reliability.svg": reliability_plot(evaluation).encode(),
        "coverage.svg": coverage_plot(evaluation).encode(),
    }
