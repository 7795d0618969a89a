"""What a report says: numbers with their intervals, of drivers and of weeks."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; `low` and `high` are None when nothing was measured."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DriverVolume:
    """One driver (or `unknown`, or a parent) in one week. Shares and changes as fractions of 1.

    `volume`, `share` and `change` are of the messages it is the primary driver of; `change` is in
    messages against the week before, None when either week is not measured; `real_change`: it is
    more than sampling, and chance from week to week, explain, of all rows together. `year_change`
    is against the same week a year earlier. `mentions`: the messages that are about it at all;
    None for `unknown`, and where none is about several. `naive`: the plain count, answers and the
    likeliest driver of every other message; no estimate, it has no interval.
    """

    driver: str
    parent: str | None
    group: bool
    volume: Estimate
    share: Estimate
    change: Estimate | None
    previous: float | None
    answers: int
    mentions: Estimate | None = None
    real_change: bool | None = None
    year_change: Estimate | None = None
    naive: float = 0.0


@dataclass(frozen=True, slots=True)
class Pooled:
    """The volumes of four weeks together, the last of which has too few answers of its own. Rows
    have no change and no mentions."""

    first: str
    last: str
    messages: int
    answers: int
    drivers: tuple[DriverVolume, ...]
    parents: tuple[DriverVolume, ...]


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """A week's volumes. `messages` is the exact number of counted messages, `answers` the number
    of drawn questions answered; without any, `measured` is False and figures have no interval.
    `year_before` is the same week a year earlier; None for a week 53, which has none to compare
    with. `several`: the messages about more than one driver; None where neither the model nor
    people say that of any, and then no driver has mentions. `pooled`: the four weeks together,
    where there are few answers. `second_opinions`: answers that another person was asked about
    again and that were settled; on `differing` of them the two named another driver first."""

    week: str
    slice: str
    value: str
    messages: int
    previous_messages: int | None
    answers: int
    measured: bool
    few_answers: bool
    counts: str
    models: tuple[str, ...]
    as_of: datetime
    drivers: tuple[DriverVolume, ...]
    parents: tuple[DriverVolume, ...]
    set_aside: int
    several: Estimate | None = None
    year_before: str | None = None
    year_before_messages: int | None = None
    pooled: Pooled | None = None
    second_opinions: int = 0
    differing: int = 0
