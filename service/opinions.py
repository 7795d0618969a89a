"""What two people said of the same message, neither knowing the other's answer."""

from collections import defaultdict
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.rounds import ADJUDICATION
from service.tables import LabelRow

CORRECTION = "correction"
"""Given by somebody who saw how the message was routed, and because that looked wrong."""
NOT_BLIND = (CORRECTION, f"import:{CORRECTION}", ADJUDICATION)


def second_opinions(session: Session) -> list[tuple[str, str]]:
    """Pairs of drivers that two people gave one message, from the answers that hold now.

    The same driver twice where they agree. One answer a person, in order of time, each with the
    next; corrections, third looks and "none of the drivers" are left out.
    """
    query = (
        select(LabelRow.message_id, LabelRow.person, LabelRow.driver)
        .where(LabelRow.current, LabelRow.driver.is_not(None), LabelRow.chosen.not_in(NOT_BLIND))
        .order_by(LabelRow.answered_at, LabelRow.id)
    )
    said: dict[int, dict[str, str]] = defaultdict(dict)
    for message_id, person, driver in session.execute(query):
        said[message_id][person] = str(driver)
    return [pair for answers in said.values() for pair in pairwise(answers.values())]
