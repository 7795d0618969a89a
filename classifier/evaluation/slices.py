"""The same figures per language, per channel, and per week or month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.outcomes import Outcomes
from classifier.evaluation.rates import Rate, grouped_rate

MOST_WEEKS = 16
"""Messages of more weeks than this are shown by the month."""


@dataclass(frozen=True, slots=True)
class Slice:
    """`n` messages of one language, channel, week or month: accuracy, and what is routed."""

    kind: str
    name: str
    n: int
    accuracy: Rate
    share: Rate
    precision: Rate

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "n": self.n,
            "accuracy": self.accuracy.to_dict(),
            "share": self.share.to_dict(),
            "precision": self.precision.to_dict(),
        }


def slices(found: Outcomes, kind: str, values: Sequence[str] | None) -> tuple[Slice, ...]:
    """One slice per distinct value (n), the largest first; none when no values are given."""
    if values is None:
        return ()
    column = np.asarray(values, dtype=object)
    made = [_slice(found, kind, str(name), column == name) for name in set(values)]
    return tuple(sorted(made, key=lambda each: (-each.n, each.name)))


def time_slices(
    found: Outcomes, received_at: Sequence[datetime | None] | None, timezone: str
) -> tuple[Slice, ...]:
    """One slice per ISO week, or per month from 17 weeks on, in order; undated ones last.

    None when no message (n) is dated. Moments are timezone-aware, weeks those of `timezone`.
    """
    if received_at is None or not any(received_at):
        return ()
    zone = ZoneInfo(timezone)
    local = [at and at.astimezone(zone) for at in received_at]
    weeks = ["{}-W{:02}".format(*at.isocalendar()[:2]) if at else "" for at in local]
    if len(set(weeks) - {""}) <= MOST_WEEKS:
        return _in_order(slices(found, "week", weeks))
    return _in_order(slices(found, "month", [f"{at:%Y-%m}" if at else "" for at in local]))


def _in_order(made: tuple[Slice, ...]) -> tuple[Slice, ...]:
    """By name, which sorts weeks and months; "not given" comes after every year."""
    return tuple(sorted(made, key=lambda each: each.name))


def _slice(found: Outcomes, kind: str, name: str, rows: NDArray[np.bool_]) -> Slice:
    judged = rows & found.judging
    return Slice(
        kind,
        name or "not given",
        int(rows.sum()),
        _rate(found, found.correct, rows & found.counted),
        _rate(found, found.routed, judged),
        _rate(found, found.right, judged & found.routed),
    )


def _rate(found: Outcomes, right: NDArray[np.bool_], rows: NDArray[np.bool_]) -> Rate:
    return grouped_rate(right[rows], found.groups[rows])
