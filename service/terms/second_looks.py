"""Second opinions of a week as volumes take them: what held after them, and how likely each was."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from classifier.volumes import SecondOpinions
from labeling.sampling import response_rates
from service.database import chunks
from service.rounds import SECOND, Rounds, rounds
from service.tables import LabelRow, ReviewRow
from service.terms.columns import Columns
from service.terms.mentions import mention_labels
from service.terms.reading import columns_of

Floats = NDArray[np.float64]

LEAST_SETTLED: Final = 1 / 3
"""The share of a week's second opinions that must have come, and of those that differ that must be
decided; until then its answers are believed."""


@dataclass(frozen=True, slots=True)
class SecondLooks:
    """Second opinions on n messages; `held` has the label that holds of each, or the first answer,
    as rows with `driver` and `also`. The rest as in `classifier.volumes.SecondOpinions`."""

    held: Sequence[Any]
    inclusion: Floats
    given: NDArray[np.bool_]
    differing: NDArray[np.bool_]

    @property
    def several(self) -> bool:
        """Whether what holds of any message is more than one driver."""
        return any(row.also for row, given in zip(self.held, self.given, strict=True) if given)

    def primary(self, labels: NDArray[np.int64], columns: Columns) -> SecondOpinions:
        """Of primary drivers, as column numbers; `labels` are those of the first answers."""
        last = labels.copy()
        last[self.given] = columns_of(
            [row.driver for row, given in zip(self.held, self.given, strict=True) if given], columns
        )
        return self._of(last)

    def mentions(self, columns: Columns) -> SecondOpinions:
        """Of all drivers, as 0 and 1."""
        return self._of(mention_labels(self.held, columns))

    def _of(self, labels: NDArray[np.integer]) -> SecondOpinions:
        return SecondOpinions(
            labels=labels, inclusion=self.inclusion, given=self.given, differing=self.differing
        )


def second_looks(
    session: Session, rows: Sequence[Row[Any]], reviewed: NDArray[np.bool_]
) -> SecondLooks | None:
    """The second opinions on the messages of a week, rows of `asked`; None where there were none
    to be had."""
    chance = np.array([row.second_opinion or 0.0 for row in rows], dtype=np.float64) * reviewed
    if not chance.any():
        return None
    ids = [row.id for row, possible in zip(rows, chance > 0, strict=True) if possible]
    asked = _asked_again(session, ids)
    found = rounds(session, asked)
    each = [found.get(row.id) for row in rows]
    was_asked = np.array([row.id in asked for row in rows], dtype=np.bool_) & (chance > 0)
    differing = np.array([one is not None and one.differ for one in each], dtype=np.bool_)
    settled = [one.settled if one else None for one in each]
    given = was_asked & np.array([label is not None for label in settled], dtype=np.bool_)
    inclusion = chance * _response(rows, was_asked, _answered(each), differing, given)
    given &= inclusion > 0
    held = [_held(*pair) for pair in zip(rows, settled, strict=True)]
    return SecondLooks(held, inclusion, given, differing & given)


def _answered(each: Sequence[Rounds | None]) -> NDArray[np.bool_]:
    return np.array([one is not None and one.second is not None for one in each], dtype=np.bool_)


def _response(
    rows: Sequence[Row[Any]],
    asked: NDArray[np.bool_],
    answered: NDArray[np.bool_],
    differing: NDArray[np.bool_],
    given: NDArray[np.bool_],
) -> Floats:
    """The share of second opinions that came, by required or not; where two answers differ, times
    the share of those that were decided. Nothing while either is small: what agrees is no sample
    of all, and a few that stand for many say less than believing every answer."""
    came, decided = _share(answered, asked), _share(given, differing)
    if min(came, decided) < LEAST_SETTLED:
        return np.zeros(len(rows))
    strata = [row.stratum.split("/")[0] for row in rows]
    everywhere = [""] * len(rows)
    rates = np.nan_to_num(
        response_rates(strata, answered & asked, asked=asked, wider=everywhere), nan=0.0
    )
    return np.where(differing, rates * decided, rates)


def _share(some: NDArray[np.bool_], of_these: NDArray[np.bool_]) -> float:
    return float(some[of_these].mean()) if of_these.any() else 1.0


def _held(row: Row[Any], settled: LabelRow | None) -> Any:
    return row if settled is None else settled


def _asked_again(session: Session, message_ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for some in chunks(message_ids):
        query = select(ReviewRow.message_id).where(
            ReviewRow.message_id.in_(some), ReviewRow.purpose == SECOND
        )
        found |= set(session.scalars(query))
    return found
