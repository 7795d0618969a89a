"""Messages that still hold personal data, as people say: what redaction missed.

What it is, is not kept; only who saw some, and when. A message that is sent again without it was
seen to: what was said of the text that is gone holds no longer.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, distinct, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from service.database import chunks
from service.tables import LabelRow, MessageRow


def leaking() -> ColumnElement[bool]:
    """Whether any answer to a message that holds says so, a second opinion included."""
    said = aliased(LabelRow)
    mine = (said.message_id == MessageRow.id, said.current, said.personal_data)
    return exists().where(*mine).correlate(MessageRow)


def leaks(session: Session) -> int:
    """How many messages still hold personal data."""
    query = select(func.count(distinct(LabelRow.message_id)))
    return session.scalar(query.where(LabelRow.current, LabelRow.personal_data)) or 0


def seen_to(session: Session, message_ids: Sequence[int]) -> None:
    """The text of these messages was replaced."""
    for some in chunks(message_ids):
        said = update(LabelRow).where(LabelRow.message_id.in_(some), LabelRow.personal_data)
        session.execute(said.values(personal_data=False))
