"""The two recalibrations of a week: one it begins with, one it closes with, each made once.

What a week begins with is fitted on the answers of the four weeks before; on its last day over,
the shares of its drivers come from all its messages, and its terms are summed anew from what was
logged. Neither is ever made again, so a closed week's probabilities never change.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from classifier.model import Model
from classifier.volumes import (
    AnsweredDraws,
    AnsweredMentions,
    Recalibration,
    finalized,
    fit_mentions,
    fit_provisional,
)
from labeling.sampling import uncertainty
from service.answered import Answered, ReadBy, drawn_answers
from service.database import take_turn
from service.runtime import Runtime, remember_model, taxonomy_in_use
from service.tables import PredictionRow, RecalibrationRow
from service.terms import (
    BY_Q,
    FINAL,
    MENTIONS,
    NO_RECALIBRATION,
    PROVISIONAL,
    REST,
    Columns,
    Logged,
    aligned,
    aligned_mentions,
    asked,
    existing,
    logged_of,
    mark_stale,
    named_drivers,
    probabilities,
    recalibrated,
    recalibration_id,
    spread,
    unfinished,
    weeks_before,
)
from service.weeks import day_of, last_complete_week, week_of

Floats = NDArray[np.float64]


def begin_week(runtime: Runtime, *, now: datetime) -> str | None:
    """Make the provisional recalibration of this week and the model in use, unless it is there.

    Its id when it was made now. A model that came into use later this week gets its own, made of
    what it would have said of the answered messages of four weeks (see `ReadBy`). A job that can
    be run twice.
    """
    model = runtime.current_model()
    if model is None:
        return None
    week = week_of(day_of(now, runtime.settings.timezone))
    with runtime.reading() as session:
        if existing(session, [recalibration_id(week, PROVISIONAL, model.version)]):
            return None
        columns = Columns.of(taxonomy_in_use(session, runtime))
        base = _base(model, columns)
        if not base.any():
            return None
        weeks = weeks_before(week)
        answers = [drawn_answers(session, each, columns, model.version) for each in weeks]
    reader = ReadBy(model, runtime.settings.models_dir)
    made = _fitted(base, [each.read_by(reader) for each in answers], columns)
    with runtime.writing() as session:
        take_turn(session)
        remember_model(session, model, now=now)
        return _keep(session, PROVISIONAL, week, model.version, columns, made, now)


def close_weeks(runtime: Runtime, *, now: datetime) -> list[str]:
    """Make the final recalibrations of weeks that are over; the ids of those made now.

    A week that began without a recalibration keeps the probabilities it was published with. The
    terms of a closed week are stale: sum them next. A job that can be run twice.
    """
    last = last_complete_week(now, runtime.settings.timezone)
    with runtime.reading() as session:
        open_ones = unfinished(session, last)
    return [
        made
        for row in open_ones
        if (made := _close(runtime, str(row.week), row.parameters, now)) is not None
    ]


def in_use(session: Session, model: str, weeks: Collection[str], this: str) -> dict[str, str]:
    """Week -> the id of the recalibration of messages that arrive for it now: its final one when
    it is closed, else what it began with; for a week that was over before the model came, what the
    model began `this` week with; else none."""
    begun = recalibration_id(this, PROVISIONAL, model)
    ids = {
        week: [*(recalibration_id(week, kind, model) for kind in (FINAL, PROVISIONAL)), begun]
        for week in set(weeks)
    }
    there = existing(session, chain.from_iterable(ids.values()))
    return {
        week: next((each for each in fitting if each in there), NO_RECALIBRATION)
        for week, fitting in ids.items()
    }


def uncertainties(
    session: Session, columns: Columns, logged: Sequence[Logged], ids: Sequence[str]
) -> Floats:
    """(n,) u of messages, from what is logged of them: a recomputation gives the same.

    Also where messages have several drivers it is doubt about the first: there is one draw a
    message, and with doubt about every driver in it primary volumes lose more than mentions gain.
    """
    raw = probabilities(session, columns.leaves, logged, ids)
    return uncertainty(recalibrated(session, columns.leaves, raw, ids))


def _close(
    runtime: Runtime, week: str, provisional: Mapping[str, Any], now: datetime
) -> str | None:
    model = str(provisional["model"])
    with runtime.reading() as session:
        columns = Columns.of(taxonomy_in_use(session, runtime))
        query = asked(week).where(PredictionRow.model == model)
        logged = logged_of(session.execute(query).all())
        ids = [recalibration_id(week, PROVISIONAL, model)] * len(logged)
        raw = probabilities(session, columns.leaves, logged, ids)
    final = finalized(aligned(dict(provisional), columns.leaves), raw).to_dict()
    final |= {name: provisional[name] for name in (REST,) if name in provisional}
    if mentions := aligned_mentions(dict(provisional), columns.leaves):
        final[MENTIONS] = mentions.to_dict()
    with runtime.writing() as session:
        made = _keep(session, FINAL, week, model, columns, final, now)
        if made:
            mark_stale(session, [week])
    return made


def _keep(
    session: Session,
    kind: str,
    week: str,
    model: str,
    columns: Columns,
    made: Mapping[str, Any],
    now: datetime,
) -> str | None:
    """Store one, unless another process was first: the first stays."""
    take_turn(session)
    id_ = recalibration_id(week, kind, model)
    if existing(session, [id_]):
        return None
    parameters = {"model": model, "columns": list(columns.leaves), **made}
    session.add(RecalibrationRow(id=id_, kind=kind, week=week, parameters=parameters, made_at=now))
    return id_


def _fitted(base: Floats, past: Sequence[Answered], columns: Columns) -> dict[str, Any]:
    """The parameters of the likeliest recalibration, of primary drivers and of mentions.

    What is left of predictions is spread by q, which rests on answers alone.
    """
    leaves = columns.leaves
    q = fit_provisional(base, _draws(past, [spread(leaves, each.logged, base) for each in past])).q
    told = [spread(leaves, each.logged, q) for each in past]
    made = fit_provisional(base, _draws(past, told))
    return made.to_dict() | {REST: BY_Q} | _mentions(made, past, told, columns)


def _draws(past: Sequence[Answered], told: Sequence[Floats]) -> list[AnsweredDraws]:
    """`told`: what the model said of each week's messages."""
    return [
        AnsweredDraws(
            probabilities=said, labels=week.labels, inclusion=week.inclusion, q_emq=week.q_emq
        )
        for week, said in zip(past, told, strict=True)
    ]


def _mentions(
    made: Recalibration, past: Sequence[Answered], told: Sequence[Floats], columns: Columns
) -> dict[str, Any]:
    """What comes after `made` for mentions; nothing where nobody named several."""
    weeks = [
        AnsweredMentions(
            probabilities=named_drivers(_through(made, week, said), week.logged, columns),
            labels=week.mentions,
            inclusion=week.inclusion,
        )
        for week, said in zip(past, told, strict=True)
        if week.several
    ]
    return {MENTIONS: fit_mentions(len(columns.leaves), weeks).to_dict()} if weeks else {}


def _through(made: Recalibration, week: Answered, said: Floats) -> Floats:
    shares = made.q_base if week.q_emq is None else week.q_emq
    return replace(made, q_emq=shares).apply(said)


def _base(model: Model, columns: Columns) -> Floats:
    """(leaves,) shares the model is calibrated to, of the drivers that are columns; sum 1."""
    shares = dict(zip(model.drivers, model.base_shares, strict=True))
    base = np.array([float(shares.get(leaf, 0.0)) for leaf in columns.leaves])
    return np.asarray(base / base.sum()) if base.any() else base
