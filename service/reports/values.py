"""What a report says: numbers with their intervals, of drivers and of weeks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; `low` and `high` are None when nothing was measured."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Split:
    """A change in messages in three parts that add up to it: more or fewer messages in all, another
    share of them, and another model or taxonomy. `change` is the whole, as it is shown."""

    change: float
    contacts: Estimate
    mix: Estimate
    measurement: Estimate


@dataclass(frozen=True, slots=True)
class BridgeNote:
    """What measured the week before, and what this week, where that is not the same; the drivers
    that are `incomparable`, for nobody can say what they were before; and how many `messages` of
    the two weeks the newest model read again. `out_of_fold` of them had trained it,
    and folds that never saw them spoke; `left_out` more had, too, and nothing could be said of
    them. `made_at` is None as long as no message was read again, `spanned` False where none can
    be: then no change is split."""

    before: str
    models_before: tuple[str, ...]
    models: tuple[str, ...]
    taxonomy_changed: bool = False
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    redefined: tuple[str, ...] = ()
    incomparable: tuple[str, ...] = ()
    messages: int = 0
    out_of_fold: int = 0
    left_out: int = 0
    spanned: bool = False
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DriverVolume:
    """One driver (or `unknown`, or a parent) in one week. Shares and changes as fractions of 1.

    `volume`, `share` and `change` are of the messages it is the primary driver of; `change` is in
    messages against the week before, None when either week is not measured; `real_change`: it is
    more than sampling, and chance from week to week, explain, of all rows together. `year_change`
    is against the same week a year earlier. `mentions`: the messages that are about it at all;
    None for `unknown`, and where none is about several. `naive`: the plain count, answers and the
    likeliest driver of every other message; no estimate, it has no interval. `published`: the
    volume as it was published last. `split`: `change` in its parts where the two weeks were not
    measured alike, `naive_split` that of the plain count.
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
    published: Estimate | None = None
    split: Split | None = None
    naive_split: Split | None = None

    @property
    def revised(self) -> bool:
        """Whether the volume, in whole messages as pages show it, is not what was published."""
        then = self.published
        return then is not None and _whole(then) != _whole(self.volume)


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
class Publication:
    """The latest version of what was published of a week, by a person or by itself at its close.
    `volumes` has those of drivers, `unknown` and parents."""

    version: int
    as_of: datetime
    person: str
    taxonomy: str
    messages: int
    answers: int
    measured: bool
    volumes: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """A week's volumes. `messages` is the exact number of counted messages, `answers` the number
    of drawn questions answered; without any, `measured` is False and figures have no interval.
    `year_before` is the same week a year earlier; None for a week 53, which has none to compare
    with. `several`: the messages about more than one driver; None where neither the model nor
    people say that of any, and then no driver has mentions. `pooled`: the four weeks together,
    where there are few answers. `publication`: what was published of the whole week, if it was.
    `bridge`: what changed in measuring since the week before.
    `second_opinions`: answers that another person was asked about again and that were settled; on
    `differing` of them the two named another driver first."""

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
    publication: Publication | None = None
    bridge: BridgeNote | None = None
    second_opinions: int = 0
    differing: int = 0

    @property
    def revised(self) -> bool:
        """Whether anything differs from what was published."""
        then = self.publication
        if then is None:
            return False
        counts = (then.messages, then.answers) != (self.messages, self.answers)
        return counts or any(row.revised for row in (*self.drivers, *self.parents))


def _whole(estimate: Estimate) -> tuple[int | None, ...]:
    each = (estimate.value, estimate.low, estimate.high)
    return tuple(None if number is None else round(number) for number in each)
