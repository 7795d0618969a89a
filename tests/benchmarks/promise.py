"""How often the promise is broken, and what it costs in messages routed.

    python -m tests.benchmarks.promise [--replays 1000] [--json]

First in simulated worlds, where the truth is known: models that are too sure of themselves, one
that is nowhere good enough, one that is least right where it is surest. Then on out-of-fold
predictions of BANKING77's training file, where it is at hand.
"""

import argparse
import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classifier.promise import promise
from tests.benchmarks.shared_data import shared

TARGET = LEVEL = 0.95
MASS = 40_000
"""Messages that stand for the population of a queue."""

LABELS = (60, 100, 150, 300, 600, 1_000, 2_000, 4_000)
DATA = shared() / "data" / "banking77"
TIERS = {"n-grams": None, "with the encoder": shared() / "encoders" / "minilm-l6-int8"}


@dataclass(frozen=True)
class World:
    """What a model says of a queue's messages, and how often that is right.

    `sureness`: the Beta distribution of its confidence; `right`: confidence -> chance to be right.
    """

    name: str
    sureness: tuple[float, float]
    right: Callable[[np.ndarray], np.ndarray]


def softened(slope: float, shift: float) -> Callable[[np.ndarray], np.ndarray]:
    """As right as a model whose log odds are `slope` times as large, plus `shift`, would say."""

    def right(confidence: np.ndarray) -> np.ndarray:
        odds = np.log(confidence / (1 - confidence))
        return np.asarray(1 / (1 + np.exp(-(slope * odds + shift))))

    return right


WORLDS = (
    World("calibrated and sure", (2.2, 0.13), softened(1.0, 0.0)),
    World("calibrated", (6.0, 0.5), softened(1.0, 0.0)),
    World("too sure", (6.0, 0.35), softened(0.7, 0.0)),
    World("far too sure", (8.0, 0.25), softened(0.45, 0.0)),
    World("just not good enough", (6.0, 0.5), lambda said: np.full(len(said), 0.949)),
    World("least right where surest", (6.0, 0.6), lambda said: np.where(said > 0.97, 0.93, 0.96)),
)


@dataclass(frozen=True)
class Population:
    """A queue's messages: their confidence, chance to be right, and precision over the grid."""

    confidence: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, world: World, seed: int = 0) -> "Population":
        random = np.random.default_rng(seed)
        said = np.clip(random.beta(*world.sureness, MASS), 0.02, 1 - 1e-6)
        return cls(said, world.right(said))

    def precision(self, threshold: float) -> float:
        """The share right of what reaches a threshold."""
        return float(self.right[self.confidence >= threshold].mean())

    def coverage(self, threshold: float) -> float:
        """The share that reaches a threshold."""
        return float((self.confidence >= threshold).mean())


POPULATIONS = {world.name: Population.of(world) for world in WORLDS}


def replay(
    names: Sequence[str], labels: int, random: np.random.Generator, *, graded: bool = True
) -> list[tuple[Population, float]]:
    """Label messages of so many queues, and promise: (queue's population, its threshold).

    `labels` messages a queue are answered on average; graded, doubtful ones are drawn up to
    twenty times as often as sure ones.
    """
    parts = [_labeled(POPULATIONS[name], labels, random, graded) for name in names]
    queue = np.repeat([str(at) for at in range(len(parts))], [len(part[0]) for part in parts])
    made = promise(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        list(queue),
        np.concatenate([part[2] for part in parts]) if graded else None,
        target=TARGET,
        level=LEVEL,
        key=random.bytes(16),
        asking=[str(at) for at in range(len(parts))],
    )
    return [(POPULATIONS[name], made[str(at)].threshold) for at, name in enumerate(names)]


