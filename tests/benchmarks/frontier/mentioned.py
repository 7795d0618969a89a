"""What a model said of messages with several drivers, beside what is true of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np

from classifier.evaluation import Rate, grouped_rate
from classifier.evaluation.groups import resamples
from classifier.evaluation.mention_calibration import driver_shares, mention_calibration
from classifier.evaluation.mistakes import f_scores
from classifier.evaluation.rates import grouped_mean
from classifier.evaluation.several import beside, example_f1
from classifier.messages import LabeledMessage
from classifier.text import normalized

NOT_SAID = -1
SAID_FROM = 0.02
"""Drivers less likely are not mentioned."""


@dataclass(frozen=True)
class Mentioned:
    """A row a message, a column each of k drivers.

    `truth`, `chosen` (n, k): what people and the model say it is about. `likely` (n, k): how
    likely the model holds that to be, or no columns at all. `primary`, `likeliest` (n,): the
    columns of what people name first and of what the model holds to be the primary driver, -1 for
    none. `group` (n,): shared by the same texts. `late` (n, k): another driver worded as never in
    training; `placed` (n, k): -1, or whether all that spoke for another driver that was rightly
    said stands where it does.
    """

    truth: np.ndarray
    chosen: np.ndarray
    likely: np.ndarray
    primary: np.ndarray
    likeliest: np.ndarray
    group: np.ndarray
    language: np.ndarray
    late: np.ndarray
    placed: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def at(self, rows: np.ndarray) -> Self:
        return type(self)(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, that `from_dict` reads back."""
        rounded = replace(self, likely=np.round(self.likely, 4))
        return {each.name: getattr(rounded, each.name).tolist() for each in fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, list[Any]]) -> Self:
        return cls(**{name: np.array(values) for name, values in data.items()})


def mentioned(
    messages: Sequence[LabeledMessage],
    drivers: Sequence[str],
    chosen: Sequence[Sequence[str]],
    likeliest: Sequence[str | None],
    likely: np.ndarray | None = None,
) -> Mentioned:
    """Put what a model says of messages (n) beside their labels; drivers that are not among the k
    given count for neither."""
    column = {driver: at for at, driver in enumerate(drivers)}
    number = {text: at for at, text in enumerate(sorted({normalized(m.text) for m in messages}))}
    shape = (len(messages), len(drivers))
    return Mentioned(
        truth=_indicators([message.label.drivers for message in messages], column),
        chosen=_indicators(chosen, column),
        likely=np.zeros((len(messages), 0)) if likely is None else likely,
        primary=np.array([column.get(m.label.primary or "", NOT_SAID) for m in messages]),
        likeliest=np.array([column.get(each or "", NOT_SAID) for each in likeliest]),
        group=np.array([number[normalized(message.text)] for message in messages]),
        language=np.array([message.language for message in messages]),
        late=np.zeros(shape, dtype=bool),
        placed=np.full(shape, NOT_SAID),
    )


def joined(parts: Sequence[Mentioned]) -> Mentioned:
    """Several as one; the same text in two parts counts as two, for two models judged it."""
    first = np.cumsum([0, *(part.group.max() + 1 for part in parts)])
    columns = {
        each.name: np.concatenate([getattr(part, each.name) for part in parts])
        for each in fields(Mentioned)
    }
    shift = np.repeat(first[:-1], [len(part) for part in parts])
    return Mentioned(**{**columns, "group": columns["group"] + shift})


def figures(found: Mentioned) -> dict[str, Any]:
    """The figures of a table's row: fractions of 1, with their 95 % intervals."""
    scores = f_scores(found.truth, found.chosen, found.group)
    return {
        "n": len(found),
        "micro": _interval(scores.micro, scores.micro_low, scores.micro_high),
        "macro": _interval(scores.macro, scores.macro_low, scores.macro_high),
        "example": grouped_mean(example_f1(found.truth, found.chosen), found.group).to_dict(),
        "exact": grouped_rate(_exact(found), found.group).to_dict(),
        "primary": _primary(found).to_dict(),
        "calibration": _calibration(found),
    }


def _exact(found: Mentioned) -> np.ndarray:
    return np.asarray((found.truth == found.chosen).all(axis=1))


def _primary(found: Mentioned) -> Rate:
    named = found.primary >= 0
    return grouped_rate((found.primary == found.likeliest)[named], found.group[named])


