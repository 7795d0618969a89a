"""How far questions and answers are."""

from typing import Any

from sqlalchemy import func, select

from service.outbox import waiting
from service.runtime import Runtime
from service.tables import OutboxRow, ReviewRow, TaskRow


def status(runtime: Runtime) -> dict[str, Any]:
    """What waits to be sent, what is in Label Studio by state, and the last problem if any."""
    with runtime.reading() as session:
        unsent = session.scalar(select(func.count(OutboxRow.id)).where(*waiting()))
        error = session.scalar(
            select(OutboxRow.error).where(*waiting(), OutboxRow.error.is_not(None)).limit(1)
        )
        states = session.execute(
            select(ReviewRow.state, func.count())
            .join(TaskRow, TaskRow.review_id == ReviewRow.id)
            .group_by(ReviewRow.state)
        )
        return {
            "waiting": unsent,
            "in_label_studio": {row[0]: row[1] for row in states},
            "last_error": error,
        }
