"""People err: what a second, blind look at some of the answers says of all of them.

A part of the answers, drawn with a known chance, gets the opinion of another person; where the two
differ, a third look says which label holds. The differences, weighted by the chances of both
draws, correct the totals (two-phase sampling: Särndal, Swensson & Wretman 1992, chapter 9).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Members = Sequence[NDArray[np.intp]]

SECOND_COUNTS: Final = ("second_opinions", "differing", "unconfirmed")
SECOND_SUMS: Final = (
    "reviewed_unconfirmed",
    "second_correction",
    "second_design",
    "second_design_square",
    "second_modeled",
    "second_modeled_fourth",
    "second_surplus",
)
"""What of the terms is of second opinions."""

SURE: Final = 1e-9
"""A model that leaves less than this to other drivers does not say which of them it would be."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SecondOpinions:
    """Second opinions on the answers of n messages; of others nothing is looked at.

    `given` (n,) bool: a second person answered and, where the two differ, a third look decided.
    `labels`: the label that holds, in the form of the first answers: (n,) columns or (n, k) of 0
    and 1; looked at where given. `inclusion` (n,) in [0, 1]: the chance of a second opinion once
    there was a first one, times the response rate; 0 where none could be asked for: there the
    first answer is believed. `differing` (n,) bool: the two were not the same, for the count.
    """

    labels: NDArray[np.integer]
    inclusion: Floats
    given: NDArray[np.bool_]
    differing: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        for name, kind in (("labels", np.int64), ("inclusion", np.float64), ("given", np.bool_)):
            object.__setattr__(self, name, np.asarray(getattr(self, name)).astype(kind, copy=False))
        differing = np.zeros(self.given.shape) if self.differing is None else self.differing
        object.__setattr__(self, "differing", np.asarray(differing).astype(np.bool_, copy=False))

    def check(self, labels: NDArray[np.integer], reviewed: NDArray[np.bool_], top: int) -> None:
        """Raises ValueError unless they fit first answers `labels`, which are at most `top`."""
        n = (len(labels),)
        if self.labels.shape != labels.shape or {self.inclusion.shape, self.given.shape} != {n}:
            raise ValueError("second opinions must have the shapes of the first answers")
        if self.differing is not None and self.differing.shape != n:
            raise ValueError("second opinions must have the shapes of the first answers")
        if not np.all((self.inclusion >= 0) & (self.inclusion <= 1)):
            raise ValueError("the inclusion of second opinions must lie in [0, 1]")
        if np.any(self.given & ~(reviewed & (self.inclusion > 0))):
            raise ValueError("a second opinion needs a first answer and its inclusion probability")
        held = self.labels[self.given]
        if held.size and not 0 <= held.min() <= held.max() <= top:
            raise ValueError("a second opinion needs a label that is one of the columns")

    def of(self, rows: slice | NDArray[np.bool_] | NDArray[np.integer]) -> "SecondOpinions":
        """Those on some of the messages."""
        return SecondOpinions(
            labels=self.labels[rows],
            inclusion=self.inclusion[rows],
            given=self.given[rows],
            differing=None if self.differing is None else self.differing[rows],
        )


def no_second_sums(columns: int) -> dict[str, int | Floats]:
    """The sums of `second_sums` where every answer is believed."""
    return dict.fromkeys(SECOND_COUNTS, 0) | dict.fromkeys(SECOND_SUMS, np.zeros(columns))


def second_sums(
    second: SecondOpinions, first: Floats, held: Floats, p: Floats, likely: Floats, pi: Floats
) -> dict[str, int | Floats]:
    """The sums of answered messages, by name of the term.

    `first` and `held` (answers, columns) of 0 and 1: the first answers and the labels that hold
    (looked at where given), `p` (answers, columns) the probabilities. `likely` (answers, columns):
    how likely a mistake in an answer is one that moves it into or out of each column. `pi`
    (answers,) as for terms.
    """
    given, chance = second.given, second.inclusion
    could = chance > 0
    weight = np.divide(1.0, pi * chance, out=np.zeros(len(pi)), where=could)
    moved = np.where(given[:, None], held - first, 0.0)
    square = ((1 - chance) * weight**2)[:, None] * moved**2
    odds = np.where(could, (1 - chance) * weight / pi, 0.0)
    known = np.where(given[:, None], held, first)[given | ~could].sum(axis=0)
    return {
        "second_opinions": int(given.sum()),
        "differing": 0 if second.differing is None else int((given & second.differing).sum()),
        "unconfirmed": int((could & ~given).sum()),
        "reviewed_unconfirmed": first.sum(axis=0) - known,
        "second_correction": weight @ moved,
        "second_design": square.sum(axis=0),
        "second_design_square": (square**2).sum(axis=0),
        "second_modeled": odds @ likely,
        "second_modeled_fourth": (odds * (1 - chance) * weight**2) @ likely,
        "second_surplus": ((1 - pi) / pi * weight) @ (moved * (2 * p - first - held)),
    }


def likely_mistakes(p: Floats, first: Floats, members: Members) -> Floats:
    """(answers, columns) the chance that a mistake moves an answer into or out of each column.

    A wrong first reason is another driver, as likely as the model holds it. `p` and `first` have
    the leaves followed by the groups of `members`.
    """
    leaves = p.shape[1] - len(members)
    named = first[:, :leaves]
    tail = p[:, :leaves] * (1 - named)
    rest = tail.sum(axis=1, keepdims=True)
    even = (1 - named) / max(1, leaves - 1)
    tail = np.where(rest > SURE, tail / np.maximum(rest, SURE), even)
    into = [tail[:, group].sum(axis=1) for group in members]
    columns = [
        np.where(first[:, leaves + number] > 0, 1 - chance, chance)
        for number, chance in enumerate(into)
    ]
    return np.column_stack([named + tail, *columns])


def likely_slips(p: Floats, first: Floats) -> Floats:
    """The same of mentions: any that was named, or one that the model holds likely."""
    return first + (1 - first) * p
