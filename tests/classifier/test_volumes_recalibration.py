"""What recalibrated probabilities promise: by algebra, and on simulated weeks (seeded)."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.volumes import (
    AnsweredDraws,
    Recalibration,
    compressed,
    emq,
    finalized,
    fit_provisional,
    volume_terms,
)
from labeling.sampling import inclusion, plan, uncertainty
from tests.benchmarks.volumes.simulated import World

COLUMNS = 6
PERMUTATION = np.array([3, 0, 5, 1, 4, 2])
seeds = st.integers(0, 10_000)


def some_recalibration(rng: np.random.Generator) -> Recalibration:
    """Any of them; half have a driver without training data."""
    q_base = rng.dirichlet(np.ones(COLUMNS))
    q_emq = rng.dirichlet(np.ones(COLUMNS))
    if rng.random() < 0.5:
        q_base[2] = q_emq[2] = 0.0
    return Recalibration(
        temperature=float(rng.choice([0.7, 1.0, 2.6])),
        alpha=float(rng.choice([0.0, 0.5, 1.0])),
        epsilon=float(rng.choice([0.003, 0.3])),
        q=rng.dirichlet(np.ones(COLUMNS)),
        q_base=q_base / q_base.sum(),
        q_emq=q_emq / q_emq.sum(),
    )


def some_draws(rng: np.random.Generator, n: int = 40) -> AnsweredDraws:
    return AnsweredDraws(
        probabilities=rng.dirichlet(np.full(COLUMNS, 0.5), size=n),
        labels=rng.integers(COLUMNS, size=n),
        inclusion=rng.uniform(0.05, 1, size=n),
        q_emq=rng.dirichlet(np.ones(COLUMNS)),
    )


def permuted(recalibration: Recalibration) -> Recalibration:
    values = recalibration.to_dict()
    moved = {n: np.array(values[n])[PERMUTATION].tolist() for n in ("q", "q_base", "q_emq")}
    return Recalibration.from_dict(values | moved)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_rows_sum_to_one_and_stay_probabilities(seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(COLUMNS, 0.1), size=30)
    p[0] = np.eye(COLUMNS)[2]
    found = some_recalibration(rng).apply(p)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert np.all(found >= 0)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_columns_is_irrelevant(seed):
    rng = np.random.default_rng(seed)
    recalibration, p = some_recalibration(rng), rng.dirichlet(np.ones(COLUMNS), size=30)
    there = permuted(recalibration).apply(p[:, PERMUTATION])
    np.testing.assert_allclose(there, recalibration.apply(p)[:, PERMUTATION], rtol=1e-10)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_what_the_model_finds_likelier_stays_likelier(seed):
    """A driver's odds up, the others in the same proportions: never down afterwards."""
    rng = np.random.default_rng(seed)
    others = rng.dirichlet(np.ones(COLUMNS - 1))
    own = np.sort(rng.uniform(0, 1, size=20))[:, None]
    p = np.hstack([own, (1 - own) * others])
    assert np.all(np.diff(some_recalibration(rng).apply(p)[:, 0]) >= -1e-12)


def test_a_recalibration_that_changes_nothing_is_the_identity():
    rng = np.random.default_rng(1)
    p, even = rng.dirichlet(np.ones(COLUMNS), size=30), np.full(COLUMNS, 1 / COLUMNS)
    nothing = Recalibration(
        temperature=1, alpha=0, epsilon=0, q=even, q_base=even, q_emq=rng.dirichlet(even)
    )
    np.testing.assert_allclose(nothing.apply(p), p, rtol=1e-12)


def test_without_answers_only_a_hundredth_is_hedged():
    q_base = np.array([0.6, 0.4, 0.0])
    start = fit_provisional(q_base)
    assert (start.temperature, start.alpha, start.epsilon) == (1.0, 0.0, 0.01)
    np.testing.assert_allclose(start.q, 0.9 * q_base + 0.1 / 3)
    p = np.array([[0.7, 0.3, 0.0]])
    np.testing.assert_allclose(start.apply(p), 0.99 * p + 0.01 * start.q)


def test_a_week_in_which_nobody_answered_teaches_nothing():
    silent = AnsweredDraws(
        probabilities=np.empty((0, 3)),
        labels=np.empty(0, dtype=np.int64),
        inclusion=np.empty(0),
        q_emq=np.array([0.2, 0.8, 0.0]),
    )
    fitted = fit_provisional([0.6, 0.4, 0.0], [silent])
    assert (fitted.temperature, fitted.alpha, fitted.epsilon) == (1.0, 0.0, 0.01)
    np.testing.assert_array_equal(fitted.q_emq, silent.q_emq)


