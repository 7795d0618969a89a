"""The regression is scikit-learn's, found in fewer bits."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from sklearn.linear_model import LogisticRegression

from classifier.descent import Point, descent, regression


@pytest.fixture(scope="module")
def rows():
    chance = np.random.default_rng(5)
    X = csr_matrix(random_array((400, 60), density=0.2, rng=chance, dtype=np.float32))
    truth = (X @ chance.normal(size=(60, 4)) + chance.gumbel(size=(400, 4))).argmax(axis=1)
    return X, truth, chance.uniform(0.1, 2.0, size=400)


@pytest.mark.parametrize("strength", [0.5, 20.0])
def test_it_arrives_where_scikit_learn_arrives(rows, strength):
    X, truth, weights = rows
    stock = LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(X, truth, weights)
    start = np.zeros((61, 4), dtype=np.float32)
    found = regression(X, truth, weights, start, strength=strength, tolerance=1e-6, steps=200)
    expected = np.vstack([stock.coef_.T, stock.intercept_])
    # Only differences between classes mean anything for the intercepts, which nothing pulls to 0.
    expected[-1] -= expected[-1].mean()
    found[-1] -= found[-1].mean()
    np.testing.assert_allclose(found, expected, atol=0.01 * np.abs(expected).max())


def test_each_step_leads_down_and_no_more_are_taken_than_asked(rows):
    X, truth, weights = rows
    start = np.zeros((61, 4), dtype=np.float32)

    def loss(steps):
        found = regression(X, truth, weights, start, strength=5.0, tolerance=1e-7, steps=steps)
        logits = X @ found[:-1] + found[-1]
        logits = logits - logits.max(axis=1, keepdims=True)
        own = logits[np.arange(400), truth] - np.log(np.exp(logits).sum(axis=1))
        return -(weights @ own) / weights.sum() + (found[:-1] ** 2).sum() / (10 * weights.sum())

    losses = [loss(steps) for steps in range(8)]
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) == 8


def test_where_it_is_flat_nothing_moves():
    bowl = np.array([3.0, -1.0], dtype=np.float32)

    def height(place):
        return Point(place, float(((place - bowl) ** 2).sum()), 2 * (place - bowl))

    assert descent(height, bowl, tolerance=1e-5, steps=9) is bowl
    found = descent(height, np.zeros(2, dtype=np.float32), tolerance=1e-5, steps=50)
    np.testing.assert_allclose(found, bowl, atol=1e-4)


def test_ground_too_rough_to_tell_ends_it():
    def height(place):
        return Point(place, 1.0, np.ones(2, dtype=np.float32))

    start = np.zeros(2, dtype=np.float32)
    assert descent(height, start, tolerance=1e-5, steps=9) is start
