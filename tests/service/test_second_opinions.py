"""A second person is asked about a part of the answers, and what differs is decided by a third."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from classifier.messages import Label, RawMessage
from labeling.sampling import second_opinion
from service.exporting import ExportedLabel, Picked, exported
from service.intake import receive
from service.labels import Answer, record, withdraw
from service.opinions import second_opinions
from service.rounds import ADJUDICATION, SECOND, rounds
from service.runtime import Runtime, open_runtime, taxonomy_in_use
from service.settings import Settings
from service.tables import DecisionRow, DrawRow, LabelRow, ReviewRow, TermRow
from service.terms import Columns, load_terms, refresh
from service.training_rows import training_set
from service.weeks import week_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WEEK = week_of(NOW.date())
LATE, REFUND, INVOICE = (
    Label("delivery.late"),
    Label("payment.refund"),
    Label("payment.invoice"),
)
STUDIO = "label_studio"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"second_opinion_share": 1.0})


def send(runtime: Runtime, count: int = 1) -> list[int]:
    messages = [RawMessage(text=f"een vraag {n}", external_id=f"m{n}") for n in range(count)]
    with runtime.writing() as session:
        return [each.message_id for each in receive(session, runtime, messages, now=NOW)]


def state(runtime: Runtime, message: int, purpose: str) -> str | None:
    review = asked(runtime, message, purpose)
    return review.state if review else None


def asked(runtime: Runtime, message: int, purpose: str) -> ReviewRow | None:
    query = select(ReviewRow).where(ReviewRow.message_id == message, ReviewRow.purpose == purpose)
    with runtime.reading() as session:
        return session.scalar(query)


def say(
    runtime: Runtime,
    message: int,
    purpose: str,
    label: Label,
    person: str,
    *,
    at: int = 0,
    door: str = STUDIO,
) -> None:
    """What a person says to the question of this purpose, or says anew."""
    review = asked(runtime, message, purpose)
    assert review is not None
    moment = NOW + timedelta(minutes=at)
    answer = Answer(
        message_id=message,
        label=label,
        person=person,
        door=door,
        door_ref=f"{review.id} of {person}",
        version=moment.isoformat(),
        answered_at=moment,
        review_id=review.id,
        chosen=purpose,
    )
    with runtime.writing() as session:
        record(session, runtime, [answer], now=moment)


def take_back(runtime: Runtime, message: int, purpose: str, person: str) -> None:
    review = asked(runtime, message, purpose)
    assert review is not None
    with runtime.writing() as session:
        assert withdraw(session, runtime, STUDIO, [f"{review.id} of {person}"], now=NOW) == 1


def driver(runtime: Runtime, message: int) -> str | None:
    query = select(DecisionRow.driver).where(
        DecisionRow.current, DecisionRow.message_id == message, DecisionRow.status == "person"
    )
    with runtime.reading() as session:
        return session.scalar(query)


def rows(runtime: Runtime, table: type[Any], *conditions: Any) -> Sequence[Any]:
    with runtime.reading() as session:
        return session.scalars(select(table).where(*conditions)).all()


def answered_by_two(runtime: Runtime, second: Label = REFUND) -> int:
    (message,) = send(runtime)
    say(runtime, message, "required", LATE, "ann")
    say(runtime, message, SECOND, second, "bob", at=5)
    return message


def test_a_second_opinion_that_differs_neither_routes_nor_trains_until_a_third_decides(
    runtime: Runtime,
) -> None:
    message = answered_by_two(runtime)
    assert driver(runtime, message) == LATE.primary
    assert [row.message.label for row in trained_on(runtime)] == [LATE]
    say(runtime, message, ADJUDICATION, INVOICE, "cas", at=9)
    assert driver(runtime, message) == INVOICE.primary
    (row,) = trained_on(runtime)
    assert (row.message.label, row.message.inclusion) == (INVOICE, 1.0)


def test_a_first_answer_that_is_changed_after_the_third_look_takes_another_one(
    runtime: Runtime,
) -> None:
    """Of its own: in Label Studio the first one is answered, and shows what two said then."""
    message = answered_by_two(runtime)
    say(runtime, message, ADJUDICATION, LATE, "cas", at=9)
    assert state(runtime, message, ADJUDICATION) == "answered"
    for minutes in (12, 13):
        say(runtime, message, "required", INVOICE, "ann", at=minutes)
    with runtime.reading() as session:
        assert rounds(session, [message])[message].settled is None
    assert third_looks(runtime, message) == {3: "answered", 4: "open"}
    say(runtime, message, ADJUDICATION, REFUND, "cas", at=15)  # in the first one, after all
    assert third_looks(runtime, message) == {3: "answered", 4: "skipped"}
    with runtime.reading() as session:
        settled = rounds(session, [message])[message].settled
    assert settled is not None
    assert settled.driver == REFUND.primary


def third_looks(runtime: Runtime, message: int) -> dict[int, str]:
    mine = (ReviewRow.message_id == message, ReviewRow.purpose == ADJUDICATION)
    return {review.round: review.state for review in rows(runtime, ReviewRow, *mine)}


def test_what_leaves_the_store_is_what_was_decided_or_what_the_draw_was_answered(
    runtime: Runtime,
) -> None:
    message = answered_by_two(runtime)
    assert [row.label for row in taken_out(runtime, counts=False)] == [LATE]
    say(runtime, message, ADJUDICATION, INVOICE, "cas", at=9)
    (held,), (drawn,) = taken_out(runtime, counts=False), taken_out(runtime, counts=True)
    assert (held.label, held.counts, held.inclusion) == (INVOICE, True, 1.0)
    assert (drawn.label, drawn.counts) == (LATE, True)


def taken_out(runtime: Runtime, *, counts: bool) -> Sequence[ExportedLabel]:
    with runtime.reading() as session:
        return list(exported(session, runtime, Picked(counts=counts)))


def trained_on(runtime: Runtime) -> Sequence[Any]:
    with runtime.reading() as session:
        return training_set(session)


def test_what_else_a_message_is_about_needs_no_third_look(runtime: Runtime) -> None:
    message = answered_by_two(runtime, Label(LATE.primary, ("payment.refund",)))
    assert asked(runtime, message, ADJUDICATION) is None


def test_who_answers_both_gives_a_label_and_no_second_opinion(runtime: Runtime) -> None:
    (message,) = send(runtime)
    say(runtime, message, "required", LATE, "ann")
    say(runtime, message, SECOND, REFUND, "ann", at=5)
    assert len(rows(runtime, LabelRow)) == 2
    assert asked(runtime, message, ADJUDICATION) is None
    assert driver(runtime, message) == LATE.primary
    assert sums(runtime)["second_opinions"] == 0


def test_a_third_look_is_closed_when_the_two_agree_after_all_and_opens_when_they_no_longer_do(
    runtime: Runtime,
) -> None:
    message = answered_by_two(runtime)
    say(runtime, message, SECOND, LATE, "bob", at=7)
    assert state(runtime, message, ADJUDICATION) == "skipped"
    say(runtime, message, "required", INVOICE, "ann", at=8)
    assert state(runtime, message, ADJUDICATION) == "open"


def test_a_withdrawn_second_opinion_is_asked_again_and_leaves_nothing_to_decide(
    runtime: Runtime,
) -> None:
    message = answered_by_two(runtime)
    take_back(runtime, message, SECOND, "bob")
    assert state(runtime, message, SECOND) == "open"
    assert state(runtime, message, ADJUDICATION) == "skipped"
    assert driver(runtime, message) == LATE.primary


def test_a_withdrawn_first_answer_leaves_the_second_to_route_nothing(runtime: Runtime) -> None:
    message = answered_by_two(runtime)
    take_back(runtime, message, "required", "ann")
    assert driver(runtime, message) is None
    assert trained_on(runtime) == []


def test_labels_that_come_along_get_no_second_opinion(runtime: Runtime) -> None:
    with runtime.writing() as session:
        message = RawMessage(text="een vraag", external_id="m", label=LATE)
        receive(session, runtime, [message], now=NOW)
        id_ = session.scalars(select(DrawRow.message_id)).one()
        answer = Answer(
            message_id=id_,
            label=LATE,
            person="import",
            door="import",
            door_ref="m",
            answered_at=NOW,
            chosen="import",
            came_with_message=True,
        )
        record(session, runtime, [answer], now=NOW)
    assert rows(runtime, LabelRow)[0].counts
    assert rows(runtime, ReviewRow) == []


def test_pairs_of_opinions_leave_the_third_look_out(runtime: Runtime) -> None:
    message = answered_by_two(runtime)
    say(runtime, message, ADJUDICATION, REFUND, "cas", at=9)
    with runtime.reading() as session:
        assert second_opinions(session) == [(LATE.primary, REFUND.primary, 1.0)]


def test_pairs_of_opinions_weigh_by_the_chance_that_a_second_was_asked_for(
    runtime: Runtime,
) -> None:
    rare, usual = send(runtime, 2)
    for message, label in ((rare, LATE), (usual, REFUND)):
        say(runtime, message, "required", LATE, "ann")
        say(runtime, message, SECOND, label, "bob", at=5)
    with runtime.writing() as session:
        session.get_one(DrawRow, rare).second_opinion = 0.25
    with runtime.reading() as session:
        weights = {(first, second): weight for first, second, weight in second_opinions(session)}
    late, refund = LATE.primary, REFUND.primary
    assert weights == {(late, late): pytest.approx(1.6), (late, refund): pytest.approx(0.4)}


def test_without_the_setting_nobody_is_asked_twice(settings: Settings) -> None:
    runtime = open_runtime(settings.model_copy(update={"second_opinion_share": 0.0}))
    (message,) = send(runtime)
    say(runtime, message, "required", LATE, "ann")
    assert asked(runtime, message, SECOND) is None
    assert rows(runtime, DrawRow)[0].second_opinion is None
    assert sums(runtime)["unconfirmed"] == 0
    runtime.close()


def test_what_brings_people_back_to_an_older_answer_draws_nothing(settings: Settings) -> None:
    before = open_runtime(settings.model_copy(update={"second_opinion_share": 0.0}))
    (message,) = send(before)
    say(before, message, "required", LATE, "ann")
    before.close()
    runtime = open_runtime(settings)
    answer = Answer(
        message_id=message,
        label=REFUND,
        person="bob",
        door="api",
        door_ref="correction",
        answered_at=NOW + timedelta(days=1),
    )
    with runtime.writing() as session:
        record(session, runtime, [answer], now=NOW + timedelta(days=1))
    assert asked(runtime, message, SECOND) is None
    assert rows(runtime, DrawRow)[0].second_opinion is None
    runtime.close()


def test_the_draw_is_a_keyed_hash_with_a_chance_that_is_written_down(settings: Settings) -> None:
    runtime = open_runtime(settings.model_copy(update={"second_opinion_share": 0.3}))
    messages = send(runtime, 40)
    for message in messages:
        say(runtime, message, "required", LATE, "ann")
    chances = {row.message_id: row.second_opinion for row in rows(runtime, DrawRow)}
    assert all(0.3 / 4 <= chance <= 1 for chance in chances.values())
    drawn = {row.message_id for row in rows(runtime, ReviewRow, ReviewRow.purpose == SECOND)}
    expected = {
        message
        for number, message in enumerate(messages)
        if second_opinion(f"m{number}", chances[message], key=runtime.secret)
    }
    assert drawn == expected
    assert 0 < len(drawn) < 40
    runtime.close()


def sums(runtime: Runtime) -> Any:
    """The terms of the week, summed over the whole: scalars and columns by name."""
    with runtime.writing() as session:
        refresh(session, runtime)
        columns = Columns.of(taxonomy_in_use(session, runtime))
        terms = load_terms(session, columns, [WEEK])[WEEK, ""]
    return terms.to_mapping() | {"index": {leaf: n for n, leaf in enumerate(columns.all)}}


def test_terms_weigh_what_was_settled_by_the_share_that_answered_and_was_decided(
    runtime: Runtime,
) -> None:
    messages = send(runtime, 10)
    for message in messages:
        say(runtime, message, "required", LATE, "ann")
    for message in messages[:8]:  # 8 of 10 answered, 4 of these differ, 3 of those are decided
        label = REFUND if message in messages[:4] else LATE
        say(runtime, message, SECOND, label, "bob", at=5)
    for message in messages[:3]:
        say(runtime, message, ADJUDICATION, REFUND, "cas", at=9)
    found = sums(runtime)
    assert (found["second_opinions"], found["differing"]) == (7, 3)
    moved = found["second_correction"]
    late, refund = found["index"][LATE.primary], found["index"][REFUND.primary]
    assert moved[refund] == pytest.approx(3 / (0.8 * 0.75))
    assert moved[late] == pytest.approx(-3 / (0.8 * 0.75))
    assert np.count_nonzero(moved[: found["leaves"]]) == 2


def test_few_of_the_second_opinions_asked_for_say_nothing_yet(runtime: Runtime) -> None:
    messages = send(runtime, 4)
    for message in messages:
        say(runtime, message, "required", LATE, "ann")
    say(runtime, messages[0], SECOND, LATE, "bob", at=5)
    assert sums(runtime)["second_opinions"] == 0
    say(runtime, messages[1], SECOND, LATE, "bob", at=5)
    assert sums(runtime)["second_opinions"] == 2


def test_while_nothing_that_differs_is_decided_answers_are_believed(runtime: Runtime) -> None:
    answered_by_two(runtime)
    found = sums(runtime)
    assert (found["second_opinions"], found["unconfirmed"]) == (0, 0)
    assert not found["second_modeled"].any()


def test_a_decision_that_comes_late_changes_the_terms_of_its_week(runtime: Runtime) -> None:
    message = answered_by_two(runtime)
    assert not sums(runtime)["second_correction"].any()
    say(runtime, message, ADJUDICATION, REFUND, "cas", at=60 * 24 * 9)
    assert sums(runtime)["second_correction"].any()
    assert {row.week for row in rows(runtime, TermRow)} == {WEEK}
