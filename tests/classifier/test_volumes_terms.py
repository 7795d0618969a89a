"""The terms of volumes are sums: over any partition, in any order, stored and read back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.volumes import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms, volume_terms

FIELDS = SCALAR_FIELDS + COLUMN_FIELDS


def week(n: int = 300, k: int = 6, seed: int = 0):
    """probabilities, labels, inclusion, reviewed of a made-up week."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(k, 0.3), size=n)
    inclusion = rng.uniform(0.05, 1.0, size=n)
    reviewed = rng.random(n) < inclusion
    labels = np.array([rng.choice(k, p=row) for row in p])
    return p, np.where(reviewed, labels, -1), inclusion, reviewed


def assert_same(a: VolumeTerms, b: VolumeTerms) -> None:
    for name in ("leaves", *FIELDS):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-9, atol=1e-9)


def test_every_sum_is_the_one_written_in_its_definition():
    p, labels, pi, reviewed = week(40, 3)
    terms = volume_terms(p, labels, pi, reviewed)
    expected = dict.fromkeys(COLUMN_FIELDS, 0.0)
    column = 1
    for i in range(40):
        prob, y, q = p[i, column], float(labels[i] == column), p[i, column] * (1 - p[i, column])
        expected["expected"] += prob
        expected["modeled"] += (1 - pi[i]) / pi[i] * q
        expected["modeled_fourth"] += (1 - pi[i]) ** 2 / pi[i] ** 3 * q * (1 - 3 * q)
        if not reviewed[i]:
            expected["expected_open"] += prob
            expected["spread_open"] += q
            expected["likeliest"] += p[i].argmax() == column
            continue
        a = (1 - pi[i]) / pi[i] ** 2 * (y - prob) ** 2
        expected["correction"] += (y - prob) / pi[i]
        expected["design"] += a
        expected["surprise"] += a * (abs(y - prob) > 0.5)
        expected["surprise_square"] += a**2 * (abs(y - prob) > 0.5)
        expected["reviewed"] += y
        expected["weighted"] += y / pi[i]
        expected["weighted_spread"] += y * (1 - pi[i]) / pi[i] ** 2
    for name, value in expected.items():
        assert getattr(terms, name)[column] == pytest.approx(value), name
    asked = pi[reviewed]
    assert (terms.messages, terms.answers, terms.unmeasured) == (40, reviewed.sum(), 0)
    assert terms.weight == pytest.approx((1 / asked).sum())
    assert terms.weight_spread == pytest.approx(((1 - asked) / asked**2).sum())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 7))
def test_terms_add_up_over_any_partition_and_in_any_order(seed: int, parts: int):
    p, labels, pi, reviewed = week(60, 4, seed)
    member = np.random.default_rng(seed).integers(0, parts, size=60)
    groups = {"a": [0, 1], "all": [0, 1, 2, 3]}
    pieces = [
        volume_terms(*(a[member == part][::-1] for a in (p, labels, pi, reviewed)), groups=groups)
        for part in range(parts)
    ]
    assert_same(sum(pieces), volume_terms(p, labels, pi, reviewed, groups=groups))


def test_blocks_of_rows_do_not_show(monkeypatch):
    whole = volume_terms(*week())
    monkeypatch.setattr("classifier.volumes.terms.BLOCK_CELLS", 60)
    assert_same(volume_terms(*week()), whole)


def test_terms_read_back_from_what_was_stored_are_the_same():
    terms = volume_terms(*week(), groups=[[0, 1]])
    stored = {name: np.asarray(value).tolist() for name, value in terms.to_mapping().items()}
    assert_same(VolumeTerms.from_mapping(stored), terms)
    assert set(stored) == {"leaves", *FIELDS}


def test_zeros_change_nothing_and_only_columns_with_something_in_them_are_worth_storing():
    p, labels, pi, reviewed = week(k=4)
    padded = np.column_stack([p, np.zeros(len(p))])
    terms = volume_terms(padded, labels, pi, reviewed, groups=[[4], [0, 1]])
    assert_same(VolumeTerms.zeros(5, 2) + terms, terms)
    assert terms.nonzero.tolist() == [True] * 4 + [False, False, True]


def test_terms_of_other_columns_do_not_add_up():
    with pytest.raises(ValueError, match="different columns"):
        VolumeTerms.zeros(3) + VolumeTerms.zeros(2, 1)


def test_labels_of_messages_that_were_not_drawn_are_not_looked_at():
    p, labels, pi, reviewed = week()
    learned = np.where(reviewed, labels, 3)
    assert_same(volume_terms(p, learned, pi, reviewed), volume_terms(p, labels, pi, reviewed))


