"""People err: what second opinions make of the volumes, by algebra and on simulated weeks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.volumes import (
    COLUMN_FIELDS,
    SCALAR_FIELDS,
    SecondOpinions,
    VolumeTerms,
    estimate_volumes,
    volume_terms,
)
from tests.benchmarks.second_opinions import LARGE, PAIR, People, Tally, run
from tests.benchmarks.volumes.simulated import CONFUSED

GROUPS = {"a": [0, 1], "b": [2, 3, 4]}
WEEK = {"n": 10_000, "budget": 0.05, "weeks": 40}
seeds = st.integers(0, 2**32 - 1)


def rows(seed: int, n: int = 80, k: int = 5, *, several: bool = False, all_asked: bool = False):
    """Arguments of `volume_terms` of made-up messages, one in five answers wrong."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(k, 0.4), size=n)
    held = (rng.random((n, k)) < p).astype(int) if several else rng.integers(0, k, size=n)
    wrong = rng.random(n) < 0.2
    first = np.where(wrong[:, None] if several else wrong, np.roll(held, 1), held)
    pi = np.ones(n) if all_asked else rng.uniform(0.05, 1.0, size=n)
    reviewed = rng.random(n) < pi
    chance = np.where(rng.random(n) < 0.2, 0.0, rng.uniform(0.1, 1.0, size=n))
    looked = reviewed & (rng.random(n) < chance)
    return p, first, pi, reviewed, (held, chance, looked, wrong)


def summed(given, which=slice(None)) -> VolumeTerms:
    *first, (held, chance, looked, differing) = given
    second = SecondOpinions(
        labels=held[which],
        inclusion=chance[which],
        given=looked[which],
        differing=differing[which],
    )
    return volume_terms(*(each[which] for each in first), groups=GROUPS, second=second)


def assert_same(a: VolumeTerms, b: VolumeTerms) -> None:
    for name in ("leaves", *SCALAR_FIELDS, *COLUMN_FIELDS):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-9, atol=1e-9)


def test_every_sum_is_the_one_written_in_its_definition():
    p, first, pi, reviewed, (held, chance, looked, differing) = given = rows(3)
    terms = summed(given)
    expected = dict.fromkeys([name for name in COLUMN_FIELDS if "second" in name], 0.0)
    expected["reviewed_unconfirmed"] = float((first[reviewed] == 2).sum())
    for i in np.flatnonzero(reviewed):
        y, z = float(first[i] == 2), float(held[i] == 2)
        expected["reviewed_unconfirmed"] -= z if looked[i] else y * (chance[i] == 0)
        if chance[i] == 0:
            continue
        about = 1.0 if y else p[i, 2] / (1 - p[i, first[i]])
        weight = 1 / (pi[i] * chance[i])
        expected["second_modeled"] += (1 - chance[i]) * weight / pi[i] * about
        expected["second_modeled_fourth"] += (1 - chance[i]) ** 2 * weight**3 / pi[i] * about
        if looked[i]:
            square = (1 - chance[i]) * weight**2 * (z - y) ** 2
            expected["second_correction"] += weight * (z - y)
            expected["second_design"] += square
            expected["second_design_square"] += square**2
            less = (y - p[i, 2]) ** 2 - (z - p[i, 2]) ** 2
            expected["second_surplus"] += (1 - pi[i]) / pi[i] * weight * less
    for name, value in expected.items():
        assert getattr(terms, name)[2] == pytest.approx(value), name
    assert terms.second_opinions == looked.sum()
    assert terms.differing == (looked & differing).sum()
    assert terms.unconfirmed == (reviewed & (chance > 0) & ~looked).sum()


@settings(max_examples=30, deadline=None)
@given(seed=seeds, parts=st.integers(1, 6), several=st.booleans())
def test_terms_add_up_over_any_partition_and_in_any_order(seed, parts, several):
    given = rows(seed, several=several)
    member = np.random.default_rng(seed).integers(0, parts, size=80)
    pieces = [summed(given, np.flatnonzero(member == part)[::-1]) for part in range(parts)]
    assert_same(sum(pieces), summed(given))


