"""Messages arrive once, whole, redacted; what is known already is recognized."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from classifier.messages import Direction, Label, RawMessage
from service.intake import Outcome, Receipt, receive, safe_external_id
from service.labels import Answer, record
from service.runtime import Runtime
from service.tables import (
    DecisionRow,
    DrawRow,
    MessageRow,
    OutboxRow,
    PredictionRow,
    ReviewRow,
    StaleWeekRow,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
OTHER_SURE = "mijn factuur klopt niet, de btw op de rekening en de bon"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"


def send(
    runtime: Runtime, *messages: RawMessage, now: datetime = NOW, **options: Any
) -> list[Receipt]:
    with runtime.writing() as session:
        return receive(session, runtime, messages, now=now, **options)


def raw(text: str = SURE, external_id: str | None = "a", **fields: Any) -> RawMessage:
    return RawMessage(text=text, external_id=external_id, **fields)


def stored(runtime: Runtime, table: type[Any], *conditions: Any) -> Sequence[Any]:
    with runtime.reading() as session:
        return session.scalars(select(table).where(*conditions)).all()


def count(runtime: Runtime, table: type[Any]) -> int:
    with runtime.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_same_message_twice_is_one_message(trained_runtime: Runtime) -> None:
    (first,) = send(trained_runtime, raw())
    (again,) = send(trained_runtime, raw(), now=NOW + timedelta(days=3))
    assert first == Receipt(Outcome.STORED, first.message_id, "a", True)
    assert again == Receipt(Outcome.KNOWN, first.message_id, "a", True)
    for table in (MessageRow, PredictionRow, DecisionRow, DrawRow):
        assert count(trained_runtime, table) == 1


def test_other_content_under_a_known_id_is_a_conflict_and_changes_nothing(
    trained_runtime: Runtime,
) -> None:
    send(trained_runtime, raw())
    (refused,) = send(trained_runtime, raw(OTHER_SURE))
    assert refused.outcome is Outcome.CONFLICT
    (row,) = stored(trained_runtime, MessageRow)
    assert row.text == SURE
    assert count(trained_runtime, PredictionRow) == count(trained_runtime, DecisionRow) == 1


def test_another_channel_or_subject_is_other_content(trained_runtime: Runtime) -> None:
    send(trained_runtime, raw())
    receipts = send(trained_runtime, raw(channel="email"), raw(subject="Bestelling"), raw())
    assert [receipt.outcome for receipt in receipts] == ["conflict", "conflict", "known"]


def test_a_revision_is_judged_anew_but_its_draw_and_first_prediction_stand(
    trained_runtime: Runtime,
) -> None:
    (first,) = send(trained_runtime, raw(attributes={"product": "lamp"}))
    (draw,) = stored(trained_runtime, DrawRow)
    (prediction,) = stored(trained_runtime, PredictionRow)
    later = NOW + timedelta(days=9)
    (revised,) = send(
        trained_runtime,
        raw(OTHER_SURE, attributes={"product": "stoel"}, received_at=later),
        now=later,
        revise=True,
    )
    assert revised == Receipt(Outcome.REVISED, first.message_id, "a", True)
    (row,) = stored(trained_runtime, MessageRow)
    assert (row.text, row.attributes) == (OTHER_SURE, {"product": "stoel"})
    assert row.received_at == NOW, "when it counted does not change"
    (draw_now,) = stored(trained_runtime, DrawRow)
    assert _values(draw_now) == _values(draw)
    kept, newer = stored(trained_runtime, PredictionRow)
    assert _values(kept) == _values(prediction)
    assert (newer.first, newer.top[0][0]) == (False, "payment.invoice")
    old, new = sorted(stored(trained_runtime, DecisionRow), key=lambda each: each.position)
    assert (old.current, old.driver) == (False, "delivery.late")
    assert (new.current, new.driver, new.queue) == (True, "payment.invoice", "finance")


def _values(row: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}


def test_a_revision_makes_its_week_be_summed_anew(trained_runtime: Runtime) -> None:
    send(trained_runtime, raw(attributes={"product": "lamp"}))
    with trained_runtime.writing() as session:
        session.delete(session.scalars(select(StaleWeekRow)).one())
    send(trained_runtime, raw(OTHER_SURE, attributes={"product": "stoel"}), revise=True)
    (week,) = stored(trained_runtime, StaleWeekRow)
    assert week.week == "2026-W47"


def test_a_revision_leaves_what_a_person_decided(trained_runtime: Runtime) -> None:
    (receipt,) = send(trained_runtime, raw(SURE))
    with trained_runtime.writing() as session:
        answer = Answer(
            message_id=receipt.message_id,
            label=Label("payment.refund"),
            person="p",
            door="correction",
            door_ref="1",
            answered_at=NOW,
        )
        record(session, trained_runtime, [answer], now=NOW)
    send(trained_runtime, raw(OTHER_SURE), revise=True)
    (decision,) = stored(trained_runtime, DecisionRow, DecisionRow.current)
    assert (decision.status, decision.driver) == ("person", "payment.refund")


def test_a_routed_message_that_becomes_doubtful_is_asked_about(trained_runtime: Runtime) -> None:
    unasked = next(
        name for name in map(str, range(50)) if not _asked(trained_runtime, raw(SURE, name))
    )
    send(trained_runtime, raw(DOUBTFUL, unasked), revise=True)
    send(trained_runtime, raw(DOUBTFUL + " hoor", unasked), revise=True)
    (decision,) = stored(
        trained_runtime, DecisionRow, DecisionRow.current, DecisionRow.message_id == _last(unasked)
    )
    assert decision.status == "review"
    (review,) = stored(trained_runtime, ReviewRow, ReviewRow.message_id == _last(unasked))
    assert (review.purpose, review.state) == ("routing", "open")


def _asked(runtime: Runtime, message: RawMessage) -> bool:
    (receipt,) = send(runtime, message)
    return bool(stored(runtime, ReviewRow, ReviewRow.message_id == receipt.message_id))


def _last(external_id: str) -> Any:
    found = select(MessageRow.id).where(MessageRow.external_id == external_id)
    return found.scalar_subquery()


def test_duplicates_inside_one_batch_are_one_message(trained_runtime: Runtime) -> None:
    receipts = send(trained_runtime, raw(), raw(), raw(OTHER_SURE), raw(external_id="b"))
    outcomes = ["stored", "known", "conflict", "stored"]
    assert [receipt.outcome for receipt in receipts] == outcomes
    assert len({receipt.message_id for receipt in receipts}) == 2
    assert count(trained_runtime, DecisionRow) == 2


@pytest.mark.parametrize("known", [True, False])
def test_revisions_of_one_message_in_one_batch_leave_one_current_decision(
    trained_runtime: Runtime, known: bool
) -> None:
    if known:
        send(trained_runtime, raw())
    send(trained_runtime, raw(), raw(OTHER_SURE), raw(DOUBTFUL), revise=True)
    (row,) = stored(trained_runtime, MessageRow)
    (decision,) = stored(trained_runtime, DecisionRow, DecisionRow.current)
    assert (row.text, decision.status) == (DOUBTFUL, "review")
    assert len(stored(trained_runtime, PredictionRow, PredictionRow.first)) == 1


def test_messages_without_an_id_are_each_their_own(trained_runtime: Runtime) -> None:
    receipts = send(trained_runtime, raw(external_id=None), raw(external_id=None))
    assert len({receipt.external_id for receipt in receipts}) == 2


@pytest.mark.parametrize("direction", [Direction.OUTBOUND, Direction.AUTO_REPLY, Direction.BOUNCE])
def test_what_no_customer_wrote_is_stored_apart(
    trained_runtime: Runtime, direction: Direction
) -> None:
    (receipt,) = send(trained_runtime, raw(direction=direction))
    assert not receipt.inbound
    (row,) = stored(trained_runtime, MessageRow)
    assert (row.direction, row.counted) == (direction.value, False)
    for table in (PredictionRow, DecisionRow, DrawRow, ReviewRow):
        assert count(trained_runtime, table) == 0


def test_an_id_with_personal_data_becomes_a_pseudonym_and_is_still_recognized(
    trained_runtime: Runtime,
) -> None:
    name = "survey wil.vandersteen@example.nl"
    (first,) = send(trained_runtime, raw(external_id=name))
    (again,) = send(trained_runtime, raw(external_id=name))
    (other,) = send(trained_runtime, raw(external_id=f"second {name}"))
    assert first.external_id.startswith("p-")
    assert (again.outcome, again.message_id) == (Outcome.KNOWN, first.message_id)
    assert other.outcome is Outcome.STORED


@pytest.mark.parametrize(
    "name", ["x" * 191, "x" * 5000, "nul\0byte", "half\ud83d", " spaces ", "tab\there", "e\u0301"]
)
def test_an_id_that_cannot_be_stored_as_it_is_still_names_one_message(
    trained_runtime: Runtime, name: str
) -> None:
    (first,) = send(trained_runtime, raw(external_id=name))
    (again,) = send(trained_runtime, raw(external_id=name))
    assert (again.outcome, again.message_id) == (Outcome.KNOWN, first.message_id)
    assert len(first.external_id) <= 200


def test_an_ordinary_id_is_kept_as_it_is() -> None:
    for name in ("zd-10421", "x" * 190, "<CAF8@mail>", "ünïcode/7", "2026-11-20 12:00"):
        assert safe_external_id(name, b"key") == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\0",
        "\ud83d",
        "🧡" * 300,
        "\u202eevil\u202c",
        "e\u0301e\u0301",
        "ﷺ" * 50,
        "\x85\x1c",
    ],
)
def test_odd_text_is_stored_and_judged(trained_runtime: Runtime, text: str) -> None:
    (receipt,) = send(trained_runtime, raw(text, subject=text))
    assert receipt.outcome is Outcome.STORED
    (row,) = stored(trained_runtime, MessageRow)
    assert "\0" not in row.text
    assert count(trained_runtime, DecisionRow) == 1


def test_long_and_odd_values_fit_their_columns(trained_runtime: Runtime) -> None:
    (receipt,) = send(
        trained_runtime,
        raw(
            channel="c" * 300,
            language="l" * 300,
            conversation_id="d" * 3000,
            customer="e\0" * 3000,
            attributes={"product": "p" * 50_000, "partner": "nul\0 half\ud83d"},
            scores={"nps": 9.0, "csat": float("nan")},
        ),
    )
    assert receipt.outcome is Outcome.STORED
    (row,) = stored(trained_runtime, MessageRow)
    assert row.attributes == {"product": "p" * 200, "partner": "nul half\ufffd"}
    assert row.scores == {"nps": 9.0}
    assert row.language == "nl"


def test_a_crash_inside_the_transaction_leaves_nothing(trained_runtime: Runtime) -> None:
    trained_runtime.settings.label_studio_url = "http://127.0.0.1:1"
    messages = [raw(DOUBTFUL, str(number)) for number in range(3)]
    with pytest.raises(RuntimeError), trained_runtime.writing() as session:  # noqa: PT012
        receive(session, trained_runtime, messages, now=NOW)
        raise RuntimeError
    for table in (MessageRow, PredictionRow, DecisionRow, DrawRow, ReviewRow, OutboxRow):
        assert count(trained_runtime, table) == 0
    assert all(r.outcome is Outcome.STORED for r in send(trained_runtime, *messages))
    positions = sorted(row.position for row in stored(trained_runtime, DecisionRow))
    assert positions == [1, 2, 3]


def test_a_revised_message_that_was_held_out_stays_held_out(trained_runtime: Runtime) -> None:
    names = [str(number) for number in range(40)]
    send(trained_runtime, *(raw(f"{SURE} {name}", name) for name in names))
    held_out = {row.external_id for row in stored(trained_runtime, MessageRow) if row.holdout}
    assert 0 < len(held_out) < len(names)
    send(trained_runtime, *(raw(f"{OTHER_SURE} {name}", name) for name in names), revise=True)
    still = {row.external_id for row in stored(trained_runtime, MessageRow) if row.holdout}
    assert still >= held_out
