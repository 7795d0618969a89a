"""Pairs of drivers that people or the model cannot tell apart, and what would help.

Which of two remedies a pair needs, people decide: where they disagree as well, the two drivers
are one or their definitions are not clear; where they agree, the model lacks examples.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np

from classifier.evaluation.rates import LEVEL, Rate, grouped_rate, rate
from classifier.volumes.review_only import clopper_pearson

TOLERATED: Final = 0.1
"""People who disagree on more than this share of a pair's messages do not tell them apart."""

NOTED: Final = 0.05
"""A model that is surely wrong on more than this share of a pair's messages is worth naming."""

FEWEST: Final = 3
LEARNING_RATE: Final = 0.5
"""Errors fall about as labels to the power −0.5, where no learning curve says otherwise."""

SHOWN_IDS: Final = 10
MOST_OPINIONS: Final = 2_000


class Remedy(StrEnum):
    """What would settle a pair.

    `merge`: people do not tell them apart; make them one driver, or define them anew. `labels`:
    people do; more labels of the scarcer one would teach the model. `second_opinions`: nobody
    knows yet whether people do; ask a second person.
    """

    MERGE = "merge"
    LABELS = "labels"
    SECOND_OPINIONS = "second_opinions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusablePair:
    """Two drivers, in alphabetical order.

    `confused`: of the messages that people and the model both gave to one of the two, the share
    they gave to different ones. `disagreed`: the same for two people; None of none where nobody
    was asked twice. `gain`: points of accuracy a merge would bring, as a fraction of 1. `more`:
    the labels, or second opinions, that would settle it; 0 for a merge. `message_ids` are those
    to begin with.
    """

    first: str
    second: str
    confused: Rate
    disagreed: Rate
    remedy: Remedy
    more: int
    gain: float
    message_ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "drivers": [self.first, self.second],
            "confused": self.confused.to_dict(),
            "disagreed": self.disagreed.to_dict(),
            "remedy": self.remedy.value,
            "more": self.more,
            "gain": self.gain,
            "message_ids": list(self.message_ids),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two drivers, in alphabetical order, that two people gave the same message.

    `times`: messages. `disagreed`, `remedy` and `more` as in `ConfusablePair`; nothing is known of
    a model here, so that `labels` says no more than that people tell the two apart.
    """

    first: str
    second: str
    times: int
    disagreed: Rate
    remedy: Remedy
    more: int


Pair = tuple[str, str] | tuple[str, str, float]
"""The drivers that two people gave one message, and its weight above 0, as 1/π; 1 if none."""
_Drivers = tuple[str, str]


def disagreements(
    opinions: Iterable[Pair], *, fewest: int = 1, most: int = 10
) -> tuple[Disagreement, ...]:
    """The drivers that people mix up, at least `fewest` times: those first of which they surely do
    most often."""
    people = _mixed(opinions)
    found = {
        pair: people.rate(pair) for pair, apart in people.pairs.items() if len(apart) >= fewest
    }
    order = sorted(found, key=lambda pair: (-found[pair].low, -len(people.pairs[pair]), pair))
    return tuple(_disagreement(pair, people, found[pair]) for pair in order[:most])


def _disagreement(pair: _Drivers, people: "_Mixed", disagreed: Rate) -> Disagreement:
    remedy = _remedy(disagreed)
    return Disagreement(
        first=pair[0],
        second=pair[1],
        times=len(people.pairs[pair]),
        disagreed=disagreed,
        remedy=remedy,
        more=_opinions(disagreed) if remedy is Remedy.SECOND_OPINIONS else 0,
    )


def confusable(
    labels: Sequence[str],
    predicted: Sequence[str],
    *,
    message_ids: Sequence[str] | None = None,
    opinions: Iterable[Pair] = (),
    trained: Mapping[str, int] | None = None,
    learning_rate: float = LEARNING_RATE,
    most: int = 10,
) -> tuple[ConfusablePair, ...]:
    """The pairs mixed up most, by the points of accuracy they cost.

    `labels` and `predicted` (n,): the drivers people and the model give the same messages, which
    it was not trained on. `opinions`: what two people said of one message, each not knowing the
    other's answer, and how much it weighs. Named are pairs that the model mixes up at least three
    times and surely (95 %) in more than 5 % of their messages, and pairs on which people surely
    disagree in more than 10 %. `trained`: labels per driver the model learned from, by default
    those in `labels`. `learning_rate` > 0: the power with which mistakes fall as labels grow.
    """
    if len(labels) != len(predicted):
        raise ValueError(f"{len(labels)} labels, {len(predicted)} predictions")
    ids = [str(row + 1) for row in range(len(labels))] if message_ids is None else message_ids
    model = _mixed(zip(labels, predicted, strict=True))
    people = _mixed(opinions)
    seen = _supports(labels) if trained is None else trained
    named = [pair for pair in {*model.pairs, *people.pairs} if _noted(model, people, pair)]
    wrong = _wrong_ids(labels, predicted, ids)
    found = [
        _pair(pair, model, people, seen, wrong[pair], len(labels), learning_rate) for pair in named
    ]
    return tuple(sorted(found, key=lambda p: (-p.gain, -p.disagreed.low, p.first, p.second))[:most])


@dataclass(frozen=True, slots=True)
class _Mixed:
    """The weights of messages that two judges gave to one driver, and to each of two."""

    same: dict[str, list[float]]
    pairs: dict[_Drivers, list[float]]

    def rate(self, pair: _Drivers) -> Rate:
        apart = self.pairs.get(pair, [])
        weights = np.array([*apart, *(w for each in pair for w in self.same.get(each, []))])
        differ = np.arange(len(weights)) < len(apart)
        if np.all(weights == 1):
            return rate(differ)
        return grouped_rate(differ, np.arange(len(weights)), weights)


def _mixed(judged: Iterable[Pair]) -> _Mixed:
    same: dict[str, list[float]] = defaultdict(list)
    pairs: dict[_Drivers, list[float]] = defaultdict(list)
    for one, other, *weight in judged:
        where = same[one] if one == other else pairs[_ordered(one, other)]
        where.append(weight[0] if weight else 1.0)
    return _Mixed(dict(same), dict(pairs))


def _ordered(one: str, other: str) -> _Drivers:
    return (one, other) if one < other else (other, one)


def _supports(labels: Sequence[str]) -> dict[str, int]:
    names, counts = np.unique(np.asarray(labels, dtype=object), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _wrong_ids(
    labels: Sequence[str], predicted: Sequence[str], ids: Sequence[str]
) -> dict[_Drivers, list[str]]:
    wrong: dict[_Drivers, list[str]] = defaultdict(list)
    for said, guessed, message_id in zip(labels, predicted, ids, strict=True):
        if said != guessed:
            wrong[_ordered(said, guessed)].append(message_id)
    return wrong


def _noted(model: _Mixed, people: _Mixed, pair: _Drivers) -> bool:
    mixed_up = len(model.pairs.get(pair, ())) >= FEWEST and model.rate(pair).low > NOTED
    return mixed_up or people.rate(pair).low > TOLERATED


def _pair(
    pair: _Drivers,
    model: _Mixed,
    people: _Mixed,
    seen: Mapping[str, int],
    wrong: list[str],
    n: int,
    learning_rate: float,
) -> ConfusablePair:
    disagreed = people.rate(pair)
    remedy = _remedy(disagreed)
    more = {
        Remedy.MERGE: 0,
        Remedy.LABELS: _labels(pair, seen, learning_rate),
        Remedy.SECOND_OPINIONS: _opinions(disagreed),
    }
    return ConfusablePair(
        first=pair[0],
        second=pair[1],
        confused=model.rate(pair),
        disagreed=disagreed,
        remedy=remedy,
        more=more[remedy],
        gain=len(wrong) / n if n else 0.0,
        message_ids=tuple(wrong[:SHOWN_IDS]),
    )


def _remedy(disagreed: Rate) -> Remedy:
    if disagreed.low > TOLERATED:
        return Remedy.MERGE
    return Remedy.LABELS if disagreed.high < TOLERATED else Remedy.SECOND_OPINIONS


def _labels(pair: _Drivers, seen: Mapping[str, int], learning_rate: float) -> int:
    """Labels of the scarcer driver that would halve the mistakes, by the learning curve."""
    fewest = max(1, min(seen.get(each, 0) for each in pair))
    return int(np.ceil(fewest * (2 ** (1 / learning_rate) - 1)))


def _opinions(disagreed: Rate) -> int:
    """More second opinions after which the interval would leave the tolerated share to one side.

    At the share of disagreement seen so far; before any, as if all agree.
    """
    share = disagreed.value or 0.0
    n = np.arange(disagreed.n + 1, MOST_OPINIONS, dtype=np.float64)
    low, high = clopper_pearson(np.round(share * n) / n, n, LEVEL)
    clear = (low > TOLERATED) | (high < TOLERATED)
    return int(n[clear.argmax()] if clear.any() else MOST_OPINIONS) - disagreed.n
