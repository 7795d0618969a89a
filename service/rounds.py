"""The rounds of a question: the first answer, a second opinion, and a third look where they differ.

Of the labels that hold now. A second opinion holds by itself for nothing: where it agrees it
confirms the first answer, where it differs the third look decides.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import Label
from service.database import chunks
from service.tables import LabelRow, ReviewRow

SECOND: Final = "second"
"""The purpose of a review that asks another person the same, blind."""
ADJUDICATION: Final = "adjudication"
"""The purpose of a review that shows two answers which differ, for anybody to decide."""
SUSPECT: Final = "suspect"
"""The purpose of a review that asks another person, blind, about a label that looks wrong."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """What people said of a message: the answer to the drawn question that counts, what somebody
    else said, and what was decided between the two."""

    first: LabelRow
    second: LabelRow | None
    third: LabelRow | None

    @property
    def differ(self) -> bool:
        """Whether the two name another driver first; what they name beside it does not matter."""
        return self.second is not None and self.second.driver != self.first.driver

    @property
    def settled(self) -> LabelRow | None:
        """The label that holds after a second opinion; None without one, or while undecided."""
        if self.second is None:
            return None
        if self.third and self.third.answered_at >= self.first.answered_at:
            return self.third
        return None if self.differ else self.first


def rounds(session: Session, message_ids: Iterable[int]) -> dict[int, Rounds]:
    """Message id -> its rounds, of messages with an answer that counts."""
    labels: dict[int, list[LabelRow]] = defaultdict(list)
    for some in chunks(sorted(set(message_ids))):
        query = select(LabelRow).where(LabelRow.message_id.in_(some), LabelRow.current)
        for row in session.scalars(query.order_by(LabelRow.answered_at, LabelRow.id)):
            labels[row.message_id].append(row)
    found = {message_id: _rounds(rows) for message_id, rows in labels.items()}
    return {message_id: each for message_id, each in found.items() if each is not None}


def holds(label: LabelRow) -> bool:
    """Whether a label may route its message, and train: a second opinion alone may not."""
    return label.chosen != SECOND


def label_of(row: LabelRow) -> Label:
    """What a row says."""
    return Label(row.driver, tuple(row.also))


def opinions(session: Session, review: ReviewRow) -> tuple[Label, ...]:
    """The two answers between which a review decides, in an order that does not say whose they
    are; none for any other review, nor once they agree."""
    if review.purpose != ADJUDICATION:
        return ()
    found = rounds(session, [review.message_id]).get(review.message_id)
    if found is None or found.second is None or not found.differ:
        return ()
    labels = map(label_of, (found.first, found.second))
    return tuple(sorted(labels, key=lambda label: label.primary or ""))


def _rounds(rows: list[LabelRow]) -> Rounds | None:
    """Of rows in order of time. Who answers twice gives no second opinion."""
    first = next((row for row in rows if row.counts), None)
    if first is None:
        return None
    others = (row for row in rows if row.chosen == SECOND and row.person != first.person)
    thirds = (row for row in reversed(rows) if row.chosen == ADJUDICATION)
    return Rounds(first, next(others, None), next(thirds, None))
