"""Whom to ask: budgets met, floors kept, draws that happen once and at the stated rate."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labeling import sampling

KEY = b"one key"
ORDER_FOREVER = 7826034204314302095
DRAWN_FOREVER = [f"message-{i}" for i in (7, 8, 13, 34, 40, 51)]
IDS = [f"message-{i}" for i in range(20_000)]


def test_uncertainty_is_nothing_when_sure_and_largest_when_every_driver_is_as_likely():
    u = sampling.uncertainty([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4])
    assert u == pytest.approx([0, np.sqrt(0.5), np.sqrt(0.75)])


@settings(max_examples=200, deadline=None)
@given(
    u=arrays(float, st.integers(1, 80), elements=st.floats(0, 1)),
    share=st.floats(0.001, 0.999),
    catch=st.none() | st.floats(1, 1000),
)
def test_the_budget_is_met_and_the_floor_kept_whatever_the_doubts(u, share, catch):
    plan = sampling.plan(u, budget=share * 2000, expected=2000, catch=catch)
    pi = sampling.inclusion(plan, u)
    assert pi.mean() == pytest.approx(share, rel=0.02)
    assert np.all((pi > 0) & (pi <= 1))
    assert plan.floor >= share / 2 - 1e-12
    if catch is not None and 3 / catch <= share:
        assert plan.floor >= 3 / catch
        assert plan.smallest_misroute <= max(3, catch) * (1 + 1e-9)


@settings(max_examples=50, deadline=None)
@given(u=arrays(float, 50, elements=st.floats(0, 1)), share=st.floats(0.01, 0.9))
def test_more_doubt_is_never_asked_less(u, share):
    pi = sampling.inclusion(sampling.plan(u, budget=share, expected=1), u)
    assert np.all(np.diff(pi[np.argsort(u)]) >= -1e-12)


def test_a_promise_the_budget_cannot_keep_is_not_made():
    plan = sampling.plan([0.1, 0.5], budget=100, expected=2000, catch=20)
    assert plan.floor == pytest.approx(0.05)
    assert plan.slope == pytest.approx(0, abs=1e-9)
    assert plan.smallest_misroute == pytest.approx(60)


def test_a_budget_for_everyone_asks_everyone():
    plan = sampling.plan([0.1], budget=2000, expected=2000)
    assert sampling.inclusion(plan, [0.0, 1.0]).tolist() == [1, 1]


def test_without_a_week_to_look_back_on_a_plan_is_still_made():
    plan = sampling.plan([], budget=100, expected=1000)
    assert sampling.inclusion(plan, np.linspace(0, 1, 1001)).mean() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("wrong", [{"budget": 0}, {"expected": 0}, {"catch": 0}])
def test_a_plan_for_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="positive"):
        sampling.plan([0.5], **({"budget": 10, "expected": 100} | wrong))


@pytest.mark.parametrize("pi", [0.02, 0.1, 0.5, 0.9])
def test_messages_are_drawn_as_often_as_their_probability_says(pi):
    found = sampling.draws(IDS, np.full(len(IDS), pi), key=KEY).mean()
    assert abs(found - pi) < 4 * np.sqrt(pi * (1 - pi) / len(IDS))


def test_a_certain_message_is_always_drawn_and_an_impossible_one_never():
    assert sampling.draws(IDS, np.ones(len(IDS)), key=KEY).all()
    assert not sampling.draws(IDS, np.zeros(len(IDS)), key=KEY).any()


def test_a_replay_draws_the_same_one_by_one_or_together():
    pi = np.random.default_rng(0).random(500)
    together = sampling.draws(IDS[:500], pi, key=KEY)
    one_by_one = [sampling.drawn(i, p, key=KEY) for i, p in zip(IDS, pi, strict=False)]
    assert together.tolist() == one_by_one


def test_the_draw_of_a_message_never_changes_between_versions():
    drawn = [i for i in IDS[:60] if sampling.drawn(i, 0.1, key=KEY)]
    assert drawn == DRAWN_FOREVER
    assert sampling.order_key("message-0", key=KEY) == ORDER_FOREVER


def test_a_message_drawn_at_a_probability_is_drawn_at_any_higher_one():
    low = sampling.draws(IDS, np.full(len(IDS), 0.1), key=KEY)
    high = sampling.draws(IDS, np.full(len(IDS), 0.2), key=KEY)
    assert np.all(high[low])


def correlation(a, b) -> float:
    return float(np.corrcoef(np.asarray(a, float), np.asarray(b, float))[0, 1])


def test_draws_with_another_key_are_independent():
    half = np.full(len(IDS), 0.5)
    first, second = (sampling.draws(IDS, half, key=key) for key in (KEY, b"another key"))
    assert abs(correlation(first, second)) < 4 / np.sqrt(len(IDS))


def test_order_prefill_and_second_opinion_tell_nothing_of_the_draw():
    draw = sampling.draws(IDS, np.full(len(IDS), 0.3), key=KEY)
    others = [
        [sampling.order_key(i, key=KEY) for i in IDS],
        [sampling.prefilled(i, 0.3, key=KEY) for i in IDS],
        [sampling.second_opinion(i, 0.3, key=KEY) for i in IDS],
    ]
    for other in others:
        assert abs(correlation(draw, other)) < 4 / np.sqrt(len(IDS))
    assert abs(correlation(others[1], others[2])) < 4 / np.sqrt(len(IDS))
    assert np.mean(others[1]) == pytest.approx(0.3, abs=0.02)


def test_second_opinions_go_where_a_mistake_is_likelier_and_weighs_more():
    worth = sampling.second_worth([0.0, 1.0, 1.0], [0.5, 0.5, 0.05])
    assert worth.tolist() == [0.5, 2.5, 25.0]
    chance = sampling.second_inclusion(worth, 0.2, usual=10.0)
    assert chance.tolist() == pytest.approx([0.05, 0.05, 0.5])


def test_second_opinions_are_as_many_as_the_share_says_and_none_is_ruled_out():
    rng = np.random.default_rng(5)
    worth = sampling.second_worth(rng.beta(0.5, 1.5, 5000), rng.uniform(0.05, 1.0, 5000))
    chance = sampling.second_inclusion(worth, 0.25, usual=float(worth.mean()))
    assert 0.2 < chance.mean() < 0.3
    assert chance.min() == 0.25 / 4
    assert sampling.second_inclusion(worth, 1.0, usual=float(worth.mean())).tolist() == [1.0] * 5000


def test_the_order_of_serving_fits_a_signed_64_bit_column():
    keys = [sampling.order_key(i, key=KEY) for i in IDS]
    assert 0 <= min(keys) < max(keys) < 2**63
    assert len(set(keys)) == len(keys)


def test_long_keys_count_in_full_and_no_key_is_refused():
    half = np.full(200, 0.5)
    first, second = (sampling.draws(IDS[:200], half, key=b"k" * 64 + end) for end in (b"a", b"b"))
    assert (first != second).any()
    with pytest.raises(ValueError, match="key"):
        sampling.drawn("message-0", 0.5, key=b"")


def test_strata_are_required_or_not_by_confidence_by_day():
    assert sampling.stratum(True, 0.3, "2026-11-20") == "required/low/2026-11-20"
    names = {sampling.stratum(False, c, "2026-11-20") for c in np.linspace(0, 1, 101)}
    assert len(names) == len(sampling.CONFIDENCE_BANDS)


def test_response_rates_are_the_answered_share_of_what_was_asked_in_the_stratum():
    strata = ["a", "a", "a", "a", "b", "b", "c", "d"]
    asked = [True, True, True, False, True, False, True, False]
    answered = [True, True, False, False, False, False, True, False]
    rates = sampling.response_rates(strata, answered, asked=asked)
    assert rates[:4] == pytest.approx([2 / 3] * 4)
    assert np.isnan(rates[4:6]).all()
    assert rates[6] == 1
    assert rates[7] == pytest.approx(3 / 5)


def test_a_stratum_without_answers_takes_the_rate_of_its_wider_one():
    strata, wider = ["a/mon", "a/mon", "a/tue", "b/tue"], ["a", "a", "a", "b"]
    rates = sampling.response_rates(strata, [True, True, False, False], wider=wider)
    assert rates[:3] == pytest.approx([1, 1, 2 / 3])
    assert np.isnan(rates[3])


def test_an_answer_to_a_question_that_was_not_asked_is_refused():
    with pytest.raises(ValueError, match="not asked"):
        sampling.response_rates(["a"], [True], asked=[False])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_weights_with_response_rates_add_up_to_the_questions_asked(seed):
    rng = np.random.default_rng(seed)
    strata = rng.choice(["a", "b", "c"], size=60).tolist()
    answered = rng.random(60) < 0.6
    rates = sampling.response_rates(strata, answered)
    assume(not np.isnan(rates).any())
    for name, size in Counter(strata).items():
        member = np.array(strata) == name
        assert (1 / rates[member & answered]).sum() == pytest.approx(size)
