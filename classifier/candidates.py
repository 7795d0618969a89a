"""Named ways to read messages and to learn from them, and the choice among them by folds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Self

from classifier.comparison import Comparison, compare
from classifier.counts import Counts
from classifier.folds import (
    OutOfFold,
    Progress,
    Scorer,
    at,
    counts_of,
    group_of,
    hashed,
    out_of_fold_each,
)
from classifier.messages import LabeledMessage
from classifier.pipeline import PipelineConfig
from classifier.seeding import Seed
from classifier.trials import Trials

READINGS: Final[Mapping[str, PipelineConfig]] = MappingProxyType(
    {
        "words": PipelineConfig(character_range=None, pair_reach=0),
        "words and characters": PipelineConfig(pair_reach=0),
        "words, characters and stem pairs": PipelineConfig(),
    }
)
"""What to read, the simplest first. Few, because the best of many tries is mostly the luckiest."""

WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {"usual weight": 1.0, "a quarter of the weight": 0.25}
)
"""What single messages weigh against the penalty (C), as a factor; the usual one first."""

LINES: Final[Mapping[str, float]] = MappingProxyType(
    {"logistic regression": 0.0, "its mean with support vectors": 0.5, "support vectors": 1.0}
)
"""How to draw the line, by the share of the support vectors; the best calibrated first."""


def of_weight(config: PipelineConfig, factor: float) -> PipelineConfig:
    """The config with a factor on both strengths."""
    return replace(
        config,
        strength=config.strength * factor,
        margin_strength=config.margin_strength * factor,
    )


CANDIDATES: Final[Mapping[str, PipelineConfig]] = MappingProxyType(
    {
        f"{reading}; {weight}; {line}": replace(of_weight(config, factor), margin_share=share)
        for reading, config in READINGS.items()
        for weight, factor in WEIGHTS.items()
        for line, share in LINES.items()
    }
)
"""What can come of the three choices, by the name it goes by."""

FEWEST: Final = 300
"""With fewer messages about a driver one standard error spans all the candidates."""

LEAST: Final = 4000
MOST: Final = 12_000
LEARNED: Final = 300_000
"""Candidates are compared on so many messages at least and at most where there are as many, and in
between on what makes this product with the number of drivers: what takes time is learning them."""

FOLDS: Final = 3
"""For the candidates that are compared on a part of the messages."""

FIXED: Final = "it was fixed beforehand"


@dataclass(frozen=True, slots=True)
class Choice:
    """The pipeline to train, and how it was come by.

    `rounds`: what was compared, by the question it answers; empty where nothing was, and `reason`
    says why. `found`: what the folds say of all the messages by this pipeline, where they had to
    be asked to choose it. `labels`: how many each driver had then. `kept_from`: the version it was
    made for, where an earlier model's was kept (see `earlier`).
    """

    name: str
    pipeline: PipelineConfig
    rounds: Mapping[str, Comparison] = field(default_factory=dict)
    reason: str = FIXED
    found: OutOfFold | None = field(default=None, repr=False, compare=False)
    labels: Mapping[str, int] = field(default_factory=dict)
    kept_from: str = ""

    @classmethod
    def fixed(cls, pipeline: PipelineConfig, reason: str = FIXED) -> Self:
        """The pipeline as given, nothing compared."""
        return cls(name_of(pipeline), pipeline, reason=reason)

    @property
    def tried(self) -> int:
        """How many candidates were compared."""
        return sum(len(each.figures) for each in self.rounds.values())

    def sentence(self) -> str:
        """What was tried and taken, for the card."""
        if not self.rounds:
            return f"What it reads ({self.name}) was not compared with anything: {self.reason}."
        said = "; ".join(f"{question}: {each}" for question, each in self.rounds.items())
        if self.kept_from:
            return (
                f"What it reads ({self.name}) was chosen among {self.tried} candidates for version "
                f"{self.kept_from} ({said}), and kept: the labels are nearly the same. `waarom "
                "train --search` compares anew."
            )
        return (
            f"{self.tried} candidates were compared by cross-validation on training messages. "
            f"{said}. Each time the first within one standard error of its difference to the best "
            f"was taken: {self.name}."
        )

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        rounds = self.rounds.values()
        return {
            "name": self.name,
            "tried": self.tried,
            "figures": {name: right for each in rounds for name, right in each.figures.items()},
            "rounds": {question: each.to_dict() for question, each in self.rounds.items()},
            "reason": "" if self.rounds else self.reason,
            "labels": dict(self.labels),
            "kept_from": self.kept_from,
        }


def name_of(pipeline: PipelineConfig) -> str:
    """Its name among the candidates, else `as given`."""
    return next((name for name, each in CANDIDATES.items() if each == pipeline), "as given")


def choose(
    messages: Sequence[LabeledMessage],
    *,
    folds: int,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    second: Scorer | None = None,
    counts: Counts | None = None,
    workers: int = 1,
) -> Choice:
    """What to read, what single messages weigh and how to draw the line, one after the other.

    Each time the simplest within one standard error of the best is taken (see `comparison`). The
    first two are compared by support vectors alone (see `Trials`), on 4,000 to 12,000 of the
    messages (n ≥ 1). Lines are compared in one out-of-fold pass over all of them, in which the
    candidates share what takes long; `Choice.found` is what that pass says by the one taken,
    `second` scorer included, and needs no other. With fewer than 300 messages about a driver
    nothing is compared, and the default pipeline is taken. `workers`: how many folds at a time.
    """
    if few := by_few(messages):
        return few
    known = [message for message in messages if message.label.primary]
    part = _part(known)
    progress(f"Comparing ways to read {len(part):,} messages")
    counts = counts or counts_of(messages, seeds)
    trials = Trials(part, seeds, folds=FOLDS, counts=counts, workers=workers)
    reading = trials.compare(READINGS)
    if reading is None:
        return Choice.fixed(PipelineConfig(), "no fold had two drivers to tell apart")
    config = READINGS[reading.taken]
    weights = {name: of_weight(config, factor) for name, factor in WEIGHTS.items()}
    weight = trials.compare(weights) or reading
    del trials
    line, found = _compared_lines(
        messages,
        folds=folds,
        config=weights[weight.taken],
        progress=progress,
        seeds=seeds,
        second=second,
        counts=counts,
        workers=workers,
    )
    name = f"{reading.taken}; {weight.taken}; {line.taken}"
    rounds = {"What to read": reading, "what a message weighs": weight, "the line": line}
    return Choice(name, CANDIDATES[name], rounds, "", found, labels_of(known))


def by_few(messages: Sequence[LabeledMessage]) -> Choice | None:
    """The default pipeline for messages (n) too few to compare anything by; None for more."""
    known = sum(message.label.primary is not None for message in messages)
    if known >= FEWEST:
        return None
    few = f"{known:,} messages about a driver, not {FEWEST}, cannot tell what is best"
    return Choice.fixed(PipelineConfig(), few)


def labels_of(messages: Sequence[LabeledMessage]) -> dict[str, int]:
    """How many messages are about each driver, in the order of their ids."""
    return dict(sorted(Counter(m.label.primary for m in messages if m.label.primary).items()))


def _part(messages: Sequence[LabeledMessage]) -> list[LabeledMessage]:
    """The messages to compare on, group by group, the same at every run."""
    drivers = {message.label.primary for message in messages}
    most = min(max(LEARNED // len(drivers), LEAST), MOST)
    order = sorted(range(len(messages)), key=lambda row: hashed(group_of(messages[row])))
    return [messages[row] for row in order[:most]]


def _compared_lines(
    messages: Sequence[LabeledMessage], *, folds: int, **shared: Any
) -> tuple[Comparison, OutOfFold]:
    """Which line to take, and what the folds say of all the messages by it."""
    passed = out_of_fold_each(messages, list(LINES.values()), folds=folds, **shared)
    found = dict(zip(LINES, passed, strict=True))
    usable = passed[0].usable
    groups = [group_of(message) for message in at(messages, usable)]
    line = compare({name: each.right[usable] for name, each in found.items()}, groups, folds)
    return line, found[line.taken]
