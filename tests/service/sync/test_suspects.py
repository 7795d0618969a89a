"""A label that looks wrong goes to Label Studio as work of its own; what is said there holds."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from classifier.messages import Label
from service.labels import Answer, record
from service.suspects import ask_suspects
from service.sync import pull, push
from service.tables import MessageRow, ReviewRow

pytestmark = [
    pytest.mark.studio,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATE, INVOICE = Label("delivery.late"), Label("payment.invoice")
CLEAR = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"


@pytest.fixture
def linked(linked):
    """Every message is asked about."""
    return linked.model_copy(update={"graded_budget": 1e6})


def answered(desk, name: str, label: Label) -> None:
    """By Anna, on the review page."""
    with desk.runtime.writing() as session:
        message = session.scalars(select(MessageRow).where(MessageRow.external_id == name)).one()
        asked = select(ReviewRow.id).where(ReviewRow.message_id == message.id)
        answer = Answer(
            message_id=message.id,
            label=label,
            person="anna",
            door="review",
            door_ref=name,
            answered_at=NOW,
            review_id=session.scalar(asked),
            chosen="audit",
        )
        record(session, desk.runtime, [answer], now=NOW)


def test_a_suspect_label_is_asked_blind_in_its_own_tab_and_its_answer_routes(desk) -> None:
    desk.ask("right", "wrong", text=CLEAR)
    answered(desk, "right", LATE)
    answered(desk, "wrong", INVOICE)
    push(desk.runtime, now=NOW)
    assert ask_suspects(desk.runtime, now=NOW) == 1
    push(desk.runtime, now=NOW)
    (task,) = (each for each in desk.tasks().values() if each["data"]["kind"] == "suspect")
    assert task["data"]["external_id"].startswith("wrong")
    assert (task["predictions"], task["data"]["because"]) == ([], "")
    assert task["data"]["text"] == CLEAR
    desk.answer(task["data"]["external_id"], LATE)
    assert pull(desk.runtime, now=NOW).labels == 1
    assert desk.route("wrong").driver == LATE.primary
    assert [row.driver for row in desk.labels() if row.counts] == [LATE.primary, INVOICE.primary]
    assert ask_suspects(desk.runtime, now=NOW) == 0
