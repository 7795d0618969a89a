"""What must reach another system: written in the transaction that caused it, sent by the worker."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from service.settings import Settings
from service.tables import OutboxRow, ReviewRow

LABEL_STUDIO = "label_studio"


def announce(
    session: Session, settings: Settings, reviews: Iterable[ReviewRow], *, now: datetime
) -> None:
    """Note that these questions must be in Label Studio, if the team uses one."""
    if settings.label_studio_url:
        session.add_all(
            OutboxRow(door=LABEL_STUDIO, payload={"review_id": review.id}, made_at=now, due_at=now)
            for review in reviews
        )