def test_a_group_has_the_sum_of_probabilities_and_any_of_the_answers():
    p, labels, pi, reviewed = week(k=5)
    members = [1, 3, 4]
    terms = volume_terms(p, labels, pi, reviewed, groups={"parent": members})
    merged = np.column_stack([p[:, [0, 2]], p[:, members].sum(axis=1)])
    relabeled = np.select([labels == 0, labels == 2, labels > 0], [0, 1, 2], -1)
    alone = volume_terms(merged, relabeled, pi, reviewed)
    for name in set(COLUMN_FIELDS) - {"likeliest"}:
        assert getattr(terms, name)[5] == pytest.approx(getattr(alone, name)[2]), name


def test_a_plain_count_has_every_message_once_and_a_group_what_its_leaves_have():
    p, labels, pi, reviewed = week(k=5)
    terms = volume_terms(p, labels, pi, reviewed, groups=[[1, 3, 4]])
    counted = np.bincount(np.where(reviewed, labels, p.argmax(axis=1)), minlength=5)
    assert terms.naive[:5].tolist() == counted.tolist()
    assert terms.naive[5] == counted[[1, 3, 4]].sum()


def test_a_plain_count_takes_no_side_where_drivers_are_as_likely():
    p = np.array([[0.4, 0.4, 0.2], [0.25, 0.25, 0.5]])
    terms = volume_terms(p, [-1, -1], [0.5, 0.5], [False, False])
    assert terms.naive.tolist() == [0.5, 0.5, 1.0]


def test_a_plain_count_of_mentions_takes_what_is_at_least_as_likely_as_not():
    p = np.array([[0.5, 0.6, 0.1], [0.2, 0.3, 0.4]])
    terms = volume_terms(p, [[0, 0, 0], [0, 0, 1]], [1, 1], [False, True])
    assert terms.naive.tolist() == [1, 1, 1]


def test_mentions_take_a_yes_or_no_for_each_driver_and_a_parent_is_a_union():
    p = np.array([[0.5, 0.5], [0.9, 0.2]])
    y = np.array([[1, 1], [0, 0]])
    terms = volume_terms(p, y, [0.5, 0.5], [True, False], groups=[[0, 1]])
    assert terms.expected.tolist() == pytest.approx([1.4, 0.7, 0.75 + (1 - 0.1 * 0.8)])
    assert terms.reviewed.tolist() == [1, 1, 1]


def test_messages_of_a_stratum_without_answers_count_but_are_marked():
    p, labels, pi, reviewed = week()
    silent = ~reviewed & (np.arange(len(p)) % 3 == 0)
    terms = volume_terms(p, labels, np.where(silent, np.nan, pi), reviewed)
    whole = volume_terms(p, labels, pi, reviewed)
    assert terms.unmeasured == silent.sum()
    np.testing.assert_allclose(terms.expected, whole.expected)
    assert np.all(terms.modeled < whole.modeled)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"inclusion": np.zeros(2)}, "inclusion must lie"),
        ({"inclusion": np.full(2, 1.1)}, "inclusion must lie"),
        ({"inclusion": np.full(2, np.nan)}, "needs its inclusion"),
        ({"labels": np.array([-1, 0])}, "needs a label"),
        ({"labels": np.array([2, 0])}, "needs a label"),
        ({"labels": np.zeros((2, 3), dtype=int)}, "labels must have shape"),
        ({"probabilities": np.zeros(2)}, "shape"),
        ({"probabilities": np.full((2, 2), 1.5)}, r"in \[0, 1\]"),
        ({"probabilities": np.full((2, 2), np.nan)}, r"in \[0, 1\]"),
        ({"reviewed": np.ones(3, dtype=bool)}, "shape"),
        ({"groups": [[0, 2]]}, "leaf columns"),
    ],
)
def test_what_cannot_be_summed_is_refused(change, sentence):
    rows = {
        "probabilities": np.full((2, 2), 0.5),
        "labels": np.array([0, 1]),
        "inclusion": np.full(2, 0.5),
        "reviewed": np.array([True, False]),
        "groups": None,
    }
    with pytest.raises(ValueError, match=sentence):
        volume_terms(**(rows | change))


def test_a_plain_count_is_of_what_the_model_said_and_not_of_what_became_of_it():
    p, labels, pi, reviewed = week()
    moved = np.roll(p, 1, axis=1)
    found = volume_terms(moved, labels, pi, reviewed, said=p)
    plain = volume_terms(p, labels, pi, reviewed)
    np.testing.assert_allclose(found.likeliest, plain.likeliest)
    np.testing.assert_allclose(found.expected, moved.sum(axis=0))
    with pytest.raises(ValueError, match="said"):
        volume_terms(p, labels, pi, reviewed, said=p[:, 1:])
