"""Mentions, one driver at a time: by algebra, and on simulated answers (seeded)."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from classifier.volumes import AnsweredMentions, MentionRecalibration, fit_mentions

seeds = st.integers(0, 10_000)


def answered(
    rng: np.random.Generator, n: int, *, temperature: float = 1.0, shift: float = 0.0, columns=3
) -> AnsweredMentions:
    """True logits are (the model's)/temperature + shift; the rest of the drivers are as told."""
    p = expit(rng.normal(-1, 2, size=(n, columns)))
    truth = p.copy()
    truth[:, 0] = expit(logit(p[:, 0]) / temperature + shift)
    return AnsweredMentions(
        probabilities=p,
        labels=(rng.random((n, columns)) < truth).astype(np.int8),
        inclusion=rng.uniform(0.2, 1, size=n),
    )


def log_loss(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(axis=0)


def test_without_answers_nothing_changes():
    p = np.random.default_rng(1).uniform(0.001, 0.999, size=(20, 4))
    np.testing.assert_allclose(fit_mentions(4).apply(p), p, rtol=1e-9)
    empty = AnsweredMentions(
        probabilities=np.empty((0, 4)), labels=np.empty((0, 4)), inclusion=np.empty(0)
    )
    np.testing.assert_allclose(fit_mentions(4, [empty]).apply(p), p, rtol=1e-9)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_what_is_likelier_stays_likelier_and_never_certain(seed):
    rng = np.random.default_rng(seed)
    fitted = fit_mentions(3, [answered(rng, 30)])
    p = np.sort(rng.uniform(size=(50, 3)), axis=0)
    p[0], p[-1] = 0.0, 1.0
    found = fitted.apply(p)
    assert np.all(np.diff(found, axis=0) >= 0)
    assert np.all((found >= 1e-4) & (found <= 1 - 1e-4))


def test_drivers_are_recalibrated_each_on_its_own():
    rng = np.random.default_rng(2)
    week = answered(rng, 300, temperature=2.0, shift=1.0)
    order = [2, 0, 1]
    moved = AnsweredMentions(
        probabilities=week.probabilities[:, order],
        labels=np.asarray(week.labels)[:, order],
        inclusion=week.inclusion,
    )
    here, there = fit_mentions(3, [week]), fit_mentions(3, [moved])
    np.testing.assert_allclose(there.shift, here.shift[order])
    np.testing.assert_array_equal(there.temperature, here.temperature[order])


def test_a_driver_the_model_is_wrong_about_is_mended_and_the_others_left_alone():
    rng = np.random.default_rng(3)
    weeks = [answered(rng, 500, temperature=2.0, shift=1.0) for _ in range(4)]
    fitted = fit_mentions(3, weeks)
    later = answered(rng, 5000, temperature=2.0, shift=1.0)
    y = np.asarray(later.labels)
    before, after = log_loss(later.probabilities, y), log_loss(fitted.apply(later.probabilities), y)
    assert fitted.temperature[0] == 2.0
    assert fitted.shift[0] == pytest.approx(1.0, abs=0.25)
    assert after[0] < 0.9 * before[0]
    np.testing.assert_allclose(after[1:], before[1:], rtol=0.02)


def test_a_handful_of_answers_is_not_believed_at_once():
    week = AnsweredMentions(
        probabilities=np.full((3, 1), 0.5), labels=np.ones((3, 1)), inclusion=np.ones(3)
    )
    assert 0.5 < fit_mentions(1, [week]).apply([[0.5]])[0, 0] < 0.65


def test_answers_count_for_the_messages_they_stand_for():
    rare = AnsweredMentions(
        probabilities=np.full((20, 1), 0.5),
        labels=np.repeat([[1], [0]], 10, axis=0),
        inclusion=np.repeat([0.1, 1.0], 10),
    )
    assert fit_mentions(1, [rare]).shift[0] > 0.5


def test_it_comes_back_from_json_as_it_was():
    rng = np.random.default_rng(4)
    fitted, p = fit_mentions(3, [answered(rng, 50)]), rng.uniform(size=(5, 3))
    back = MentionRecalibration.from_dict(json.loads(json.dumps(fitted.to_dict())))
    np.testing.assert_array_equal(back.apply(p), fitted.apply(p))


def test_other_columns_and_more_than_four_weeks_are_refused():
    week = answered(np.random.default_rng(5), 5)
    with pytest.raises(ValueError, match="four weeks"):
        fit_mentions(3, [week] * 5)
    with pytest.raises(ValueError, match="shape"):
        fit_mentions(4, [week])
    with pytest.raises(ValueError, match="shape"):
        fit_mentions(3).apply(np.full((2, 4), 0.5))
