"""The bar, and how far the figures are from it: the worst of all settings, with its error."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.benchmarks.volumes.jobs import Job
from tests.benchmarks.volumes.peers import BLEND, OURS
from tests.benchmarks.volumes.tallies import (
    SIZES,
    Figure,
    Tally,
    alarms,
    coverage,
    error_ratio,
    width_ratio,
)

NULL: Final = ("S1", "S4", "S5")
"""Scenarios in which no driver's rate of messages moves."""
MOVING: Final = ("S2", "S3")
ENOUGH_ANSWERS: Final = 500
ENOUGH_MESSAGES: Final = 2_000
USUALLY_CONFUSED: Final = 0.02
"""Of all messages: a quarter of a driver of 9 to 10 %."""
MOST: Final = 2.0
"""Standard errors within which a goal may be missed by chance."""

Found = dict[Job, Tally]
Cell = tuple[str, int, float]
"""Scenario, messages a week, budget."""


@dataclass(frozen=True)
class Goal:
    """`figure` of the replays of each cell that `holds` is to be at least or at most so much."""

    words: str
    figure: Callable[[Sequence[Tally]], Figure]
    holds: Callable[[Cell], bool]
    least: float | None = None
    most: float | None = None

    def outcome(self, found: Found) -> dict[str, Any]:
        rows = [(cell, self.figure(tallies)) for cell, tallies in cells(found) if self.holds(cell)]
        if not rows:
            return {"goal": self.words, "outcome": "not measured"}
        cell, (value, error) = max(rows, key=lambda row: self._missed(row[1][0]))
        return {
            "goal": self.words,
            "wanted": self.least if self.least is not None else self.most,
            "found": value,
            "error": error,
            "where": cell,
            "cells": len(rows),
            "missed in": sum(self._missed(value) > 0 for _, (value, _) in rows),
            "outcome": self._verdict(value, error),
        }

    def _missed(self, value: float) -> float:
        return self.least - value if self.least is not None else value - (self.most or 0.0)

    def _verdict(self, value: float, error: float) -> str:
        missed = self._missed(value)
        if missed <= 0:
            return "met"
        return "within the error of the simulation" if missed <= MOST * error else "missed"


def cells(found: Found) -> Iterable[tuple[Cell, list[Tally]]]:
    """Replays in which all questions were answered, over all models, by setting and scenario."""
    kinds: dict[Cell, list[Tally]] = {}
    for job, tally in sorted(found.items(), key=lambda item: item[0]):
        if job.answered == 1:
            cell = (job.scenario, job.messages, job.budget)
            kinds.setdefault(cell, []).append(tally)
    return sorted(kinds.items(), key=lambda item: (item[0][1:], item[0][0]))


def _every(cell: Cell) -> bool:
    return True


def _many_answers(scenarios: Sequence[str]) -> Callable[[Cell], bool]:
    return lambda cell: cell[0] in scenarios and cell[1] * cell[2] >= ENOUGH_ANSWERS


def _covering(which: str) -> Callable[[Sequence[Tally]], Figure]:
    return lambda tallies: coverage(tallies, OURS, which)


def _error(tallies: Sequence[Tally]) -> Figure:
    return error_ratio(tallies, BLEND)


def _width(tallies: Sequence[Tally]) -> Figure:
    return width_ratio(tallies, "answers alone")


def _caught(cell: Cell) -> bool:
    """Whether at the floor, half the budget, three confused messages are drawn in a usual week."""
    return cell[0] == "S5" and USUALLY_CONFUSED * cell[1] * cell[2] / 2 >= 3


GOALS: Final = (
    Goal("coverage, all drivers, at least", _covering("all"), _every, least=0.94),
    Goal("coverage, all drivers, at most", _covering("all"), _every, most=0.99),
    *(Goal(f"coverage, {each} drivers", _covering(each), _every, least=0.93) for each in SIZES),
    Goal(
        "coverage, a driver never trained on",
        _covering("unseen"),
        lambda c: c[0] == "S3",
        least=0.92,
    ),
    Goal(
        "width by that of answers alone, large drivers, from 2,000 messages",
        _width,
        lambda cell: cell[1] >= ENOUGH_MESSAGES,
        most=0.35,
    ),
    Goal(
        "blend's error by naive's, S1 S4 S5, from 500 answers",
        _error,
        _many_answers(NULL),
        most=1.05,
    ),
    Goal(
        "blend's error by naive's, S2 S3, from 500 answers", _error, _many_answers(MOVING), most=0.5
    ),
    Goal("weeks with a false alarm, S1 S4 S5", alarms, lambda cell: cell[0] in NULL, most=0.05),
    Goal(
        "stretch: coverage, confused pair, where it is promised",
        _covering("pair"),
        _caught,
        least=0.9,
    ),
    Goal("stretch: coverage, all drivers, at most", _covering("all"), _every, most=0.97),
)
