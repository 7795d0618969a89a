"""What showing the model's driver does to answers, and how near a model comes to people. Pure.

Both are differences of two shares of messages, with the interval that follows from the two's own
(Zou and Donner 2008: how far the ends are from the shares, squared and added up). The model and
people are compared by the messages that only one of the two comparisons has right. The shares' own
intervals are Clopper-Pearson's, so that few answers and shares of 0 or 1 are no exception.

Answers to drawn questions stand for all messages by their inclusion probability: each counts 1/π
times.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.rates import Rate, grouped_rate
from classifier.messages import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """An answer to a question about which chance decided whether the model's driver was shown.

    `suggested`: the driver the model thought of, None for none of them, whether it was shown or
    not. `inclusion` in (0, 1]: the probability with which the message was drawn.
    """

    suggested: str | None
    label: Label
    prefilled: bool
    inclusion: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTwice:
    """What two people said of one message, each blind to the model's driver and to the other."""

    suggested: str | None
    first: Label
    second: Label
    inclusion: float = 1.0


@dataclass(frozen=True, slots=True)
class Difference:
    """One share less another, in [-1, 1], with its 95 % interval; None, and everything, where one
    of them has no messages."""

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Sway:
    """How often people's main driver is the model's, where they saw it and where they did not.

    `difference`: the first less the second. Above 0, people follow what they are shown: answers to
    questions that show it flatter the model by that much.
    """

    prefilled: Rate
    blind: Rate
    difference: Difference


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How often two people give a message the same main driver, and a person and the model do.

    `difference`: the second less the first. At 0 or above, people differ from the model no more
    than from each other, and more labels of the kind will not make it better by their measure.
    """

    people: Rate
    model: Rate
    difference: Difference


def sway(answers: Sequence[Audited]) -> Sway:
    """How much showing the model's driver sways people, by answers (n,) about separate messages.

    Only questions of which chance decided whether to show it: elsewhere the harder messages are
    the ones that show it, or do not.
    """
    agrees = np.array([each.label.primary == each.suggested for each in answers], dtype=bool)
    shown = np.array([each.prefilled for each in answers], dtype=bool)
    weights = _weights([each.inclusion for each in answers])
    prefilled, blind = (
        grouped_rate(agrees[rows], np.arange(rows.sum()), weights[rows]) for rows in (shown, ~shown)
    )
    return Sway(prefilled, blind, difference(prefilled, blind))


def ceiling(messages: Sequence[AskedTwice]) -> Ceiling:
    """The model beside people, by messages (n,) that two people answered blind.

    The model's share is over both people, each message standing or falling as one.
    """
    n = len(messages)
    same = np.array([each.first.primary == each.second.primary for each in messages], dtype=bool)
    by_first = [each.first.primary == each.suggested for each in messages]
    by_second = [each.second.primary == each.suggested for each in messages]
    modeled = np.array([*by_first, *by_second], dtype=bool)
    weights = _weights([each.inclusion for each in messages])
    numbers, twice = np.tile(np.arange(n), 2), np.tile(same, 2)
    ahead, behind, model = (
        grouped_rate(rows, numbers, np.tile(weights, 2))
        for rows in (modeled & ~twice, twice & ~modeled, modeled)
    )
    return Ceiling(grouped_rate(same, np.arange(n), weights), model, _apart(ahead, behind))


def difference(first: Rate, second: Rate, correlation: float = 0.0) -> Difference:
    """`first` less `second`; their `correlation` in [-1, 1] where the messages are the same."""
    if first.value is None or second.value is None:
        return Difference(None, -1.0, 1.0)
    value = first.value - second.value
    below = _together(first.value - first.low, second.high - second.value, correlation)
    above = _together(first.high - first.value, second.value - second.low, correlation)
    return Difference(value, max(-1.0, value - below), min(1.0, value + above))


def _together(one: float, other: float, correlation: float) -> float:
    return float(np.sqrt(max(0.0, one**2 + other**2 - 2 * correlation * one * other)))


def _weights(inclusion: Sequence[float]) -> NDArray[np.float64]:
    chances = np.array(inclusion, dtype=np.float64)
    if not np.all((chances > 0) & (chances <= 1)):
        raise ValueError("an inclusion probability lies above 0 and is at most 1")
    return 1 / chances


def _apart(one: Rate, other: Rate) -> Difference:
    """`one` less `other`, shares of the same messages of which no message is in both."""
    if not one.value or not other.value:
        return difference(one, other)
    odds = one.value / (1 - one.value) * other.value / (1 - other.value)
    return difference(one, other, -float(np.sqrt(min(1.0, odds))))