def test_one_answer_does_not_change_what_the_model_says():
    rng = np.random.default_rng(2)
    one = some_draws(rng, n=1)
    assert fit_provisional(np.full(COLUMNS, 1 / COLUMNS), [one]).temperature == 1.0


def test_drivers_without_training_data_are_possible_once_people_name_them():
    p = np.tile([0.5, 0.5, 0.0], (20, 1))
    week = AnsweredDraws(probabilities=p, labels=np.repeat([0, 2], 10), inclusion=np.full(20, 0.5))
    fitted = fit_provisional([0.5, 0.5, 0.0], [week])
    assert fitted.q[2] == pytest.approx(0.6 * 0.5 + 0.1 / 3)
    assert np.all(fitted.apply(p)[:, 2] > 0.05)


def test_answers_count_for_the_messages_they_stand_for():
    week = AnsweredDraws(
        probabilities=np.tile([0.5, 0.5], (2, 1)),
        labels=np.array([0, 1]),
        inclusion=np.array([0.1, 1.0]),
    )
    fitted = fit_provisional([0.5, 0.5], [week])
    np.testing.assert_allclose(fitted.q, 0.6 * np.array([10, 1]) / 11 + 0.3 * 0.5 + 0.1 * 0.5)


def test_a_mistake_that_stands_for_many_makes_the_model_less_sure():
    """The same answers, half of them wrong: what matters is which ones stand for many messages."""
    p = np.repeat([[0.9, 0.1], [0.1, 0.9]], 40, axis=0)
    right = np.tile([True, False], 40)
    labels = np.where(right, p.argmax(axis=1), p.argmin(axis=1))

    def sure(inclusion: np.ndarray) -> float:
        week = AnsweredDraws(probabilities=p, labels=labels, inclusion=inclusion)
        return float(fit_provisional([0.5, 0.5], [week]).apply(p)[0, 0])

    assert sure(np.where(right, 0.05, 1.0)) > sure(np.where(right, 1.0, 0.05)) + 0.1


def test_a_fit_does_not_depend_on_the_order_of_columns_or_of_answers():
    rng = np.random.default_rng(3)
    q_base, week = rng.dirichlet(np.ones(COLUMNS)), some_draws(rng)
    order = rng.permutation(len(week.labels))
    moved = AnsweredDraws(
        probabilities=week.probabilities[order][:, PERMUTATION],
        labels=np.argsort(PERMUTATION)[week.labels[order]],
        inclusion=week.inclusion[order],
        q_emq=week.q_emq[PERMUTATION],
    )
    there = fit_provisional(q_base[PERMUTATION], [moved])
    here = permuted(fit_provisional(q_base, [week]))
    assert there.to_dict().keys() == here.to_dict().keys()
    for name, value in here.to_dict().items():
        np.testing.assert_allclose(there.to_dict()[name], value, rtol=1e-10)


def test_it_comes_back_from_json_as_it_was():
    rng = np.random.default_rng(4)
    recalibration, p = some_recalibration(rng), rng.dirichlet(np.ones(COLUMNS), size=5)
    back = Recalibration.from_dict(json.loads(json.dumps(recalibration.to_dict())))
    np.testing.assert_array_equal(back.apply(p), recalibration.apply(p))


def test_the_final_one_keeps_the_fit_and_takes_the_shares_of_the_week():
    rng = np.random.default_rng(5)
    provisional, p = some_recalibration(rng), rng.dirichlet(np.ones(COLUMNS), size=200)
    final = finalized(provisional, p)
    before, after = provisional.to_dict(), final.to_dict()
    assert {n for n in before if before[n] != after[n]} == {"q_emq"}
    np.testing.assert_allclose(final.q_emq, emq(p, provisional.q_base), rtol=1e-9)


@pytest.mark.parametrize(
    "rows", [[[0.5, 0.5]], [[0.5, 0.6, 0.1]], [[1.2, -0.2, 0.0]], [0.5, 0.25, 0.25]]
)
def test_what_is_no_distribution_over_the_columns_is_refused(rows):
    with pytest.raises(ValueError, match="probabilities must"):
        fit_provisional([0.5, 0.3, 0.2]).apply(rows)


def test_more_than_four_weeks_are_refused():
    with pytest.raises(ValueError, match="four weeks"):
        fit_provisional(np.full(COLUMNS, 1 / COLUMNS), [some_draws(np.random.default_rng(6))] * 5)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_a_compressed_row_keeps_its_largest_and_its_sum(seed):
    rng = np.random.default_rng(seed)
    p, shares = rng.dirichlet(np.full(9, 0.3), size=20), rng.dirichlet(np.ones(9))
    found = compressed(p, shares, top=5)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    for before, after in zip(p, found, strict=True):
        largest = np.argsort(-before)[:5]
        np.testing.assert_array_equal(after[largest], before[largest])
        left = np.setdiff1d(np.arange(9), largest)
        rest = before[left].sum()
        np.testing.assert_allclose(after[left], rest * shares[left] / shares[left].sum())


