"""The promise watched: how often a kept one is ever withdrawn, and how soon a broken one is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from classifier.promise import log_capital, watch

LEAST = 0.05
BAR = np.log(20)


def answers(
    random: np.random.Generator, wrong: float, n: int, *, doubtful: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Losses and inclusion of n drawn answers; `wrong` of the messages routed are, those drawn
    most often `doubtful` times as often as those drawn least."""
    inclusion = LEAST * (1 + 5 * random.random(12 * n + 100) ** 2)
    sure = (inclusion - LEAST) / (5 * LEAST)
    chance = 1 + (doubtful - 1) * sure
    drawn = np.flatnonzero(random.random(len(inclusion)) < inclusion)
    loss = random.random(len(inclusion)) < wrong * chance / chance.mean()
    picked = np.resize(drawn, n)
    return loss[picked], inclusion[picked]


def ever(wrong: float, n: int, replays: int, *, doubtful: float = 1.0) -> np.ndarray:
    """The answer (from 1) with which each replay is broken, looking after every one; inf: never."""
    found = []
    for seed in range(replays):
        random = np.random.default_rng([seed, n])
        losses, inclusion = answers(random, wrong, n, doubtful=doubtful)
        reached = np.flatnonzero(log_capital(losses, inclusion, least_inclusion=LEAST) >= BAR)
        found.append(reached[0] + 1 if len(reached) else np.inf)
    return np.array(found)


@pytest.mark.parametrize("doubtful", [1.0, 6.0])
def test_a_kept_promise_is_ever_withdrawn_no_more_often_than_stated(doubtful: float) -> None:
    withdrawn = np.isfinite(ever(0.05, 1_000, 400, doubtful=doubtful)).sum()
    assert withdrawn <= binom.ppf(0.999, 400, 0.05)


def test_the_weights_matter_where_doubtful_messages_are_drawn_more_often() -> None:
    """A plain mean of the drawn answers would break a promise that is kept."""
    random = np.random.default_rng(1)
    losses, inclusion = answers(random, 0.045, 20_000, doubtful=6.0)
    found = watch(losses, inclusion, least_inclusion=LEAST)
    assert losses.mean() > 0.055
    assert found.estimate == pytest.approx(0.045, abs=0.006)
    assert not found.broken
    assert watch(losses, np.ones(len(losses)), least_inclusion=1.0).broken


def test_a_queue_twice_as_wrong_as_allowed_is_caught() -> None:
    caught = ever(0.10, 1_000, 100)
    assert np.median(caught) < 260
    assert np.mean(caught <= 600) >= 0.85


def test_a_model_that_goes_bad_after_many_good_answers_is_caught_too() -> None:
    good, bad = np.zeros(1_000), np.tile([1.0, *[0.0] * 4], 60)
    losses = np.concatenate([good, bad])
    reached = np.flatnonzero(log_capital(losses, np.ones(1_300), least_inclusion=1.0) >= BAR)
    assert 1_000 < reached[0] < 1_120


def test_the_lower_limit_is_below_the_truth_as_often_as_stated() -> None:
    above = 0
    for seed in range(150):
        losses, inclusion = answers(np.random.default_rng([seed, 7]), 0.2, 300)
        above += watch(losses, inclusion, least_inclusion=LEAST).lower > 0.2
    assert above <= binom.ppf(0.999, 150, 0.05)


def test_it_is_broken_where_the_lower_limit_passes_what_is_allowed() -> None:
    for seed in range(40):
        losses, inclusion = answers(np.random.default_rng([seed, 9]), 0.12, 150)
        found = watch(losses, inclusion, least_inclusion=LEAST)
        assert found.broken == (found.lower >= 0.05 - 1e-8)
        assert found.broken == (found.evidence >= 20)


def test_without_answers_nothing_is_said() -> None:
    found = watch(np.zeros(0), np.zeros(0), least_inclusion=0.1)
    assert (found.broken, found.lower, found.estimate, found.answers) == (False, 0.0, None, 0)


def test_a_break_is_never_taken_back_by_later_answers() -> None:
    losses = np.concatenate([np.ones(10), np.zeros(2_000)])
    found = watch(losses, np.ones(2_010), least_inclusion=1.0)
    assert found.broken
    assert found.lower > 0.05
    assert found.estimate == pytest.approx(10 / 2_010)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), max_size=80), st.floats(0.01, 0.5), st.floats(0.5, 0.99))
def test_the_stricter_the_harder_to_break(wrong: list[bool], allowed: float, level: float) -> None:
    losses, inclusion = np.array(wrong, dtype=float), np.full(len(wrong), 0.2)
    found = watch(losses, inclusion, allowed=allowed, level=level, least_inclusion=0.1)
    surer = watch(losses, inclusion, allowed=allowed, level=(1 + level) / 2, least_inclusion=0.1)
    assert surer.lower <= found.lower
    assert not surer.broken or found.broken


@pytest.mark.parametrize(
    ("losses", "inclusion", "least"),
    [([1.0], [0.1], 0.2), ([1.0], [0.0], 0.0), ([2.0], [0.5], 0.1), ([1.0, 0.0], [0.5], 0.1)],
)
def test_what_cannot_be_is_refused(
    losses: list[float], inclusion: list[float], least: float
) -> None:
    with pytest.raises(ValueError, match=r"loss|inclusion"):
        watch(np.array(losses), np.array(inclusion), least_inclusion=least)
