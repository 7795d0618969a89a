"""What a model is worth on a file of labeled messages."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.errors import TooFewLabels
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.model import fingerprint
from classifier.training import judge
from service.judging import evaluated, judge_at
from service.settings import Settings
from service.versions import load_version

WORDS = {
    "delivery.late": ["pakket te laat", "nog niet bezorgd", "waar blijft", "vertraging"],
    "delivery.damaged": ["doos kapot", "gescheurd", "beschadigd aangekomen", "deuk"],
    "payment.refund": ["geld terug", "terugbetaling", "teruggestort", "retour geld"],
    "payment.invoice": ["factuur", "btw", "rekening", "factuurnummer"],
}
MESSAGES = 400


@pytest.fixture(scope="module")
def model(models_dir):
    return load_version(models_dir)


@pytest.fixture(scope="module")
def messages():
    """Messages of which a fifth carries a label drawn blindly, whatever the text says."""
    random, drivers = np.random.default_rng(1), list(WORDS)
    made = []
    for number in range(MESSAGES):
        said = drivers[random.integers(4)]
        label = said if random.random() > 0.2 else drivers[random.integers(4)]
        text = RedactedText(f"{' '.join(random.choice(WORDS[said], 2))} nummer {number}")
        made.append(LabeledMessage(text=text, label=Label(label), message_id=str(number)))
    return made


def sets_the_threshold(message):
    return int(fingerprint(message.text), 16) % 2 == 0


def all_wrong(messages, which):
    return [replace(each, label=Label("lost")) if which(each) else each for each in messages]


def test_labels_of_the_half_that_judges_do_not_move_the_threshold(model, messages):
    before = judge_at(model, messages, 0.7)
    after = judge_at(model, all_wrong(messages, lambda each: not sets_the_threshold(each)), 0.7)
    assert after.auto.threshold == before.auto.threshold < 1
    assert before.auto.precision.value > 0.7
    assert after.auto.precision.value == 0


def test_labels_of_the_half_that_sets_the_threshold_do(model, messages):
    after = judge_at(model, all_wrong(messages, sets_the_threshold), 0.7)
    assert after.auto.threshold == float("inf")
    assert after.auto.share.value == 0
    assert after.auto.precision.value is None


def test_half_of_the_messages_judge_what_is_routed_and_all_of_them_the_rest(model, messages):
    found, own = judge_at(model, messages, 0.7), judge(model, messages)
    assert (found.n, found.accuracy, found.f1) == (MESSAGES, own.accuracy, own.f1)
    assert found.auto.share.n == sum(not sets_the_threshold(each) for each in messages)
    assert sum(each.n for each in found.slices if each.kind == "language") == found.auto.share.n


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