def test_blocks_of_rows_do_not_show(monkeypatch):
    given = rows(1)
    whole = summed(given)
    monkeypatch.setattr("classifier.volumes.terms.BLOCK_CELLS", 60)
    assert_same(summed(given), whole)


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_leaves_add_up_to_the_messages_and_parents_to_their_leaves(seed):
    volumes = estimate_volumes(summed(rows(seed)))
    assert volumes.total[:5].sum() == pytest.approx(80)
    assert volumes.total[5] == pytest.approx(volumes.total[[0, 1]].sum())
    assert np.all(volumes.low <= volumes.high)


def test_a_group_is_moved_by_mistakes_out_of_it_only():
    p = np.full((4, 5), 0.2)
    first, held = np.array([0, 0, 1, 3]), np.array([1, 0, 1, 0])
    second = SecondOpinions(labels=held, inclusion=np.full(4, 0.5), given=np.ones(4))
    terms = volume_terms(p, first, np.ones(4), np.ones(4), groups=GROUPS, second=second)
    assert terms.second_correction.tolist() == [0, 2, 0, -2, 0, 2, -2]


def test_everything_reviewed_and_reviewed_again_gives_the_exact_count_with_zero_width():
    p, first, pi, reviewed, (held, _, _, wrong) = rows(5, all_asked=True)
    again = np.ones(80)
    volumes = estimate_volumes(summed((p, first, pi, reviewed, (held, again, again > 0, wrong))))
    assert volumes.total[:5].tolist() == np.bincount(held, minlength=5).tolist()
    assert volumes.low.tolist() == volumes.high.tolist() == volumes.total.tolist()


def test_everything_reviewed_but_only_a_part_again_is_not_known_exactly():
    given = rows(5, all_asked=True)
    volumes = estimate_volumes(summed(given))
    assert np.all(volumes.low < volumes.high)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, several=st.booleans())
def test_where_nobody_can_be_asked_a_second_time_every_figure_is_what_it_was(seed, several):
    *first, (held, *_) = rows(seed, several=several)
    none = (held, np.zeros(80), np.zeros(80, dtype=bool), np.zeros(80, dtype=bool))
    with_none, without = summed((*first, none)), volume_terms(*first, groups=GROUPS)
    for name in (*SCALAR_FIELDS, *COLUMN_FIELDS):
        assert np.array_equal(getattr(with_none, name), getattr(without, name)), name
    found, was = estimate_volumes(with_none), estimate_volumes(without)
    for name in ("total", "low", "high", "blend", "point", "variance"):
        assert np.array_equal(getattr(found, name), getattr(was, name)), name


def test_second_opinions_that_all_agree_widen_the_intervals_and_move_nothing():
    p, first, pi, reviewed, (_, chance, looked, _) = rows(2)
    none_wrong = (first, chance, looked, np.zeros(80, dtype=bool))
    agreed = estimate_volumes(summed((p, first, pi, reviewed, none_wrong)))
    believed = estimate_volumes(volume_terms(p, first, pi, reviewed, groups=GROUPS))
    assert agreed.total.tolist() == believed.total.tolist()
    assert np.all(agreed.variance > believed.variance)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": np.zeros(3, dtype=int)}, "shapes of the first"),
        ({"inclusion": np.full(2, 1.5)}, r"in \[0, 1\]"),
        ({"inclusion": np.full(2, np.nan)}, r"in \[0, 1\]"),
        ({"inclusion": np.zeros(2)}, "needs a first answer and its"),
        ({"given": np.ones(2, dtype=bool)}, "needs a first answer and its"),
        ({"labels": np.array([2, 0])}, "needs a label"),
        ({"labels": np.array([-1, 0])}, "needs a label"),
        ({"differing": np.zeros(3, dtype=bool)}, "shapes of the first"),
    ],
)
def test_what_cannot_be_summed_is_refused(change, sentence):
    opinions = {
        "labels": np.array([1, 0]),
        "inclusion": np.full(2, 0.5),
        "given": np.array([True, False]),
    }
    with pytest.raises(ValueError, match=sentence):
        volume_terms(
            np.full((2, 2), 0.5),
            np.array([0, -1]),
            np.full(2, 0.5),
            np.array([True, False]),
            second=SecondOpinions(**(opinions | change)),
        )


