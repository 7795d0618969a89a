"""Hints from Label Studio that there is something to collect; without them we ask now and then."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from service.tables import OutboxRow

HEADER = "X-Waarom-Secret"
"""Label Studio signs nothing: it repeats the secret it was given in this header."""
PULL = "label_studio_pull"


def hint(session: Session, *, now: datetime) -> None:
    """Ask the worker to collect soon; hints that nobody acted on yet become one."""
    if not hinted(session):
        session.add(OutboxRow(door=PULL, payload={}, made_at=now, due_at=now))


def hinted(session: Session) -> bool:
    return session.scalar(select(OutboxRow.id).where(_waiting()).limit(1)) is not None


def due(session: Session, *, now: datetime) -> bool:
    """Whether a question waits to be sent, or a hint to be followed."""
    query = select(OutboxRow.id).where(OutboxRow.done_at.is_(None), OutboxRow.due_at <= now)
    return session.scalar(query.limit(1)) is not None


def take_hints(session: Session) -> None:
    """To be called before collecting: a hint that comes in meanwhile stays for the next time."""
    session.execute(delete(OutboxRow).where(_waiting()))


def _waiting() -> ColumnElement[bool]:
    return OutboxRow.door == PULL
