from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone

from classifier.combination import (
    ENOUGH,
    MeaningClassifier,
    Remembered,
    combined,
    fit_weight,
    neighbor_rows,
)
from classifier.encoder import load_encoder

TINY = Path(__file__).parents[1] / "cases" / "encoder"
TEXTS = ["factuur", "de factuur btw", "pakket", "bezorging pakket", "inloggen", "wachtwoord kwijt"]
DRIVERS = ["invoice", "invoice", "late", "late", "login", "login"]


class Counted:
    """An encoder that counts the texts it reads."""

    def __init__(self, encoder):
        self.encoder, self.read = encoder, []

    def encode(self, texts):
        self.read.extend(texts)
        return self.encoder.encode(texts)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(TINY)


@pytest.fixture(scope="module")
def fitted(encoder):
    return MeaningClassifier(encoder).fit(TEXTS, DRIVERS)


def test_words_it_never_trained_on_are_understood(fitted):
    logits = fitted.decision_function(["rekening", "my parcel", "password"])
    assert [fitted.classes_[best] for best in logits.argmax(axis=1)] == ["invoice", "late", "login"]


def test_two_drivers_have_two_columns(encoder):
    fitted = MeaningClassifier(encoder).fit(TEXTS[:4], DRIVERS[:4])
    logits = fitted.decision_function(["rekening", "parcel"])
    assert logits.shape == (2, 2)
    assert list(logits.argmax(axis=1)) == [0, 1]


def test_the_nearest_message_is_near_for_its_own_text_and_far_for_another_subject(fitted):
    _, nearest = fitted.judge(["factuur", "cancel"])
    assert nearest[0] == pytest.approx(1, abs=1e-5)
    assert nearest[1] < 0.5


def test_a_batch_of_any_size_is_judged_alike(fitted):
    texts = [f"{text} {number}" for number in range(200) for text in TEXTS]
    np.testing.assert_allclose(
        fitted.decision_function(texts)[-5:], fitted.decision_function(texts[-5:]), atol=1e-4
    )


def test_a_text_of_no_weight_teaches_nothing(encoder, fitted):
    wrong = MeaningClassifier(encoder).fit(
        [*TEXTS, "factuur"], [*DRIVERS, "late"], sample_weight=np.array([1.0] * 6 + [0.0])
    )
    np.testing.assert_allclose(
        wrong.decision_function(["factuur"]), fitted.decision_function(["factuur"]), atol=1e-2
    )


def test_what_is_saved_as_arrays_judges_alike(encoder, fitted):
    again = MeaningClassifier.from_arrays(encoder, fitted.to_arrays())
    np.testing.assert_array_equal(
        again.decision_function(["rekening"]), fitted.decision_function(["rekening"])
    )


def test_few_neighbors_say_little_and_many_all_they_have_to_say(encoder):
    texts, drivers = ["factuur", "pakket"], ["invoice", "late"]
    says = [MeaningClassifier(encoder).fit(texts * n, drivers * n).say_ for n in (1, 5, 25, 90)]
    assert says == pytest.approx([1 / ENOUGH, 5 / ENOUGH, 1.0, 1.0])


def test_neighbors_count_by_what_they_say(encoder, fitted):
    alone = MeaningClassifier(encoder, neighbor_weight=0.0).fit(TEXTS, DRIVERS)
    whole = MeaningClassifier.from_arrays(encoder, fitted.to_arrays() | {"say_": 1.0})
    without, with_little, with_all = (
        each.decision_function(["rekening"]) for each in (alone, fitted, whole)
    )
    np.testing.assert_allclose(
        with_little - without, fitted.say_ * (with_all - without), rtol=1e-3, atol=1e-4
    )


def test_arrays_saved_before_few_neighbors_said_little_judge_as_they_did(encoder, fitted):
    saved = {name: value for name, value in fitted.to_arrays().items() if name != "say_"}
    assert MeaningClassifier.from_arrays(encoder, saved).say_ == 1.0


def test_a_copy_is_unfitted_and_shares_the_encoder(encoder, fitted):
    copy = clone(fitted)
    assert copy.encoder is encoder
    assert not hasattr(copy, "coef_")


def test_each_text_is_read_once_a_training_run(encoder):
    counted = Counted(encoder)
    remembered = Remembered(counted)
    first = remembered.encode(["factuur", "pakket", "factuur"])
    np.testing.assert_array_equal(remembered.encode(["pakket"])[0], first[1])
    assert remembered.encode([]).shape == (0, encoder.width)
    assert counted.read == ["factuur", "pakket"]


def test_threads_that_ask_at_the_same_time_have_each_text_read_once(encoder):
    counted = Counted(encoder)
    remembered = Remembered(counted)
    texts = [f"factuur {number}" for number in range(200)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: remembered.encode(texts), range(4)))
    assert sorted(counted.read) == sorted(texts)
    for each in found:
        np.testing.assert_array_equal(each, found[0])


def test_probabilities_of_both_are_their_weighted_geometric_mean():
    random = np.random.default_rng(7)
    sparse, meaning = random.normal(0, 2, (2, 5, 4))
    product = softmax(sparse, axis=1) ** 0.3 * softmax(meaning, axis=1) ** 0.7
    np.testing.assert_allclose(
        softmax(combined(sparse, meaning, 0.7), axis=1),
        product / product.sum(axis=1, keepdims=True),
    )


def test_a_driver_neither_saw_stays_impossible():
    unseen = np.array([[1.0, -np.inf]])
    assert combined(unseen, unseen, 0.6)[0, 1] == -np.inf


def evidence_of(truth, strength, random):
    logits = random.normal(0, 1, (len(truth), 5))
    logits[np.arange(len(truth)), truth] += strength
    return logits


def test_who_is_oftener_right_weighs_more():
    random = np.random.default_rng(7)
    truth = random.integers(0, 5, 2000)
    good, poor = evidence_of(truth, 3.0, random), evidence_of(truth, 0.3, random)
    assert fit_weight(poor, good, truth) >= 0.8
    assert fit_weight(good, poor, truth) <= 0.2
    assert 0.3 <= fit_weight(good, evidence_of(truth, 3.0, random), truth) <= 0.7


def test_both_together_are_better_than_either():
    random = np.random.default_rng(7)
    truth = random.integers(0, 5, 4000)
    one, other = (evidence_of(truth, 1.5, random) for _ in range(2))
    both = combined(one, other, fit_weight(one, other, truth))
    right = [(logits.argmax(axis=1) == truth).mean() for logits in (one, other, both)]
    assert right[2] > max(right[:2]) + 0.05


def test_with_few_messages_the_usual_weight_holds():
    assert fit_weight(np.zeros((9, 3)), np.zeros((9, 3)), np.zeros(9, dtype=int)) == 0.8


def test_neighbors_are_all_kept_up_to_a_limit_and_then_evenly():
    columns = np.array([0] * 900 + [1] * 50 + [2] * 3)
    assert len(neighbor_rows(columns, 10_000)) == 953
    kept = columns[neighbor_rows(columns, 120)]
    counts = np.bincount(kept)
    assert counts.sum() <= 120
    assert counts[2] == 3
    assert counts[0] >= counts[1] > 40
    assert list(kept) == sorted(kept)
