"""What holds of weekly volumes whatever the messages, the model and the answers are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.volumes import (
    COLUMN_FIELDS,
    SCALAR_FIELDS,
    Volumes,
    VolumeTerms,
    estimate_volumes,
    volume_terms,
)

K = 5
GROUPS = [[0, 1], [2, 3, 4], [1, 4]]
FIGURES = ("total", "low", "high", "blend", "point", "variance")
seeds = st.integers(0, 2**32 - 1)


class Rows:
    """Made-up messages: any model, any inclusion, some strata in which nobody answered."""

    def __init__(self, seed: int, n: int, *, mentions: bool = False, everything: bool = False):
        rng = np.random.default_rng(seed)
        self.p = rng.dirichlet(np.full(K, rng.choice([0.05, 0.5, 5.0])), size=n)
        self.said = rng.dirichlet(np.full(K, 0.5), size=n)
        self.labels = rng.integers(0, 2, (n, K)) if mentions else rng.integers(0, K, n)
        self.pi = rng.uniform(0.01, 1.0, n)
        self.reviewed = rng.random(n) < self.pi
        self.pi[~self.reviewed & (rng.random(n) < 0.2)] = np.nan
        if everything:
            self.pi, self.reviewed = np.ones(n), np.ones(n, dtype=bool)

    def terms(self, rows: np.ndarray | slice = slice(None)) -> VolumeTerms:
        return volume_terms(
            self.p[rows],
            self.labels[rows],
            self.pi[rows],
            self.reviewed[rows],
            groups=GROUPS,
            said=self.said[rows],
        )


def assert_same_terms(a: VolumeTerms, b: VolumeTerms) -> None:
    for name in SCALAR_FIELDS + COLUMN_FIELDS:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-9, atol=1e-7)


def assert_same(a: Volumes, b: Volumes, order: np.ndarray | slice = slice(None)) -> None:
    for name in FIGURES:
        theirs = getattr(b, name)[order]
        np.testing.assert_allclose(getattr(a, name), theirs, rtol=1e-6, atol=1e-6, err_msg=name)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, n=st.integers(1, 80), parts=st.integers(1, 9), mentions=st.booleans())
def test_terms_add_up_over_any_partition(seed, n, parts, mentions):
    rows = Rows(seed, n, mentions=mentions)
    member = np.random.default_rng(seed).integers(0, parts, n)
    pieces = [rows.terms(member == part) for part in range(parts)]
    assert_same_terms(sum(pieces, VolumeTerms.zeros(K, len(GROUPS))), rows.terms())


@settings(max_examples=40, deadline=None)
@given(seed=seeds, n=st.integers(1, 80), mentions=st.booleans())
def test_the_order_of_messages_is_irrelevant(seed, n, mentions):
    rows, before = Rows(seed, n, mentions=mentions), Rows(seed + 1, 90, mentions=mentions)
    order = np.random.default_rng(seed).permutation(n)
    assert_same_terms(rows.terms(order), rows.terms())
    history = [before.terms()]
    assert_same(
        estimate_volumes(rows.terms(order), history), estimate_volumes(rows.terms(), history)
    )


@settings(max_examples=40, deadline=None)
@given(seed=seeds, n=st.integers(1, 80))
def test_the_order_of_drivers_is_irrelevant(seed, n):
    order = np.random.default_rng(seed).permutation(K)
    trained = np.random.default_rng(seed).random(K) < 0.7

    def estimated(at: np.ndarray) -> Volumes:
        weeks = [
            volume_terms(week.p[:, at], np.argsort(at)[week.labels], week.pi, week.reviewed)
            for week in (Rows(seed + 1, 90), Rows(seed, n))
        ]
        return estimate_volumes(weeks[1], weeks[:1], trained=trained[at])

    assert_same(estimated(order), estimated(np.arange(K)), order)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n=st.integers(1, 300), weeks=st.integers(0, 4))
def test_leaves_add_up_to_the_messages(seed, n, weeks):
    history = [Rows(seed + 1 + back, 50).terms() for back in range(weeks)]
    volumes = estimate_volumes(Rows(seed, n).terms(), history)
    assert volumes.total[:K].sum() == pytest.approx(n)


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds,
    n=st.integers(1, 300),
    mentions=st.booleans(),
    trained=st.lists(st.booleans(), min_size=K, max_size=K),
)
def test_reviewing_everything_gives_the_exact_count_with_zero_width(seed, n, mentions, trained):
    rows = Rows(seed, n, mentions=mentions, everything=True)
    y = rows.labels if mentions else rows.labels[:, None] == np.arange(K)
    exact = np.column_stack([y, *(y[:, group].any(axis=1) for group in GROUPS)]).sum(axis=0)
    history = [Rows(seed + 1, 200, mentions=mentions).terms()]
    for whole in (None, (Rows(seed + 2, 400, mentions=mentions).terms(), history)):
        found = estimate_volumes(rows.terms(), history, trained=trained, whole=whole)
        for name in ("total", "low", "high", "point"):
            np.testing.assert_array_equal(getattr(found, name), exact, err_msg=name)
        assert found.known.all()