def test_the_total_is_right_on_average_whatever_people_and_the_model_get_wrong():
    rng = np.random.default_rng(11)
    truth = rng.choice(5, size=300, p=[0.4, 0.3, 0.2, 0.08, 0.02])
    first = np.where((truth == 1) & (rng.random(300) < 0.4), 0, truth)
    garbage = rng.dirichlet(np.full(5, 0.2), size=300)
    pi, chance = rng.uniform(0.2, 0.8, size=300), rng.uniform(0.1, 0.6, size=300)
    totals = []
    for _ in range(1500):
        asked = rng.random(300) < pi
        again = SecondOpinions(
            labels=truth, inclusion=chance, given=asked & (rng.random(300) < chance)
        )
        totals.append(estimate_volumes(volume_terms(garbage, first, pi, asked, second=again)).total)
    bias = np.mean(totals, axis=0) - np.bincount(truth, minlength=5)
    assert np.all(np.abs(bias) < 4 * np.std(totals, axis=0) / np.sqrt(1500))


@pytest.fixture(scope="module")
def differently() -> Tally:
    return run(People("differently"), **WEEK)


@pytest.fixture(scope="module")
def one_for_another() -> Tally:
    return run(People("one for another", graded=True), **WEEK)


def test_one_wrong_answer_in_twenty_makes_large_drivers_too_small(differently):
    assert differently.bias("believed") < -2.5
    assert abs(differently.bias("corrected")) < 1


def test_intervals_hold_where_one_answer_in_twenty_is_wrong(differently):
    assert differently.coverage("believed", LARGE) < 93
    assert differently.coverage("corrected", LARGE) >= 95
    assert 94 <= differently.coverage("corrected") <= 99.7


def test_a_quarter_of_second_opinions_costs_less_than_three_quarters_more_width(differently):
    assert 1.1 < differently.width("corrected") / differently.width("believed") < 1.75


def test_intervals_hold_where_people_take_one_driver_for_another(one_for_another):
    assert one_for_another.coverage("believed", PAIR) < 70
    assert one_for_another.coverage("corrected", PAIR) >= 92
    assert abs(one_for_another.bias("corrected", [CONFUSED])) < 6


def test_the_figure_shown_is_nearer_to_the_truth_with_second_opinions(one_for_another):
    believed, corrected = (
        one_for_another.error(which, "blend", LARGE) for which in ("believed", "corrected")
    )
    assert corrected < 0.7 * believed


def test_second_opinions_where_mistakes_are_likelier_and_weigh_more_cost_little_width():
    tally = run(People("differently", graded=True), **WEEK)
    assert tally.width("corrected") / tally.width("believed") < 1.3
    assert tally.coverage("corrected", LARGE) >= 95
    assert abs(tally.bias("corrected")) < 1


def test_nobody_who_errs_costs_little_accuracy():
    tally = run(People("none", graded=True), **WEEK)
    assert tally.error("corrected", "blend") < 1.05 * tally.error("believed", "blend")
    assert tally.width("corrected") / tally.width("believed") < 1.2


def test_a_mistake_that_both_make_cannot_be_seen():
    tally = run(People("one for another", "alike"), **WEEK)
    assert tally.corrected[-1].total.tolist() == tally.believed[-1].total.tolist()
    assert tally.coverage("corrected", PAIR) < 92
