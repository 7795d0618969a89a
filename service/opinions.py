"""What two people said of the same message, neither knowing the other's answer."""

from collections import defaultdict
from itertools import pairwise
from typing import Final

import numpy as np
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from classifier.evaluation.confusable import Pair
from service.rounds import ADJUDICATION, SECOND, SUSPECT
from service.tables import DrawRow, LabelRow

CORRECTION: Final = "correction"
"""Given by somebody who saw how the message was routed, and because that looked wrong."""
PICKED: Final = (CORRECTION, f"import:{CORRECTION}", ADJUDICATION, SUSPECT, f"import:{SUSPECT}")
"""Answers that were not blind, or to questions asked because an answer looked wrong."""


def second_opinions(session: Session) -> list[Pair]:
    """Pairs of drivers that two people gave one message, from the answers that hold now, with
    what each pair weighs.

    The same driver twice where they agree. One answer a person, in order of time, each with the
    next; corrections, third looks, looks at suspect labels and "none of the drivers" are left out.
    Second opinions are drawn with a larger chance where two answers are likelier to differ: theirs
    weigh 1/π, 1 on average. What two people answered unasked, or brought along, weighs 1.
    """
    said: dict[int, dict[str, str]] = defaultdict(dict)
    for message_id, person, driver in session.execute(_answers()):
        said[message_id][person] = str(driver)
    weights = _weights(session, {id_ for id_, answers in said.items() if len(answers) > 1})
    return [
        (*pair, weights.get(message_id, 1.0))
        for message_id, answers in said.items()
        for pair in pairwise(answers.values())
    ]


def _answers() -> Select[int, str, str | None]:
    return (
        select(LabelRow.message_id, LabelRow.person, LabelRow.driver)
        .where(LabelRow.current, LabelRow.driver.is_not(None), LabelRow.chosen.not_in(PICKED))
        .order_by(LabelRow.answered_at, LabelRow.id)
    )


def _weights(session: Session, message_ids: set[int]) -> dict[int, float]:
    """1/π of those messages that were drawn to be asked twice, 1 on average."""
    second = (
        LabelRow.message_id == DrawRow.message_id,
        LabelRow.current,
        LabelRow.chosen == SECOND,
    )
    query = select(DrawRow.message_id, DrawRow.inclusion, DrawRow.second_opinion).where(
        DrawRow.inclusion > 0, DrawRow.second_opinion > 0, exists().where(*second)
    )
    found = {
        message_id: 1.0 / (inclusion * (again or 1.0))
        for message_id, inclusion, again in session.execute(query)
        if message_id in message_ids
    }
    usual = float(np.mean(list(found.values()))) if found else 1.0
    return {message_id: weight / usual for message_id, weight in found.items()}
