import numpy as np
import pytest
from scipy.special import expit, softmax

from classifier.calibration import (
    UnknownCurve,
    fit_temperature,
    fit_unknown_curve,
    tempered,
)


def drawn(logits, random):
    """One true column per row, drawn from the probabilities of the logits."""
    edges = softmax(logits, axis=1).cumsum(axis=1)
    return (random.random(len(logits))[:, None] > edges).sum(axis=1).clip(max=logits.shape[1] - 1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_scores_is_found_again(temperature):
    random = np.random.default_rng(7)
    honest = random.normal(0, 2, (4000, 6))
    assert fit_temperature(honest * temperature, drawn(honest, random)) == pytest.approx(
        temperature, rel=0.08
    )


def test_without_messages_the_temperature_is_one():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=int)) == pytest.approx(1, abs=1e-3)


def test_a_few_lucky_messages_do_not_make_it_sure_of_itself():
    right = np.array([[2.0, 0.0], [0.0, 2.0]])
    assert 0.3 < fit_temperature(right, np.array([0, 1])) <= 1


def test_rows_whose_driver_the_fold_never_saw_say_nothing():
    random = np.random.default_rng(7)
    logits = random.normal(0, 2, (500, 3))
    truth = drawn(logits, random)
    unseen = np.array([[1.0, 2.0, -np.inf]] * 50)
    both = fit_temperature(np.vstack([logits, unseen]), np.append(truth, [2] * 50))
    assert both == pytest.approx(fit_temperature(logits, truth), rel=1e-3)


def test_probabilities_sum_to_one_and_a_driver_never_seen_gets_none():
    probabilities = tempered(np.array([[3.0, 1.0, -np.inf]]), 2.0)
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities[0, 2] == 0


def test_the_curve_gives_the_assumed_share_of_unknown_messages():
    """Drawn at the prior, the mean probability is the prior and the curve is the true one."""
    random = np.random.default_rng(7)
    known, unknown = random.normal(0, 1, 20_000), random.normal(2, 1, 20_000)
    curve = fit_unknown_curve(known[:5000], unknown[:300], 0.1)
    mixed = np.concatenate([known[:18_000], unknown[:2_000]])
    assert curve.probability(mixed).mean() == pytest.approx(0.1, abs=0.015)
    truth = expit(2 * (np.array([0.0, 1.0, 2.0]) - 1) + np.log(0.1 / 0.9))
    np.testing.assert_allclose(curve.probability(np.array([0.0, 1.0, 2.0])), truth, rtol=0.25)


@pytest.mark.parametrize(
    ("known", "unknown"),
    [(np.ones(50), np.zeros(0)), (np.ones(3), np.zeros(50)), (np.ones(50), np.ones(50))],
)
def test_without_evidence_everything_gets_the_prior(known, unknown):
    curve = fit_unknown_curve(known, unknown, 0.03)
    np.testing.assert_allclose(curve.probability(np.array([-9.0, 0.0, 9.0])), 0.03)


def test_the_curve_never_falls():
    curve = fit_unknown_curve(np.linspace(5, 9, 50), np.linspace(0, 4, 50), 0.03)
    assert curve == UnknownCurve(curve.intercept, 0.0)
