"""The promises watched: what audits say, day by day, of what queues on `automate` are sent.

Those audits count that nobody saw the prediction of: drawn by lot, asked blind, each with its
first answer, about messages that the model in use routed to the queue since it was promised; of a
customer, or a text where no customer is known, one. See `docs/promise.md`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from classifier.decisions import Status
from classifier.messages import Label
from classifier.model import Model
from classifier.promise import Reason, Rung, Watch, watch
from classifier.stops import Stops
from classifier.taxonomy import Taxonomy
from service.database import take_turn
from service.looks import ERROR, checks_of
from service.rungs import drivers_of, promised_threshold
from service.runtime import Runtime, taxonomy_in_use
from service.standings import WAAROM, withdraw
from service.tables import (
    CheckRow,
    DecisionRow,
    DrawRow,
    LabelRow,
    MessageRow,
    PlanRow,
    PredictionRow,
    ReviewRow,
    StandingChangeRow,
    StandingRow,
    TaxonomyRow,
)

WATCH = "watch"
"""The kind of check that the last round of the watch is."""
AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Watched:
    """A queue that is watched: since when, at which level, what its audits say, and how many of
    them are `errors`."""

    since: datetime
    level: float
    found: Watch
    errors: int

    @property
    def answers(self) -> int:
        """Audits answered."""
        return self.found.answers

    @property
    def lower(self) -> float:
        """At least this share of what the queue is sent is wrong, whenever one looks."""
        return self.found.lower

    @property
    def estimate(self) -> float | None:
        """The share that is wrong, as far as the audits show; None without any."""
        return self.found.estimate


def keep_watch(runtime: Runtime, *, now: datetime) -> tuple[str, ...]:
    """Withdraw the promises that audits have broken; the names of their queues.

    Once a day, and after new answers; run again, it finds nothing more to do.
    """
    model = runtime.current_model()
    if model is None:
        return ()
    with runtime.reading() as session:
        if not _is_due(session, model, now):
            return ()
    with runtime.writing() as session:
        take_turn(session)
        found = watched(session, model, taxonomy_in_use(session, runtime))
        broken = tuple(queue for queue, each in found.items() if each.found.broken)
        _note(session, model, found, now)
        for queue in broken:
            withdraw(session, queue, found[queue].found, errors=found[queue].errors, now=now)
    return broken


def watched(session: Session, model: Model, taxonomy: Taxonomy) -> dict[str, Watched]:
    """What is known of each queue on `automate` whose promise is in force, by its name.

    The queues promised of this model share the chance of being withdrawn without cause.
    """
    rows = session.scalars(select(StandingRow).order_by(StandingRow.queue)).all()
    promised = [row for row in rows if promised_threshold(row, model, taxonomy) is not None]
    names = {row.queue for row in promised} | _withdrawn_of(session, model)
    level = 1 - ERROR / max(len(names), 1)
    return {
        row.queue: _watched(session, row, model, taxonomy, level)
        for row in promised
        if row.rung == Rung.AUTOMATE
    }


def withdrawals_counted(session: Session) -> dict[str, int]:
    """How often the promise of each queue was ever withdrawn."""
    query = (
        select(StandingChangeRow.queue, func.count().label("times"))
        .where(StandingChangeRow.reason == Reason.PROMISE_BROKEN)
        .group_by(StandingChangeRow.queue)
    )
    return {row.queue: row.times for row in session.execute(query)}


def _withdrawn_of(session: Session, model: Model) -> set[str]:
    query = select(StandingChangeRow.queue).where(
        StandingChangeRow.reason == Reason.PROMISE_BROKEN,
        StandingChangeRow.model == model.version,
    )
    return set(session.scalars(query))


def _watched(
    session: Session, row: StandingRow, model: Model, taxonomy: Taxonomy, level: float
) -> Watched:
    since = _since(session, row, model)
    found = _first_answers(_audits(session, row.queue, model, since))
    losses = ~_right(
        [(each.routed, Label(each.driver, tuple(each.also))) for each in found], taxonomy
    )
    inclusion = np.array([each.inclusion for each in found], dtype=np.float64)
    least = np.array([each.floor for each in found], dtype=np.float64)
    seen = watch(
        losses,
        inclusion,
        allowed=1 - (row.target or model.target_precision),
        level=level,
        least_inclusion=np.minimum(least, inclusion),
    )
    return Watched(since, level, seen, int(losses.sum()))


def _since(session: Session, row: StandingRow, model: Model) -> datetime:
    """From when on messages are routed by the promise that a queue has now.

    It went on `automate`, and its promise was checked for this model and its drivers.
    """
    ended = [row.changed_at]
    taxonomies = session.scalars(select(TaxonomyRow).order_by(TaxonomyRow.used_since)).all()
    for before, after in pairwise(taxonomies):
        if after.used_since > row.changed_at:
            drivers = drivers_of(row.queue, model, Taxonomy.from_dict(before.content))
            ended += [after.used_since] if drivers != row.drivers else []
    checks = [each.made_at for each in checks_of(session, model)]
    if len(ended) > 1:
        checks = [each for each in checks if each >= ended[-1]]
    return max(*ended, *checks[:1])


def _audits(session: Session, queue: str, model: Model, since: datetime) -> Sequence[Any]:
    """The answers to blind audits of what the model routed to a queue, as they were stored.

    Messages whose content was replaced later are left out: who answered may have read either.
    """
    again = aliased(PredictionRow)
    replaced = select(again.id).where(again.message_id == MessageRow.id, ~again.first)
    query = (
        select(
            *(LabelRow.message_id, LabelRow.driver, LabelRow.also),
            *(LabelRow.door, LabelRow.door_ref, LabelRow.current),
            DrawRow.inclusion,
            PlanRow.floor,
            DecisionRow.driver.label("routed"),
            func.coalesce(MessageRow.customer, MessageRow.text_key).label("group"),
        )
        .join(MessageRow, MessageRow.id == LabelRow.message_id)
        .join(ReviewRow, ReviewRow.id == LabelRow.review_id)
        .join(DrawRow, DrawRow.message_id == MessageRow.id)
        .join(PlanRow, PlanRow.day == MessageRow.day)
        .join(PredictionRow, PredictionRow.message_id == MessageRow.id)
        .join(
            DecisionRow,
            (DecisionRow.message_id == MessageRow.id)
            & (DecisionRow.made_at == PredictionRow.made_at),
        )
        .where(
            *(LabelRow.counts, ReviewRow.purpose == AUDIT, ReviewRow.blind),
            *(DrawRow.drawn, ~DrawRow.required),
            *(PredictionRow.first, PredictionRow.model == model.version),
            *(DecisionRow.status == Status.AUTO, DecisionRow.queue == queue),
            *(DecisionRow.made_at >= since, LabelRow.stored_at >= since, ~replaced.exists()),
        )
        .order_by(LabelRow.id)
    )
    return session.execute(query).all()


def _first_answers(rows: Iterable[Any]) -> list[Any]:
    """The first answer about each message that was not deleted since, then the first of a group.

    A changed answer counts as it was first given: people look again at what went wrong more than
    at what went right.
    """
    of_message = defaultdict(list)
    for row in rows:
        of_message[row.message_id].append(row)
    found: dict[str, Any] = {}
    for some in of_message.values():
        holding = {(each.door, each.door_ref) for each in some if each.current}
        for each in some:
            if (each.door, each.door_ref) in holding:
                found.setdefault(each.group, each)
                break
    return list(found.values())


def _right(routed: Sequence[tuple[str, Label]], taxonomy: Taxonomy) -> Any:
    """Whether each message (n,) was right to go where it went: about the leaf, or where it stopped
    at a parent, about a driver below that goes to the same queue."""
    names = tuple(dict.fromkeys(driver for driver, _ in routed))
    places = np.array([[names.index(driver)] for driver, _ in routed], dtype=np.intp)
    places = places.reshape(-1, 1)
    stops = Stops(taxonomy, names, tuple(map(taxonomy.queue, names)), places, np.ones(places.shape))
    return stops.right([label for _, label in routed])[:, 0]


def _is_due(session: Session, model: Model, now: datetime) -> bool:
    """Whether any queue is to be watched, and there are new answers or it is another day."""
    on_automate = select(StandingRow.queue).where(StandingRow.rung == Rung.AUTOMATE).limit(1)
    if session.scalar(on_automate) is None:
        return False
    last = _last_round(session, model)
    if last is None or last.made_at.date() != now.date():
        return True
    return last.evidence != _newest(session)


def _note(session: Session, model: Model, found: Mapping[str, Watched], now: datetime) -> None:
    """Keep when the watch was last kept, and up to which answer."""
    last = _last_round(session, model) or CheckRow(
        model=model.version, kind=WATCH, look=0, person=WAAROM
    )
    last.evidence, last.made_at = _newest(session), now
    last.level = next((each.level for each in found.values()), 1 - ERROR)
    last.labels = sum(each.answers for each in found.values())
    session.add(last)


def _last_round(session: Session, model: Model) -> CheckRow | None:
    mine = (CheckRow.model == model.version, CheckRow.kind == WATCH)
    return session.scalars(select(CheckRow).where(*mine)).one_or_none()


def _newest(session: Session) -> str:
    return f"answer {session.scalar(select(func.max(LabelRow.id)).where(LabelRow.counts)) or 0}"
