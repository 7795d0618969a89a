"""How often the watch withdraws a promise that is kept, and how soon one that is broken.

    python -m tests.benchmarks.watch [--replays 400] [--json]

Simulated queues, looked at after every answer. Doubtful messages are drawn more often than sure
ones, up to six times, and are wrong more often, up to six times.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier.promise import log_capital

ALLOWED = LEVEL = 0.05
LEAST = 0.05
"""The least probability with which a message is drawn."""
KEPT_ANSWERS, CAUGHT_WITHIN = 5_000, 5_000
QUEUES = (1, 4, 16)
OFTENER = 5
"""So many times as many replays of promises that are kept: what seldom happens takes more."""


@dataclass(frozen=True)
class Course:
    """The share of messages routed that is wrong: `before` for so many answers, then `wrong`."""

    name: str
    wrong: float
    before: float = 0.0
    good_answers: int = 0


KEPT = (Course("as often as allowed", 0.05), Course("half as often as allowed", 0.025))
BROKEN = (
    Course("1.5 times", 0.075),
    Course("twice", 0.10),
    Course("three times", 0.15),
    Course("five times", 0.25),
    Course("twice, after 200 answers at half", 0.10, 0.025, 200),
    Course("twice, after 1,000 answers at half", 0.10, 0.025, 1_000),
    Course("five times, after 1,000 answers at half", 0.25, 0.025, 1_000),
)


def drawn(wrong: float, n: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Losses and inclusion of n drawn answers."""
    doubt = random.random(13 * n + 200) ** 2
    inclusion = LEAST * (1 + 5 * doubt)
    rows = np.flatnonzero(random.random(len(doubt)) < inclusion)[:n]
    chance = wrong * (1 + 5 * doubt[rows]) / (1 + 5 / 3)
    return random.random(len(rows)) < chance, inclusion[rows]


def capitals(course: Course, n: int, replays: int) -> Iterator[np.ndarray]:
    """The logarithm of the capital after each answer, per replay."""
    for seed in range(replays):
        random = np.random.default_rng([seed, n])
        parts = [drawn(course.before, course.good_answers, random), drawn(course.wrong, n, random)]
        losses, inclusion = (np.concatenate(each) for each in zip(*parts, strict=True))
        yield log_capital(losses, inclusion, allowed=ALLOWED, least_inclusion=LEAST)


def withdrawn(course: Course, replays: int) -> Iterator[dict[str, Any]]:
    """In which share of replays a queue that keeps its promise is ever withdrawn."""
    highest = np.array([each.max() for each in capitals(course, KEPT_ANSWERS, replays)])
    for queues in QUEUES:
        share = float(np.mean(highest >= np.log(queues / LEVEL)))
        yield {"wrong": course.name, "queues": queues, "withdrawn, each": share}


def caught(course: Course, replays: int) -> Iterator[dict[str, Any]]:
    """After how many answers a queue that breaks its promise is withdrawn, since it broke."""
    paths = list(capitals(course, CAUGHT_WITHIN, replays))
    for queues in QUEUES:
        reached = [np.flatnonzero(each >= np.log(queues / LEVEL)) for each in paths]
        first = [at[0] + 1 - course.good_answers if len(at) else np.inf for at in reached]
        since = np.array([each for each in first if each > 0])
        half, most = np.quantile(since, [0.5, 0.9], method="inverted_cdf")
        yield {
            "wrong": course.name,
            "queues": queues,
            "half within": float(half),
            "90 % within": float(most),
        }


def _table(rows: list[dict[str, Any]]) -> str:
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    lines += ["| " + " | ".join(map(_cell, row.values())) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{100 * value:.1f} %" if value < 1 else f"{value:,.0f}"
    return str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replays", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = {
        "kept": [row for each in KEPT for row in withdrawn(each, OFTENER * arguments.replays)],
        "broken": [row for each in BROKEN for row in caught(each, arguments.replays)],
    }
    if arguments.json:
        print(json.dumps(found, default=float))  # noqa: T201
        return
    print(*(_table(rows) for rows in found.values()), sep="\n\n")  # noqa: T201


if __name__ == "__main__":
    main()
