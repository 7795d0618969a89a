"""Decision and question are two things: how a message is routed, and whether a person is asked."""

import json
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from classifier.messages import Label, Mention, Prediction, RawMessage
from service.intake import receive
from service.plans import LABELED, TOO_OLD
from service.reviews import question
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.tables import (
    DecisionRow,
    DrawRow,
    MessageRow,
    OutboxRow,
    PredictionRow,
    ReviewRow,
)
from service.terms import Logged

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"


def send(runtime: Runtime, *messages: RawMessage, **options: Any) -> list[int]:
    with runtime.writing() as session:
        return [each.message_id for each in receive(session, runtime, messages, **TIME | options)]


TIME = {"now": NOW}


def many(text: str, count: int, start: int = 0, **fields: Any) -> list[RawMessage]:
    numbers = range(start, start + count)
    return [RawMessage(text=text, external_id=f"m{number}", **fields) for number in numbers]


def rows(runtime: Runtime, table: type[Any]) -> Sequence[Any]:
    with runtime.reading() as session:
        return session.scalars(select(table)).all()


def only(runtime: Runtime, table: type[Any]) -> Any:
    (row,) = rows(runtime, table)
    return row


def test_without_a_model_everything_is_asked(runtime: Runtime) -> None:
    send(runtime, RawMessage(text=SURE, external_id="a"))
    decision, draw, review = (only(runtime, each) for each in (DecisionRow, DrawRow, ReviewRow))
    assert (decision.status, decision.queue, decision.doubts) == ("review", "triage", ["no_model"])
    assert (draw.inclusion, draw.drawn, draw.required) == (1.0, True, True)
    assert (review.purpose, review.state, review.blind) == ("required", "open", False)


def test_a_sure_message_goes_to_its_queue_and_is_graded(trained_runtime: Runtime) -> None:
    send(trained_runtime, RawMessage(text=SURE, external_id="a"))
    decision, draw = only(trained_runtime, DecisionRow), only(trained_runtime, DrawRow)
    assert (decision.status, decision.driver) == ("auto", "delivery.late")
    assert (decision.queue, decision.doubts) == ("logistics", [])
    assert 0 < draw.inclusion < 1
    assert not draw.required
    assert draw.stratum == "graded/high/2026-11-20"


def test_a_doubtful_message_waits_in_the_fallback_queue_and_must_be_asked(
    trained_runtime: Runtime,
) -> None:
    send(trained_runtime, RawMessage(text=DOUBTFUL, external_id="a"))
    decision, draw = only(trained_runtime, DecisionRow), only(trained_runtime, DrawRow)
    assert (decision.status, decision.queue) == ("review", "triage")
    assert decision.doubts
    assert (draw.inclusion, draw.drawn, draw.required) == (1.0, True, True)


