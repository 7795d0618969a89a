"""A conversation counts once, until it has been silent for the reopening window."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from classifier.messages import Direction, RawMessage
from service.conversations import place
from service.intake import receive
from service.runtime import Runtime
from service.tables import MessageRow

START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


def arrive(runtime: Runtime, *days: float, conversation: str | None = "c", **fields: Any) -> None:
    """One batch with a message on each of these days after the start, named after the day."""
    messages = [
        RawMessage(
            text=f"bericht {day}",
            external_id=f"{conversation} {day}",
            conversation_id=conversation,
            received_at=START + timedelta(days=day),
            **fields,
        )
        for day in days
    ]
    with runtime.writing() as session:
        receive(session, runtime, messages, now=START + timedelta(days=60))


def counted(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        query = select(MessageRow.external_id).where(MessageRow.counted)
        return sorted(session.scalars(query))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((0, 1, 13.9), ["c 0"]),
        ((0, 14), ["c 0"]),
        ((0, 14.01), ["c 0", "c 14.01"]),
        ((0, 10, 20), ["c 0"]),
        ((0, 10, 25), ["c 0", "c 25"]),
        ((20, 3, 0), ["c 0", "c 20"]),
        ((5, 5), ["c 5"]),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])
def test_the_first_message_counts_and_later_ones_after_two_silent_weeks(
    runtime: Runtime, days: tuple[float, ...], expected: list[str], together: bool
) -> None:
    for batch in [days] if together else [(day,) for day in sorted(days)]:
        arrive(runtime, *batch)
    assert counted(runtime) == expected


def test_an_earlier_message_that_comes_in_late_does_not_count_a_second_time(
    runtime: Runtime,
) -> None:
    arrive(runtime, 10)
    arrive(runtime, 0)
    assert counted(runtime) == ["c 10"]
    arrive(runtime, -20)
    assert counted(runtime) == ["c -20", "c 10"]


def test_conversations_and_messages_without_one_do_not_mix(runtime: Runtime) -> None:
    arrive(runtime, 0, conversation="c")
    arrive(runtime, 1, conversation="d")
    arrive(runtime, 2, 3, conversation=None)
    assert counted(runtime) == ["None 2", "None 3", "c 0", "d 1"]


def test_every_message_counts_where_messages_are_counted(runtime: Runtime) -> None:
    runtime.settings.count = "message"
    arrive(runtime, 0, 1)
    arrive(runtime, 2)
    assert counted(runtime) == ["c 0", "c 1", "c 2"]


def test_an_auto_reply_neither_counts_nor_opens_a_conversation(runtime: Runtime) -> None:
    runtime.settings.count = "message"
    arrive(runtime, 0, direction=Direction.AUTO_REPLY)
    runtime.settings.count = "conversation"
    arrive(runtime, 1)
    assert counted(runtime) == ["c 1"]


def test_the_window_is_a_setting(runtime: Runtime) -> None:
    runtime.settings.reopening_days = 2
    arrive(runtime, 0, 1.9, 4)
    assert counted(runtime) == ["c 0", "c 4"]


def test_a_message_knows_its_place_among_those_of_its_conversation(runtime: Runtime) -> None:
    arrive(runtime, 0, 3)
    arrive(runtime, 5, conversation=None)
    with runtime.reading() as session:
        found = [place(session, row) for row in session.scalars(select(MessageRow))]
    assert [(each.number, each.of) for each in found] == [(1, 2), (2, 2), (1, 1)]
