"""Nearly the same words are offered with a question, answered in one go, and never counted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from classifier.messages import Label, RawMessage
from service import reviews
from service.errors import AnswerStands, BadRequest, NotFound
from service.intake import receive
from service.runtime import Runtime
from service.similar import OFFERED, answer_similar, similar, take_back
from service.tables import DecisionRow, DrawRow, LabelRow, MessageRow, ReviewRow

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ASKED = "goedemiddag, mijn pakket met de lamp is veel te laat en nog niet bezorgd, wat nu?"
NEAR = (
    "goedemiddag mijn pakket met de lamp is veel te laat en nog niet bezorgd wat nu alstublieft",
    "goedemorgen, mijn pakket met de lamp is veel te laat en nog niet bezorgd, wat nu?",
)
FAR = "ik heb de factuur van vorige maand nodig, met de btw erop"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'waarom.db'}"


@pytest.fixture
def asked(trained_runtime: Runtime) -> Runtime:
    """One question, number 1 about message 1, and messages that nobody was asked about."""
    texts = (ASKED, *NEAR, FAR)
    messages = [
        RawMessage(text=text, external_id=f"m{n}", received_at=NOW - timedelta(hours=n + 1))
        for n, text in enumerate(texts)
    ]
    with trained_runtime.writing() as session:
        receive(session, trained_runtime, messages, now=NOW, draw_since=NOW)
        session.add(
            ReviewRow(
                message_id=1, purpose="learning", blind=True, priority=1, order_key=0,
                state="open", made_at=NOW,
            )
        )  # fmt: skip
    return trained_runtime


def offered(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        return [each.message.text for each in similar(session, runtime, 1)]


def answer(runtime: Runtime) -> None:
    with runtime.writing() as session:
        label = Label("delivery.late")
        reviews.answer(session, runtime, review_id=1, label=label, person="anna", now=NOW)


def decisions(runtime: Runtime) -> list[tuple[int, str, str | None, str]]:
    with runtime.reading() as session:
        query = select(DecisionRow).where(DecisionRow.current).order_by(DecisionRow.message_id)
        found = session.scalars(query)
        return [(each.message_id, each.status, each.driver, each.queue) for each in found]


def test_what_says_nearly_the_same_is_offered_the_newest_first(asked: Runtime) -> None:
    assert offered(asked) == list(NEAR)
    with asked.reading() as session:
        assert len(similar(session, asked, 1, most=1)) == 1
        with pytest.raises(NotFound):
            similar(session, asked, 99)


def test_what_was_drawn_is_never_offered(asked: Runtime) -> None:
    with asked.writing() as session:
        session.execute(update(DrawRow).where(DrawRow.message_id == 2).values(drawn=True))
    assert offered(asked) == [NEAR[1]]


def test_they_get_the_answer_of_the_question_in_one_go(asked: Runtime) -> None:
    answer(asked)
    with asked.writing() as session:
        rows = answer_similar(session, asked, 1, [2, 3, 3], person="bert", now=NOW)
    assert [(row.message_id, row.driver, row.chosen, row.counts) for row in rows] == [
        (2, "delivery.late", OFFERED, False),
        (3, "delivery.late", OFFERED, False),
    ]
    with asked.reading() as session:
        routed = select(DecisionRow.message_id).where(
            DecisionRow.current, DecisionRow.status == "person"
        )
        assert set(session.scalars(routed)) == {1, 2, 3}
    assert offered(asked) == []
    with asked.writing() as session:
        assert answer_similar(session, asked, 1, [2], person="bert", now=NOW) == []
        assert len(session.scalars(select(LabelRow)).all()) == 3


def test_what_they_were_given_is_taken_back_in_one_go(asked: Runtime) -> None:
    with asked.writing() as session:
        session.add(
            ReviewRow(
                message_id=2, purpose="routing", blind=False, priority=0, order_key=1,
                state="open", made_at=NOW,
            )
        )  # fmt: skip
    answer(asked)
    before = decisions(asked)
    for minutes in (0, 40):
        given = NOW + timedelta(minutes=minutes)
        later = given + timedelta(minutes=29)
        with asked.writing() as session:
            answer_similar(session, asked, 1, [2, 3], person="bert", now=given)
        with asked.writing() as session, pytest.raises(AnswerStands):
            take_back(session, asked, review_id=1, person="anna", now=later)
        with asked.writing() as session:
            assert take_back(session, asked, review_id=1, person="bert", now=later) == [2, 3]
        assert offered(asked) == list(NEAR)
        assert decisions(asked) == before
        with asked.reading() as session:
            assert reviews.left(session) == 1
            held = select(LabelRow.message_id).where(LabelRow.current)
            assert session.scalars(held).all() == [1]


def test_what_was_given_long_ago_or_with_another_answer_stands(asked: Runtime) -> None:
    answer(asked)
    with asked.writing() as session:
        answer_similar(session, asked, 1, [2], person="bert", now=NOW)
        session.add(
            ReviewRow(
                message_id=4, purpose="learning", blind=True, priority=1, order_key=2,
                state="open", made_at=NOW,
            )
        )  # fmt: skip
    for review_id, minutes in ((1, 31), (2, 1)):
        later = NOW + timedelta(minutes=minutes)
        with asked.writing() as session, pytest.raises(AnswerStands):
            take_back(session, asked, review_id=review_id, person="bert", now=later)
    with asked.writing() as session, pytest.raises(NotFound):
        take_back(session, asked, review_id=99, person="bert", now=NOW)


def test_only_what_is_alike_gets_the_answer_and_only_once_there_is_one(asked: Runtime) -> None:
    with asked.writing() as session, pytest.raises(BadRequest, match="answer it first"):
        answer_similar(session, asked, 1, [2], person="bert", now=NOW)
    answer(asked)
    with asked.writing() as session, pytest.raises(BadRequest, match="4 does not say"):
        answer_similar(session, asked, 1, [2, 4], person="bert", now=NOW)
    with asked.reading() as session:
        assert len(session.scalars(select(LabelRow)).all()) == 1


def test_an_open_question_about_one_of_them_is_closed_by_it(asked: Runtime) -> None:
    with asked.writing() as session:
        message = session.get_one(MessageRow, 2)
        session.add(
            ReviewRow(
                message_id=message.id, purpose="routing", blind=False, priority=0, order_key=1,
                state="open", made_at=NOW,
            )
        )  # fmt: skip
    answer(asked)
    with asked.writing() as session:
        reviews.claim(session, asked, person="cas", now=NOW)
        given = answer_similar(session, asked, 1, [2, 3], person="bert", now=NOW)
        assert [row.message_id for row in given] == [3]  # cas is answering the other one
        reviews.release(session, asked, review_id=2, person="cas", now=NOW)
        answer_similar(session, asked, 1, [2], person="bert", now=NOW)
        assert reviews.left(session) == 0
