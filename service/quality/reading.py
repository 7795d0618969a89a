"""What there is to judge labels by, as stored: messages asked about twice, audits, suspects."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from classifier.messages import UNKNOWN, Label
from labeling.agreement import Opinion
from labeling.sway import AskedTwice, Audited
from service.database import chunks
from service.plans import LABELED, TOO_OLD
from service.quality.values import SuspectCounts
from service.rounds import SECOND, SUSPECT, Rounds, label_of, rounds
from service.tables import DrawRow, LabelRow, MessageRow, PredictionRow, ReviewRow
from service.watches import AUDIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice:
    """A message whose answer was asked of somebody else as well.

    `inclusion` in (0, 1]: the chance that it would be answered by two. `blind`: the first person
    saw nothing of the model either. `suggested`: the driver of the first prediction, None for none
    of them; `predicted`: whether there was one.
    """

    message_id: int
    week: str
    required: bool
    inclusion: float
    found: Rounds
    blind: bool
    predicted: bool
    suggested: str | None

    @property
    def drivers(self) -> tuple[str, str]:
        """What the two say; only where the second answered."""
        second = self.found.second or self.found.first
        return self.found.first.driver or UNKNOWN, second.driver or UNKNOWN

    def opinions(self) -> list[Opinion]:
        """The two as opinions; one where the second has not answered."""
        given = [self.found.first, *([self.found.second] if self.found.second else [])]
        return [Opinion(str(self.message_id), row.person, label_of(row)) for row in given]

    def asked_twice(self) -> AskedTwice:
        """As the comparison with the model has it; only where the second answered."""
        first, second = (each.label for each in self.opinions())
        return AskedTwice(
            suggested=self.suggested, first=first, second=second, inclusion=self.inclusion
        )


def asked_twice(session: Session, first: str, last: str) -> list[Twice]:
    """The messages of some weeks that a second person was asked about, the newest first."""
    rows = session.execute(_asked_twice(first, last)).all()
    found = rounds(session, [row.id for row in rows])
    blind = _blind(session, [each.first.review_id or 0 for each in found.values()])
    came = _came(session, first, last)
    twice = [
        _twice(row, found[row.id], blind, came.get((row.week, row.required), 1.0))
        for row in rows
        if row.id in found
    ]
    return _by_response(twice)


def audits(session: Session, first: str, last: str) -> list[Audited]:
    """The answers to audits of some weeks about which the model had a driver to propose: chance
    decided whether it was shown."""
    query = (
        select(LabelRow.driver, ReviewRow.blind, DrawRow.inclusion, *SAID)
        .join(ReviewRow, ReviewRow.id == LabelRow.review_id)
        .join(MessageRow, MessageRow.id == LabelRow.message_id)
        .join(DrawRow, DrawRow.message_id == MessageRow.id)
        .join(PredictionRow, FIRST_PREDICTION)
        .where(LabelRow.current, LabelRow.counts, ReviewRow.purpose == AUDIT)
        .where(MessageRow.week.between(first, last), DrawRow.inclusion > 0)
    )
    return [
        Audited(
            suggested=suggested,
            label=Label(row.driver),
            prefilled=not row.blind,
            inclusion=row.inclusion,
        )
        for row in session.execute(query)
        if (suggested := _suggested(row)) is not None
    ]


def suspect_counts(session: Session, first: str, last: str) -> SuspectCounts:
    """Of the messages of some weeks: labels that looked wrong, and what was said of them."""
    before = aliased(LabelRow)
    earlier = (
        select(func.max(before.id))
        .where(before.message_id == ReviewRow.message_id, before.stored_at <= ReviewRow.made_at)
        .where(before.chosen.not_in((SECOND, SUSPECT)))
        .correlate(ReviewRow)
        .scalar_subquery()
    )
    answer = (LabelRow.review_id == ReviewRow.id) & LabelRow.current
    query = (
        select(ReviewRow.id, LabelRow.id.label("answer"), LabelRow.driver, before.driver)
        .join(MessageRow, MessageRow.id == ReviewRow.message_id)
        .outerjoin(LabelRow, answer)
        .outerjoin(before, before.id == earlier)
        .where(ReviewRow.purpose == SUSPECT, MessageRow.week.between(first, last))
        .order_by(LabelRow.id)
    )
    rows = session.execute(query).all()
    said = {id_: now != then for id_, answered, now, then in rows if answered is not None}
    return SuspectCounts(
        asked=len({row.id for row in rows}), answered=len(said), changed=sum(said.values())
    )


SAID = (PredictionRow.id.label("prediction"), PredictionRow.top, PredictionRow.unknown)
FIRST_PREDICTION = (PredictionRow.message_id == MessageRow.id) & PredictionRow.first


def _asked_twice(first: str, last: str) -> Select[Any]:
    draw = (DrawRow.inclusion, DrawRow.required, DrawRow.second_opinion)
    return (
        select(MessageRow.id, MessageRow.week, *draw, *SAID)
        .join(ReviewRow, (ReviewRow.message_id == MessageRow.id) & (ReviewRow.purpose == SECOND))
        .join(DrawRow, DrawRow.message_id == MessageRow.id)
        .outerjoin(PredictionRow, FIRST_PREDICTION)
        .where(MessageRow.week.between(first, last))
        .where(DrawRow.inclusion > 0, DrawRow.second_opinion > 0)
        .order_by(MessageRow.id.desc())
    )


def _twice(row: Row[Any], found: Rounds, blind: Mapping[int, bool], came: float) -> Twice:
    return Twice(
        message_id=row.id,
        week=row.week,
        required=row.required,
        inclusion=min(1.0, row.inclusion * came * row.second_opinion),
        found=found,
        blind=blind.get(found.first.review_id or 0, False),
        predicted=row.prediction is not None,
        suggested=_suggested(row),
    )


def _suggested(row: Row[Any]) -> str | None:
    """What the model proposes: nothing where "none of these" is likelier."""
    if row.prediction is None or not row.top:
        return None
    driver, p = row.top[0]
    return str(driver) if (1.0 - row.unknown) * p >= row.unknown else None


def _came(session: Session, first: str, last: str) -> dict[tuple[str, bool], float]:
    """The share of the drawn questions, by week and by required or not, that were answered while
    second opinions were drawn: these stand for the others."""
    drawn_again = func.count(DrawRow.second_opinion)
    query = (
        select(MessageRow.week, DrawRow.required, func.count(), drawn_again)
        .join(DrawRow, DrawRow.message_id == MessageRow.id)
        .where(MessageRow.week.between(first, last), DrawRow.drawn)
        .where(DrawRow.stratum.not_in((LABELED, TOO_OLD)))
        .group_by(MessageRow.week, DrawRow.required)
    )
    return {
        (week, required): again / drawn
        for week, required, drawn, again in session.execute(query)
        if again
    }


def _by_response(twice: Sequence[Twice]) -> list[Twice]:
    """Their chances times the share of second opinions that came, by required or not."""
    asked = Counter(each.required for each in twice)
    answered = Counter(each.required for each in twice if each.found.second is not None)
    rates = {kind: answered[kind] / count for kind, count in asked.items()}
    return [
        replace(each, inclusion=each.inclusion * rates[each.required])
        if rates[each.required]
        else each
        for each in twice
    ]


def _blind(session: Session, review_ids: Sequence[int]) -> dict[int, bool]:
    found: dict[int, bool] = {}
    for some in chunks(sorted(set(review_ids))):
        query = select(ReviewRow.id, ReviewRow.blind).where(ReviewRow.id.in_(some))
        found |= {row.id: row.blind for row in session.execute(query)}
    return found
