"""Which intervals held, how wide they were and how far off the figures: arrays, then figures.

Weeks of one replay have their drivers and their history in common, so the standard errors of all
figures are those of means (or ratios) over replays.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.benchmarks.volumes.peers import FLAGGED, METHODS, flags, guesses
from tests.benchmarks.volumes.replay import Closed
from tests.benchmarks.volumes.worlds import World

ROUNDING: Final = 1e-6
LARGE, SMALL = 0.03, 0.01
"""Usual shares of the messages from which a driver is large, and below which it is small."""
NOTABLE: Final = 1.5
"""So many times as common as the week before, or as rare, a driver has changed."""
SIZES: Final = ("large", "medium", "small")
NAMES: Final = tuple(METHODS)
Figure = tuple[float, float]
"""A value and its standard error."""


@dataclass(frozen=True, eq=False)
class Tally:
    """One replay: `covered`, `width` and `error` (weeks, methods, columns), in messages; `truth`
    (weeks, columns); `flags` (weeks, whose, columns) of real changes; `moved` (weeks, columns):
    how many times as common a driver was as the week before; `answers` (weeks,); `shares`
    (columns,) the usual ones; `counted` (columns,) bool; `unseen` a column; `pair` two."""

    covered: np.ndarray
    width: np.ndarray
    error: np.ndarray
    truth: np.ndarray
    flags: np.ndarray
    moved: np.ndarray
    answers: np.ndarray
    shares: np.ndarray
    counted: np.ndarray
    unseen: np.ndarray
    pair: np.ndarray

    def columns(self, which: str) -> np.ndarray:
        """(columns,) bool: all that count, a size, the unseen one, or the confused pair."""
        every = np.arange(len(self.shares))
        sizes = {
            "large": self.shares >= LARGE,
            "medium": (self.shares < LARGE) & (self.shares >= SMALL),
            "small": self.shares < SMALL,
        }
        if which in sizes:
            return np.asarray(sizes[which] & self.counted & (every != self.unseen))
        if which == "unseen":
            return np.asarray(self.counted & (every == self.unseen))
        return np.isin(every, self.pair) if which == "pair" else self.counted

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.npz")
        np.savez_compressed(part, **vars(self))
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Tally":
        with np.load(path) as kept:
            return cls(**{name: kept[name] for name in kept.files})


def tallied(world: World, weeks: Iterable[Closed]) -> Tally:
    """The first of the weeks is only what the second is compared with."""
    rows: dict[str, list[Any]] = {}
    before: Closed | None = None
    for week in weeks:
        if before is not None:
            for name, value in _week(week, before).items():
                rows.setdefault(name, []).append(value)
        before = week
    return Tally(
        **{name: np.array(values) for name, values in rows.items()},
        shares=world.shares,
        counted=world.counted,
        unseen=np.array(world.pool.unseen),
        pair=world.pair,
    )


def _week(week: Closed, before: Closed) -> dict[str, Any]:
    truth, found = week.arrived.counts, guesses(week)
    low, high = (np.array([each[side] for each in found]) for side in (1, 2))
    return {
        "covered": (low - ROUNDING <= truth) & (truth <= high + ROUNDING),
        "width": (high - low).astype(np.float32),
        "error": np.array([each.point - truth for each in found], dtype=np.float32),
        "truth": truth,
        "flags": flags(week, before),
        "moved": _times(week.arrived.shares, before.arrived.shares),
        "answers": week.terms.answers,
    }


def coverage(tallies: Sequence[Tally], method: str, which: str = "all") -> Figure:
    """Share of the intervals that hold; nan of a method that is not installed."""
    at = NAMES.index(method)
    if all(np.isnan(each.width[:, at]).all() for each in tallies):
        return np.nan, np.nan
    return mean([each.covered[:, at][:, each.columns(which)].mean() for each in tallies])


def width_ratio(tallies: Sequence[Tally], method: str, which: str = "large") -> Figure:
    """Mean width of our interval by that of another method."""
    return _ratio(tallies, NAMES.index("total"), NAMES.index(method), which, "width")


def error_ratio(tallies: Sequence[Tally], method: str, other: str = "naive") -> Figure:
    """Mean absolute error of a method by that of another, over all drivers."""
    return _ratio(tallies, NAMES.index(method), NAMES.index(other), "all", "error")


def bias(tallies: Sequence[Tally], method: str, which: str) -> Figure:
    """Mean error by the mean volume."""
    at = NAMES.index(method)
    above = [each.error[:, at][:, each.columns(which)].mean() for each in tallies]
    return ratio(above, [each.truth[:, each.columns(which)].mean() for each in tallies])


def half_width(tallies: Sequence[Tally]) -> Figure:
    """Mean half-width of our interval by the mean volume, large drivers."""
    above = [each.width[:, 0][:, each.columns("large")].mean() / 2 for each in tallies]
    return ratio(above, [each.truth[:, each.columns("large")].mean() for each in tallies])


def alarms(tallies: Sequence[Tally], whose: str = "total") -> Figure:
    """Share of weeks with any flag of a real change."""
    at = FLAGGED.index(whose)
    return mean([each.flags[:, at].any(axis=1).mean() for each in tallies])


def found(tallies: Sequence[Tally], whose: str = "total") -> Figure:
    """Share of the changes by half or more of large drivers that are flagged as real."""
    at, above, below = FLAGGED.index(whose), [], []
    for each in tallies:
        changed = (np.abs(np.log(each.moved)) >= np.log(NOTABLE)) & each.columns("large")
        above.append(float((each.flags[:, at] & changed).sum()))
        below.append(float(changed.sum()))
    return ratio(above, below)


def _ratio(tallies: Sequence[Tally], method: int, other: int, which: str, what: str) -> Figure:
    sizes = [np.abs(getattr(each, what))[:, :, each.columns(which)] for each in tallies]
    return ratio(*([each[:, at].mean() for each in sizes] for at in (method, other)))


def mean(values: Sequence[float]) -> Figure:
    """Over replays."""
    found = np.asarray(values, dtype=float)
    error = found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.nan
    return float(found.mean()), float(error)


def ratio(above: Sequence[float], below: Sequence[float]) -> Figure:
    """Of two means over the same replays."""
    a, b = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    value = a.mean() / b.mean()
    if len(a) == 1:
        return float(value), np.nan
    spread = np.sqrt(((a - value * b) ** 2).sum() / (len(a) * (len(a) - 1)))
    return float(value), float(spread / b.mean())


def _times(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """How many times as common; 1 where there was or is nothing."""
    both = (now > 0) & (before > 0)
    return np.asarray(np.divide(now, before, out=np.ones_like(now), where=both))
