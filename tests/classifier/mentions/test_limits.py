import numpy as np
import pytest
from sklearn.metrics import f1_score

from classifier.mentions.limits import GRID, USUAL, fit_limits


def drawn(chance, n, k):
    likely = chance.beta(0.3, 1.5, (n, k))
    return likely, chance.random((n, k)) < likely


def micro_f1(likely, truth, limits):
    return f1_score(truth.ravel(), (likely >= limits).ravel())


def test_the_limit_of_one_driver_is_the_best_of_the_grid():
    likely, truth = drawn(np.random.default_rng(0), 500, 1)
    limits = fit_limits(likely, truth, np.ones_like(truth))
    best = max(micro_f1(likely, truth, limit) for limit in GRID)
    assert micro_f1(likely, truth, limits) == pytest.approx(best)


def test_limits_of_their_own_do_as_well_as_the_best_single_one_on_other_messages():
    chance = np.random.default_rng(1)
    bend = np.linspace(0.4, 2.5, 8)  # what is said of a driver, too likely or not likely enough
    likely, truth = drawn(chance, 3000, 8)
    limits = fit_limits(likely**bend, truth, np.ones_like(truth))
    others, true = drawn(chance, 3000, 8)
    single = max(micro_f1(others**bend, true, limit) for limit in GRID)
    assert micro_f1(others**bend, true, limits) > single
    assert (np.diff(limits) < 0.1).all()  # the more is said, the higher


def test_only_what_is_open_decides():
    likely, truth = drawn(np.random.default_rng(2), 400, 3)
    shut = np.zeros_like(truth)
    shut[:200] = True
    half = fit_limits(likely[:200], truth[:200], np.ones((200, 3), dtype=bool))
    np.testing.assert_array_equal(fit_limits(likely, truth, shut), half)


def test_without_anything_to_go_by_the_usual_limit_holds():
    likely, truth = drawn(np.random.default_rng(3), 50, 2)
    nothing = np.zeros_like(truth)
    assert fit_limits(likely, truth, nothing).tolist() == [USUAL, USUAL]
