"""What must reach another system: written in the transaction that caused it, sent by the worker."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from service.settings import Settings
from service.tables import OutboxRow, ReviewRow

LABEL_STUDIO = "label_studio"


def announce(
    session: Session, settings: Settings, reviews: Iterable[ReviewRow], *, now: datetime
) -> None:
    """Note that these questions must be in Label Studio, if the team uses one."""
    if settings.label_studio_url:
        queue(session, [review.id for review in reviews], now=now)


def queue(session: Session, review_ids: Iterable[int], *, now: datetime) -> None:
    """Note that these questions must be in Label Studio."""
    session.add_all(
        OutboxRow(door=LABEL_STUDIO, payload={"review_id": each}, made_at=now, due_at=now)
        for each in review_ids
    )


def waiting() -> tuple[ColumnElement[bool], ...]:
    """What is still to be sent to Label Studio, as conditions on the outbox."""
    return (OutboxRow.door == LABEL_STUDIO, OutboxRow.done_at.is_(None))
