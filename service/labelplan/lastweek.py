"""The messages of a week as the next one is expected to bring them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from classifier.taxonomy import Taxonomy
from service.errors import NotFound
from service.plans import LABELED, TOO_OLD
from service.settings import Settings
from service.tables import DrawRow, LabelRow, MessageRow, PredictionRow
from service.terms import Columns, logged_of, probabilities, recalibrated
from service.terms.recalibrating import in_force

MOST_READ = 20_000
"""A larger week is planned from every second, third … of its messages."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class LastWeek:
    """The messages of a week that a model has read, as arrays (n,) in the order of arrival.

    `messages` counted ones there were in all, each of these stands for `weight` of them; `drawn`
    were asked about, of which `answered` were.
    `required`: a person is asked whatever the budget; `queues`: where the likeliest driver goes.
    """

    week: str
    messages: int
    drawn: int
    answered: int
    probabilities: Floats
    uncertainties: Floats
    required: NDArray[np.bool_]
    confidences: Floats
    queues: NDArray[np.str_]

    @property
    def weight(self) -> float:
        return self.messages / len(self.required)


def read_last_week(session: Session, settings: Settings, taxonomy: Taxonomy, week: str) -> LastWeek:
    """A week's messages with their first predictions, through the recalibration in force.

    Raises `NotFound` where it has no counted message, or none that a model has read.
    """
    messages, drawn, answered = _counted(session, week)
    rows = session.execute(_read(week, -(-messages // MOST_READ) or 1)).all()
    if not rows:
        raise NotFound("message", _advice(session, week, messages))
    leaves = Columns.of(taxonomy).leaves
    used = in_force(session, week, [(row.model, row.recalibration) for row in rows])
    raw = probabilities(session, leaves, logged_of(rows), used)
    queues = [taxonomy.queue(row.top[0][0] if row.top else None) for row in rows]
    return LastWeek(
        week=week,
        messages=messages,
        drawn=drawn,
        answered=answered,
        probabilities=recalibrated(session, leaves, raw, used),
        uncertainties=np.array([row.uncertainty for row in rows], dtype=np.float64),
        required=_required(rows, settings),
        confidences=np.array([row.confidence for row in rows], dtype=np.float64),
        queues=np.array(queues, dtype=np.str_),
    )


def _counted(session: Session, week: str) -> tuple[int, int, int]:
    """The counted messages of a week, how many of them were asked about, and answered."""
    counts = (LabelRow.message_id == MessageRow.id) & LabelRow.current & LabelRow.counts
    answered = select(LabelRow.id).where(counts).exists()
    query = (
        select(
            func.count(),
            func.count().filter(DrawRow.drawn),
            func.count().filter(DrawRow.drawn, answered),
        )
        .select_from(MessageRow)
        .outerjoin(DrawRow, DrawRow.message_id == MessageRow.id)
        .where(MessageRow.week == week, MessageRow.counted)
    )
    messages, drawn, found = session.execute(query).one()
    return int(messages), int(drawn), int(found)


def _read(week: str, step: int) -> Select[Any]:
    """Every so many-th counted message of a week with its draw and its first prediction."""
    made = (PredictionRow.model, PredictionRow.recalibration, PredictionRow.mentions)
    logged = (PredictionRow.top, PredictionRow.rest, PredictionRow.unknown)
    routed = (PredictionRow.confidence, PredictionRow.threshold)
    return (
        select(*made, *logged, *routed, DrawRow.uncertainty, DrawRow.required, DrawRow.stratum)
        .select_from(MessageRow)
        .join(DrawRow, DrawRow.message_id == MessageRow.id)
        .join(PredictionRow, (PredictionRow.message_id == MessageRow.id) & PredictionRow.first)
        .where(MessageRow.week == week, MessageRow.counted, MessageRow.id % step == 0)
        .order_by(MessageRow.id)
    )


def _required(rows: Sequence[Row[Any]], settings: Settings) -> NDArray[np.bool_]:
    """Who is asked whatever the budget. Of messages outside the draw (they came with a label, or
    too late to be asked about) the next ones like them are, where they are doubtful."""
    outside = {LABELED, TOO_OLD} if settings.ask_doubtful == "all" else set()
    found = [
        row.threshold is None or row.confidence < row.threshold
        if row.stratum in outside
        else row.required
        for row in rows
    ]
    return np.array(found, dtype=np.bool_)


def _advice(session: Session, week: str, messages: int) -> str:
    """Why there is nothing to plan from, and what to do, as the end of a sentence."""
    if messages:
        return (
            f"of {week} that a model has read: it came before the first one. Messages that arrive "
            "from now on are read; plan once their week has begun"
        )
    latest = session.scalar(select(func.max(MessageRow.week)).where(MessageRow.counted))
    if latest is None:
        return f"in {week}, nor in any other week: `waarom import FILE` brings messages in"
    return f"in {week}: name a week that has some, as in `--week {latest}`"
