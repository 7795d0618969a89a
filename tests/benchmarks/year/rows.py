"""A week of made-up messages as rows of terms: what summing would make of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.volumes import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms, volume_terms
from labeling.sampling import inclusion, plan, uncertainty
from service.terms import MENTION, PRIMARY, WHOLE, Columns
from service.terms.summing import MOST_VALUES, OTHER_VALUE
from service.weeks import monday, shifted

ANSWERS = 1_000
PARENTS, CHILDREN = 8, 4
VALUES: Final[Mapping[str, int]] = {"channel": 6, "language": 5, "partner": 10, "product": 100}
PAIR = ("partner", "channel")
SWAP_EVERY, SWAP_DAY = 4, 2
"""Weeks between two models; the new one takes over on Wednesday at noon."""
NUMBERS: Final = SCALAR_FIELDS + COLUMN_FIELDS
NOTHING: Final = (0.0,) * len(NUMBERS)

Floats = NDArray[np.float64]
Sums = tuple[str, str, str, str, tuple[float, ...]]
"""Kind, slice, value and driver of a row of terms, and its numbers."""


@dataclass(frozen=True)
class Arrived:
    """The counted messages of a day with what was drawn and answered; labels −1 without one."""

    primary: Floats
    labels: NDArray[np.int64]
    mentions: Floats
    mentioned: NDArray[np.int8]
    inclusion: Floats
    reviewed: NDArray[np.bool_]
    values: Mapping[str, Sequence[str]]

    def part(self, chosen: NDArray[Any]) -> "Arrived":
        arrays = (self.primary, self.labels, self.mentions, self.mentioned, self.inclusion)
        values = {name: list(np.array(each)[chosen]) for name, each in self.values.items()}
        return Arrived(*(each[chosen] for each in arrays), self.reviewed[chosen], values)


def shop() -> str:
    """A taxonomy of forty drivers: four below each of eight, and the others of each."""
    ids = [(f"p{n}", "") for n in range(PARENTS)]
    ids += [(f"{parent}.d{n}", parent) for parent, _ in ids for n in range(CHILDREN)]
    return "".join(
        f'[[drivers]]\nid = "{id_}"\nnames = {{ en = "Driver {id_}" }}\n'
        + (f'parent = "{parent}"\n\n' if parent else 'queue = "q"\n\n')
        for id_, parent in ids
    )


def arrive(columns: Columns, n: int, rng: np.random.Generator) -> Arrived:
    """A day of messages: drivers, products and partners with Zipf shares, a somewhat sure model,
    as many questions as a thousand answers a week take."""
    k = len(columns.leaves)
    truth = rng.choice(k, size=n, p=_zipf(k))
    logits = rng.normal(size=(n, k)) + np.log(_zipf(k)) + 5.0 * np.eye(k)[truth]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = 0.97 * p / p.sum(axis=1, keepdims=True) + 0.03 / k
    doubts = uncertainty(p)
    pi = inclusion(plan(doubts, budget=ANSWERS, expected=7.0 * n), doubts)
    reviewed = rng.random(n) < pi
    parents = np.column_stack([p[:, members].sum(axis=1) for members in columns.members])
    labels = np.where(reviewed, truth, -1)
    return Arrived(
        primary=p,
        labels=labels,
        mentions=np.clip(np.hstack([1.2 * p, 1.1 * parents]), 0.0, 1.0),
        mentioned=_mentioned(labels, columns),
        inclusion=pi,
        reviewed=reviewed,
        values=_values(n, rng),
    )


def day_sums(arrived: Arrived, columns: Columns) -> Iterator[Sums]:
    """The rows of terms of one day, model and recalibration, in the order of summing."""
    for slice_name, values in arrived.values.items():
        kept = _largest(values)
        each = np.array([value if value in kept else OTHER_VALUE for value in values])
        for value in dict.fromkeys(each.tolist()):
            some = arrived.part(np.flatnonzero(each == value))
            yield from _rows(PRIMARY, slice_name, value, _primary(some, columns), columns)
            yield from _rows(MENTION, slice_name, value, _all_named(some), columns)


def _primary(some: Arrived, columns: Columns) -> VolumeTerms:
    about = (some.primary, some.labels, some.inclusion, some.reviewed)
    return volume_terms(*about, groups=columns.members, said=some.primary)


def _all_named(some: Arrived) -> VolumeTerms:
    return volume_terms(some.mentions, some.mentioned, some.inclusion, some.reviewed)


def _rows(
    kind: str, slice_name: str, value: str, terms: VolumeTerms, columns: Columns
) -> Iterator[Sums]:
    scalars = [float(getattr(terms, name)) for name in SCALAR_FIELDS]
    yield kind, slice_name, value, WHOLE, (*scalars, *NOTHING[len(scalars) :])
    sums = np.array([getattr(terms, name) for name in COLUMN_FIELDS]).T
    for driver, numbers in zip(columns.named(kind), sums.tolist(), strict=True):
        if any(numbers):
            yield kind, slice_name, value, driver, (*NOTHING[: len(scalars)], *numbers)


def _mentioned(labels: NDArray[np.int64], columns: Columns) -> NDArray[np.int8]:
    found = np.zeros((len(labels), len(columns.all)), dtype=np.int8)
    found[np.flatnonzero(labels >= 0), labels[labels >= 0]] = 1
    found[:, columns.several] = 0
    for place, members in enumerate(columns.members, start=len(columns.leaves)):
        found[:, place] = found[:, members].any(axis=1)
    return found


def _values(n: int, rng: np.random.Generator) -> dict[str, list[str]]:
    each = {
        name: [f"{name}-{v:03d}" for v in rng.choice(count, size=n, p=_zipf(count))]
        for name, count in VALUES.items()
    }
    first, second = PAIR
    both = [f"{a}/{b}" for a, b in zip(each[first], each[second], strict=True)]
    return {WHOLE: [WHOLE] * n, **each, "/".join(PAIR): both}


def _largest(values: Sequence[str]) -> set[str]:
    names, counts = np.unique(np.array(values), return_counts=True)
    return set(names[np.lexsort((names, -counts))][:MOST_VALUES].tolist())


def _zipf(count: int) -> Floats:
    shares = 1 / np.arange(1, count + 1)
    return np.asarray(shares / shares.sum())


def made_up_week(columns: Columns, messages: int) -> list[list[Sums]]:
    """The rows of the seven days of a week, per day."""
    rng = np.random.default_rng(6)
    return [list(day_sums(arrive(columns, messages // 7, rng), columns)) for _ in range(7)]


def makers(week: str) -> Iterator[tuple[int, str]]:
    """(day of the week, model): who predicted on which days; both on the day they change."""
    now, before = model_of(week), model_of(shifted(week, -1))
    for day in range(7):
        if now == before or day >= SWAP_DAY:
            yield day, now
        if now != before and day <= SWAP_DAY:
            yield day, before


def model_of(week: str) -> str:
    """Every fourth week has a new one."""
    number = (monday(week) - date(2020, 1, 6)).days // 7
    return f"{monday(shifted(week, -(number % SWAP_EVERY))).isoformat()}.1"