def test_doubtful_messages_can_be_left_to_the_graded_draw(trained_runtime: Runtime) -> None:
    trained_runtime.settings.ask_doubtful = "graded"
    send(trained_runtime, *many(DOUBTFUL, 200))
    draws, reviews = rows(trained_runtime, DrawRow), rows(trained_runtime, ReviewRow)
    assert not any(draw.required for draw in draws)
    assert all(0 < draw.inclusion < 1 for draw in draws)
    assert 0 < sum(draw.drawn for draw in draws) < 200
    asked = {review.message_id for review in reviews}
    assert asked == {draw.message_id for draw in draws if draw.drawn}
    assert {review.purpose for review in reviews} == {"audit"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_replay_into_an_empty_database_draws_the_same(
    trained_runtime: Runtime, tmp_path: Path
) -> None:
    trained_runtime.settings.graded_budget = 300
    settings = {"home": tmp_path / "other", "database_url": f"sqlite:///{tmp_path / 'other.db'}"}
    other = open_runtime(trained_runtime.settings.model_copy(update=settings))
    messages = many(SURE, 120)
    send(trained_runtime, *messages)
    for message in reversed(messages):
        send(other, message)
    assert _drawn(trained_runtime) == _drawn(other)
    assert 0 < len(_drawn(other)) < 120
    order = [_order(trained_runtime), _order(other)]
    other.close()
    assert order[0] == order[1]


def _drawn(runtime: Runtime) -> set[str]:
    with runtime.reading() as session:
        query = select(MessageRow.external_id).join(DrawRow, DrawRow.message_id == MessageRow.id)
        return set(session.scalars(query.where(DrawRow.drawn)))


def _order(runtime: Runtime) -> dict[str, tuple[int, bool]]:
    with runtime.reading() as session:
        query = select(MessageRow.external_id, ReviewRow.order_key, ReviewRow.blind)
        found = session.execute(query.join(ReviewRow, ReviewRow.message_id == MessageRow.id))
        return {name: (key, blind) for name, key, blind in found}


def test_another_secret_draws_others(trained_runtime: Runtime, tmp_path: Path) -> None:
    trained_runtime.settings.graded_budget = 500
    settings = {
        "home": tmp_path / "other",
        "database_url": f"sqlite:///{tmp_path / 'other.db'}",
        "secret": Settings(secret="another").secret,  # type: ignore[arg-type]
    }
    other = open_runtime(trained_runtime.settings.model_copy(update=settings))
    for each in (trained_runtime, other):
        send(each, *many(SURE, 120))
    assert _drawn(trained_runtime) != _drawn(other)
    other.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_as_many_are_drawn_as_their_probabilities_say(trained_runtime: Runtime) -> None:
    trained_runtime.settings.graded_budget = 300
    texts = (SURE, "factuur", "geld terug graag")
    trained_runtime.settings.ask_doubtful = "graded"
    for number, text in enumerate(texts):
        send(trained_runtime, *many(text, 700, start=number * 700))
    draws = rows(trained_runtime, DrawRow)
    expected = sum(draw.inclusion for draw in draws)
    deviation = math.sqrt(sum(draw.inclusion * (1 - draw.inclusion) for draw in draws))
    found = sum(draw.drawn for draw in draws)
    assert deviation > 0
    assert abs(found - expected) < 4 * deviation
    bands = {round(draw.inclusion, 3) for draw in draws}
    assert len(bands) == 3, "the more doubtful, the likelier"


def test_what_is_too_old_is_predicted_but_never_asked(trained_runtime: Runtime) -> None:
    old = NOW - timedelta(days=40)
    since = NOW - timedelta(days=28)
    messages = [
        RawMessage(text=SURE, external_id="sure", received_at=old),
        RawMessage(text=DOUBTFUL, external_id="doubtful", received_at=old),
    ]
    send(trained_runtime, *messages, draw_since=since)
    draws = rows(trained_runtime, DrawRow)
    assert [(draw.inclusion, draw.drawn, draw.stratum) for draw in draws] == [
        (0.0, False, TOO_OLD)
    ] * 2
    assert rows(trained_runtime, ReviewRow) == []
    assert len(rows(trained_runtime, DecisionRow)) == 2


def test_on_the_day_itself_it_is_not_too_old(trained_runtime: Runtime) -> None:
    send(trained_runtime, RawMessage(text=DOUBTFUL, received_at=NOW), draw_since=NOW)
    assert only(trained_runtime, DrawRow).inclusion == 1.0


def test_a_message_that_brings_its_label_is_certain_and_not_asked(
    trained_runtime: Runtime,
) -> None:
    old = NOW - timedelta(days=400)
    labeled = RawMessage(
        text=DOUBTFUL, external_id="a", label=Label("payment.refund"), received_at=old
    )
    send(trained_runtime, labeled, draw_since=NOW)
    draw = only(trained_runtime, DrawRow)
    assert (draw.inclusion, draw.drawn, draw.stratum) == (1.0, True, LABELED)
    assert rows(trained_runtime, ReviewRow) == []


def test_a_doubtful_follow_up_is_asked_for_its_route_but_not_drawn(
    trained_runtime: Runtime,
) -> None:
    follow_up = {"conversation_id": "c"}
    first, second = (
        RawMessage(text=text, external_id=name, received_at=moment, **follow_up)  # type: ignore[arg-type]
        for text, name, moment in (
            (SURE, "first", NOW - timedelta(days=1)),
            (DOUBTFUL, "second", NOW),
        )
    )
    send(trained_runtime, first)
    (later,) = send(trained_runtime, second)
    assert [draw.message_id for draw in rows(trained_runtime, DrawRow)] != [later]
    assert len(rows(trained_runtime, DrawRow)) == 1
    review = next(r for r in rows(trained_runtime, ReviewRow) if r.message_id == later)
    assert (review.purpose, review.blind) == ("routing", False)


def test_audits_are_blind_but_for_the_share_that_is_not(trained_runtime: Runtime) -> None:
    settings = trained_runtime.settings
    settings.graded_budget, settings.prefilled_share = 1000, 0.2
    ids = send(trained_runtime, *many(SURE, 400))
    reviews = rows(trained_runtime, ReviewRow)
    assert {review.purpose for review in reviews} == {"audit"}
    assert {review.message_id for review in reviews} == set(ids)
    shown = [review for review in reviews if not review.blind]
    assert 50 <= len(shown) <= 110
    with trained_runtime.reading() as session:
        assert question(session, shown[0].id).prediction is not None
        blind = next(review for review in reviews if review.blind)
        assert question(session, blind.id).prediction is None


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_no_share_or_all_of_it(trained_runtime: Runtime, share: float) -> None:
    settings = trained_runtime.settings
    settings.graded_budget, settings.prefilled_share = 1000, share
    send(trained_runtime, *many(SURE, 30))
    assert {review.blind for review in rows(trained_runtime, ReviewRow)} == {share == 0.0}


def test_questions_are_announced_to_label_studio_where_there_is_one(
    trained_runtime: Runtime,
) -> None:
    send(trained_runtime, RawMessage(text=DOUBTFUL, external_id="before"))
    assert rows(trained_runtime, OutboxRow) == []
    trained_runtime.settings.label_studio_url = "http://127.0.0.1:1"
    (message,) = send(trained_runtime, RawMessage(text=DOUBTFUL, external_id="after"))
    note = only(trained_runtime, OutboxRow)
    asked = {review.id: review.message_id for review in rows(trained_runtime, ReviewRow)}
    assert asked[note.payload["review_id"]] == message


def test_the_feed_has_no_gaps_whatever_was_rolled_back(trained_runtime: Runtime) -> None:
    send(trained_runtime, *many(SURE, 3))
    with pytest.raises(RuntimeError), trained_runtime.writing() as session:  # noqa: PT012
        receive(session, trained_runtime, many(SURE, 5, start=10), now=NOW)
        raise RuntimeError
    send(trained_runtime, *many(SURE, 2, start=20))
    assert sorted(row.position for row in rows(trained_runtime, DecisionRow)) == [1, 2, 3, 4, 5]


def test_writers_at_once_leave_one_message_each_and_a_feed_without_gaps(
    trained_runtime: Runtime,
) -> None:
    """Into an empty database: also the first model, plan and stale week are made only once."""

    def write(number: int) -> list[int]:
        fresh = [*many(SURE, 2, start=100 + number, conversation_id="c"), *many(DOUBTFUL, 6)]
        return send(trained_runtime, *fresh)

    with ThreadPoolExecutor(6) as pool:
        written = list(pool.map(write, range(0, 24, 2)))
    assert all(ids[2:] == written[0][2:] for ids in written)
    with trained_runtime.reading() as session:
        counted = select(func.count()).where(MessageRow.counted, MessageRow.conversation_id != "")
        assert session.scalar(counted) == 1
    assert len(rows(trained_runtime, MessageRow)) == 24 + 6
    positions = sorted(row.position for row in rows(trained_runtime, DecisionRow))
    assert positions == list(range(1, 31))
    reviews = rows(trained_runtime, ReviewRow)
    assert len({review.message_id for review in reviews}) == len(reviews)


def test_a_model_of_one_driver_a_message_logs_no_mentions(trained_runtime: Runtime) -> None:
    send(trained_runtime, RawMessage(text=SURE, external_id="a"))
    assert only(trained_runtime, PredictionRow).mentions == []


def test_mentions_are_logged_in_their_order_with_where_they_stand() -> None:
    mentions = (
        Mention("delivery.late", 0.98765432, True),
        Mention("payment.refund", np.float64(0.61), np.bool_(True), ((30, 61), (70, 90))),  # type: ignore[arg-type]
        Mention("payment.invoice", 0.04, False, ((62, 69),)),
    )
    drivers = tuple(each.driver for each in mentions)
    made = Prediction(drivers, np.array([0.7, 0.2, 0.1]), 0.01, mentions)
    stored = json.loads(json.dumps(Logged.of(made, "1").mentions))
    assert stored == [
        ["delivery.late", 0.987654, True, []],
        ["payment.refund", 0.61, True, [[30, 61], [70, 90]]],
        ["payment.invoice", 0.04, False, [[62, 69]]],
    ]
