"""What a model is worth on a file of labeled messages."""

from datetime import UTC, datetime, timedelta

import pytest

from classifier.errors import BadFile, TooFewLabels
from service.judging import by_time, evaluated
from service.settings import Settings
from service.versions import load_version


@pytest.fixture(scope="module")
def model(models_dir):
    return load_version(models_dir)


@pytest.fixture
def evaluate(tmp_path, models_dir):
    """Evaluate rows of text and label."""

    def run(*rows, **options):
        path = tmp_path / "labels.csv"
        path.write_text("\n".join(["text,label", *rows]) + "\n")
        given = {
            "unknown_label": "unknown",
            "version": None,
            "target": None,
            "allow_training_rows": False,
            "progress": lambda line: None,
        }
        settings = Settings(home=tmp_path, models_dir=models_dir, secret="x")
        return evaluated(settings, path, **given | options)

    return run


TRAINED = "te laat en te laat vraag 1,delivery.late"


def test_rows_it_was_trained_on_are_left_out_and_counted(evaluate):
    found = evaluate(TRAINED, "geheel nieuw,delivery.late")
    assert (found.figures["n"], found.figures["left_out"]) == (1, 1)
    assert "1 rows were left out" in found.remarks[0]
    assert evaluate(TRAINED, allow_training_rows=True).figures["n"] == 1


def test_a_file_it_was_trained_on_altogether_is_refused(evaluate):
    with pytest.raises(TooFewLabels, match="--allow-training-rows"):
        evaluate(TRAINED)


def test_drivers_the_model_does_not_know_are_said(evaluate):
    found = evaluate("geheel nieuw,lost", "ook nieuw,delivery.late")
    assert found.figures["known"] == 1
    assert "a driver the model does not know" in found.remarks[0]


def test_its_own_target_is_judged_at_its_own_threshold(evaluate, model):
    rows = [f"geld terug {number},payment.refund" for number in range(5)]
    assert evaluate(*rows).figures["auto"]["threshold"] == model.threshold
    assert evaluate(*rows, target=0.95).figures == evaluate(*rows).figures


MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def judge_by_time(tmp_path):
    """Judge rows of text, label, customer and day by time."""

    def run(*rows):
        path = tmp_path / "dated.csv"
        path.write_text("\n".join(["text,label,customer,received_at", *rows]) + "\n")
        settings = Settings(home=tmp_path, models_dir=tmp_path / "models", secret="x")
        asked = {"unknown_label": "unknown", "target": None, "progress": lambda line: None}
        return by_time(settings, path, **asked)

    return run


def dated(number, driver, *, customer="", day=None):
    words = {"late": "pakket te laat", "refund": "geld terug"}[driver]
    at = MONDAY + timedelta(days=number if day is None else day)
    return f"{words} vraag {number},{driver},{customer},{at:%Y-%m-%d}"


def test_the_earlier_messages_train_and_the_latest_fifth_judges(judge_by_time, tmp_path):
    rows = [dated(number, ("late", "refund")[number % 2]) for number in range(100)]
    found = judge_by_time(*rows)
    facts = found.figures["by_time"]
    assert facts["since"].startswith("2026-05-21T00:00:00+02:00")
    assert (facts["training"], found.figures["n"]) == (80, 20)
    assert found.figures["accuracy"] == 1.0
    assert "Trained on 80 messages from before 2026-05-21T00:00" in found.remarks[-1]
    assert not (tmp_path / "models").exists()


def test_the_undated_and_those_who_come_back_do_not_train_and_are_counted(judge_by_time):
    rows = [dated(number, ("late", "refund")[number % 2]) for number in range(100)]
    same_customer = [dated(200, "late", customer="ann", day=1), dated(201, "late", customer="ann")]
    same_text = [dated(99, "refund", customer="bob", day=2)]
    undated = ["nog een vraag,late,,", "en nog een,refund,,"]
    found = judge_by_time(*rows, *same_customer, *same_text, *undated)
    facts = found.figures["by_time"]
    assert (facts["undated"], facts["related"]) == (2, 2)
    assert facts["training"] + found.figures["n"] == 101
    assert "2 messages were left out: they have no date." in found.remarks
    assert any("comes back later" in remark for remark in found.remarks)


def test_without_dates_a_split_by_time_says_what_to_do(judge_by_time):
    with pytest.raises(BadFile, match=r"received_at.*--cv 5"):
        judge_by_time("pakket te laat,late,,", "geld terug,refund,,")
