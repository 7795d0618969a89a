"""The counted messages of a week, as stored: what was asked, logged and answered."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, Select, select

from classifier.messages import UNKNOWN
from labeling.sampling import response_rates
from service.tables import DrawRow, LabelRow, MessageRow, PredictionRow
from service.terms.columns import Columns
from service.terms.probabilities import Logged

Floats = NDArray[np.float64]


def asked(week: str) -> Select[Any]:
    """The counted messages of a week with draw, first prediction and the answer that counts.

    Columns, not objects: a week can have a hundred thousand of them.
    """
    first = (PredictionRow.message_id == MessageRow.id) & PredictionRow.first
    answer = (LabelRow.message_id == MessageRow.id) & LabelRow.counts & LabelRow.current
    message = (
        MessageRow.id,
        MessageRow.day,
        MessageRow.channel,
        MessageRow.language,
        MessageRow.attributes,
    )
    draw = (DrawRow.inclusion, DrawRow.drawn, DrawRow.stratum, DrawRow.second_opinion)
    logged = (PredictionRow.top, PredictionRow.rest, PredictionRow.unknown)
    mentions = (PredictionRow.mentions,)
    made_by = (PredictionRow.model, PredictionRow.recalibration)
    said = (LabelRow.id.label("label_id"), LabelRow.driver, LabelRow.also)
    return (
        select(*message, *draw, *logged, *mentions, *made_by, *said)
        .join(DrawRow, DrawRow.message_id == MessageRow.id)
        .outerjoin(PredictionRow, first)
        .outerjoin(LabelRow, answer)
        .where(MessageRow.week == week, MessageRow.counted)
        .order_by(MessageRow.id)
    )


def classified_text(subject: str, text: str) -> str:
    """What models read of a message: its subject, if it says more, and its text."""
    return text if subject in ("", text) else f"{subject}\n{text}"


def logged_of(rows: Sequence[Row[Any]]) -> list[Logged]:
    """What was logged of each message's first prediction."""
    return [
        Logged(
            row.model or "", row.top or [], row.rest or 0.0, row.unknown or 0.0, row.mentions or []
        )
        for row in rows
    ]


def label_columns(rows: Sequence[Row[Any]], columns: Columns) -> NDArray[np.int64]:
    """The column of each answer, -1 without one; a driver that left the taxonomy is unknown."""
    answered = np.array([row.label_id is not None for row in rows], dtype=np.bool_)
    return np.where(answered, columns_of([row.driver for row in rows], columns), -1)


def columns_of(drivers: Sequence[str | None], columns: Columns) -> NDArray[np.int64]:
    """The column of each driver; None, and one that left the taxonomy, is unknown."""
    index = {leaf: number for number, leaf in enumerate(columns.leaves)}
    unknown = index[UNKNOWN]
    return np.array([index.get(driver or UNKNOWN, unknown) for driver in drivers], dtype=np.int64)


def asked_and_answered(
    rows: Sequence[Row[Any]], drawn: NDArray[np.bool_], reviewed: NDArray[np.bool_]
) -> Floats:
    """π·ρ̂: the chance to be asked times the response rate of the stratum, nan if not measured."""
    pi = np.array([row.inclusion for row in rows], dtype=np.float64)
    if not len(pi):
        return pi
    strata = [row.stratum for row in rows]
    wider = [layer.rsplit("/", 1)[0] for layer in strata]
    rates = response_rates(strata, reviewed, asked=drawn, wider=wider)
    return np.where(pi > 0, pi * rates, np.nan)
