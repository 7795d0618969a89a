"""The shares of a week found from probabilities alone."""

import numpy as np
import pytest

from classifier.volumes import emq
from tests.benchmarks.volumes.simulated import World

BASE = np.array([0.5, 0.3, 0.2])


def simulated(shares: np.ndarray, n: int, seed: int) -> np.ndarray:
    """(n, 3) exact posteriors under BASE of messages that come with other shares."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, size=n, p=shares)
    logits = 1.5 * (np.eye(3)[truth] * 1.5 + rng.normal(size=(n, 3))) + np.log(BASE)
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True)


def test_the_shares_found_are_those_the_messages_came_with():
    """Calibrated probabilities: within sampling error, far from the base and from plain means."""
    shares = np.array([0.1, 0.2, 0.7])
    p = simulated(shares, 20_000, seed=1)
    assert np.abs(emq(p, BASE) - shares).max() < 0.02
    assert np.abs(p.mean(axis=0) - shares).max() > 0.1


def test_messages_like_those_of_training_keep_its_shares():
    assert np.abs(emq(simulated(BASE, 20_000, seed=2), BASE) - BASE).max() < 0.02


def test_no_other_shares_are_likelier():
    p = simulated(np.array([0.2, 0.2, 0.6]), 500, seed=3)

    def likelihood(shares: np.ndarray) -> float:
        return float(np.log(p @ (shares / BASE)).sum())

    best = emq(p, BASE)
    rng = np.random.default_rng(4)
    others = np.vstack([rng.dirichlet(np.ones(3), 300), rng.dirichlet(300 * best, 300)])
    assert likelihood(best) > max(likelihood(each) for each in others) - 1e-6


def test_no_messages_say_nothing():
    np.testing.assert_allclose(emq(np.empty((0, 3)), BASE), BASE)


def test_drivers_without_training_data_take_no_part():
    """Columns of their own change nothing among the others."""
    p = simulated(np.array([0.1, 0.2, 0.7]), 2000, seed=5)
    aside = np.full((2000, 1), 0.25)
    found = emq(np.hstack([0.75 * p, aside]), np.append(BASE, 0.0))
    np.testing.assert_allclose(found, np.append(emq(p, BASE), 0.0), atol=1e-9)


def test_messages_that_are_about_none_of_the_drivers_hardly_count():
    p = simulated(np.array([0.1, 0.2, 0.7]), 2000, seed=6)
    strangers = np.tile([0.0, 0.0, 0.0, 1.0], (500, 1))
    rows = np.vstack([np.hstack([p, np.zeros((2000, 1))]), strangers])
    found = emq(rows, np.append(BASE, 0.0))
    np.testing.assert_allclose(found[:3], emq(p, BASE), atol=1e-9)


def test_a_message_counts_for_the_probability_that_it_is_about_one_of_the_drivers():
    rows = np.repeat([[0.9, 0.0, 0.1], [0.0, 0.1, 0.9]], 10, axis=0)
    np.testing.assert_allclose(emq(rows, [0.5, 0.5, 0.0]), [0.9, 0.1, 0.0], atol=1e-6)


def test_the_order_of_messages_and_of_columns_is_irrelevant():
    p = simulated(np.array([0.1, 0.2, 0.7]), 500, seed=7)
    moved = emq(p[::-1][:, [2, 0, 1]], BASE[[2, 0, 1]])
    np.testing.assert_allclose(moved, emq(p, BASE)[[2, 0, 1]], atol=1e-6)


def test_a_driver_nobody_wrote_about_is_found_to_be_rare():
    world = World(drivers=20, overconfidence=1.0)
    shares = world.shares
    shares[3] = 0.0
    _, p = world.week(shares, 5000, 0.0, np.random.default_rng(8))
    assert emq(p, world.shares)[3] < 0.2 * world.shares[3]


@pytest.mark.parametrize("base", [[0.5, 0.5], [0.7, 0.5, -0.2]])
def test_shares_that_do_not_fit_are_refused(base):
    with pytest.raises(ValueError, match="q_base"):
        emq(np.full((4, 3), 1 / 3), base)
