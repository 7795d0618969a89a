import random

from classifier.candidates import CANDIDATES, Choice, choose
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.pipeline import PipelineConfig

WORDS_ONLY = PipelineConfig(character_range=None, pair_reach=0, margin_share=0.0)
CHARACTERS = PipelineConfig(pair_reach=0, margin_share=0.0)


def silent(line: str) -> None:
    pass


def messages(compound, n=60):
    """Two drivers told apart by a word or, `compound`, only by a piece of ever new words."""
    chance = random.Random(2)
    made = []
    for number in range(n):
        driver, sign = [("late", "bezorg"), ("invoice", "betaal")][number % 2]
        rest = "".join(chance.choices("bcdfghjklmnpqrstvwxz", k=5))
        text = f"{rest}{sign}{rest[::-1]}" if compound else f"{sign} {rest}"
        made.append(LabeledMessage(text=RedactedText(text), label=Label(driver)))
    return made


def chosen(made):
    candidates = {"simple": WORDS_ONLY, "rich": CHARACTERS}
    return choose(made, folds=3, progress=silent, candidates=candidates)


def test_the_simplest_is_taken_when_it_is_as_good():
    choice = chosen(messages(compound=False))
    assert choice.figures == {"simple": 1.0, "rich": 1.0}
    assert (choice.name, choice.pipeline) == ("simple", WORDS_ONLY)


def test_a_richer_one_is_taken_when_it_is_worth_it():
    choice = chosen(messages(compound=True))
    assert choice.figures["rich"] > choice.figures["simple"] + choice.margin
    assert choice.pipeline == CHARACTERS


def test_it_says_what_was_tried_and_how_each_did():
    sentence = chosen(messages(compound=True)).sentence()
    assert sentence.startswith("2 ways to read the messages were tried")
    assert sentence.endswith("was taken: rich.")
    assert "simple" in sentence


def test_nothing_tried_is_said_too():
    choice = Choice.fixed(PipelineConfig())
    assert choice.to_dict()["tried"] == 0
    assert "nothing else was tried" in choice.sentence()


def test_the_default_pipeline_is_one_of_few_candidates():
    assert PipelineConfig() in CANDIDATES.values()
    assert len(CANDIDATES) < 8
