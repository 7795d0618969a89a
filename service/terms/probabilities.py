"""Logged predictions back to probabilities per column: the five likeliest, the rest spread."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN, Prediction
from classifier.volumes.recalibration import TOP
from service.tables import ModelRow, PredictionRow
from service.terms.recalibrating import shares_of_rest

Floats = NDArray[np.float64]
DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Logged:
    """What was logged of a prediction; `model` is '' when there was none."""

    model: str
    top: list[Any]
    rest: float
    unknown: float
    mentions: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, prediction: Prediction, model: str) -> Self:
        """What is kept of a prediction: the likeliest drivers, what is left for the others, and
        what is mentioned, as [driver, p, chosen, [[start, end], …]] each."""
        top = [(driver, round(p, DIGITS)) for driver, p in prediction.ranked(TOP)]
        rest = max(0.0, 1.0 - sum(p for _, p in top))
        mentions = [
            [
                each.driver,
                round(float(each.probability), DIGITS),
                bool(each.chosen),
                [[int(start), int(end)] for start, end in each.spans],
            ]
            for each in prediction.mentions
        ]
        return cls(model, [list(each) for each in top], rest, prediction.unknown, mentions)

    def row(self, **others: Any) -> PredictionRow:
        """A row of it, with `others` for what else a row has."""
        return PredictionRow(
            model=self.model,
            top=self.top,
            rest=self.rest,
            unknown=self.unknown,
            mentions=self.mentions,
            **others,
        )


def probabilities(
    session: Session, leaves: Sequence[str], logged: Sequence[Logged], ids: Sequence[str] = ()
) -> Floats:
    """As `spread`: by the shares q of the recalibration named for each prediction, which they are
    to go through next, where it has them; else by the base shares of the model that made it."""
    base = _base(session, leaves, logged)
    return spread(leaves, logged, shares_of_rest(session, leaves, base, ids))


def spread(leaves: Sequence[str], logged: Sequence[Logged], shares: Floats) -> Floats:
    """(n, k) probabilities of the columns `leaves` (`unknown` among them); rows sum to 1.

    The rest is spread over the other drivers in proportion to `shares`, (k,) or (n, k). What a
    model gave to a driver that left the taxonomy goes to `unknown`; without a prediction every
    column is as likely.
    """
    index = {leaf: column for column, leaf in enumerate(leaves)}
    found = np.zeros((len(logged), len(leaves)))
    others = np.broadcast_to(shares, found.shape).copy()
    others[:, index[UNKNOWN]] = 0.0
    rows, columns, values = _top(logged, index)
    kept = columns >= 0
    np.add.at(found, (rows, np.where(kept, columns, index[UNKNOWN])), values)
    others[rows[kept], columns[kept]] = 0.0
    sums = others.sum(axis=1, keepdims=True)
    rest = np.array([each.rest for each in logged])[:, None]
    found += np.divide(others * rest, sums, out=np.zeros_like(others), where=sums > 0)
    found[[not each.model for each in logged]] = 1.0
    found /= found.sum(axis=1, keepdims=True)
    unknown = np.array([each.unknown if each.model else 0.0 for each in logged])
    found *= 1.0 - unknown[:, None]
    found[:, index[UNKNOWN]] += unknown
    return found


def evenly_spread(leaves: Sequence[str], logged: Sequence[Logged]) -> Floats:
    """As `spread`, for the plain count: so that no part of the rest is likelier than what a model
    named."""
    return spread(leaves, logged, np.ones(len(leaves)))


def _top(
    logged: Sequence[Logged], index: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Row, column (-1 for a driver that is no column) and probability of all that is listed."""
    listed = [
        (row, index.get(driver, -1), probability)
        for row, each in enumerate(logged)
        for driver, probability in each.top
    ]
    table = np.array(listed, dtype=np.float64).reshape(-1, 3)
    return table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2]


def _base(session: Session, leaves: Sequence[str], logged: Sequence[Logged]) -> Floats:
    """(n, k) base shares of each prediction's model."""
    index = {leaf: column for column, leaf in enumerate(leaves)}
    names, member = np.unique(np.array([each.model for each in logged]), return_inverse=True)
    shares = np.zeros((len(names), len(index)))
    query = select(ModelRow).where(ModelRow.version.in_(names.tolist()))
    numbers = {str(name): number for number, name in enumerate(names)}
    for row in session.scalars(query):
        for driver, share in zip(row.drivers, row.base_shares, strict=True):
            if driver in index:
                shares[numbers[row.version], index[driver]] = share
    return np.asarray(shares[member])
