import json

import numpy as np
import pytest

from classifier.calibration import UnknownCurve
from classifier.cascade import ANY, LONGEST, Cascade, doubt, effort
from classifier.novelty import Novelty

CASCADE = Cascade(cutoff=0.002, temperature=0.5, curve=UnknownCurve(-3.0, 0.8))
SURE, SPLIT, NOTHING = [9.0, 1.0, 0.0], [4.0, 3.9, -2.0], [0.1, 0.0, 0.0]
LOGITS = np.array([SURE, SPLIT, NOTHING])


def judged(cascade, texts, logits, onto=CASCADE.curve):
    return cascade.judge(texts, np.zeros((len(texts), 4)), np.array(logits), Novelty(), onto)


def test_what_the_ngrams_are_sure_of_is_not_read_and_what_they_are_torn_between_is():
    *_, read = judged(CASCADE, ["words"] * 3, LOGITS)
    assert list(read) == [False, True, True]


def test_doubt_is_between_two_drivers_or_about_any():
    spread, torn = [[3.0, 0.0, 0.0, 0.0, 0.0]], [[3.0, 2.9, -9.0, -9.0, -9.0]]
    none = np.zeros(1)
    assert doubt(np.array(torn), 1.0, none) > 0.4 > 0.1 > doubt(np.array(spread), 1.0, none)
    assert doubt(np.array([SURE]), 1.0, np.array([0.9])) > 0.9


def test_a_driver_that_is_ruled_out_raises_no_doubt():
    logits = np.array([[2.0, -np.inf]])
    assert doubt(logits, 1.0, np.zeros(1)) == 0.0


def test_the_same_doubt_is_read_in_a_short_text_and_not_in_a_long_one():
    *_, read = judged(CASCADE, ["x" * 10, "x" * 500], [SPLIT, SPLIT])
    assert list(read) == [True, False]


def test_no_text_takes_longer_than_what_is_read_of_it():
    np.testing.assert_array_equal(effort(["", "x" * 5000]), [ANY, ANY + LONGEST])


def test_its_scores_mean_on_another_curve_what_they_mean_on_its_own():
    onto = UnknownCurve(-2.0, 1.7)
    _, scores, _ = judged(CASCADE, ["words"] * 3, LOGITS, onto)
    own = CASCADE.curve.probability(-LOGITS.max(axis=1))
    np.testing.assert_allclose(onto.probability(scores), own)


def test_on_a_curve_that_knows_nothing_its_scores_mean_what_the_curve_says():
    onto = UnknownCurve(-3.5, 0.0)
    _, scores, _ = judged(CASCADE, ["words"] * 3, LOGITS, onto)
    assert np.isfinite(scores).all()


def test_its_probabilities_have_its_own_temperature():
    probabilities, *_ = judged(CASCADE, ["words"], [[1.0, 0.0, -np.inf]])
    np.testing.assert_allclose(probabilities[0, :2], [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2))])
    assert probabilities[0, 2] == 0


@pytest.mark.parametrize("cutoff", [1.0, 0.0123])
def test_it_survives_being_written_as_json(cutoff):
    cascade = Cascade(
        cutoff=cutoff, temperature=0.7, curve=UnknownCurve(-3.0, 0.8), evidence_weights=(1.0, 2.5)
    )
    assert Cascade.from_dict(json.loads(json.dumps(cascade.to_dict(), allow_nan=False))) == cascade
