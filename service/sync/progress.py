"""How far questions and answers are."""

from typing import Any

from sqlalchemy import false, func, select

from service.leaks import leaks
from service.outbox import waiting
from service.runtime import Runtime
from service.sync.place import known_place
from service.tables import OutboxRow, ReviewRow, TaskRow


def status(runtime: Runtime) -> dict[str, Any]:
    """What waits to be sent, what is in the project by state, how many messages still hold personal
    data as people say, whichever door they said it at, and the last problem if any."""
    place = known_place(runtime)
    with runtime.reading() as session:
        unsent = session.scalar(select(func.count(OutboxRow.id)).where(*waiting()))
        problems = select(OutboxRow.error).where(*waiting(), OutboxRow.error.is_not(None))
        error = session.scalar(problems.order_by(OutboxRow.due_at.desc()).limit(1))
        states = session.execute(
            select(ReviewRow.state, func.count())
            .join(TaskRow, TaskRow.review_id == ReviewRow.id)
            .where(*(place.tasks() if place else (false(),)))
            .group_by(ReviewRow.state)
        )
        return {
            "waiting": unsent,
            "in_label_studio": {row[0]: row[1] for row in states},
            "personal_data": leaks(session),
            "last_error": error,
        }
