"""A day of questions has an end, and begins at midnight where the team is."""

from datetime import UTC, datetime, timedelta

import pytest

from classifier.messages import Label, RawMessage
from service import reviews
from service.day import Day, day
from service.intake import receive
from service.runtime import Runtime
from service.tables import ReviewRow

EVENING = datetime(2026, 11, 20, 22, 50, tzinfo=UTC)
"""Ten minutes to midnight in Amsterdam."""
LATE = Label("delivery.late")


@pytest.fixture
def asked(runtime: Runtime) -> Runtime:
    """Three questions, for there is no model yet."""
    messages = [RawMessage(text=f"vraag {n}", external_id=f"m{n}") for n in range(3)]
    with runtime.writing() as session:
        receive(session, runtime, messages, now=EVENING)
    return runtime


def answer(runtime: Runtime, person: str, now: datetime) -> int:
    with runtime.writing() as session:
        found = reviews.claim(session, runtime, person=person, now=now)
        assert found is not None
        given = {"review_id": found.review.id, "label": LATE, "person": person, "now": now}
        return reviews.answer(session, runtime, **given).id


def seen(runtime: Runtime, now: datetime = EVENING, person: str | None = None) -> Day:
    with runtime.reading() as session:
        return day(session, runtime, now=now, person=person)


def test_a_day_says_what_was_done_and_what_is_left(asked: Runtime) -> None:
    answer(asked, "anna", EVENING)
    found = seen(asked)
    assert (found.answered, found.left, found.questions, found.done) == (1, 2, 3, False)
    answer(asked, "anna", EVENING)
    answer(asked, "bert", EVENING)
    assert (seen(asked).answered, seen(asked).left, seen(asked).done) == (3, 0, True)


def test_a_person_sees_what_they_did_themselves(asked: Runtime) -> None:
    answer(asked, "anna", EVENING)
    assert (seen(asked, person="anna").answered, seen(asked, person="bert").answered) == (1, 0)
    assert seen(asked, person="bert").left == 2


def test_the_next_day_begins_at_midnight_in_the_zone_of_the_team(asked: Runtime) -> None:
    answer(asked, "anna", EVENING)
    after = EVENING + timedelta(minutes=20)
    assert str(seen(asked, after).day) == "2026-11-21"
    assert (seen(asked, after).answered, seen(asked, after).left) == (0, 2)


def test_how_many_of_what_is_left_were_picked_to_learn_from(asked: Runtime) -> None:
    with asked.writing() as session:
        session.get_one(ReviewRow, 1).purpose = "learning"
    assert (seen(asked).picks, seen(asked).left) == (1, 3)
