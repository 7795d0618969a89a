"""Named ways to read messages and to draw the line, and the choice among them by cross-validation.

The simplest that is as good as any is taken: the first whose accuracy is within one standard error
of the best one's (Breiman, Friedman, Olshen and Stone 1984, section 3.4.3, there for trees). The
standard error is that of the difference between the two on the same messages: what makes a message
hard is hard for both and cancels out, so that the rule sees differences that each one's own
standard error would drown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classifier.blocks import Blocks
from classifier.folds import (
    OutOfFold,
    Progress,
    Scorer,
    assign_folds,
    at,
    group_of,
    hashed,
    out_of_fold_each,
    trainable,
    training_rows,
)
from classifier.messages import LabeledMessage
from classifier.pipeline import PipelineConfig, build_pipeline
from classifier.seeding import Seed, unlike

READINGS: Final[Mapping[str, PipelineConfig]] = MappingProxyType(
    {
        "words": PipelineConfig(character_range=None, pair_reach=0),
        "words and characters": PipelineConfig(pair_reach=0),
        "words, characters and stem pairs": PipelineConfig(),
    }
)
"""The simplest first. Few, because the best of many tries is mostly the luckiest."""

LINES: Final[Mapping[str, float]] = MappingProxyType(
    {"logistic regression": 0.0, "support vectors": 1.0, "the mean of the two": 0.5}
)
"""What the support vectors have to say in each; the simplest first."""

CANDIDATES: Final[Mapping[str, PipelineConfig]] = MappingProxyType(
    {
        f"{reading}; {line}": replace(config, margin_share=share)
        for reading, config in READINGS.items()
        for line, share in LINES.items()
    }
)
"""What can come of the two choices, by the name it goes by."""

FEWEST: Final = 300
"""With fewer messages about a driver one standard error spans all the candidates."""

MOST: Final = 4000
"""So many messages tell one reading from another; more of them only take longer."""

READING_FOLDS: Final = 3

Right = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidates judged on the same `judged` messages, in so many folds.

    `figures`: the accuracy in [0, 1] of each, the simplest first. `errors`: one standard error of
    its difference to the best one's, 0 for the best. `taken`: the first within that of the best.
    """

    figures: Mapping[str, float]
    errors: Mapping[str, float]
    taken: str
    judged: int
    folds: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "figures": dict(self.figures),
            "errors": dict(self.errors),
            "taken": self.taken,
            "judged": self.judged,
            "folds": self.folds,
        }

    def __str__(self) -> str:
        tried = ", ".join(f"{name} {right:.1%}" for name, right in self.figures.items())
        return f"{tried}, on {self.judged:,} messages in {self.folds} folds"


@dataclass(frozen=True, slots=True)
class Choice:
    """The pipeline to train, and how it was come by.

    `reading` and `line` are empty where nothing was compared, and `reason` says why. `found`: what
    the folds say of all the messages by this pipeline, where they had to be asked to choose it.
    """

    name: str
    pipeline: PipelineConfig
    reading: Comparison | None = None
    line: Comparison | None = None
    reason: str = "it was fixed beforehand"
    found: OutOfFold | None = field(default=None, repr=False, compare=False)

    @classmethod
    def fixed(cls, pipeline: PipelineConfig, reason: str = "it was fixed beforehand") -> Self:
        """The pipeline as given, nothing compared."""
        return cls(name_of(pipeline), pipeline, reason=reason)

    def sentence(self) -> str:
        """What was tried and taken, for the card."""
        if self.reading is None or self.line is None:
            return f"What it reads ({self.name}) was not compared with anything: {self.reason}."
        return (
            f"{self._tried} candidates were compared by cross-validation on training messages. "
            f"What to read: {self.reading}. How to draw the line: {self.line}. Each time the "
            "simplest within one standard error of its difference to the best was taken: "
            f"{self.name}."
        )

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        rounds = [each.to_dict() for each in (self.reading, self.line) if each]
        figures = {name: right for each in rounds for name, right in each["figures"].items()}
        return {
            "name": self.name,
            "tried": self._tried,
            "figures": figures,
            "rounds": rounds,
            "reason": "" if rounds else self.reason,
        }

    @property
    def _tried(self) -> int:
        return sum(len(each.figures) for each in (self.reading, self.line) if each)


