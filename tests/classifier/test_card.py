"""The card: where figures come from, what a model is bad at, never what was written."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from classifier.card import Making, TrainingData, training_data, write_card
from classifier.evaluation import Evaluation, evaluate
from classifier.messages import Label, LabeledMessage, RedactedText

DRIVERS = ("delivery.late", "delivery.lost", "payment")
MAKING = Making(version="2026-11-21.1", taxonomy="abc123", threshold_messages=310)


def judged(threshold: float = 0.6, *, unknown: bool = True) -> Evaluation:
    """200 messages: every tenth about a late delivery is taken for a lost one."""
    labels: list[Label | None] = [Label(DRIVERS[row % 3]) for row in range(200)]
    probabilities = np.full((200, 3), 0.1)
    for row in range(200):
        probabilities[row, 1 if row % 30 == 0 else row % 3] = 0.8
    if unknown:
        labels[-5:] = [None] * 5
    return evaluate(
        probabilities,
        np.full(200, 0.05),
        labels,
        DRIVERS,
        threshold=threshold,
        target=0.95,
        message_ids=[f"m-{row}" for row in range(200)],
        languages=["nl", "en"] * 100,
    )


def section(card: str, name: str) -> str:
    return card.split(f"\n## {name}\n")[1].split("\n## ")[0]


def test_the_card_names_the_data_it_was_made_from() -> None:
    def message(day: int, language: str, driver: str | None) -> LabeledMessage:
        at = datetime(2026, 11, day, 23, 30, tzinfo=UTC)
        return LabeledMessage(
            text=RedactedText("secret words"),
            label=Label(driver),
            channel="email",
            language=language,
            received_at=at,
        )

    data = training_data([message(1, "nl", "payment"), message(15, "nl", None)])
    assert (data.messages, data.unknown) == (2, 1)
    # 23:30 UTC on a Sunday is already Monday in Amsterdam: the next ISO week.
    assert (data.first_week, data.last_week) == ("2026-W45", "2026-W47")
    card = write_card(MAKING, data, judged())
    assert "2026-W45 to 2026-W47" in section(card, "Data")
    assert "`nl` 2" in section(card, "Data")
    assert "secret" not in card


def test_undated_messages_have_no_weeks() -> None:
    data = training_data([LabeledMessage(text=RedactedText("x"), label=Label("payment"))])
    assert data.first_week is None
    assert "not dated" in write_card(MAKING, data, judged())
    assert training_data([]) == TrainingData(messages=0)


def test_every_figure_stands_with_its_interval_and_count() -> None:
    found = judged()
    worth = section(write_card(MAKING, TrainingData(messages=900), found), "Worth")
    accuracy = found.accuracy
    assert accuracy.value is not None
    assert (
        f"| accuracy | {accuracy.value:.1%} "
        f"({100 * accuracy.low:.1f}–{100 * accuracy.high:.1f}) | 195 |" in worth
    )
    for line in worth.splitlines()[3:10]:
        assert re.search(r"\d\.\d% \(\d+\.\d–\d+\.\d\) \| \d+ \|$", line), line


def test_the_confused_pair_is_named_with_message_ids() -> None:
    bad = section(write_card(MAKING, TrainingData(messages=900), judged()), "What it is bad at")
    assert "| `delivery.late` | `delivery.lost` | 7 | `m-0`, `m-30`, `m-60`" in bad
    assert "100.0% of 5 look like" in bad


def test_what_was_not_measured_says_so() -> None:
    card = write_card(MAKING, TrainingData(messages=900), judged(unknown=False))
    assert "not measured" in section(card, "What it is bad at")
    empty = evaluate(np.zeros((0, 3)), np.zeros(0), [], DRIVERS, threshold=0.5, target=0.95)
    card = write_card(MAKING, TrainingData(messages=900), empty)
    assert "Not measured" in section(card, "Reliability")
    assert "3 drivers have fewer than 10" in section(card, "What it is bad at")


@pytest.mark.parametrize(
    ("threshold", "words"),
    [(0.6, "It is 0.6000"), (float("inf"), "every message goes to a person")],
)
def test_the_threshold_and_how_it_was_set(threshold: float, words: str) -> None:
    card = write_card(MAKING, TrainingData(messages=900), judged(threshold))
    said = section(card, "Coverage and precision")
    assert words in said
    assert "310 messages" in said
    assert "90% assurance" in said
    assert "(coverage.svg)" in said


def test_a_threshold_from_training_messages_says_so() -> None:
    making = replace(MAKING, out_of_fold=True)
    said = section(
        write_card(making, TrainingData(messages=900), judged()), "Coverage and precision"
    )
    assert "310 training messages, each predicted by a model that had not seen it" in said
    assert "neither trained" not in said


def test_languages_have_their_own_row() -> None:
    said = section(
        write_card(MAKING, TrainingData(messages=900), judged()), "Languages and channels"
    )
    assert "| language | `nl` | 100 |" in said


def test_names_from_a_file_cannot_break_the_table() -> None:
    making = Making(
        version="1", taxonomy="a|b\n# c`", threshold_messages=1, settings={"x|y": "`\n|"}
    )
    card = write_card(making, TrainingData(messages=1, languages={"n|l\n": 1}), judged())
    assert "taxonomy `a/b # c'`" in card
    rows = [line for line in card.splitlines() if line.startswith("| `x/y`")]
    assert rows == ["| `x/y` | `' /` |"]
