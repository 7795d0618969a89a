from pathlib import Path

import numpy as np
import pytest

from classifier.combination import meaning_reader
from classifier.encoder import load_encoder
from classifier.fold_calibration import calibrate, expected_unknown
from classifier.folds import out_of_fold
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.pipeline import PipelineConfig

TINY = Path(__file__).parents[1] / "cases" / "encoder"
WORDS = {
    "invoice": "factuur btw rekening invoice bill",
    "late": "pakket bezorging zending parcel package",
    "login": "inloggen wachtwoord account password login",
    "cancel": "annuleren opzeggen stoppen cancel",
}


def messages_about(drivers, each, extra=()):
    made = [
        (driver, f"{WORDS[driver].split()[n % 4]} {chr(97 + n % 26) * 4}")
        for driver in drivers
        for n in range(each)
    ]
    return [LabeledMessage(text=RedactedText(t), label=Label(d)) for d, t in [*made, *extra]]


def calibrated(messages, second=None, assumed=0.03, **reads):
    config, shared = PipelineConfig(), {"progress": lambda line: None, "second": second}
    found = out_of_fold(messages, folds=5, config=config, **shared)
    return calibrate(messages, found, assumed_unknown=assumed, config=config, **shared, **reads)


def test_without_unknown_labels_the_assumed_share_is_the_mean_where_nothing_can_be_learned():
    said = calibrated(messages_about(["invoice", "late"], 30), assumed=0.07)
    np.testing.assert_allclose(said.unknown, 0.07, atol=0.001)


def test_messages_labeled_unknown_set_the_curve_and_its_share():
    strange = [(None, f"zeilboot {chr(97 + n % 26) * 5} te koop") for n in range(40)]
    said = calibrated(messages_about(WORDS, 40, strange))
    assert said.unknown[-40:].mean() > 0.5 > 0.1 > said.unknown[:-40].mean()
    assert said.unknown.mean() == pytest.approx(43 / 300, abs=0.07)


def test_what_an_encoder_knows_is_weighed_by_how_often_it_is_right():
    """One word a message, each word rare: the n-grams must guess what the encoder knows."""
    random = np.random.default_rng(7)
    made = [(d, random.choice(WORDS[d].split())) for d in WORDS for _ in range(30)]
    messages = [
        LabeledMessage(text=RedactedText(f"{word} {n}"), label=Label(d), group=word)
        for n, (d, word) in enumerate(made)
    ]
    sparse = calibrated(messages)
    both = calibrated(messages, meaning_reader(load_encoder(TINY)))
    order = {driver: column for column, driver in enumerate(sorted(WORDS))}
    truth = np.array([order[d] for d, _ in made])
    assert (sparse.probabilities.argmax(axis=1) == truth).mean() < 0.75
    assert (both.probabilities.argmax(axis=1) == truth).mean() > 0.95
    assert both.weight >= 0.8
    assert sparse.weight == 0


def test_what_the_words_are_sure_of_is_judged_as_without_an_encoder():
    """The threshold and the card rest on what a cascade will really say."""
    messages = messages_about(WORDS, 40)
    second = meaning_reader(load_encoder(TINY))
    words, both = calibrated(messages), calibrated(messages, second)
    some = calibrated(messages, second, reads=0.3)
    assert both.cascade is None
    assert both.cascade_curve.reads_all
    assert some.cascade.temperature == words.temperature
    assert some.cascade.curve == words.curve
    by_words = np.isclose(some.probabilities, words.probabilities).all(axis=1)
    by_both = np.isclose(some.probabilities, both.probabilities).all(axis=1)
    assert (by_words | by_both).all()
    assert 1 - by_words.mean() <= some.cascade_curve.chosen.messages + 0.01
    np.testing.assert_allclose(some.unknown[by_words], words.unknown[by_words])
    np.testing.assert_array_equal(some.asked_all().probabilities, both.probabilities)


def test_the_one_message_in_another_language_is_unknown_in_its_fold():
    known = messages_about(WORDS, 40)
    foreign = ("late", "gdzie jest moja paczka czekam tydzien")
    said = calibrated([*known, *messages_about([], 0, [foreign])])
    assert said.unknown[-1] > 0.5 > 0.2 > said.unknown[:-1].mean()


def answered(unknown, known, inclusion=None):
    """So many messages labeled unknown and known, drawn with a probability."""
    labels = [None] * unknown + ["late"] * known
    return [
        LabeledMessage(text=RedactedText("pakket"), label=Label(each), inclusion=inclusion)
        for each in labels
    ]


def test_labels_somebody_chose_may_raise_the_assumed_share_and_never_lower_it():
    assert expected_unknown([], 0.03) == 0.03
    assert expected_unknown(answered(100, 15_000), 0.03) == 0.03
    assert expected_unknown(answered(300, 700), 0.03) == pytest.approx(303 / 1100)


def test_enough_answers_to_drawn_questions_may_lower_it_too():
    chosen = answered(0, 5_000)
    assert expected_unknown(answered(0, 900, 0.5), 0.1) == pytest.approx(0.01)
    assert expected_unknown([*answered(180, 720, 0.5), *chosen], 0.1) == pytest.approx(0.19)
    assert expected_unknown(answered(0, 99, 0.5), 0.1) == 0.1


def test_the_share_of_unknown_messages_is_estimated_without_bias_from_unequal_draws():
    """Unknown messages are four times as likely to be drawn: they count a quarter each."""
    random = np.random.default_rng(7)
    estimates = []
    for _ in range(40):
        is_unknown = random.random(4_000) < 0.2
        chance = np.where(is_unknown, 0.8, 0.2)
        drawn = random.random(4_000) < chance
        messages = [
            *answered(int((drawn & is_unknown).sum()), 0, 0.8),
            *answered(0, int((drawn & ~is_unknown).sum()), 0.2),
        ]
        estimates.append(expected_unknown(messages, 0.2))
    assert np.mean(estimates) == pytest.approx(0.2, abs=0.004)
