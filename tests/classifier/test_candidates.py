import random
from dataclasses import replace

import numpy as np
import pytest

from classifier.candidates import (
    CANDIDATES,
    FEWEST,
    LINES,
    READINGS,
    WEIGHTS,
    Choice,
    choose,
    name_of,
)
from classifier.folds import out_of_fold
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.pipeline import PipelineConfig


def silent(line: str) -> None:
    pass


def about(text, driver, **fields):
    return LabeledMessage(text=RedactedText(text), label=Label(driver), **fields)


def messages(compound, n=FEWEST):
    """Two drivers told apart by a word or, `compound`, only by a piece of ever new words."""
    chance = random.Random(2)
    made = []
    for number in range(n):
        driver, sign = [("late", "bezorg"), ("invoice", "betaal")][number % 2]
        rest = "".join(chance.choices("bcdfghjklmnpqrstvwxz", k=5))
        text = f"{rest}{sign}{rest[::-1]}" if compound else f"{sign} {rest}"
        made.append(about(text, driver))
    return made


@pytest.fixture(scope="module")
def compounds():
    return messages(compound=True)


@pytest.fixture(scope="module")
def choice(compounds):
    return choose(compounds, folds=3, progress=silent)


def test_the_simplest_is_taken_when_it_is_as_good():
    choice = choose(messages(compound=False), folds=3, progress=silent)
    assert choice.rounds["What to read"].figures == dict.fromkeys(READINGS, 1.0)
    assert choice.name == "words; usual weight; logistic regression"
    assert choice.pipeline == replace(READINGS["words"], margin_share=0.0)


def test_a_richer_one_is_taken_when_it_is_worth_it(choice):
    reading = choice.rounds["What to read"]
    assert reading.figures["words"] < reading.figures["words and characters"] - 0.1
    assert reading.taken == "words and characters"
    assert choice.pipeline.character_range
    assert not choice.pipeline.pair_reach


def test_single_messages_weigh_less_where_drivers_overlap():
    """Every word occurs with both drivers, with one of them somewhat more often."""
    chance = random.Random(5)
    words = ["".join(chance.choices("bcdfghjklmnpqrstvwxz", k=5)) for _ in range(30)]
    likely = {"late": [2] * 15 + [1] * 15, "invoice": [1] * 15 + [2] * 15}
    overlapping = [
        about(" ".join(chance.choices(words, likely[driver], k=6)), driver)
        for driver in ("late", "invoice") * 600
    ]
    choice = choose(overlapping, folds=3, progress=silent)
    assert choice.rounds["what a message weighs"].taken == "a quarter of the weight"
    assert (choice.pipeline.strength, choice.pipeline.margin_strength) == (5.0, 0.25)


def test_what_the_folds_said_is_what_they_would_say_again(compounds, choice):
    again = out_of_fold(compounds, folds=3, config=choice.pipeline, progress=silent)
    np.testing.assert_array_equal(choice.found.logits, again.logits)
    line = choice.rounds["the line"]
    assert line.figures[line.taken] == again.right.mean()


def test_it_says_what_was_tried_and_how_each_did(choice):
    sentence = choice.sentence()
    assert sentence.startswith("8 candidates were compared by cross-validation")
    assert all(name in sentence for name in [*READINGS, *WEIGHTS, *LINES])
    assert sentence.endswith(f"was taken: {choice.name}.")
    found = choice.to_dict()
    assert found["tried"] == len(found["figures"]) == len(READINGS) + len(WEIGHTS) + len(LINES)


def test_with_few_messages_nothing_is_tried_and_that_is_said():
    unknown = [about(f"zeilboot {number}", None) for number in range(9)]
    choice = choose(messages(compound=True, n=FEWEST - 1) + unknown, folds=3, progress=silent)
    assert choice.pipeline == PipelineConfig()
    assert choice.found is None
    assert choice.to_dict()["tried"] == 0
    assert "299 messages about a driver, not 300" in choice.sentence()


def test_a_pipeline_fixed_beforehand_is_named():
    choice = Choice.fixed(PipelineConfig())
    assert (
        choice.name
        == "words, characters and stem pairs; usual weight; its mean with support vectors"
    )
    assert "fixed beforehand" in choice.sentence()
    assert name_of(PipelineConfig(word_range=(1, 4))) == "as given"


def test_where_no_fold_can_be_judged_the_default_is_taken():
    choice = choose([about("pakket", "late")] * FEWEST, folds=3, progress=silent)
    assert choice.pipeline == PipelineConfig()
    assert "no fold" in choice.sentence()


def test_readings_are_judged_on_a_part_of_many_messages(monkeypatch):
    monkeypatch.setattr("classifier.candidates.LEARNED", 620)
    monkeypatch.setattr("classifier.candidates.LEAST", 300)
    choice = choose(messages(compound=False, n=400), folds=3, progress=silent)
    assert [each.judged for each in choice.rounds.values()] == [310, 310, 400]


def test_the_default_pipeline_is_one_of_few_candidates():
    assert PipelineConfig() in CANDIDATES.values()
    assert len(set(CANDIDATES.values())) == len(CANDIDATES) == 18
    assert len(READINGS) + len(WEIGHTS) + len(LINES) < 10