def _calibration(found: Mentioned) -> dict[str, Any] | None:
    """The expected calibration error of all yes-or-no probabilities, of those that are not
    next to nothing, and how many drivers' own mean is outside the interval of their share."""
    if not found.likely.shape[1]:
        return None
    everything = mention_calibration(found.likely, found.truth, groups=found.group)
    rows, columns = np.nonzero(found.likely >= SAID_FROM)
    some = mention_calibration(
        found.likely[rows, columns][:, None],
        found.truth[rows, columns][:, None],
        groups=found.group[rows],
    )
    names = [str(column) for column in range(found.truth.shape[1])]
    shares = driver_shares(names, found.likely, found.truth, found.group)
    return {
        "ece": everything.ece if everything else None,
        "perfect": everything.perfect if everything else None,
        "said_ece": some.ece if some else None,
        "said_perfect": some.perfect if some else None,
        "off": sum(each.off for each in shares),
        "drivers": len(shares),
    }


def others(found: Mentioned) -> dict[str, Any]:
    """How the drivers beside the primary one fare, by two conventions.

    `recall`: of the drivers people name beside their primary one, the share the model says of the
    message, in whatever role; `precision`: of those the model says beside its likeliest one, the
    share people say of it, in whatever role. So two drivers in the other order are both found:
    what a weekly count of mentions needs. `also_recall`, `also_precision`: what the model says
    beside its likeliest driver against what people name beside theirs; two in the other order are
    one missed and one wrong. `late`, `familiar`: recall by how the driver is worded. `placed`: of
    those rightly said, the share for which nothing but its own paragraph spoke. `alone`: of the
    messages about one driver, the share of which more is said.
    """
    named = beside(found.truth, found.primary)
    said = beside(found.chosen, found.likeliest)
    rows = found.truth.sum(axis=1) == 1
    placed = found.placed[found.placed != NOT_SAID].astype(bool)
    return {
        "n": len(found),
        "others": int(named.sum()),
        "recall": _share(named, found.chosen, found).to_dict(),
        "precision": _share(said, found.truth, found).to_dict(),
        "also_recall": _share(named, said, found).to_dict(),
        "also_precision": _share(said, named, found).to_dict(),
        "late": _share(named & found.late, found.chosen, found).to_dict(),
        "familiar": _share(named & ~found.late, found.chosen, found).to_dict(),
        "placed": grouped_rate(placed, np.nonzero(found.placed != NOT_SAID)[0]).to_dict(),
        "primary": _primary(found).to_dict(),
        "exact": grouped_rate(_exact(found), found.group).to_dict(),
        "alone": grouped_rate(said.any(axis=1)[rows], found.group[rows]).to_dict(),
    }


def _share(asked: np.ndarray, given: np.ndarray, found: Mentioned) -> Rate:
    return grouped_rate(given[asked], found.group[np.nonzero(asked)[0]])


def ahead(found: Mentioned, other: Mentioned, *, seed: int = 0) -> dict[str, Any]:
    """By how much micro-F1 is ahead of another model's on the same messages, with a paired
    bootstrap interval over groups."""
    sums = [
        np.stack([(each.truth & each.chosen).sum(axis=1), each.truth.sum(axis=1), said], axis=1)
        for each in (found, other)
        for said in [each.chosen.sum(axis=1)]
    ]
    times = np.stack(list(resamples(found.group, np.random.default_rng(seed))))
    drawn = _micro(times @ sums[0]) - _micro(times @ sums[1])
    value = _micro(sums[0].sum(axis=0)) - _micro(sums[1].sum(axis=0))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return _interval(float(value), float(low), float(high))


def _micro(sums: np.ndarray) -> np.ndarray:
    """Micro-F1 of sums (…, 3): right, true, said."""
    return np.asarray(2 * sums[..., 0] / np.maximum(sums[..., 1] + sums[..., 2], 1))


def _interval(value: float | None, low: float, high: float) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high}


def _indicators(named: Sequence[Sequence[str]], column: Mapping[str, int]) -> np.ndarray:
    made = np.zeros((len(named), len(column)), dtype=bool)
    for row, each in enumerate(named):
        made[row, [column[driver] for driver in each if driver in column]] = True
    return made
