import random
from dataclasses import replace

import numpy as np
import pytest

from classifier.candidates import FEWEST, LINES, READINGS, Choice, choose, compare, name_of
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
    assert choice.reading.figures == dict.fromkeys(READINGS, 1.0)
    assert choice.name == "words; logistic regression"
    assert choice.pipeline == replace(READINGS["words"], margin_share=0.0)


def test_a_richer_one_is_taken_when_it_is_worth_it(choice):
    figures, errors = choice.reading.figures, choice.reading.errors
    assert figures["words and characters"] - errors["words"] > figures["words"]
    assert choice.reading.taken == "words and characters"
    assert choice.pipeline.character_range
    assert not choice.pipeline.pair_reach


def test_what_the_folds_said_is_what_they_would_say_again(compounds, choice):
    again = out_of_fold(compounds, folds=3, config=choice.pipeline, progress=silent)
    np.testing.assert_array_equal(choice.found.logits, again.logits)
    assert choice.line.figures[choice.line.taken] == again.right.mean()


def test_it_says_what_was_tried_and_how_each_did(choice):
    sentence = choice.sentence()
    assert sentence.startswith("6 candidates were compared by cross-validation")
    assert all(name in sentence for name in [*READINGS, *LINES])
    assert sentence.endswith(f"was taken: {choice.name}.")
    found = choice.to_dict()
    assert found["tried"] == len(found["figures"]) == len(READINGS) + len(LINES)


def test_with_few_messages_nothing_is_tried_and_that_is_said():
    unknown = [about(f"zeilboot {number}", None) for number in range(9)]
    choice = choose(messages(compound=True, n=FEWEST - 1) + unknown, folds=3, progress=silent)
    assert choice.pipeline == PipelineConfig()
    assert choice.found is None
    assert choice.to_dict()["tried"] == 0
    assert "299 messages about a driver, fewer than 300" in choice.sentence()


def test_a_pipeline_fixed_beforehand_is_named():
    choice = Choice.fixed(PipelineConfig())
    assert choice.name == "words, characters and stem pairs; the mean of the two"
    assert "fixed beforehand" in choice.sentence()
    assert name_of(PipelineConfig(word_range=(1, 4))) == "as given"


def test_where_no_fold_can_be_judged_the_default_is_taken():
    choice = choose([about("pakket", "late")] * FEWEST, folds=3, progress=silent)
    assert choice.pipeline == PipelineConfig()
    assert "no fold" in choice.sentence()


def test_readings_are_judged_on_a_part_of_many_messages(monkeypatch):
    monkeypatch.setattr("classifier.candidates.MOST", 310)
    choice = choose(messages(compound=False, n=400), folds=3, progress=silent)
    assert choice.reading.judged == 310
    assert choice.line.judged == 400


def rights(*shares, n=2000, seed=0):
    """What candidates had right, by name: they fail on the same hard messages first."""
    hard = np.random.default_rng(seed).permutation(n)
    return {f"{share}": hard < share * n for share in shares}


def test_a_small_difference_on_the_same_messages_counts():
    """Each one's own standard error, 0.7 points here, would drown a point that none disputes."""
    compared = compare(rights(0.89, 0.9), [str(row) for row in range(2000)], 3)
    assert compared.taken == "0.9"
    assert compared.errors["0.89"] == pytest.approx(np.sqrt(0.01 * 0.99 / 2000))
    assert compared.errors["0.9"] == 0


def test_messages_that_stand_or_fall_together_count_as_one():
    """The rich one has twenty right that the simple one has not, and ten the other way round."""
    row = np.arange(1000)
    right = {"simple": row >= 20, "rich": (row < 20) | (row >= 30)}
    alone = compare(right, [str(each) for each in row], 3)
    together = compare(right, [str(each // 10) for each in row], 3)
    assert alone.taken == "rich"
    assert together.taken == "simple"


def test_of_candidates_equally_good_in_truth_the_simplest_is_taken_as_often_as_one_error_promises():
    """The better of two lies ahead by more than one standard error 32 times in 100, and it is the
    other one half of those times."""
    chance, taken = np.random.default_rng(3), 0
    for _ in range(400):
        right = {name: chance.random(500) < 0.8 for name in ("simple", "rich")}
        taken += compare(right, [str(row) for row in range(500)], 3).taken == "simple"
    assert 0.79 < taken / 400 < 0.89


def test_the_default_pipeline_is_one_of_few_candidates():
    assert PipelineConfig() in READINGS.values()
    assert PipelineConfig().margin_share in LINES.values()
    assert len(READINGS) + len(LINES) < 8
