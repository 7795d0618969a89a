"""What happens to a message once it is stored: a prediction, a decision, a draw, a question.

Whether a person is asked is drawn once, before anybody is asked, with a logged probability.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from classifier.decisions import Decision, Status
from classifier.messages import Direction, Prediction
from classifier.taxonomy import Taxonomy
from labeling.sampling import drawn, inclusion, order_key, prefilled, stratum
from service.database import chunks, numbers
from service.outbox import announce
from service.plans import LABELED, TOO_OLD, Plans
from service.recalibrations import in_use, uncertainties
from service.rungs import Thresholds, thresholds_in_force
from service.runtime import Runtime, remember_model, taxonomy_in_use, use_taxonomy
from service.tables import DecisionRow, DrawRow, MessageRow, PredictionRow, ReviewRow
from service.terms import Columns, Logged, classified_text, mark_stale
from service.weeks import day_of, week_of

OPEN_STATES = ("open", "claimed")
FIRST, LATER = 0, 1
"""Priorities of reviews: drawn questions and doubtful routes before learning picks."""
LEARNING = "learning"
"""The purpose of a review that was picked to learn from; it never corrects volumes."""
UNPROMPTED = ("audit", LEARNING)
"""Purposes that must look alike to whoever answers: blind, but for the same share of either."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A stored message with what the model and the rules made of it."""

    row: MessageRow
    prediction: Prediction | None
    decision: Decision
    logged: Logged | None
    recalibration: str


def triage(
    session: Session,
    runtime: Runtime,
    rows: Sequence[MessageRow],
    *,
    now: datetime,
    draw_since: datetime | None,
    labeled: Collection[str],
) -> None:
    """Predict, decide, draw and ask for newly stored messages; only inbound ones are classified.

    `labeled` are the external ids that came with a person's label: drawn with certainty.
    """
    judged = _judge(session, runtime, rows, now=now, first=True)
    route(session, [(each.row.id, each.decision) for each in judged], now=now)
    plans = Plans(session, runtime.settings, now)
    counted = [each for each in judged if each.row.counted]
    doubts = _doubts(session, taxonomy_in_use(session, runtime), counted)
    draws = {
        each.row.id: _draw(runtime, plans, each, u, now, draw_since, labeled)
        for each, u in zip(counted, doubts, strict=True)
    }
    session.add_all(draws.values())
    askable = [
        each
        for each in judged
        if each.row.external_id not in labeled and not _too_old(each.row, draw_since)
    ]
    reviews = list(_reviews(runtime, askable, draws, now))
    session.add_all(reviews)
    session.flush()
    announce(session, runtime.settings, reviews, now=now)
    mark_stale(session, {row.week for row in rows if row.counted})


def retriage(
    session: Session, runtime: Runtime, rows: Sequence[MessageRow], *, now: datetime
) -> None:
    """Predict and decide again for messages whose content was replaced; the draw stands.

    What a person decided stands, too. A message that was routed by the model and no longer can be
    is asked about.
    """
    judged = _judge(session, runtime, rows, now=now, first=False)
    statuses = _statuses(session, [row.id for row in rows])
    changed = [each for each in judged if statuses.get(each.row.id) != Status.PERSON]
    route(session, [(each.row.id, each.decision) for each in changed], now=now)
    doubtful = [
        each
        for each in changed
        if each.decision.status == Status.REVIEW and statuses.get(each.row.id) == Status.AUTO
    ]
    if runtime.settings.ask_doubtful == "all":
        _ask_again(session, runtime, doubtful, now)
    mark_stale(session, {row.week for row in rows if row.counted})


