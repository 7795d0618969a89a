"""The sums a volume is made of. They add up over days, models, channels: over any partition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.volumes.second_opinions import (
    SECOND_COUNTS,
    SECOND_SUMS,
    SecondOpinions,
    likely_mistakes,
    likely_slips,
    no_second_sums,
    second_sums,
)

Floats = NDArray[np.float64]
Groups = Mapping[str, ArrayLike] | Sequence[ArrayLike]

COUNT_FIELDS: Final = ("messages", "answers", "unmeasured", *SECOND_COUNTS)
SCALAR_FIELDS: Final = (*COUNT_FIELDS, "weight", "weight_spread")
COLUMN_FIELDS: Final = (
    "expected",
    "expected_open",
    "spread_open",
    "correction",
    "design",
    "modeled",
    "modeled_fourth",
    "surprise",
    "surprise_square",
    "reviewed",
    "weighted",
    "weighted_spread",
    "likeliest",
    *SECOND_SUMS,
)
BLOCK_CELLS: Final = 1 << 18  # probabilities handled at a time: a block stays in the cache
TOLERANCE: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class VolumeTerms:
    """All a volume needs to know of a set of messages. Field names are database columns.

    Below, p is the frozen probability, y the answer (0 or 1), π the inclusion probability (times
    the response rate), R the drawn and answered messages, U the others. R₂ are those of R with a
    second opinion, π₂ its chance (times the response rate), z the label that holds after it, and
    b the chance that a mistake is about the column. The columns are `leaves` drivers (`unknown`
    among them) followed by groups (parents), which have sums of their own.
    """

    leaves: int
    messages: int  # N
    answers: int  # messages in R
    unmeasured: int  # messages of strata in which nobody answered
    second_opinions: int  # messages in R₂
    differing: int  # of these, the two opinions were not the same
    unconfirmed: int  # messages in R that could have been in R₂ and are not
    weight: float  # Σ_R 1/π
    weight_spread: float  # Σ_R (1−π)/π²
    expected: Floats  # Σ p
    expected_open: Floats  # Σ_U p
    spread_open: Floats  # Σ_U p(1−p)
    correction: Floats  # Σ_R (y−p)/π
    design: Floats  # d = Σ_R (1−π)/π²·(y−p)²
    modeled: Floats  # m = Σ (1−π)/π·p(1−p)
    modeled_fourth: Floats  # k4 = Σ (1−π)²/π³·p(1−p)(1−3p(1−p))
    surprise: Floats  # h1 = Σ a, a = (1−π)/π²·(y−p)² where |y−p| > 0.5
    surprise_square: Floats  # h2 = Σ a²
    reviewed: Floats  # Σ_R y
    weighted: Floats  # Σ_R y/π
    weighted_spread: Floats  # Σ_R y(1−π)/π²
    likeliest: Floats  # Σ_U [the likeliest leaf is this, or in this group; p ≥ 1/2 for mentions]
    reviewed_unconfirmed: Floats  # Σ_R y, less those sure by now: z in R₂, y where π₂ = 0
    second_correction: Floats  # Σ_R₂ (z−y)/(π·π₂)
    second_design: Floats  # s = Σ_R₂ (1−π₂)/(π·π₂)²·(z−y)²
    second_design_square: Floats  # Σ_R₂ of the squares of what s is the sum of
    second_modeled: Floats  # Σ_R (1−π₂)/(π²·π₂)·b
    second_modeled_fourth: Floats  # Σ_R (1−π₂)²/(π⁴·π₂³)·b
    second_surplus: Floats  # Σ_R₂ (1−π)/(π²·π₂)·((y−p)²−(z−p)²): what of d is people's mistakes

    def __post_init__(self) -> None:
        shapes = {np.shape(getattr(self, name)) for name in COLUMN_FIELDS}
        if len(shapes) != 1 or len(shape := shapes.pop()) != 1 or shape[0] < self.leaves:
            raise ValueError("every column field needs one value per column, leaves first")

    @classmethod
    def zeros(cls, leaves: int, groups: int = 0) -> Self:
        """No messages yet, for `leaves` drivers and `groups` groups."""
        columns = {name: np.zeros(leaves + groups) for name in COLUMN_FIELDS}
        counts = dict.fromkeys(COUNT_FIELDS, 0)
        return cls(leaves=leaves, weight=0.0, weight_spread=0.0, **counts, **columns)  # type: ignore[arg-type]

    @property
    def columns(self) -> int:
        """Number of leaves and groups together."""
        return len(self.expected)

    @property
    def naive(self) -> Floats:
        """(columns,) the plain count: answers, and the likeliest driver of every other message.

        No estimate: what counting predictions would have said, to put beside one.
        """
        return self.reviewed + self.likeliest

    @property
    def nonzero(self) -> NDArray[np.bool_]:
        """(columns,) True where any sum differs from zero: the columns worth storing."""
        sums: Floats = np.array([getattr(self, name) for name in COLUMN_FIELDS])
        return np.asarray(np.any(sums != 0, axis=0))

    def __add__(self, other: "VolumeTerms") -> "VolumeTerms":
        if (self.leaves, self.columns) != (other.leaves, other.columns):
            raise ValueError("terms of different columns do not add up")
        return VolumeTerms(
            leaves=self.leaves,
            **{name: getattr(self, name) + getattr(other, name) for name in _SUMMED},
        )

    def __radd__(self, other: int) -> "VolumeTerms":
        """`sum()` starts from 0."""
        if other != 0:
            return NotImplemented
        return self

    def to_mapping(self) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
        """Field name → array: 0-dimensional for `leaves` and the scalars, else (columns,)."""
        return {each.name: np.asarray(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_mapping(cls, values: Mapping[str, ArrayLike]) -> Self:
        """Back from `to_mapping`; numbers and lists do as well. KeyError if a field is missing."""
        columns = {name: np.asarray(values[name], dtype=np.float64) for name in COLUMN_FIELDS}
        whole = {name: int(np.asarray(values[name])) for name in ("leaves", *COUNT_FIELDS)}
        parts = {n: float(np.asarray(values[n])) for n in ("weight", "weight_spread")}
        return cls(**whole, **parts, **columns)  # type: ignore[arg-type]


_SUMMED: Final = SCALAR_FIELDS + COLUMN_FIELDS


def volume_terms(
    probabilities: ArrayLike,
    labels: ArrayLike,
    inclusion: ArrayLike,
    reviewed: ArrayLike,
    *,
    groups: Groups | None = None,
    said: ArrayLike | None = None,
    second: SecondOpinions | None = None,
) -> VolumeTerms:
    """Sum a set of messages into the terms of their volumes.

    `probabilities` (n, k) in [0, 1], one column a leaf, `unknown` included; rows sum to 1 when a
    message has one driver. `labels` (n,) column index, −1 where there is none; or, for mentions,
    (n, k) of 0 and 1. `inclusion` (n,) in (0, 1]: π, or π·ρ̂ where answers are missing; nan for a
    message of a stratum in which nobody answered ("not measured"). `reviewed` (n,) True where the
    question was drawn and answered: labels of other messages are not looked at. `groups` gives
    the leaf columns of each parent; their columns follow the leaves, in the order given. The
    probability of a group is the sum of its leaves', for mentions the union of independent ones.
    `said` (n, k): what the model said before it was recalibrated, for the plain count; the
    probabilities, if it is not given. `second`: what a second look said of some of the answers;
    without it every answer is believed.

    Raises ValueError for shapes that do not fit and for values out of range.
    """
    told = probabilities if said is None else said
    rows = _Rows.checked(probabilities, labels, inclusion, reviewed, told, second)
    members = _members(groups, rows.probabilities.shape[1])
    terms = VolumeTerms.zeros(rows.probabilities.shape[1], len(members))
    for block in rows.blocks():
        terms = terms + _block_terms(block, members)
    return terms


@dataclass(frozen=True, eq=False)
class _Rows:
    probabilities: NDArray[np.floating]
    labels: NDArray[np.integer]
    inclusion: Floats
    reviewed: NDArray[np.bool_]
    said: NDArray[np.floating]
    second: SecondOpinions | None

    @classmethod
    def checked(
        cls,
        probabilities: ArrayLike,
        labels: ArrayLike,
        inclusion: ArrayLike,
        reviewed: ArrayLike,
        said: ArrayLike,
        second: SecondOpinions | None,
    ) -> Self:
        rows = cls(
            np.asarray(probabilities, dtype=np.result_type(probabilities, np.float32)),
            np.asarray(labels).astype(np.int64, copy=False),
            np.asarray(inclusion, dtype=np.float64),
            np.asarray(reviewed, dtype=np.bool_),
            np.asarray(said, dtype=np.result_type(said, np.float32)),
            second,
        )
        rows._check_shapes()
        rows._check_values()
        return rows

    def _check_shapes(self) -> None:
        if self.probabilities.ndim != 2:
            raise ValueError("probabilities must have shape (n, k)")
        n, k = self.probabilities.shape
        if self.labels.shape not in {(n,), (n, k)}:
            raise ValueError(f"labels must have shape ({n},) or ({n}, {k})")
        if self.inclusion.shape != (n,) or self.reviewed.shape != (n,):
            raise ValueError(f"inclusion and reviewed must have shape ({n},)")
        if self.said.shape != (n, k):
            raise ValueError(f"what the model said must have shape ({n}, {k})")

    def _check_values(self) -> None:
        asked = self.inclusion[~np.isnan(self.inclusion)]
        if np.any(asked <= 0) or np.any(asked > 1):
            raise ValueError("inclusion must lie in (0, 1], or be nan where nobody answered")
        if np.any(np.isnan(self.inclusion[self.reviewed])):
            raise ValueError("a reviewed message needs its inclusion probability")
        answers = self.labels[self.reviewed]
        top = 1 if answers.ndim == 2 else self.probabilities.shape[1] - 1
        if answers.size and not 0 <= answers.min() <= answers.max() <= top:
            raise ValueError("a reviewed message needs a label that is one of the columns")
        if self.second is not None:
            self.second.check(self.labels, self.reviewed, top)

    def blocks(self) -> Iterator["_Rows"]:
        n, k = self.probabilities.shape
        size = max(1, BLOCK_CELLS // max(1, k))
        for start in range(0, n, size):
            part = slice(start, start + size)
            yield _Rows(
                self.probabilities[part],
                self.labels[part],
                self.inclusion[part],
                self.reviewed[part],
                self.said[part],
                self.second and self.second.of(part),
            )


def _members(groups: Groups | None, k: int) -> list[NDArray[np.intp]]:
    each = groups.values() if isinstance(groups, Mapping) else groups or ()
    members = [np.unique(np.asarray(group, dtype=np.intp)) for group in each]
    if any(len(group) and not 0 <= group[0] <= group[-1] < k for group in members):
        raise ValueError(f"groups name leaf columns, 0 to {k - 1}")
    return members


def _block_terms(rows: _Rows, members: list[NDArray[np.intp]]) -> VolumeTerms:
    p = _with_groups(rows, members)
    if p.size and not (p.min() >= -TOLERANCE and p.max() <= 1 + TOLERANCE):
        raise ValueError("probabilities must lie in [0, 1]")
    pi = np.where(np.isnan(rows.inclusion), 1.0, rows.inclusion)
    still_open = (~rows.reviewed).astype(np.float64)
    spread = p * (1 - p)
    odds = (1 - pi) / pi
    return VolumeTerms(
        leaves=rows.probabilities.shape[1],
        messages=len(p),
        unmeasured=int(np.isnan(rows.inclusion).sum()),
        expected=p.sum(axis=0),
        expected_open=still_open @ p,
        spread_open=still_open @ spread,
        likeliest=_likeliest(rows, p, members),
        modeled=odds @ spread,
        modeled_fourth=(odds**2 / pi) @ (spread * (1 - 3 * spread)),
        **_reviewed_sums(p[rows.reviewed], _answers(rows, rows.labels, members), pi[rows.reviewed]),  # type: ignore[arg-type]
        **_second_sums(rows, p, pi, members),  # type: ignore[arg-type]
    )


def _with_groups(rows: _Rows, members: list[NDArray[np.intp]]) -> Floats:
    p = rows.probabilities.astype(np.float64, copy=False)
    if not members:
        return p
    if rows.labels.ndim == 2:
        parents = [1 - np.prod(1 - p[:, group], axis=1) for group in members]
    else:
        parents = [np.minimum(p[:, group].sum(axis=1), 1.0) for group in members]
    return np.column_stack([p, *parents])


def _likeliest(rows: _Rows, p: Floats, members: list[NDArray[np.intp]]) -> Floats:
    """(columns,) messages without an answer that a plain count gives to each column; one with
    several equally likely drivers, such as one without a prediction, counts for a part of each."""
    if rows.labels.ndim == 2 or not p.size:
        return np.asarray((p[~rows.reviewed] >= 0.5).sum(axis=0), dtype=np.float64)
    each = rows.said[~rows.reviewed]
    best = (each == each.max(axis=1, keepdims=True)).astype(np.float64)
    leaves = (1 / best.sum(axis=1)) @ best
    return np.concatenate([leaves, [leaves[group].sum() for group in members]])


def _answers(rows: _Rows, given: NDArray[np.integer], members: list[NDArray[np.intp]]) -> Floats:
    """(answers, columns) of 0 and 1."""
    labels = given[rows.reviewed]
    k = rows.probabilities.shape[1]
    y = labels if labels.ndim == 2 else labels[:, None] == np.arange(k)
    y = y.astype(np.float64)
    return np.column_stack([y, *(y[:, group].any(axis=1) for group in members)])


def _reviewed_sums(p: Floats, y: Floats, pi: Floats) -> dict[str, int | float | Floats]:
    spread = (1 - pi) / pi**2
    residual = y - p
    square = spread[:, None] * residual**2
    surprise = np.where(np.abs(residual) > 0.5, square, 0.0)
    return {
        "answers": len(pi),
        "weight": float((1 / pi).sum()),
        "weight_spread": float(spread.sum()),
        "correction": (1 / pi) @ residual,
        "design": square.sum(axis=0),
        "surprise": surprise.sum(axis=0),
        "surprise_square": (surprise**2).sum(axis=0),
        "reviewed": y.sum(axis=0),
        "weighted": (1 / pi) @ y,
        "weighted_spread": spread @ y,
    }


def _second_sums(
    rows: _Rows, p: Floats, pi: Floats, members: list[NDArray[np.intp]]
) -> dict[str, int | Floats]:
    if rows.second is None:
        return no_second_sums(p.shape[1])
    p, first = p[rows.reviewed], _answers(rows, rows.labels, members)
    mentions = rows.labels.ndim == 2
    likely = likely_slips(p, first) if mentions else likely_mistakes(p, first, members)
    held = _answers(rows, rows.second.labels, members)
    return second_sums(rows.second.of(rows.reviewed), first, held, p, likely, pi[rows.reviewed])
