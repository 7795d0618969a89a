"""What the weekly volumes promise, checked on simulated weeks (seeded) and by algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from classifier.volumes import VolumeTerms, estimate_volumes, volume_change, volume_terms
from classifier.volumes.review_only import clopper_pearson
from tests.benchmarks.volumes.simulated import CONFUSED, SCENARIOS, TAKEN_FOR, Tally, World, run

WORLD = World()
WEEKS = 80
ANSWERED = {"low": 0.4, "middle": 0.6, "high": 0.8}


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    """Eighty weeks of 2,000 messages and about 100 answers for each scenario."""
    return {name: run(name, n=2000, budget=0.05, weeks=WEEKS) for name in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_intervals_hold_whatever_moves(tallies, scenario):
    assert 94 <= tallies[scenario].coverage("moderated") <= 99.5


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_intervals_hold_for_large_drivers(tallies, scenario):
    large = np.flatnonzero(WORLD.shares >= 0.03)
    assert tallies[scenario].coverage("moderated", large) >= 93


def test_intervals_hold_for_a_driver_the_model_was_never_taught(tallies):
    assert tallies["unseen driver"].coverage("moderated", WORLD.unseen) >= 92


def test_a_naive_count_misses_the_driver_the_model_was_never_taught(tallies):
    assert tallies["unseen driver"].coverage("naive", WORLD.unseen) < 20


def test_a_naive_count_with_a_binomial_interval_misses_more_often_when_shares_move(tallies):
    moderated = tallies["prevalence"].coverage("moderated")
    assert tallies["prevalence"].coverage("naive") < 90 < moderated


def test_a_naive_count_misses_a_pair_the_model_confuses(tallies):
    pair = [CONFUSED, TAKEN_FOR]
    assert tallies["confused pair"].coverage("naive", pair) < 60
    assert tallies["confused pair"].coverage("moderated", pair) >= 88


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_textbook_variance_of_the_same_total_is_too_small_for_rare_drivers(tallies, scenario):
    assert tallies[scenario].coverage("aipw wald") < 90


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_intervals_are_much_narrower_than_those_of_answers_alone(tallies, scenario):
    large = np.flatnonzero(WORLD.shares >= 0.03)
    width = {
        m: np.array(tallies[scenario].width[m])[:, large].mean() for m in tallies[scenario].width
    }
    assert width["moderated"] < 0.5 * width["review only"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_limits_of_a_change_hold(tallies, scenario):
    assert np.mean(tallies[scenario].change) >= 0.94


def error(tally: Tally, method: str) -> float:
    return float(np.mean(np.abs(tally.error[method])))


def test_the_blend_is_much_nearer_than_the_total_when_nothing_moves(tallies):
    assert error(tallies["no shift"], "blend") < 0.6 * error(tallies["no shift"], "moderated")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_blend_is_nearer_than_the_total_whatever_moves(tallies, scenario):
    assert error(tallies[scenario], "blend") < 0.9 * error(tallies[scenario], "moderated")


def test_the_blend_is_nearer_than_a_naive_count_when_a_new_driver_grows(tallies):
    assert error(tallies["unseen driver"], "blend") < 0.8 * error(tallies["unseen driver"], "naive")


def test_the_blend_gives_way_to_the_total_where_answers_contradict_the_model():
    pi, asked = np.full(1000, 0.2), np.arange(1000) % 5 == 0
    sure = np.tile([0.95, 0.05], (1000, 1))
    volumes = estimate_volumes(volume_terms(sure, np.ones(1000, dtype=int), pi, asked))
    assert volumes.blend == pytest.approx(volumes.total, abs=10)


def test_parents_and_untaught_drivers_show_the_total():
    terms = made_up(21, groups=[[0, 1]])
    volumes = estimate_volumes(terms, trained=[True, True, True, True, False])
    assert volumes.blend[4:].tolist() == volumes.total[4:].tolist()
    assert np.any(volumes.blend[:4] != volumes.total[:4])


def test_intervals_hold_when_many_questions_stay_unanswered():
    tally = run(
        "prevalence", n=2000, budget=0.1, weeks=WEEKS, doubtful_below=0.3, answered=ANSWERED
    )
    assert tally.coverage("moderated") >= 94


def test_the_total_is_right_on_average_whatever_the_model_says():
    rng = np.random.default_rng(7)
    truth = rng.choice(5, size=400, p=[0.4, 0.3, 0.2, 0.08, 0.02])
    garbage = rng.dirichlet(np.full(5, 0.2), size=400)
    pi = rng.uniform(0.1, 0.6, size=400)
    totals = []
    for _ in range(3000):
        asked = rng.random(400) < pi
        totals.append(estimate_volumes(volume_terms(garbage, truth, pi, asked)).total)
    bias = np.mean(totals, axis=0) - np.bincount(truth, minlength=5)
    assert np.all(np.abs(bias) < 4 * np.std(totals, axis=0) / np.sqrt(3000))


def made_up(seed: int, n: int = 120, k: int = 5, groups=None, asked=None) -> VolumeTerms:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(k, 0.4), size=n)
    labels = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=k - 1)
    pi = rng.uniform(0.02, 1.0, size=n) if asked is None else np.ones(n)
    reviewed = rng.random(n) < pi
    return volume_terms(p, labels, pi, reviewed, groups=groups)


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, n=st.integers(1, 200))
def test_leaves_add_up_to_the_messages_and_parents_to_their_leaves(seed, n):
    terms = made_up(seed, n, groups={"a": [0, 1], "b": [2, 3, 4]})
    volumes = estimate_volumes(terms)
    assert volumes.total[:5].sum() == pytest.approx(n)
    assert volumes.total[5:] == pytest.approx([volumes.total[:2].sum(), volumes.total[2:5].sum()])


@settings(max_examples=50, deadline=None)
@given(seed=seeds, n=st.integers(1, 60), trained=st.lists(st.booleans(), min_size=5, max_size=5))
def test_points_and_limits_respect_what_was_seen(seed, n, trained):
    terms = made_up(seed, n, groups=[[0, 1], [0, 1, 2, 3, 4]])
    volumes = estimate_volumes(terms, [made_up(seed + 1, groups=[[0], [1]])], trained=trained)
    most = terms.messages - terms.answers + terms.reviewed
    assert np.all(terms.reviewed <= volumes.low)
    assert np.all(volumes.low <= volumes.point)
    assert np.all(volumes.point <= volumes.high)
    assert np.all(volumes.high <= most + 1e-9)


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_reviewing_everything_gives_the_exact_count_with_zero_width(seed, trained):
    terms = made_up(seed, 997, groups=[[0, 1]], asked="all")
    history = [made_up(seed + 1, groups=[[0, 1]])]
    volumes = estimate_volumes(terms, history, trained=[trained] * 5)
    for figure in (volumes.total, volumes.low, volumes.high, volumes.point):
        np.testing.assert_array_equal(figure, terms.reviewed)
    assert volumes.known.all()


def test_a_group_of_everything_is_certain_and_its_limit_ignores_its_own_children():
    terms = made_up(3, groups=[range(5), [0, 1]])
    volumes = estimate_volumes(terms)
    assert (volumes.low[5], volumes.high[5]) == pytest.approx((120, 120))
    assert volumes.high[6] > terms.messages - terms.answers - volumes.high[2:5].sum()
    assert volumes.high[6] >= volumes.total[6] > terms.reviewed[6]


def test_a_group_of_one_leaf_is_that_leaf():
    volumes = estimate_volumes(made_up(4, groups=[[2]]), [made_up(5, groups=[[2]])])
    assert volumes.low[5] == pytest.approx(volumes.low[2])
    assert volumes.high[5] == pytest.approx(volumes.high[2])


def test_a_week_without_answers_shows_the_models_count_as_not_measured():
    p = np.full((10, 2), 0.5)
    unasked = volume_terms(p, np.full(10, -1), np.full(10, 0.1), np.zeros(10, dtype=bool))
    volumes = estimate_volumes(unasked)
    assert volumes.point.tolist() == [5, 5]
    assert not volumes.known.any()


def partly_measured(unmeasured: int) -> VolumeTerms:
    """100 messages, half of them answered, the last few in a stratum in which nobody answered."""
    number = np.arange(100)
    inclusion = np.where(number < 100 - unmeasured, 0.5, np.nan)
    return volume_terms(np.full((100, 2), 0.5), number % 2, inclusion, number < 50)


@pytest.mark.parametrize("trained", [True, False])
def test_intervals_leave_room_for_messages_of_strata_in_which_nobody_answered(trained):
    known, part = (
        estimate_volumes(partly_measured(n), trained=[trained, trained]) for n in (0, 10)
    )
    room = (part.high - part.low) - (known.high - known.low)
    assert np.all((room > 5) & (room <= 21))
    assert part.known.all()


def test_too_many_messages_in_strata_without_answers_make_the_week_not_measured():
    assert not estimate_volumes(partly_measured(11)).known.any()


def test_no_messages_is_a_measured_zero():
    volumes = estimate_volumes(VolumeTerms.zeros(3, 1), trained=[True, True, False])
    for figure in (volumes.total, volumes.low, volumes.high, volumes.point):
        assert figure.tolist() == [0, 0, 0, 0]
    assert volumes.known.all()


def test_a_wider_level_gives_wider_intervals():
    terms = made_up(11)
    narrow, wide = (estimate_volumes(terms, level=level) for level in (0.8, 0.99))
    assert np.all(wide.high - wide.low >= narrow.high - narrow.low)
    assert np.any(wide.high - wide.low > narrow.high - narrow.low)


def test_a_model_that_was_often_wrong_before_gets_wider_intervals():
    now = made_up(12)
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(5, 0.05), size=400)
    wrong = volume_terms(p, rng.integers(0, 5, 400), np.full(400, 0.2), rng.random(400) < 0.2)
    trusted, doubted = estimate_volumes(now), estimate_volumes(now, [wrong] * 4)
    assert np.all(doubted.variance > trusted.variance)


def test_a_slice_learns_from_the_whole_how_far_off_the_model_is():
    whole, piece = made_up(13, 2000), made_up(14, 40)
    history = [made_up(15, 2000)]
    volumes = estimate_volumes(piece, whole=(whole, history))
    assert np.any(volumes.variance != estimate_volumes(piece).variance)
    np.testing.assert_array_equal(
        estimate_volumes(whole, history).low, estimate_volumes(whole, whole=(whole, history)).low
    )


def test_terms_that_do_not_belong_together_are_refused():
    terms = made_up(1)
    with pytest.raises(ValueError, match="same columns"):
        estimate_volumes(terms, [made_up(1, k=6)])
    with pytest.raises(ValueError, match="four weeks"):
        estimate_volumes(terms, [terms] * 5)
    with pytest.raises(ValueError, match="trained"):
        estimate_volumes(terms, trained=[True])
    with pytest.raises(ValueError, match="same columns"):
        volume_change(estimate_volumes(terms), estimate_volumes(made_up(1, k=6)))


@pytest.mark.parametrize(("x", "n"), [(0, 30), (3, 30), (30, 30), (500, 1000)])
def test_limits_from_answers_alone_are_the_exact_binomial_ones(x, n):
    exact = binomtest(x, n).proportion_ci(0.95, method="exact")
    low, high = clopper_pearson(np.array([x / n]), np.array([float(n)]), 0.95)
    assert (low[0], high[0]) == pytest.approx((exact.low, exact.high))


def test_a_change_between_exact_counts_is_exact():
    this, before = made_up(1, 300, asked="all"), made_up(2, 200, asked="all")
    change = volume_change(estimate_volumes(this), estimate_volumes(before))
    for figure in (change.difference, change.low, change.high):
        np.testing.assert_array_equal(figure, this.reviewed - before.reviewed)


def test_a_change_is_surer_than_comparing_the_ends_of_two_intervals():
    this, before = estimate_volumes(made_up(1)), estimate_volumes(made_up(2))
    change = volume_change(this, before)
    assert np.all(change.low >= this.low - before.high - 1e-9)
    assert np.all(change.high <= this.high - before.low + 1e-9)
    assert np.all((change.low <= change.difference) & (change.difference <= change.high))


def test_a_change_from_a_week_that_was_not_measured_is_not_known():
    unmeasured = volume_terms(np.full((9, 5), 0.2), np.full(9, -1), np.full(9, 0.5), np.zeros(9))
    change = volume_change(estimate_volumes(made_up(1)), estimate_volumes(unmeasured))
    assert not change.known.any()