def _statuses(session: Session, message_ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for some in chunks(message_ids):
        query = select(DecisionRow).where(DecisionRow.current, DecisionRow.message_id.in_(some))
        found |= {row.message_id: row.status for row in session.scalars(query)}
    return found


def _ask_again(session: Session, runtime: Runtime, judged: Iterable[Judged], now: datetime) -> None:
    """A routing question for each message that has none open."""
    reviews = []
    for each in judged:
        mine = select(ReviewRow).where(ReviewRow.message_id == each.row.id)
        asked = session.scalars(mine.order_by(ReviewRow.round)).all()
        if not any(review.state in OPEN_STATES for review in asked):
            last = asked[-1].round if asked else 0
            reviews.append(review_of(runtime, each.row, "routing", now, round_=last + 1))
    session.add_all(reviews)
    session.flush()
    announce(session, runtime.settings, reviews, now=now)


def route(
    session: Session, decisions: Sequence[tuple[int, Decision]], *, now: datetime
) -> list[DecisionRow]:
    """Append decisions (message id, decision) to the feed, one a message; it becomes current."""
    for some in chunks([message_id for message_id, _ in decisions]):
        retire = update(DecisionRow).where(DecisionRow.current, DecisionRow.message_id.in_(some))
        session.execute(retire.values(current=False))
    positions = numbers(session, "decisions", len(decisions))
    rows = [
        DecisionRow(
            position=position,
            message_id=message_id,
            status=str(decision.status),
            driver=decision.driver,
            queue=decision.queue,
            doubts=[str(doubt) for doubt in decision.doubts],
            current=True,
            made_at=now,
        )
        for position, (message_id, decision) in zip(positions, decisions, strict=True)
    ]
    session.add_all(rows)
    return rows


def _judge(
    session: Session, runtime: Runtime, rows: Sequence[MessageRow], *, now: datetime, first: bool
) -> list[Judged]:
    inbound = [row for row in rows if row.direction == Direction.INBOUND]
    model = runtime.current_model()
    taxonomy = use_taxonomy(session, taxonomy_in_use(session, runtime), now=now)
    predictions: Sequence[Prediction | None] = [None] * len(inbound)
    if model and inbound:
        predictions = model.predict([classified_text(row.subject, row.text) for row in inbound])
    thresholds = thresholds_in_force(session, model, taxonomy)
    this = week_of(day_of(now, runtime.settings.timezone))
    used = in_use(session, model.version if model else "", {row.week for row in inbound}, this)
    judged = [
        Judged(
            row,
            prediction,
            thresholds.decide(prediction, taxonomy, text=row.text),
            Logged.of(prediction, model.version) if model and prediction else None,
            used[row.week],
        )
        for row, prediction in zip(inbound, predictions, strict=True)
    ]
    if model and inbound:
        remember_model(session, model, now=now)
        session.add_all(_prediction_row(each, thresholds, taxonomy, now, first) for each in judged)
    return judged


def _prediction_row(
    each: Judged, thresholds: Thresholds, taxonomy: Taxonomy, now: datetime, first: bool
) -> PredictionRow:
    assert each.prediction is not None  # noqa: S101 - a prediction row is made of predictions
    assert each.logged is not None  # noqa: S101 - and of what is kept of them
    threshold = thresholds.of(taxonomy.queue(each.prediction.driver))
    return each.logged.row(
        message_id=each.row.id,
        first=first,
        recalibration=each.recalibration,
        taxonomy=taxonomy.version,
        confidence=each.prediction.confidence,
        threshold=threshold if np.isfinite(threshold) else None,
        made_at=now,
    )


def _draw(
    runtime: Runtime,
    plans: Plans,
    each: Judged,
    u: float,
    now: datetime,
    draw_since: datetime | None,
    labeled: Collection[str],
) -> DrawRow:
    required = each.decision.status == Status.REVIEW and runtime.settings.ask_doubtful == "all"
    confidence = each.prediction.confidence if each.prediction else 0.0
    layer = stratum(required, confidence, each.row.day.isoformat())
    if each.row.external_id in labeled:
        pi, required, layer = 1.0, False, LABELED
    elif _too_old(each.row, draw_since):
        pi, required, layer = 0.0, False, TOO_OLD
    elif required:
        pi = 1.0
    else:
        pi = float(inclusion(plans.of(each.row.day), np.array([u]))[0])
    return DrawRow(
        message_id=each.row.id,
        inclusion=pi,
        drawn=pi > 0 and drawn(each.row.external_id, pi, key=runtime.secret),
        required=required,
        stratum=layer,
        uncertainty=u,
        made_at=now,
    )


def _doubts(session: Session, taxonomy: Taxonomy, judged: Sequence[Judged]) -> list[float]:
    """u of each message, from what is logged of it; 1 without a prediction."""
    made = [(each.logged, each.recalibration) for each in judged if each.logged]
    if not made:
        return [1.0] * len(judged)
    logged, ids = zip(*made, strict=True)
    found = iter(uncertainties(session, Columns.of(taxonomy), logged, ids))
    return [float(next(found)) if each.logged else 1.0 for each in judged]


def _too_old(row: MessageRow, draw_since: datetime | None) -> bool:
    return draw_since is not None and row.received_at < draw_since


def _reviews(
    runtime: Runtime, judged: Iterable[Judged], draws: dict[int, DrawRow], now: datetime
) -> Iterable[ReviewRow]:
    for each in judged:
        draw = draws.get(each.row.id)
        purpose = _purpose(each, draw)
        if purpose is None:
            continue
        yield review_of(runtime, each.row, purpose, now)


def review_of(
    runtime: Runtime,
    row: MessageRow,
    purpose: str,
    now: datetime,
    *,
    round_: int = 1,
    priority: int = FIRST,
    place: int | None = None,
) -> ReviewRow:
    """A question about a message, at a random place among those of its priority if none is named.

    Audits and picks are blind, but for the same keyed share of both.
    """
    key, share = runtime.secret, runtime.settings.prefilled_share
    return ReviewRow(
        message_id=row.id,
        round=round_,
        purpose=purpose,
        blind=purpose in UNPROMPTED and not prefilled(row.external_id, share, key=key),
        priority=priority,
        order_key=order_key(row.external_id, key=key) if place is None else place,
        state="open",
        made_at=now,
    )


def _purpose(each: Judged, draw: DrawRow | None) -> str | None:
    """Why a person is asked: required or audit (drawn), routing (a doubtful one that does not
    count), or not at all."""
    if draw is None:
        return "routing" if each.decision.status == Status.REVIEW else None
    if not draw.drawn:
        return None
    return "required" if draw.required else "audit"
