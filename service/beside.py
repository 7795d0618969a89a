"""Messages that are about a driver beside another primary one."""

from collections.abc import Iterator
from itertools import islice

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN
from classifier.taxonomy import Taxonomy
from service.mentions import answered
from service.messages import NONE, MessageView, views
from service.tables import DecisionRow, MessageRow

LOOKED_AT = 300
"""How many messages of a week are read to find them: what a message mentions has no index."""


def messages_beside(
    session: Session,
    taxonomy: Taxonomy,
    driver: str,
    *,
    week: str,
    limit: int,
    but: ColumnElement[bool] = NONE,
) -> list[tuple[MessageRow, DecisionRow]]:
    """The newest of them `but` some, with the decision that names their primary driver.

    A parent stands for the drivers below it; beside `unknown` there is nothing. Only the last
    `LOOKED_AT` counted messages of the week are looked at.
    """
    if driver == UNKNOWN:
        return []
    newest = (
        select(MessageRow.id)
        .where(MessageRow.week == week, MessageRow.counted, ~but)
        .order_by(MessageRow.id.desc())
        .limit(LOOKED_AT)
    )
    found = views(session, session.scalars(newest))
    views_in_order = (found[each] for each in sorted(found, reverse=True))
    return list(islice(_beside(views_in_order, taxonomy, driver), limit))


def _beside(
    seen: Iterator[MessageView], taxonomy: Taxonomy, driver: str
) -> Iterator[tuple[MessageRow, DecisionRow]]:
    mine = set(taxonomy.leaves_under(driver))
    for each in seen:
        said = answered(each.decision, each.label, each.prediction, taxonomy)
        elsewhere = said.primary not in mine and said.primary != driver
        if each.decision and elsewhere and mine.intersection(said.also):
            yield each.row, each.decision
