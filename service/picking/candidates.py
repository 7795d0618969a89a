"""Messages that may be picked: recent, asked about by nobody, and saying what nobody answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from service.database import chunks
from service.tables import DrawRow, LabelRow, MessageRow, ReviewRow
from service.terms import classified_text
from service.twins import inbound

RECENT: Final = timedelta(weeks=8)
"""Before the newest message there is: what people wrote long ago teaches less of what they write
now, and an archive that was imported has weeks, too."""
MOST: Final = 10_000
"""So many are looked at; of more, as many at random."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Messages (n,) that may be picked, no two with the same text, as parallel sequences."""

    ids: Sequence[int]
    external_ids: Sequence[str]
    texts: Sequence[str]
    channels: Sequence[str]
    weeks: Sequence[str]

    def __len__(self) -> int:
        return len(self.ids)


def candidates(session: Session, *, seed: int, most: int = MOST) -> Candidates:
    """At most `most` of them; which, where there are more, depends on the seed alone.

    Held-out messages are not among them, for they never train, nor those of which a draw decided
    that they are asked about: an answer to a pick must not stand in the place of a drawn one.
    """
    newest = session.scalar(select(func.max(MessageRow.received_at)).where(inbound()))
    if newest is None:
        return Candidates((), (), (), (), ())
    query = select(MessageRow.id, MessageRow.text_key).where(
        inbound(), MessageRow.received_at >= newest - RECENT, ~MessageRow.holdout, free()
    )
    known = _known_texts(session)
    of_text = {row.text_key: row.id for row in session.execute(query.order_by(MessageRow.id))}
    ids = sorted(number for key, number in of_text.items() if key not in known)
    if len(ids) > most:
        ids = sorted(np.random.default_rng(seed).choice(ids, most, replace=False).tolist())
    return _read(session, ids)


def free() -> ColumnElement[bool]:
    """Whether nobody was asked about a message, was drawn to be, or said anything of it."""
    asked = exists().where(ReviewRow.message_id == MessageRow.id)
    drawn = exists().where(DrawRow.message_id == MessageRow.id, DrawRow.drawn)
    said = exists().where(LabelRow.message_id == MessageRow.id, LabelRow.current)
    return ~or_(asked, drawn, said)


def _known_texts(session: Session) -> set[str]:
    """Keys of texts somebody was asked about, or labeled: once more would teach nothing."""
    asked = select(MessageRow.text_key).join(ReviewRow, ReviewRow.message_id == MessageRow.id)
    said = select(MessageRow.text_key).join(LabelRow, LabelRow.message_id == MessageRow.id)
    return {*session.scalars(asked.distinct()), *session.scalars(said.distinct())}


def _read(session: Session, ids: Sequence[int]) -> Candidates:
    """Those with words: nothing can be learned from a message that says nothing."""
    columns = (MessageRow.id, MessageRow.external_id, MessageRow.subject, MessageRow.text)
    rows = [
        row
        for some in chunks(ids)
        for row in session.execute(
            select(*columns, MessageRow.channel, MessageRow.week)
            .where(MessageRow.id.in_(some))
            .order_by(MessageRow.id)
        )
        if any(map(str.isalpha, row.text))
    ]
    return Candidates(
        ids=[row.id for row in rows],
        external_ids=[row.external_id for row in rows],
        texts=[classified_text(row.subject, row.text) for row in rows],
        channels=[row.channel for row in rows],
        weeks=[row.week for row in rows],
    )
