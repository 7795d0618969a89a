"""How far people agree, and the model with them, from what was asked twice."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from classifier.evaluation import Rate, disagreements, grouped_rate
from labeling.agreement import Agreement, Opinion, agreement, between
from labeling.sway import Ceiling, ceiling, sway
from service.errors import BadRequest
from service.quality.reading import Twice, asked_twice, audits, suspect_counts
from service.quality.values import (
    Between,
    DriverQuality,
    MixedUp,
    Quality,
    SecondOpinionCounts,
    Verdict,
    WeekQuality,
)
from service.runtime import Runtime
from service.weeks import day_of, monday, shifted, week_of

WEEKS: Final = 12
"""As far back as is looked if no week is named."""
MOST_WEEKS: Final = 110
NEARLY: Final = 0.05
"""A model that surely agrees with people no less often than this below what they do among each
other is as good as these labels can show."""
MOST_IDS: Final = 5
FEWEST: Final = 2
"""What happened once is no habit."""


def quality(
    runtime: Runtime,
    *,
    now: datetime,
    first: str | None = None,
    last: str | None = None,
    persons: bool = False,
) -> Quality:
    """How good the labels about messages of some weeks are: up to and including this week, the
    last twelve if none is named.

    `persons`: also each two people, where the team has chosen `per_person_quality`; the caller
    answers for who asks. Raises `BadRequest`.
    """
    this = week_of(day_of(now, runtime.settings.timezone))
    first, last = _weeks(first, last, this)
    with runtime.reading() as session:
        return _quality(session, first, last, persons and runtime.settings.per_person_quality)


def _quality(session: Session, first: str, last: str, persons: bool) -> Quality:
    twice = asked_twice(session, first, last)
    said = [each for each in twice if each.found.second is not None]
    opinions, inclusion = _opinions(said), _inclusion(said)
    whole = agreement(opinions, inclusion)
    blind = [each.asked_twice() for each in said if each.blind and each.predicted]
    beside = ceiling(blind)
    return Quality(
        first_week=first,
        last_week=last,
        people=whole.people,
        same=_same(said),
        agreement=whole.primary,
        fleiss=whole.fleiss,
        second_opinions=_counts(twice),
        suspects=suspect_counts(session, first, last),
        ceiling=beside,
        verdict=_verdict(beside),
        sway=sway(audits(session, first, last)),
        drivers=_drivers(said, whole.drivers),
        weeks=tuple(_week(week, some) for week, some in _by_week(twice).items()),
        mixed_up=_mixed_up(said),
        persons=_between(opinions, inclusion) if persons else None,
    )


def _weeks(first: str | None, last: str | None, this: str) -> tuple[str, str]:
    try:
        until = last or (this if first is None else max(first, this))
        since = first or shifted(until, 1 - WEEKS)
        length = (monday(until) - monday(since)).days // 7 + 1
    except (ValueError, OverflowError) as error:  # no such week, or before the first one
        raise BadRequest("week", str(error)) from None
    if not 1 <= length <= MOST_WEEKS:
        raise BadRequest(
            "from", f"must be at most {MOST_WEEKS} weeks before `to`, and not after it"
        )
    return since, until


def _opinions(said: Iterable[Twice]) -> list[Opinion]:
    return [opinion for each in said for opinion in each.opinions()]


def _inclusion(said: Iterable[Twice]) -> dict[str, float]:
    return {str(each.message_id): each.inclusion for each in said}


def _same(said: Sequence[Twice]) -> Rate:
    return _rate([first == second for first, second in (each.drivers for each in said)], said)


def _rate(right: Sequence[bool], of: Sequence[Twice]) -> Rate:
    weights = np.array([1 / each.inclusion for each in of], dtype=np.float64)
    return grouped_rate(np.array(right, dtype=np.bool_), np.arange(len(of)), weights)


def _counts(twice: Sequence[Twice]) -> SecondOpinionCounts:
    said = [each for each in twice if each.found.second is not None]
    differ = [each for each in said if each.found.differ]
    sides = [_side(each) for each in differ if each.found.settled is not None]
    return SecondOpinionCounts(
        asked=len(twice),
        answered=len(said),
        differed=len(differ),
        for_first=sides.count(0),
        for_second=sides.count(1),
        for_another=sides.count(2),
    )


def _side(each: Twice) -> int:
    """Whose answer the third look chose: the first's, the second's, or neither's."""
    found = each.found
    drivers = [found.first.driver, found.second.driver if found.second else None]
    held = found.settled.driver if found.settled else None
    return drivers.index(held) if held in drivers else 2


def _verdict(found: Ceiling) -> Verdict:
    if found.difference.value is None:
        return Verdict.UNKNOWN
    if found.difference.low > -NEARLY:
        return Verdict.DEFINITIONS
    return Verdict.LABELS if found.difference.high < 0 else Verdict.UNSURE


def _drivers(said: Sequence[Twice], found: Mapping[str, Agreement]) -> tuple[DriverQuality, ...]:
    rows = []
    for driver, each in found.items():
        of = [one for one in said if driver in one.drivers]
        both = [set(one.drivers) == {driver} for one in of]
        rows.append(DriverQuality(driver=driver, agreement=each, both=_rate(both, of)))
    return tuple(sorted(rows, key=_least_first))


def _least_first(row: DriverQuality) -> tuple[bool, float, str]:
    value = row.agreement.value
    return bool(np.isnan(value)), value if np.isfinite(value) else 0.0, row.driver


def _by_week(twice: Sequence[Twice]) -> dict[str, list[Twice]]:
    found: dict[str, list[Twice]] = {}
    for each in sorted(twice, key=lambda one: one.week):
        found.setdefault(each.week, []).append(each)
    return found


def _week(week: str, twice: Sequence[Twice]) -> WeekQuality:
    said = [each for each in twice if each.found.second is not None]
    return WeekQuality(
        week=week,
        same=_same(said),
        agreement=agreement(_opinions(said), _inclusion(said)).primary,
        second_opinions=_counts(twice),
    )


def _mixed_up(said: Sequence[Twice]) -> tuple[MixedUp, ...]:
    ids: dict[frozenset[str], list[int]] = {}
    for each in said:
        ids.setdefault(frozenset(each.drivers), []).append(each.message_id)
    pairs = [(*each.drivers, 1 / each.inclusion) for each in said]
    found = disagreements(pairs, fewest=FEWEST)
    return tuple(
        MixedUp(
            first=pair.first,
            second=pair.second,
            times=pair.times,
            disagreed=pair.disagreed,
            remedy=pair.remedy,
            more=pair.more,
            message_ids=tuple(ids[frozenset((pair.first, pair.second))][:MOST_IDS]),
        )
        for pair in found
    )


def _between(opinions: Sequence[Opinion], inclusion: Mapping[str, float]) -> tuple[Between, ...]:
    return tuple(
        Between(first=first, second=second, agreement=found)
        for (first, second), found in between(opinions, inclusion).items()
    )
