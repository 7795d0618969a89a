"""How likely a question is on a day: fixed for the day, from last week's doubts, to a budget."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from classifier.messages import Label, RawMessage
from labeling.sampling import SamplingPlan, inclusion, plan
from service.intake import receive
from service.labels import Answer, record
from service.plans import Plans
from service.runtime import Runtime
from service.tables import DrawRow, MessageRow, PlanRow, ReviewRow

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
LESS = "geld terug graag"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"


def send(runtime: Runtime, text: str, count: int, days_ago: float, **fields: Any) -> None:
    moment = NOW - timedelta(days=days_ago)
    messages = [
        RawMessage(
            text=text, external_id=f"{text} {days_ago} {number}", received_at=moment, **fields
        )
        for number in range(count)
    ]
    with runtime.writing() as session:
        receive(session, runtime, messages, now=moment)


def plan_of(runtime: Runtime, day: date = TODAY) -> SamplingPlan:
    with runtime.writing() as session:
        return Plans(session, runtime.settings, NOW).of(day)


def test_without_history_the_expected_number_of_messages_is_a_setting(runtime: Runtime) -> None:
    made = plan_of(runtime)
    settings = runtime.settings
    assert (made.budget, made.expected) == (settings.graded_budget, settings.expected_messages)
    assert made == plan([], budget=60, expected=1000)


def test_a_day_keeps_its_plan_whatever_comes_in_later(trained_runtime: Runtime) -> None:
    first = plan_of(trained_runtime)
    send(trained_runtime, SURE, 30, days_ago=3)
    trained_runtime.settings.graded_budget = 500
    assert plan_of(trained_runtime) == first
    with trained_runtime.reading() as session:
        assert len(session.scalars(select(PlanRow).where(PlanRow.day == TODAY)).all()) == 1


def test_a_plan_rests_on_the_graded_messages_of_the_seven_days_before(
    trained_runtime: Runtime,
) -> None:
    send(trained_runtime, SURE, 20, days_ago=9)
    send(trained_runtime, SURE, 40, days_ago=7)
    send(trained_runtime, LESS, 60, days_ago=1)
    send(trained_runtime, LESS, 5, days_ago=0)
    send(trained_runtime, DOUBTFUL, 7, days_ago=1)
    send(trained_runtime, SURE, 9, days_ago=2, label=Label("delivery.late"))
    trained_runtime.settings.graded_budget = 30
    made = plan_of(trained_runtime, TODAY + timedelta(days=0))
    u = _uncertainties(trained_runtime, TODAY - timedelta(days=7), TODAY)
    assert len(u) == 100, "required, labeled, older and today's messages do not take part"
    assert made.expected == 100
    again = plan_of(trained_runtime, TODAY)
    assert again == made


def _uncertainties(runtime: Runtime, first: date, end: date) -> np.ndarray[Any, Any]:
    with runtime.reading() as session:
        query = (
            select(DrawRow.uncertainty)
            .join(MessageRow, MessageRow.id == DrawRow.message_id)
            .where(~DrawRow.required, DrawRow.stratum.like("graded/%"))
            .where(MessageRow.day >= first, MessageRow.day < end)
        )
        return np.array(session.scalars(query).all())


def test_the_next_week_spends_the_budget(trained_runtime: Runtime) -> None:
    trained_runtime.settings.graded_budget = 30
    for day in range(7, 14):
        send(trained_runtime, SURE, 8, days_ago=day)
        send(trained_runtime, LESS, 8, days_ago=day)
    made = plan_of(trained_runtime, TODAY - timedelta(days=6))
    week = _uncertainties(trained_runtime, TODAY - timedelta(days=13), TODAY - timedelta(days=6))
    assert inclusion(made, week).sum() == pytest.approx(30)


@pytest.mark.parametrize("days", [1, 2, 5])
def test_a_young_installation_does_not_take_its_first_days_for_a_week(
    trained_runtime: Runtime, days: int
) -> None:
    for day in range(1, days + 1):
        send(trained_runtime, SURE, 10, days_ago=day)
    assert plan_of(trained_runtime).expected == pytest.approx(70)


def test_answers_do_not_change_the_plan_of_the_next_day(trained_runtime: Runtime) -> None:
    trained_runtime.settings.graded_budget = 300
    send(trained_runtime, SURE, 30, days_ago=1)
    before = plan_of(trained_runtime)
    with trained_runtime.writing() as session:
        session.delete(session.get_one(PlanRow, TODAY))
        answers = [
            Answer(
                message_id=review.message_id,
                label=Label("payment.refund"),
                person="p",
                door="review",
                door_ref=str(review.id),
                answered_at=NOW,
                review_id=review.id,
            )
            for review in session.scalars(select(ReviewRow))
        ]
        assert answers
        record(session, trained_runtime, answers, now=NOW)
    assert plan_of(trained_runtime) == before