def _labeled(
    population: Population, labels: int, random: np.random.Generator, graded: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidence, correctness and inclusion of the answered messages."""
    rows = random.integers(len(population.confidence), size=20 * labels if graded else labels)
    confidence = population.confidence[rows]
    inclusion = np.clip(0.05 + (1 - confidence), 0.05, 1.0) if graded else np.ones(len(rows))
    drawn = random.random(len(rows)) < inclusion
    correct = random.random(len(rows)) < population.right[rows]
    return confidence[drawn], correct[drawn], inclusion[drawn]


def broken_share(worlds: Sequence[str], queues: int, labels: int, replays: int) -> dict[str, Any]:
    """In how many replays any queue routes messages that are right less often than promised."""
    broken = automated = 0
    for seed in range(replays):
        random = np.random.default_rng([seed, queues, labels])
        names = [worlds[at % len(worlds)] for at in range(queues)]
        made = [each for each in replay(names, labels, random) if np.isfinite(each[1])]
        automated += len(made)
        broken += any(each.precision(threshold) < TARGET for each, threshold in made)
    return {
        "worlds": "all" if len(worlds) > 1 else worlds[0],
        "queues": queues,
        "labels": labels,
        "broken": broken / replays,
        "automated": automated / replays / queues,
    }


def simulations(replays: int) -> Iterator[dict[str, Any]]:
    """The promise in every world, for 1, 8 and 30 queues."""
    for queues, labels in ((1, 300), (8, 300), (30, 300)):
        for worlds in [[world.name] for world in WORLDS] + [[world.name for world in WORLDS]]:
            if len(worlds) <= queues:
                yield broken_share(worlds, queues, labels, replays)


@dataclass(frozen=True)
class Predicted:
    """Out-of-fold predictions of labeled messages: confidence, right or not, driver proposed."""

    confidence: np.ndarray
    correct: np.ndarray
    driver: np.ndarray

    def at(self, rows: np.ndarray) -> "Predicted":
        return Predicted(self.confidence[rows], self.correct[rows], self.driver[rows])


def banking(encoder: Path | None = None) -> Predicted:
    """Predictions of two fifths of BANKING77's training file by a model trained on the rest."""
    from classifier.decisions import is_routed
    from classifier.encoder import load_encoder
    from classifier.folds import assign_folds
    from classifier.messages import Label, LabeledMessage, RedactedText
    from classifier.taxonomy import flat_taxonomy
    from classifier.training import TrainingConfig, train

    with (DATA / "train.csv").open(encoding="utf-8", newline="") as file:
        messages = [
            LabeledMessage(text=RedactedText(row["text"]), label=Label(row["label"]))
            for row in csv.DictReader(file)
        ]
    held = assign_folds(messages, 5) >= 3
    taxonomy = flat_taxonomy({message.label.primary for message in messages})
    config = TrainingConfig(encoder=load_encoder(encoder) if encoder else None)
    rest = [messages[row] for row in np.flatnonzero(~held)]
    model = train(rest, taxonomy, config=config).model
    judged = [messages[row] for row in np.flatnonzero(held)]
    said = model.predict([message.text for message in judged])
    confidence = np.array([each.confidence for each in said])
    column = {driver: at for at, driver in enumerate(model.drivers)}
    chosen = np.array([column[each.driver] for each in said])
    truth = np.array([column[message.label.primary] for message in judged])
    routable = is_routed(confidence, np.array([each.unknown for each in said]), 0.0)
    return Predicted(confidence, chosen == truth, chosen).at(routable)


def coverages(
    predicted: Predicted, queues: int, labels: int, repeats: int, seed: int = 0
) -> dict[str, Any]:
    """What is routed of half the messages, going by so many labels a queue from the other half.

    More labels than that half holds are drawn from it with replacement, and say so.
    """
    random = np.random.default_rng([seed, queues, labels])
    blocks = predicted.driver * queues // (predicted.driver.max() + 1)
    found = [_coverage(predicted, blocks, labels * queues, random) for _ in range(repeats)]
    shares = np.array(found)
    return {
        "queues": queues,
        "labels": labels,
        "resampled": labels * queues > len(blocks) // 2,
        "promise": float(shares[:, 0].mean()),
        "precision": float(np.nanmean(shares[:, 1])) if np.any(shares[:, 0]) else None,
        "automated": float(shares[:, 2].mean()),
        "empirical": float(shares[:, 3].mean()),
    }


def _coverage(
    predicted: Predicted, queue: np.ndarray, labels: int, random: np.random.Generator
) -> tuple[float, float, float, float]:
    """Share routed and its precision, queues automated, share an empirical threshold routes."""
    order = random.permutation(len(queue))
    rows, judging = np.split(order, [len(order) // 2])
    asked = rows[:labels] if labels <= len(rows) else random.choice(rows, labels)
    known, judged = predicted.at(asked), predicted.at(judging)
    names = [str(each) for each in queue]
    made = promise(
        known.confidence,
        known.correct,
        [names[row] for row in asked],
        asking=sorted(set(names)),
    )
    least = np.array([made[names[row]].threshold for row in judging])
    routed = judged.confidence >= least
    empirical = _empirical(predicted.at(rows))
    return (
        float(routed.mean()),
        float(judged.correct[routed].mean()) if routed.any() else float("nan"),
        float(np.mean([each.kept for each in made.values()])),
        float((judged.confidence >= empirical).mean()),
    )


def _empirical(known: Predicted) -> float:
    """The lowest confidence from which the share right is the target: no bound, no promise."""
    order = np.argsort(-known.confidence)
    right = np.cumsum(known.correct[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(right >= TARGET)
    return float(known.confidence[order][enough[-1]]) if len(enough) else float("inf")


def on_banking(repeats: int, encoder: Path | None) -> Iterator[dict[str, Any]]:
    """Coverage against labels a queue: all in one queue, in eight, and a queue a driver."""
    predicted = banking(encoder)
    for queues in (1, 8, 77):
        for labels in LABELS:
            yield coverages(predicted, queues, labels, repeats)


def _table(title: str, rows: Sequence[dict[str, Any]]) -> str:
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        lines.append("| " + " | ".join(_cell(row[name]) for name in columns) + " |")
    return "\n".join([f"\n{title}\n", *lines])


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if isinstance(value, float) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replays", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found: dict[str, list[dict[str, Any]]] = {"broken": list(simulations(arguments.replays))}
    if DATA.exists():
        for tier, encoder in TIERS.items():
            if encoder is None or encoder.exists():
                found[f"BANKING77, {tier}"] = list(on_banking(arguments.repeats, encoder))
    else:
        print(f"No {DATA}: simulations only (WAAROM_SHARED_DATA names another folder)")  # noqa: T201
    if arguments.json:
        print(json.dumps(found))  # noqa: T201
        return
    print(*(_table(title, rows) for title, rows in found.items()), sep="\n")  # noqa: T201


if __name__ == "__main__":
    main()