def test_compressing_again_changes_nothing_where_the_largest_stay_the_largest():
    p = np.array([[0.4, 0.3, 0.1, 0.08, 0.06, 0.03, 0.02, 0.01]])
    once = compressed(p, np.full(8, 1 / 8))
    np.testing.assert_allclose(compressed(once, np.full(8, 1 / 8)), once)


# ---- on simulated weeks ----------------------------------------------------------------------


class Live:
    """Weeks one after the other as a service lives them, and what each p̃ was worth."""

    def __init__(self, overconfidence: float, seed: int, *, concentration: float | None = None):
        self.world = World(drivers=20, overconfidence=overconfidence)
        self.rng = np.random.default_rng(seed)
        self.concentration = concentration
        self.history: list[AnsweredDraws] = []

    def week(self, n: int = 1500, budget: float = 0.1):
        """(model's own, provisional, final) probabilities, truth, and the week's terms."""
        start = fit_provisional(self.world.shares, self.history[-4:])
        shares = self.world.shares
        if self.concentration:
            taught = self.world.trained
            shares[taught] = self.rng.dirichlet(self.concentration * shares[taught] + 0.05)
        truth, p = self.world.week(shares, n, 0.0, self.rng)
        p = compressed(p, start.q)
        early, final = start.apply(p), finalized(start, p)
        u = uncertainty(early)
        pi = inclusion(plan(u, budget=budget * n, expected=n), u)
        asked = self.rng.random(n) < pi
        self.history.append(
            AnsweredDraws(
                probabilities=p[asked],
                labels=truth[asked],
                inclusion=pi[asked],
                q_emq=final.q_emq,
            )
        )
        late = final.apply(p)
        terms = volume_terms(late, np.where(asked, truth, -1), pi, asked)
        return (p, early, late), truth, terms, final


def log_loss(p: np.ndarray, truth: np.ndarray) -> float:
    return float(-np.log(np.maximum(p[np.arange(len(p)), truth], 1e-12)).mean())


def test_a_model_too_sure_of_itself_is_mended():
    live = Live(overconfidence=2.5, seed=7)
    for _ in range(4):
        live.week()
    for _ in range(4):
        (own, early, late), truth, _, final = live.week()
        assert final.temperature > 1
        assert log_loss(early, truth) < 0.97 * log_loss(own, truth)
        assert log_loss(late, truth) < 0.97 * log_loss(own, truth)


def test_a_model_that_is_right_about_itself_is_left_alone():
    live, temperatures, losses = Live(overconfidence=1.0, seed=8), [], []
    for week in range(12):
        (own, _, late), truth, _, final = live.week()
        if week >= 4:
            temperatures.append(final.temperature)
            losses.append((log_loss(own, truth), log_loss(late, truth)))
    assert 0.85 <= np.mean(temperatures) <= 1.2
    before, after = np.mean(losses, axis=0)
    assert after < 1.03 * before


def test_shares_that_move_are_followed_within_the_week():
    live, errors = Live(overconfidence=1.15, seed=9, concentration=30.0), []
    for week in range(10):
        (own, early, late), truth, _, _ = live.week()
        counts = np.bincount(truth, minlength=live.world.columns)
        if week >= 4:
            errors.append([np.abs(p.sum(axis=0) - counts).sum() for p in (own, early, late)])
            assert log_loss(late, truth) < log_loss(own, truth)
    own, early, late = np.mean(errors, axis=0)
    assert late < 0.7 * own
    assert late < early


def test_the_total_stays_right_on_average():
    """The mean error of every driver's total is within what its spread explains."""
    live, errors = Live(overconfidence=2.0, seed=10, concentration=30.0), []
    for _ in range(250):
        _, truth, terms, _ = live.week(n=600)
        counts = np.bincount(truth, minlength=live.world.columns)
        errors.append(terms.expected + terms.correction - counts)
    spread = np.std(errors, axis=0, ddof=1) / np.sqrt(len(errors))
    z = (np.mean(errors, axis=0) / np.maximum(spread, 1e-9))[spread > 0]
    assert np.abs(z).max() < 3.5
    assert (z**2).mean() < 2


def test_nothing_answered_this_week_touches_this_weeks_probabilities():
    """Two services whose people answer differently see the same week alike."""
    here, there = Live(1.5, seed=11), Live(1.5, seed=11)
    for _ in range(2):
        here.week()
        there.week()
    (_, _, first), _, _, _ = here.week()
    (_, _, second), _, _, _ = there.week(budget=0.3)
    np.testing.assert_array_equal(first, second)
