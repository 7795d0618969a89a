import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from classifier.blending import BlendedLines


def clouds(k, n=40, seed=0):
    random = np.random.default_rng(seed)
    y = np.repeat([f"driver {i}" for i in range(k)], n)
    return csr_matrix(random.normal(size=(k * n, 5)) + 2 * np.eye(5)[np.arange(k * n) // n]), y


@pytest.mark.parametrize("k", [2, 4])
def test_without_a_share_for_the_machines_it_is_the_regression(k):
    X, y = clouds(k)
    alone = LogisticRegression(C=20.0, tol=1e-4, max_iter=1000).fit(X, y)
    found = BlendedLines(margin_share=0.0).fit(X, y).decision_function(X)
    np.testing.assert_allclose(found, alone.decision_function(X), atol=1e-10)


@pytest.mark.parametrize("k", [2, 4])
def test_with_all_of_the_share_it_ranks_as_the_machines_do(k):
    X, y = clouds(k)
    alone = LinearSVC(random_state=0).fit(X, y)
    np.testing.assert_array_equal(
        BlendedLines(margin_share=1.0).fit(X, y).predict(X), alone.predict(X)
    )


def test_scores_stay_as_large_as_those_of_the_regression():
    X, y = clouds(4)
    sizes = [
        np.abs(BlendedLines(margin_share=share).fit(X, y).coef_).mean() for share in (0.0, 0.5, 1.0)
    ]
    assert max(sizes) / min(sizes) < 1.5


def test_weights_count_as_repetitions_do():
    """The regression alone: the machines' solver shuffles rows, and repetitions with them."""
    X, y = clouds(3)
    weights = np.where(np.arange(len(y)) % 2, 1.0, 2.0)
    often = np.repeat(np.arange(len(y)), weights.astype(int))
    blend = BlendedLines(margin_share=0.0)
    by_weight = blend.fit(X, y, sample_weight=weights).coef_
    np.testing.assert_allclose(by_weight, blend.fit(X[often], y[often]).coef_, atol=0.02)
