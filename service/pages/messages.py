"""One message: what was made of it, by models and by people."""

from typing import Annotated

from fastapi import Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import conversations
from service.auth import PageIdentity
from service.explanations import why
from service.marks import Marks, marks
from service.mentions import mentions_of, said_of
from service.messages import MessageView, view
from service.pages.screens import Screen, ScreenDep, page_router
from service.reviews import asked_blind
from service.runtime import taxonomy_in_use
from service.schemas.fields import RowId
from service.tables import DecisionRow, LabelRow

router = page_router()
Reveal = Annotated[bool, Query(description="Show it though a blind question is open: admins only.")]


@router.get("/messages/{message_id}")
def message_page(
    message_id: RowId, screen: ScreenDep, identity: PageIdentity, reveal: Reveal = False
) -> Response:
    """A message with its decisions, prediction and labels, all redacted; none of these for whoever
    may still be asked about it blind."""
    identity.require("messages")
    if reveal:
        identity.require("admin")
    with screen.runtime.reading() as session:
        found = view(session, message_id)
        hidden = not reveal and asked_blind(session, message_id, identity.name)
        return screen.show(
            "message.html",
            identity=identity,
            m=found,
            place=conversations.place(session, found.row),
            hidden=hidden,
            marks=Marks() if hidden else _marks(screen, found),
            mentioned={each.driver: each.probability for each in mentions_of(found.prediction)},
            decisions=_decisions(session, message_id),
            labels=_labels(session, message_id),
            taxonomy=taxonomy_in_use(session, screen.runtime),
        )


def _marks(screen: Screen, found: MessageView) -> Marks:
    """What spoke for the drivers of a message, in the order in which the model says them."""
    said = [each.driver for each in said_of(found.prediction)]
    words = why(screen.runtime, found.row, found.prediction)
    return marks(found.row, found.prediction, words, said)


def _decisions(session: Session, message_id: int) -> list[DecisionRow]:
    query = select(DecisionRow).where(DecisionRow.message_id == message_id)
    return list(session.scalars(query.order_by(DecisionRow.position.desc())))


def _labels(session: Session, message_id: int) -> list[LabelRow]:
    query = select(LabelRow).where(LabelRow.message_id == message_id)
    return list(session.scalars(query.order_by(LabelRow.id.desc())))
