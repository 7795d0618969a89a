"""What people say is stored once, in every version; only answers to drawn questions count."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from classifier.messages import Label, RawMessage, RedactedText
from service.errors import NotFound, UnknownDriver
from service.intake import receive
from service.labels import Answer, record, withdraw
from service.runtime import Runtime
from service.tables import DecisionRow, DrawRow, LabelRow, MessageRow, ReviewRow, StaleWeekRow
from service.training_rows import training_set

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"
LATE, REFUND, INVOICE = (
    Label("delivery.late"),
    Label("payment.refund"),
    Label("payment.invoice"),
)


def send(runtime: Runtime, text: str = DOUBTFUL, name: str = "a", **fields: Any) -> int:
    with runtime.writing() as session:
        message = RawMessage(text=text, external_id=name, **fields)
        (receipt,) = receive(session, runtime, [message], now=NOW)
        return receipt.message_id


def say(
    runtime: Runtime, message: int, label: Label, *, review: bool = True, **fields: Any
) -> list[LabelRow]:
    """An answer to the question about a message, or (`review=False`) a correction."""
    asked = question_of(runtime, message) if review else None
    given: dict[str, Any] = {
        "message_id": message,
        "label": label,
        "person": "anna",
        "door": "review" if review else "correction",
        "door_ref": f"{message}",
        "answered_at": NOW,
        "review_id": asked,
        **fields,
    }
    with runtime.writing() as session:
        return record(session, runtime, [Answer(**given)], now=NOW)


def question_of(runtime: Runtime, message: int) -> int:
    with runtime.reading() as session:
        return session.scalars(select(ReviewRow.id).where(ReviewRow.message_id == message)).one()


def rows(runtime: Runtime, table: type[Any], *conditions: Any) -> Sequence[Any]:
    with runtime.reading() as session:
        return session.scalars(select(table).where(*conditions)).all()


def route_of(runtime: Runtime, message: int) -> tuple[str, str | None, str]:
    (row,) = rows(runtime, DecisionRow, DecisionRow.current, DecisionRow.message_id == message)
    return row.status, row.driver, row.queue


def counting(runtime: Runtime) -> list[tuple[str, str | None]]:
    found = rows(runtime, LabelRow, LabelRow.counts, LabelRow.current)
    return [(row.door, row.driver) for row in found]


def test_an_answer_seen_twice_is_one_label(runtime: Runtime) -> None:
    message = send(runtime)
    assert len(say(runtime, message, LATE)) == 1
    assert say(runtime, message, LATE) == []
    assert say(runtime, message, LATE, version="2") == [], "another version that says the same"
    assert len(rows(runtime, LabelRow)) == 1
    assert len(rows(runtime, DecisionRow)) == 2, "the model's, and the person's once"


def test_the_same_answer_twice_in_one_call_is_one_label(runtime: Runtime) -> None:
    message = send(runtime)
    answer = Answer(
        message_id=message, label=LATE, person="a", door="d", door_ref="1", answered_at=NOW
    )
    with runtime.writing() as session:
        assert len(record(session, runtime, [answer, answer], now=NOW)) == 1


def test_a_changed_answer_is_a_new_version_that_counts_as_the_old_did(runtime: Runtime) -> None:
    message = send(runtime)
    say(runtime, message, LATE)
    say(runtime, message, REFUND, version="2", answered_at=NOW + timedelta(hours=1))
    old, new = sorted(rows(runtime, LabelRow), key=lambda row: row.id)
    assert (old.driver, old.current) == ("delivery.late", False)
    assert (new.driver, new.current, new.counts) == ("payment.refund", True, True)
    assert counting(runtime) == [("review", "payment.refund")]
    assert route_of(runtime, message) == ("person", "payment.refund", "finance")


def test_an_answer_changed_back_holds_again(runtime: Runtime) -> None:
    message = send(runtime)
    for version, label in enumerate((LATE, REFUND, LATE)):
        say(runtime, message, label, version=str(version))
    assert counting(runtime) == [("review", "delivery.late")]
    assert len(rows(runtime, LabelRow)) == 3


def test_whatever_else_is_said_anew_is_a_new_version(runtime: Runtime) -> None:
    message = send(runtime)
    say(runtime, message, LATE)
    said: dict[str, Any] = {}
    news = {"note": RedactedText("toch"), "suggestion": RedactedText("x"), "personal_data": True}
    for version, (name, value) in enumerate(news.items(), start=2):
        said[name] = value
        assert say(runtime, message, LATE, version=str(version), **said)
    assert not say(runtime, message, LATE, version="again", **said)
    assert [row.personal_data for row in rows(runtime, LabelRow)] == [False, False, False, True]


def test_a_correction_does_not_count_and_the_later_answer_to_the_question_does(
    runtime: Runtime,
) -> None:
    message = send(runtime)
    say(runtime, message, REFUND, review=False)
    assert counting(runtime) == []
    assert route_of(runtime, message) == ("person", "payment.refund", "finance")
    (review,) = rows(runtime, ReviewRow)
    assert review.state == "open", "a correction answers no question"
    say(runtime, message, LATE)
    assert counting(runtime) == [("review", "delivery.late")]


def test_an_answer_about_a_message_that_was_not_drawn_does_not_count(
    trained_runtime: Runtime,
) -> None:
    send(trained_runtime, SURE, "first", conversation_id="c")
    follow_up = send(trained_runtime, DOUBTFUL, "second", conversation_id="c")
    say(trained_runtime, follow_up, REFUND)
    assert counting(trained_runtime) == []
    assert route_of(trained_runtime, follow_up)[1] == "payment.refund"


def test_only_one_label_of_a_message_counts(runtime: Runtime) -> None:
    message = send(runtime)
    say(runtime, message, LATE)
    say(runtime, message, REFUND, door="label_studio", answered_at=NOW + timedelta(hours=1))
    assert counting(runtime) == [("review", "delivery.late")]
    assert len(rows(runtime, LabelRow, LabelRow.current)) == 2


def test_answers_through_two_doors_at_once_count_once(runtime: Runtime) -> None:
    message = send(runtime)

    def answer(number: int) -> None:
        say(runtime, message, LATE, door=f"door {number % 4}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(answer, range(12)))
    assert len(counting(runtime)) == 1
    assert len(rows(runtime, LabelRow)) == 4
    assert len(rows(runtime, DecisionRow, DecisionRow.current)) == 1


@pytest.mark.parametrize(
    "label",
    [
        Label("delivery"),
        Label("delivery.lost"),
        Label("delivery.late", ("payment",)),
        Label(None, ("delivery.lost",)),
    ],
)
def test_a_label_names_leaves_of_the_taxonomy(runtime: Runtime, label: Label) -> None:
    message = send(runtime)
    with pytest.raises(UnknownDriver):
        say(runtime, message, label)
    assert rows(runtime, LabelRow) == []


def test_a_parents_other_and_no_driver_at_all_can_be_said(runtime: Runtime) -> None:
    first, second = send(runtime, name="a"), send(runtime, name="b")
    say(runtime, first, Label("delivery.other"))
    say(runtime, second, Label(None))
    assert route_of(runtime, first) == ("person", "delivery.other", "logistics")
    assert route_of(runtime, second) == ("person", None, "triage")


def test_one_bad_answer_stores_none_of_them(runtime: Runtime) -> None:
    message = send(runtime)
    good = Answer(
        message_id=message, label=LATE, person="a", door="d", door_ref="1", answered_at=NOW
    )
    bad = Answer(message_id=99, label=LATE, person="a", door="d", door_ref="2", answered_at=NOW)
    with runtime.writing() as session, pytest.raises(NotFound):
        record(session, runtime, [good, bad], now=NOW)
    assert rows(runtime, LabelRow) == []


def test_an_older_answer_that_comes_in_late_does_not_take_the_route_back(
    runtime: Runtime,
) -> None:
    message = send(runtime)
    say(runtime, message, REFUND, review=False, answered_at=NOW)
    say(runtime, message, LATE, answered_at=NOW - timedelta(hours=3))
    assert route_of(runtime, message)[1] == "payment.refund"
    assert counting(runtime) == [("review", "delivery.late")]


def test_an_answer_closes_its_question_and_marks_its_week(runtime: Runtime) -> None:
    message = send(runtime)
    with runtime.writing() as session:
        session.execute(delete(StaleWeekRow))
    say(runtime, message, LATE)
    (review,) = rows(runtime, ReviewRow)
    assert (review.state, review.closed_at) == ("answered", NOW)
    assert [row.week for row in rows(runtime, StaleWeekRow)] == ["2026-W47"]


def take_back(runtime: Runtime, door: str, message: int) -> int:
    with runtime.writing() as session:
        return withdraw(session, runtime, door, [f"{message}"], now=NOW + timedelta(days=1))


def test_a_withdrawn_answer_opens_its_question_and_gives_the_route_back(runtime: Runtime) -> None:
    message = send(runtime)
    routed = route_of(runtime, message)
    say(runtime, message, LATE)
    with runtime.writing() as session:
        session.execute(delete(StaleWeekRow))
    assert take_back(runtime, "review", message) == 1
    assert take_back(runtime, "review", message) == 0
    (review,) = rows(runtime, ReviewRow)
    assert (review.state, review.claimed_by, review.closed_at) == ("open", None, None)
    assert counting(runtime) == []
    assert route_of(runtime, message) == routed
    assert [row.week for row in rows(runtime, StaleWeekRow)] == ["2026-W47"]
    say(runtime, message, REFUND, version="2")
    assert counting(runtime) == [("review", "payment.refund")]


def test_when_one_of_two_answers_is_withdrawn_the_other_counts(runtime: Runtime) -> None:
    message = send(runtime)
    say(runtime, message, LATE)
    say(runtime, message, REFUND, door="label_studio", answered_at=NOW - timedelta(hours=1))
    assert take_back(runtime, "review", message) == 1
    assert counting(runtime) == [("label_studio", "payment.refund")]
    (review,) = rows(runtime, ReviewRow)
    assert review.state == "answered", "it still has an answer"


def test_a_correction_that_is_left_routes_but_does_not_count(runtime: Runtime) -> None:
    message = send(runtime)
    say(runtime, message, INVOICE, review=False)
    say(runtime, message, LATE, answered_at=NOW + timedelta(hours=1))
    take_back(runtime, "review", message)
    assert counting(runtime) == []
    assert route_of(runtime, message) == ("person", "payment.invoice", "finance")


def test_labels_of_an_import_count_only_when_they_came_with_the_message(
    runtime: Runtime,
) -> None:
    together = send(runtime, name="together", label=LATE)
    before = send(runtime, name="before")
    imported = {"review": False, "door": "import", "chosen": "import"}
    say(runtime, together, LATE, came_with_message=True, **imported)
    say(runtime, before, LATE, came_with_message=False, **imported)
    assert [row.message_id for row in rows(runtime, LabelRow, LabelRow.counts)] == [together]


def test_training_takes_the_newest_label_and_says_what_is_held_out(
    trained_runtime: Runtime,
) -> None:
    names = [f"m{number}" for number in range(40)]
    ids = [send(trained_runtime, f"{DOUBTFUL} {name}", name, subject="Vraag") for name in names]
    for message in ids:
        say(trained_runtime, message, LATE, answered_at=NOW)
    say(trained_runtime, ids[0], REFUND, review=False, answered_at=NOW + timedelta(days=1))
    say(trained_runtime, ids[1], REFUND, review=False, answered_at=NOW - timedelta(days=1))
    with trained_runtime.reading() as session:
        found = {row.message.message_id: row for row in training_set(session)}
    assert len(found) == 40
    assert found["m0"].message.label == REFUND
    assert found["m1"].message.label == LATE
    assert found["m1"].message.text == f"Vraag\n{DOUBTFUL} m1"
    assert (found["m0"].message.inclusion, found["m1"].message.inclusion) == (None, 1.0)
    held_out = {row.external_id for row in rows(trained_runtime, MessageRow) if row.holdout}
    assert {name for name, row in found.items() if row.holdout} == held_out
    assert 0 < len(held_out) < 40


def test_withdrawn_labels_do_not_train(runtime: Runtime) -> None:
    message = send(runtime)
    say(runtime, message, LATE)
    take_back(runtime, "review", message)
    with runtime.reading() as session:
        assert training_set(session) == []


def test_the_draw_is_what_it_was_after_every_answer(runtime: Runtime) -> None:
    message = send(runtime)
    (before,) = rows(runtime, DrawRow)
    say(runtime, message, LATE)
    take_back(runtime, "review", message)
    (after,) = rows(runtime, DrawRow)
    kept = ("inclusion", "drawn", "required", "stratum", "uncertainty", "made_at")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
