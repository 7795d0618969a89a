"""`waarom label plan`, from an empty folder to a table."""

from datetime import UTC, datetime, timedelta

import pytest

from classifier.promise import Rung
from service.cli.label_plan import table
from service.labelplan import (
    AnswerTimes,
    Budget,
    DriverOutlook,
    LabelPlan,
    OneMore,
    QueueOutlook,
)
from service.weeks import last_complete_week, monday


@pytest.fixture
def shop(waarom, labeled_file, tmp_path):
    """An installation with a model, and 60 messages of last week, all about a driver it knows."""
    waarom("init")
    (tmp_path / "taxonomy.toml").unlink()
    waarom("train", "--labels", labeled_file)
    day = monday(last_complete_week(datetime.now(UTC), "Europe/Amsterdam"))
    rows = ["id,text,received_at"]
    for number in range(60):
        words = "pakket te laat" if number % 3 else "doos kapot"
        moment = day + timedelta(days=number % 7)
        rows.append(f"m-{number},{words} nummer {number},{moment}T10:00:00Z")
    path = tmp_path / "messages.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    waarom("import", path)
    return waarom


def test_the_table_has_a_column_a_budget_and_says_what_one_more_answer_buys(shop):
    said = shop("label", "plan", "--budget", 6, "--budget", 24).out
    lines = said.splitlines()
    assert "60 messages" in lines[0]
    assert lines[2].split() == ["Answers", "a", "week", "6", "24"]
    late, queue = [line.split() for line in lines if line.startswith("late ")]
    assert len([word for word in late if word.startswith("±")]) == 2
    assert queue[-1] == "weeks"
    assert "Too few answers were timed to say minutes: 0" in said
    assert lines[-1] == "Every message is asked about already: one more answer buys nothing."


def test_one_more_answer_is_a_sentence_with_a_number(shop, monkeypatch):
    monkeypatch.setenv("WAAROM_GRADED_BUDGET", "10")
    said = shop("label", "plan").out
    assert "10 (now)" in said
    assert "One more answer a week, beyond 10, makes intervals" in said.splitlines()[-1]


def test_the_document_is_that_of_the_call(shop):
    document = shop("label", "plan", "--budget", 6, "--limit", 0.1, "--json").document
    assert (document["messages"], document["limit"]) == (60, 0.1)
    (budget,) = document["budgets"]
    assert budget["answers"] == 6
    assert sum(each["volume"] for each in budget["drivers"]) == pytest.approx(60)
    assert budget["too_uncertain"]


def test_without_a_model_it_says_to_train_one(waarom):
    waarom("init")
    said = waarom("label", "plan", code=1)
    assert "waarom train" in said.err
    assert said.out == ""


def test_without_messages_that_week_it_names_one_that_has_some(shop):
    said = shop("label", "plan", "--week", "2020-W10", code=1)
    assert "There is no message in 2020-W10: name a week that has some" in said.err


def test_before_any_message_it_says_how_to_bring_them_in(waarom, labeled_file):
    waarom("init")
    waarom("train", "--labels", labeled_file)
    assert "`waarom import FILE` brings messages in" in waarom("label", "plan", code=1).err


@pytest.mark.parametrize("wrong", [("--budget", 0), ("--week", "last"), ("--limit", 0)])
def test_what_cannot_be_used_is_exit_code_2(waarom, labeled_file, wrong):
    waarom("init")
    assert wrong[0].removeprefix("--") in waarom("label", "plan", *wrong, code=2).err


def a_plan(times: AnswerTimes, answered: float | None = 1.0) -> LabelPlan:
    late = DriverOutlook(
        driver="late",
        name="Late",
        volume=1200.0,
        half_width=60.0,
        share=0.05,
        too_uncertain=False,
        learned=True,
    )
    queue = QueueOutlook(
        queue="logistics", rung=Rung.SELECT, checked=True, needed=41, a_week=10.0, weeks=5
    )
    budget = Budget(
        answers=60,
        asked=60,
        minutes=times.minutes(60),
        drivers=(late,),
        parents=(),
        queues=(queue,),
    )
    return LabelPlan(
        week="2026-W46",
        model="2026-11-16.1",
        messages=2000,
        required=120,
        required_minutes=times.minutes(120),
        graded=1880,
        answered=answered,
        present=60,
        limit=0.25,
        times=times,
        budgets=(budget,),
        one_more=OneMore(narrower=0.006, driver="late", name="Late", messages=0.3, seconds=18),
    )


def test_minutes_are_said_with_their_spread_where_enough_answers_were_timed():
    lines = table(a_plan(AnswerTimes(214, 18.0, 11.0, 30.0)))
    assert [line.split() for line in lines if line.startswith("Minutes")] == [["Minutes", "18"]]
    said = "\n".join(lines)
    assert "Besides, 120 questions about doubtful messages, about 36 minutes (22 to 60)." in said
    assert "An answer took 18 seconds, half of them between 11 and 30 (214 timed" in said
    assert lines[-1].endswith(
        "makes intervals 0.6% narrower: that of Late most, by ±0.30 "
        "messages, for 18 seconds of work."
    )


def test_one_line_a_driver_and_one_a_queue():
    lines = [line.split() for line in table(a_plan(AnswerTimes(0)))]
    assert ["Late", "1,200", "±60", "5%"] in lines
    assert ["logistics", "41", "5", "weeks"] in lines
    assert not any(line[:1] == ["Minutes"] for line in lines)


@pytest.mark.parametrize(("answered", "said"), [(0.6, True), (1.0, False), (None, False)])
def test_unanswered_questions_are_told_of(answered, said):
    lines = table(a_plan(AnswerTimes(0), answered))
    assert any("60% were" in line for line in lines) is said