def choose(
    messages: Sequence[LabeledMessage],
    *,
    folds: int,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    second: Scorer | None = None,
    readings: Mapping[str, PipelineConfig] = READINGS,
    lines: Mapping[str, float] = LINES,
) -> Choice:
    """What to read, then how to draw the line; the simplest as good as the best.

    Readings are compared by support vectors alone, which train in a fraction of the time, on at
    most 4,000 of the messages (n ≥ 1). Lines are compared in one out-of-fold pass over all of
    them, in which the candidates share what takes long; `Choice.found` is what that pass says by
    the one taken, `second` scorer included, and needs no other. With fewer than 300 messages about
    a driver nothing is compared, and the default pipeline is taken.
    """
    known = [message for message in messages if message.label.primary]
    if len(known) < FEWEST:
        few = (
            f"{len(known):,} messages about a driver, fewer than {FEWEST}, cannot tell what is best"
        )
        return Choice.fixed(PipelineConfig(), few)
    reading = _compared_readings(_sample(known), seeds, readings, progress)
    if reading is None:
        return Choice.fixed(PipelineConfig(), "no fold had two drivers to tell apart")
    config = readings[reading.taken]
    progress("Comparing ways to draw the line")
    passed = out_of_fold_each(
        messages,
        list(lines.values()),
        folds=folds,
        config=config,
        progress=progress,
        seeds=seeds,
        second=second,
    )
    found = dict(zip(lines, passed, strict=True))
    line = compare(
        {name: each.right[each.usable] for name, each in found.items()},
        [group_of(message) for message in at(messages, passed[0].usable)],
        folds,
    )
    return Choice(
        f"{reading.taken}; {line.taken}",
        replace(config, margin_share=lines[line.taken]),
        reading,
        line,
        "",
        found[line.taken],
    )


def compare(right: Right, groups: Sequence[str], folds: int) -> Comparison:
    """Which candidate to take, by what each had right (n ≥ 1) of the same messages.

    The simplest come first. Messages of one of the `groups` (n,) stand or fall together, and the
    standard errors allow for that.
    """
    best = max(right.values(), key=lambda each: float(each.mean()))
    _, group = np.unique(np.array(groups, dtype=str), return_inverse=True)
    behind = {name: best.astype(float) - each for name, each in right.items()}
    errors = {name: _standard_error(each, group) for name, each in behind.items()}
    return Comparison(
        figures={name: float(each.mean()) for name, each in right.items()},
        errors=errors,
        taken=next(name for name, each in behind.items() if each.mean() <= errors[name]),
        judged=len(best),
        folds=folds,
    )


def name_of(pipeline: PipelineConfig) -> str:
    """Its name among the candidates, else `as given`."""
    return next((name for name, each in CANDIDATES.items() if each == pipeline), "as given")


def _standard_error(differences: NDArray[np.float64], group: NDArray[np.intp]) -> float:
    """Of the mean of differences (n,) that come in groups (n,)."""
    sums = np.bincount(group, weights=differences - differences.mean())
    return float(np.sqrt((sums**2).sum()) / len(differences))


def _sample(messages: Sequence[LabeledMessage]) -> list[LabeledMessage]:
    """At most so many of the messages and whole groups, the same at every run."""
    order = sorted(range(len(messages)), key=lambda row: hashed(group_of(messages[row])))
    return [messages[row] for row in order[:MOST]]


def _compared_readings(
    messages: Sequence[LabeledMessage],
    seeds: Sequence[Seed],
    readings: Mapping[str, PipelineConfig],
    progress: Progress,
) -> Comparison | None:
    """None when no fold could be judged."""
    right: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in readings}
    groups: list[str] = []
    for rest, inside, beside in _splits(messages, seeds):
        progress(f"Comparing {len(readings)} ways to read {len(messages):,} messages")
        texts, drivers, weights = training_rows(rest, beside)
        truth = np.array([str(message.label.primary) for message in inside])
        blocks = Blocks(texts, [message.text for message in inside])
        for name, config in readings.items():
            features, classifier = build_pipeline(replace(config, margin_share=1.0))
            learned, judged = blocks.rows(features)
            with threadpool_limits(limits=1):
                classifier.fit(learned, drivers, weights)
            right[name].append(classifier.predict(judged) == truth)
        groups += [group_of(message) for message in inside]
    if not groups:
        return None
    return compare(
        {name: np.concatenate(each) for name, each in right.items()}, groups, READING_FOLDS
    )


def _splits(
    messages: Sequence[LabeledMessage], seeds: Sequence[Seed]
) -> Iterator[tuple[list[LabeledMessage], list[LabeledMessage], list[Seed]]]:
    """Each fold that can be judged: the messages to learn from, to judge, and seeds beside."""
    fold_of = assign_folds(messages, READING_FOLDS)
    for fold in range(READING_FOLDS):
        inside, rest = at(messages, fold_of == fold), at(messages, fold_of != fold)
        beside = unlike(seeds, [message.text for message in inside])
        if inside and trainable(rest, beside):
            yield rest, inside, beside
