"""The card: where figures come from, what a model is bad at, never what was written."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from classifier.card import Making, TrainingData, training_data, write_card
from classifier.cascade_curve import Judged, Pace, cascade_curve
from classifier.evaluation import Evaluation, confusable, evaluate, rate
from classifier.evaluation.learning_curve import fitted
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.promise import QueuePromise, promise
from classifier.taxonomy import Driver, Taxonomy

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
    for line in worth.splitlines()[3:9]:
        assert re.search(r"\d\.\d% \(\d+\.\d–\d+\.\d\) \| \d+ \|$", line), line


def test_the_confused_pair_is_named_with_message_ids() -> None:
    bad = section(write_card(MAKING, TrainingData(messages=900), judged()), "What it is bad at")
    assert "| `delivery.late` | `delivery.lost` | 7 | `m-0`, `m-30`, `m-60`" in bad
    assert "100.0% (47.8–100.0) of 5 look like" in bad


def test_what_was_confused_once_is_left_out_where_something_was_twice() -> None:
    found = judged()
    once = replace(found.confusions[0], predicted="payment", count=1)
    for confusions, shown in (((*found.confusions, once), False), ((once,), True)):
        card = write_card(MAKING, TrainingData(messages=900), replace(found, confusions=confusions))
        assert ("| `payment` | 1 |" in section(card, "What it is bad at")) is shown


def test_what_was_not_measured_says_so() -> None:
    card = write_card(MAKING, TrainingData(messages=900), judged(unknown=False))
    assert "not measured" in section(card, "What it is bad at")
    empty = evaluate(np.zeros((0, 3)), np.zeros(0), [], DRIVERS, threshold=0.5, target=0.95)
    card = write_card(MAKING, TrainingData(messages=900), empty)
    assert "Not measured" in section(card, "Reliability")
    assert "Too few messages to say of 3 drivers" in section(card, "What it is bad at")


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (0.6, "neither trained nor judge the model: 0.600."),
        (float("inf"), "every message goes to a person"),
    ],
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


def test_in_short_it_says_what_somebody_wants_to_know_first() -> None:
    hard = np.linspace(0, 1, 400)
    curve = fitted((100, 200, 400), np.stack([hard > 0.4, hard > 0.3, hard > 0.22]))
    found = replace(judged(), learning=curve)
    said = section(write_card(MAKING, TrainingData(messages=900), found), "In short")
    assert "it is right about 96 (93–99)" in said
    assert "of 100 of those, 94 (90–97) are right (the aim is 95)" in said
    assert curve.sentence() in said
    assert "It takes `delivery.late` for `delivery.lost` most: 7 of 65 messages." in said
    assert "Only" not in said


def test_in_short_a_model_that_routes_nothing_is_no_success() -> None:
    nothing = write_card(MAKING, TrainingData(messages=900), judged(float("inf")))
    assert "every message goes to a person" in section(nothing, "In short")
    few = evaluate(np.eye(3), np.zeros(3), list(DRIVERS), DRIVERS, threshold=1.1, target=0.95)
    said = section(write_card(MAKING, TrainingData(messages=9), few), "In short")
    assert "sure enough of none" in said
    assert "Only 3 messages judged it" in said


@pytest.mark.parametrize(
    ("opinions", "words"),
    [
        ((), "ask a second person whether people do, too"),
        ([("late", "lost")] * 30, "People do not tell `late` and `lost` apart: make them one"),
        ([("late", "late")] * 60, "label more of the scarcer one"),
    ],
)
def test_in_short_the_pair_mixed_up_most_has_a_way_out(
    opinions: list[tuple[str, str]], words: str
) -> None:
    labels = ["late"] * 50 + ["lost"] * 50
    pairs = confusable(labels, ["lost"] * 20 + labels[20:], opinions=opinions)
    found = replace(judged(), confusable=pairs)
    said = section(write_card(MAKING, TrainingData(messages=900), found), "In short")
    assert words in said


def test_what_says_nothing_new_is_left_out() -> None:
    found = judged(unknown=False)
    one = [each for each in found.slices if each.name == "nl"]
    card = write_card(MAKING, TrainingData(messages=900), replace(found, slices=tuple(one)))
    assert "## Languages" not in card
    assert "more are" not in section(card, "Worth")
    unseen = replace(
        found,
        drivers=(*found.drivers[:2], replace(found.drivers[2], support=0, precision=rate(0, 0))),
    )
    said = section(write_card(MAKING, TrainingData(messages=900), unseen), "Drivers")
    assert "Not measured, for want of a message: `payment`." in said
    assert "| `payment` |" not in said


def test_customers_with_several_messages_count_once_and_it_says_so() -> None:
    found = replace(judged(), groups=150)
    worth = section(write_card(MAKING, TrainingData(messages=900), found), "Worth")
    assert "count the 200 messages as 150" in worth


def test_languages_have_their_own_row() -> None:
    said = section(
        write_card(MAKING, TrainingData(messages=900), judged()), "Languages, channels and time"
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


def promises() -> dict[str, QueuePromise]:
    """Billing has shown it, returns need more labels, complaints are not right often enough."""
    names = ["billing"] * 300 + ["returns"] * 60 + ["complaints"] * 100
    correct = np.array([True] * 360 + [False] * 30 + [True] * 70)
    return promise(np.full(460, 0.97), correct, names)


def test_the_promise_names_the_queues_it_is_made_for_and_what_the_others_need() -> None:
    made = promises()
    card = write_card(MAKING, TrainingData(messages=900), judged(), promises=made.values())
    said = section(card, "Promise")
    assert "1 of 3 has shown it." in said
    assert "at least 59 labels, all right, for one queue, and 80 for each of 3" in said
    rows = {line.split("|")[1].strip(): line for line in said.splitlines() if "`" in line}
    assert "automate | 0.250 | 300 of 300 | 100.0%" in rows["`billing`"]
    assert rows["`billing`"].endswith("| 0 |")
    assert "select | none" in rows["`returns`"]
    assert rows["`returns`"].endswith(f"| {made['returns'].needed} |")
    assert "no number would do" in rows["`complaints`"]


def test_without_a_promise_or_a_curve_the_card_has_no_such_section() -> None:
    card = write_card(MAKING, TrainingData(messages=900), judged())
    assert "## Promise" not in card
    assert "## More labels" not in card
    assert "## All messages" not in card


def test_what_more_labels_are_worth_is_said_with_its_interval() -> None:
    hard = np.linspace(0, 1, 400)
    curve = fitted((100, 200, 400), np.stack([hard > 0.4, hard > 0.3, hard > 0.22]))
    card = write_card(MAKING, TrainingData(messages=900), replace(judged(), learning=curve))
    said = section(card, "More labels")
    assert curve.sentence() in said
    assert "200 more labels are worth about +" in said
    assert "(learning.svg)" in said
    assert "| 400 | 78.0% (" in said


def test_drivers_that_are_hard_to_tell_apart_have_a_way_out() -> None:
    labels = ["late"] * 50 + ["lost"] * 50
    predicted = ["lost"] * 20 + labels[20:]
    said = []
    for opinions in ((), [("late", "lost")] * 30, [("late", "late")] * 60):
        pairs = confusable(labels, predicted, opinions=opinions)
        card = write_card(MAKING, TrainingData(messages=900), replace(judged(), confusable=pairs))
        said.append(section(card, "Hard to tell apart"))
    assert "| `late`, `lost` | 20.0% (" in said[0]
    assert "| not measured | 36 second opinions" in said[0]
    assert "one driver, or a clearer definition (worth up to 20.0 points)" in said[1]
    assert "150 more labels of the scarcer one" in said[2]


def test_figures_for_all_messages_come_with_labels_nobody_drew_apart() -> None:
    labels = [Label("payment")] * 100
    probabilities = np.tile([0.1, 0.1, 0.8], (100, 1))
    probabilities[:30] = [0.8, 0.1, 0.1]
    found = evaluate(
        probabilities,
        np.zeros(100),
        labels,
        DRIVERS,
        threshold=0.5,
        target=0.95,
        inclusion=[0.5] * 30 + [0.1] * 30 + [None] * 40,
    )
    said = section(write_card(MAKING, TrainingData(messages=900), found), "All messages")
    assert "60 labels were drawn" in said
    assert "| accuracy | 83.3% (" in said
    assert re.search(r"nobody drew, apart \| 100\.0% \(\d+\.\d–100\.0\) \| 40 \|", said)


def read_curve(reads, pace=None):
    doubt = np.linspace(1, 0, 600)
    by_words = doubt < 0.4
    judged = Judged(doubt, np.full(600, 80.0), by_words, by_words | (doubt > 0.6), np.arange(600))
    return replace(cascade_curve(judged, reads), pace=pace)


def test_the_card_says_what_the_encoder_reads_and_what_that_is_worth() -> None:
    pace = Pace(words=0.0001, reading=0.002)
    card = write_card(MAKING, TrainingData(messages=9), judged(), reading=read_curve(0.25, pace))
    said = section(card, "What its encoder reads")
    assert "reads 25% of the messages" in said
    assert "1,667 messages a second on one core, where reading all makes 476" in said
    assert "by 600 training messages" in said
    assert "![Accuracy and reading](reading.svg)" in said
    here = next(line for line in said.splitlines() if "(here)" in line)
    assert "65.0% (61.0–68.8)" in here
    assert "| 15.0% (12" in here
    assert "| 1,667 |" in here


def test_a_card_without_an_encoder_or_a_measured_speed_says_nothing_of_it() -> None:
    assert "encoder" not in write_card(MAKING, TrainingData(messages=9), judged())
    for reads, sentence in (("all", "reads every message."), (0.0, "reads nothing but what")):
        card = write_card(MAKING, TrainingData(messages=9), judged(), reading=read_curve(reads))
        assert sentence in section(card, "What its encoder reads")
        assert "messages/s" not in section(card, "What its encoder reads")


def mentioning(*, off: float = 0.0) -> Evaluation:
    """300 messages of two drivers each: of every fourth the second is missed, of every fifth one
    is added; of payment it says `off` too much."""
    named = np.zeros((300, 3), dtype=bool)
    rows = np.arange(300)
    named[rows, rows % 3] = named[rows, (rows + 1) % 3] = True
    said = named.copy()
    said[::4, :] &= np.eye(3, dtype=bool)[rows[::4] % 3]
    said[::5, :] = True
    mentions = np.where(said, named[said].mean(), named[~said].mean())
    mentions[:, 2] = np.clip(mentions[:, 2] + off, 0, 1)
    first = np.full((300, 3), 0.1)
    first[rows, rows % 3] = 0.8
    return evaluate(
        first,
        np.zeros(300),
        [Label(DRIVERS[row % 3], (DRIVERS[(row + 1) % 3],)) for row in rows],
        DRIVERS,
        threshold=0.5,
        target=0.95,
        mentions=mentions,
        chosen=said,
    )


def test_several_drivers_are_judged_as_sets_and_driver_by_driver() -> None:
    found = mentioning()
    assert found.several is not None
    said = section(
        write_card(MAKING, TrainingData(messages=900), found), "Several drivers in a message"
    )
    assert "300 of 300 messages have more than one driver. People name 2.00 a message" in said
    assert "| exactly the drivers people name | 60.0% (54.2–65.6) | 300 |" in said
    assert "| of the drivers beside people's first, found | 80.0% (75.0–84.4) | 300 |" in said
    for line in said.splitlines()[5:11]:
        assert re.search(r"\d\.\d% \(\d+\.\d–\d+\.\d\) \| \d+ \|$", line), line
    assert "lies within the interval of what is so" in said
    assert "| driver |" not in said


def test_drivers_said_more_often_than_they_are_have_a_row_the_others_none() -> None:
    card = write_card(MAKING, TrainingData(messages=900), mentioning(off=0.2))
    said = section(card, "Several drivers in a message")
    assert "Of 1 of 3 drivers, what it says on average lies outside" in said
    rows = [line for line in said.splitlines() if line.startswith("| `")]
    assert len(rows) == 1
    assert rows[0].startswith("| `payment` | ")
    assert rows[0].endswith(" | 66.7% (61.0–72.0) |")


def test_in_short_it_says_how_often_all_drivers_are_found() -> None:
    said = section(write_card(MAKING, TrainingData(messages=900), mentioning()), "In short")
    assert "says exactly the drivers people do of 60 (54–66); of 100 drivers" in said
    assert "beside the first it finds 80 (75–84), and of 100 it adds itself 80 (75–84) are" in said


CHILDREN = Taxonomy(
    (
        Driver(id="delivery", queue="logistics"),
        Driver(id="delivery.late", parent="delivery"),
        Driver(id="delivery.lost", parent="delivery"),
        Driver(id="payment", queue="finance"),
    )
)


def torn(n: int = 100) -> Evaluation:
    """Messages about deliveries; of every fifth the model does not know which of the two."""
    rows = np.arange(n)
    unsure = (rows % 5 == 0)[:, None]
    return evaluate(
        np.where(unsure, [0.5, 0.45, 0.05], [0.9, 0.05, 0.05]),
        np.zeros(n),
        ["delivery.lost" if row % 10 == 0 else "delivery.late" for row in rows],
        DRIVERS,
        threshold=0.7,
        target=0.95,
        taxonomy=CHILDREN,
    )


def test_a_right_parent_has_its_own_row_and_what_is_stopped_there() -> None:
    card = write_card(MAKING, TrainingData(messages=900), torn())
    said = section(card, "Drivers and their parents")
    assert "| right driver | 90.0% (82.4–95.1) | 100 |" in said
    assert "| wrong driver, right parent | 10.0% (4.9–17.6) | 100 |" in said
    assert "| stopped at the parent | 20.0% (12.7–29.2) | 100 |" in said
    assert "| of which right | 100.0% (83.2–100.0) | 20 |" in said
    assert "| routed by the model | 100.0% (96.4–100.0) | 100 |" in section(card, "Worth")
    short = section(card, "In short")
    assert "right about the parent of 100 (96–100); it stops 20 (13–29) there" in short


def test_a_card_of_one_driver_a_message_without_parents_says_nothing_of_either() -> None:
    card = write_card(MAKING, TrainingData(messages=900), judged())
    assert "## Several" not in card
    assert "parent" not in card
    assert "exactly" not in card
