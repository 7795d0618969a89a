from dataclasses import replace

import numpy as np

from classifier.folds import assign_folds, out_of_fold, out_of_fold_each
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.pipeline import PipelineConfig

WORDS = {"late": "pakket bezorging", "invoice": "factuur btw", "login": "inloggen wachtwoord"}


def silent(line: str) -> None:
    pass


def about(driver, text, **fields):
    return LabeledMessage(text=RedactedText(text), label=Label(driver), **fields)


def easy(per_driver, drivers=tuple(WORDS)):
    return [
        about(driver, f"{WORDS.get(driver, driver)} vraag {number}", message_id=f"{driver}{number}")
        for driver in drivers
        for number in range(per_driver)
    ]


def predict(messages, folds=5):
    return out_of_fold(messages, folds=folds, config=PipelineConfig(), progress=silent)


def test_the_same_text_is_never_in_two_folds():
    texts = ["Waar is mijn pakket?", "waar is mijn pakket", "WAAR IS MIJN PAKKET!!"]
    messages = [about("late", text) for text in texts] + easy(20)
    assert len(set(assign_folds(messages, 5)[:3])) == 1


def test_a_group_is_never_in_two_folds():
    messages = [about("late", f"tekst {n}", group="one customer") for n in range(9)] + easy(20)
    assert len(set(assign_folds(messages, 5)[:9])) == 1


def test_folds_are_even_in_each_driver_and_the_same_every_time():
    messages = easy(20)
    folds = assign_folds(messages, 5)
    for start in range(0, 60, 20):
        assert list(np.bincount(folds[start : start + 20], minlength=5)) == [4] * 5
    np.testing.assert_array_equal(folds, assign_folds(messages, 5))


def test_messages_are_predicted_by_models_that_never_saw_them():
    """Random labels on words that occur once: memory would tell them, learning cannot."""
    random = np.random.default_rng(7)
    words = ["".join(letters) for letters in random.choice(list("aeioubdgklmnrst"), (200, 9))]
    labels = random.choice(["late", "invoice"], 200)
    found = predict([about(str(d), word) for d, word in zip(labels, words, strict=True)])
    assert found.predicted.all()
    assert 0.35 < np.mean(found.logits.argmax(axis=1) == found.truth) < 0.65


def test_easy_messages_are_predicted_well():
    found = predict(easy(10))
    assert found.drivers == ("invoice", "late", "login")
    assert np.mean(found.logits.argmax(axis=1) == found.truth) == 1


def test_a_driver_with_one_message_gets_no_chance_in_the_fold_that_holds_it():
    found = predict([*easy(10), about("rare", "zeldzaam geval")])
    assert found.logits[-1, found.drivers.index("rare")] == -np.inf
    assert np.isfinite(found.logits[0]).all() or np.isneginf(found.logits[0]).sum() == 1


def test_two_messages_of_two_drivers_cannot_be_predicted_but_do_no_harm():
    found = predict([about("late", "pakket"), about("invoice", "factuur")])
    assert not found.predicted.any()
    assert np.isfinite(found.logits).all()


def test_a_fold_without_a_word_to_learn_from_does_no_harm():
    found = predict([about("late", "pakket"), about("invoice", ""), about("login", "??")])
    assert list(found.predicted) == [False, True, True]


def test_messages_labeled_unknown_are_predicted_but_never_learned():
    found = predict([*easy(10), *[about(None, f"zeilboot te koop {n}") for n in range(5)]])
    assert "unknown" not in found.drivers
    assert found.unknown.sum() == 5
    assert found.logits[found.usable].max(axis=1).mean() > found.logits[found.unknown].max()


def test_what_a_message_says_in_words_its_fold_never_saw_is_unseen():
    found = predict([*easy(10), about("late", "vliegtuig raket")])
    assert found.unseen[-1] == 1
    assert found.unseen[:-1].mean() < 0.8


def test_shares_judged_in_one_pass_say_what_each_would_say_in_its_own():
    messages, config = easy(10), PipelineConfig()
    shares = [0.0, 1.0]
    together = out_of_fold_each(messages, shares, folds=3, config=config, progress=silent)
    for share, found in zip(shares, together, strict=True):
        own = replace(config, margin_share=share)
        alone = out_of_fold(messages, folds=3, config=own, progress=silent)
        np.testing.assert_array_equal(found.logits, alone.logits)
        np.testing.assert_array_equal(found.unseen, alone.unseen)
