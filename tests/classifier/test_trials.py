from dataclasses import replace

import numpy as np

from classifier.folds import out_of_fold
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.pipeline import PipelineConfig
from classifier.seeding import Seed
from classifier.trials import Trials

WORDS = PipelineConfig(character_range=None, pair_reach=0)
BOTH = PipelineConfig(pair_reach=0)


def about(driver, text):
    return LabeledMessage(text=RedactedText(text), label=Label(driver))


def noisy(n=240, seed=4):
    chance = np.random.default_rng(seed)
    signs = {"late": "bezorging", "invoice": "factuur", "login": "wachtwoord"}
    shown = chance.choice(list(signs), n)
    meant = np.where(chance.random(n) < 0.8, shown, chance.choice(list(signs), n))
    pairs = enumerate(zip(shown, meant, strict=True))
    return [about(str(m), f"{signs[s]} vraag {row}") for row, (s, m) in pairs]


def test_a_candidate_is_as_right_as_its_support_vectors_are_out_of_fold():
    messages = noisy()
    compared = Trials(messages, folds=3).compare({"words": WORDS, "both": BOTH})
    for name, config in {"words": WORDS, "both": BOTH}.items():
        alone = replace(config, margin_share=1.0)
        found = out_of_fold(messages, folds=3, config=alone, progress=lambda line: None)
        assert compared.figures[name] == found.right.mean()
    assert compared.judged == len(messages)


def test_what_was_judged_once_is_remembered(monkeypatch):
    trials = Trials(noisy(), folds=3)
    first = trials.compare({"words": WORDS})
    monkeypatch.setattr("classifier.trials.build_pipeline", None)
    again = trials.compare({"words with another share": replace(WORDS, margin_share=0.5)})
    assert list(again.figures.values()) == list(first.figures.values())


def test_seeds_train_but_not_in_the_fold_that_says_the_same():
    late = [about("late", "pakket")]
    rest = [
        about(*pair) for pair in zip(["invoice", "login"] * 9, map(str, range(18)), strict=True)
    ]
    said = Trials([*late, *rest], [Seed("late", "pakket")], folds=3).compare({"words": WORDS})
    other = Trials([*late, *rest], [Seed("late", "het pakket")], folds=3).compare({"words": WORDS})
    assert other.figures["words"] > said.figures["words"]


def test_without_two_drivers_there_is_nothing_to_compare():
    assert Trials([about("late", "pakket")] * 9, folds=3).compare({"words": WORDS}) is None
