"""One message: what was made of it, by models and by people."""

from fastapi import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.auth import PageIdentity
from service.explanations import why
from service.marks import Marks, marks
from service.mentions import mentions_of, said_of
from service.messages import MessageView, view
from service.pages.screens import Screen, ScreenDep, page_router
from service.runtime import taxonomy_in_use
from service.tables import DecisionRow, LabelRow
from service.triage import OPEN_STATES

router = page_router()


@router.get("/messages/{message_id}")
def message_page(message_id: int, screen: ScreenDep, identity: PageIdentity) -> Response:
    """A message with its decisions, prediction and labels, all redacted."""
    identity.require("messages")
    with screen.runtime.reading() as session:
        found = view(session, message_id)
        hidden = is_hidden(found)
        return screen.show(
            "message.html",
            identity=identity,
            m=found,
            hidden=hidden,
            marks=Marks() if hidden else _marks(screen, found),
            mentioned={each.driver: each.probability for each in mentions_of(found.prediction)},
            decisions=_decisions(session, message_id),
            labels=_labels(session, message_id),
            taxonomy=taxonomy_in_use(session, screen.runtime),
        )


def is_hidden(found: MessageView) -> bool:
    """Whether what the model says must wait: a blind question about it is not answered yet."""
    review = found.review
    return review is not None and review.blind and review.state in OPEN_STATES


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
