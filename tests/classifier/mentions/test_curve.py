import numpy as np
import pytest
from scipy.special import expit

from classifier.mentions.curve import MentionCurve, fit_curve
from classifier.mentions.said import Said

MESSAGES, DRIVERS = 4000, 6


@pytest.fixture(scope="module")
def seen():
    """Scores, and whether messages are about drivers: the log-odds are 3 times the loudest minus 2,
    and of the last driver another 1.5 less."""
    chance = np.random.default_rng(0)
    loudest = chance.normal(-1.0, 1.0, (MESSAGES, DRIVERS))
    said = Said(loudest - 0.5, loudest, chance.integers(1, 9, MESSAGES))
    odds = 3 * loudest - 2
    odds[:, -1] -= 1.5
    return said, chance.random(odds.shape) < expit(odds)


def test_of_what_is_said_to_be_so_likely_so_much_is_true_of_each_driver(seen):
    said, truth = seen
    curve = fit_curve(said, np.full(truth.shape, 1e-4), truth)
    likely = curve.probability(said, np.zeros(truth.shape))
    spread = np.sqrt((likely * (1 - likely)).sum(axis=0))
    assert (np.abs(likely.sum(axis=0) - truth.sum(axis=0)) < 3 * spread).all()
    surer = likely > 0.5
    assert likely[surer].mean() == pytest.approx(truth[surer].mean(), abs=0.05)


def test_a_driver_that_few_messages_show_goes_by_the_others(seen):
    said, truth = seen
    few = Said(said.whole[:8], said.loudest[:8], said.sentences[:8])
    curve = fit_curve(few, np.full((8, DRIVERS), 1e-4), truth[:8])
    assert np.abs(curve.scales - 1).max() < 0.5


def test_no_driver_is_less_likely_than_as_the_primary_one(seen):
    said, truth = seen
    curve = fit_curve(said, np.full(truth.shape, 1e-4), truth)
    primary = np.random.default_rng(1).random(truth.shape)
    assert (curve.probability(said, primary) >= primary).all()


def test_a_curve_comes_back_from_plain_data(seen):
    said, truth = seen
    curve = fit_curve(said, np.full(truth.shape, 1e-4), truth)
    back = MentionCurve.from_dict(curve.to_dict())
    none = np.zeros(truth.shape)
    np.testing.assert_array_equal(back.probability(said, none), curve.probability(said, none))
