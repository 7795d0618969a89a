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
    alone = LogisticRegression(C=20.0, tol=1e-8, max_iter=1000).fit(X, y)
    found = BlendedLines(margin_share=0.0, tol=1e-8, max_iter=200).fit(X, y)
    expected, logits = alone.decision_function(X), found.decision_function(X)
    np.testing.assert_allclose(logits, expected, atol=0.01 * np.abs(expected).max())
    np.testing.assert_array_equal(found.predict(X), alone.predict(X))


def test_the_regression_stops_early_without_a_warning_and_not_far_from_where_it_would_end():
    X, y = clouds(4, n=200)
    early = BlendedLines(margin_share=0.0, tol=1e-12, max_iter=15).fit(X, y)
    late = BlendedLines(margin_share=0.0, tol=1e-8, max_iter=200).fit(X, y)
    assert np.mean(early.predict(X) == late.predict(X)) > 0.99


@pytest.mark.parametrize("k", [2, 4])
def test_fitted_for_several_shares_at_once_each_is_as_if_fitted_alone(k):
    X, y = clouds(k)
    shares = [0.0, 0.5, 1.0]
    for share, found in zip(shares, BlendedLines().fit_each(shares, X, y), strict=True):
        alone = BlendedLines(margin_share=share).fit(X, y)
        assert found.margin_share == share
        np.testing.assert_array_equal(found.coef_, alone.coef_)
        np.testing.assert_array_equal(found.intercept_, alone.intercept_)


def test_two_classes_have_two_columns_of_logits_that_differ_by_the_decision():
    X, y = clouds(2)
    fitted = BlendedLines().fit(X, y)
    logits = fitted.logits(X)
    assert logits.shape == (len(y), 2)
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], fitted.decision_function(X))


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
