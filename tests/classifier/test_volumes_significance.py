"""A change is flagged when the rate moved, hardly ever otherwise: by simulation and by hand."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, norm

from classifier.volumes import (
    Volumes,
    VolumeTerms,
    estimate_volumes,
    real_changes,
    volume_terms,
)

DRIVERS, MESSAGES, ASKED = 30, 2000, 0.1
SHARES = 1 / np.arange(1, DRIVERS + 1) / np.sum(1 / np.arange(1, DRIVERS + 1))


def week(shares: np.ndarray, rng: np.random.Generator, misread: float) -> VolumeTerms:
    """A week of messages read by a model that is right of four in five and as sure as it should
    be, but takes a share of the second driver for the fifth."""
    truth = rng.choice(DRIVERS, size=MESSAGES, p=shares / shares.sum())
    seen = np.where((truth == 1) & (rng.random(MESSAGES) < misread), 4, truth)
    signs = 3.2 * np.eye(DRIVERS)[seen] + rng.normal(size=(MESSAGES, DRIVERS))
    p = SHARES * np.exp(3.2 * signs)
    p /= p.sum(axis=1, keepdims=True)
    doubt = np.sqrt(1 - (p**2).sum(axis=1))
    pi = np.minimum(ASKED / 2 + ASKED / 2 * doubt / doubt.mean(), 1.0)
    return volume_terms(p, truth, pi, rng.random(MESSAGES) < pi)


def flags(weeks: int, *, factor: float = 1.0, misread: float = 0.0) -> np.ndarray:
    """(weeks - 1, columns) the flags of each week against the one before. In every sixth week the
    third driver's rate is so many times what it is in the others."""
    rng, history, found = np.random.default_rng(5), [], []
    for number in range(weeks):
        shares = SHARES.copy()
        shares[2] *= factor if number % 6 == 5 else 1.0
        terms = week(shares, rng, misread)
        found.append(estimate_volumes(terms, history[-4:]))
        history.append(terms)
    pairs = zip(found[1:], found[:-1], strict=True)
    return np.array([real_changes(this, before) for this, before in pairs])


@pytest.mark.parametrize("misread", [0.0, 0.3], ids=["a fair model", "a confused pair"])
def test_at_most_one_in_twenty_weeks_without_a_change_has_a_flag(misread):
    assert flags(121, misread=misread).any(axis=1).mean() <= 0.05


def test_a_driver_that_doubles_is_flagged_and_little_else():
    found = flags(120, factor=2.0)[4::6]
    assert found[:, 2].mean() >= 0.7
    assert np.delete(found, 2, axis=1).mean() <= 0.01


def exact(*counts: float) -> Volumes:
    """Volumes of a week in which everybody was asked and answered."""
    labels = np.repeat(np.arange(len(counts)), np.array(counts, dtype=int))
    p = np.full((len(labels), len(counts)), 1 / len(counts))
    terms = volume_terms(p, labels, np.ones(len(labels)), np.ones(len(labels), dtype=bool))
    return estimate_volumes(terms)


def test_the_flags_are_those_of_benjamini_and_hochberg():
    this, before = exact(140, 60, 95, 30, 12, 500), exact(100, 100, 100, 18, 11, 500)
    z = (this.blend - before.blend) / np.sqrt(this.total + before.total)
    expected = false_discovery_control(2 * norm.sf(np.abs(z))) <= 0.05
    assert expected.sum() in range(1, 6)
    assert real_changes(this, before).tolist() == expected.tolist()


def test_what_is_certain_to_differ_may_still_be_chance():
    assert not real_changes(exact(110, 90), exact(100, 100)).any()


def test_only_what_is_shown_is_tested():
    this, before = exact(140, 100, 100, 100, 100, 100), exact(105, 100, 100, 100, 100, 100)
    assert not real_changes(this, before).any()
    alone = np.arange(6) == 0
    assert real_changes(this, before, shown=alone).tolist() == alone.tolist()
    assert not real_changes(this, before, shown=~alone).any()


def test_nothing_is_flagged_where_a_week_was_not_measured():
    n = 200
    nothing = volume_terms(np.full((n, 2), 0.5), np.full(n, -1), np.full(n, 0.5), np.zeros(n))
    unmeasured = estimate_volumes(nothing)
    assert real_changes(exact(200, 0), exact(20, 180)).all()
    assert not real_changes(exact(200, 0), unmeasured).any()


def test_weeks_of_other_columns_are_refused():
    with pytest.raises(ValueError, match="same columns"):
        real_changes(exact(1, 2), exact(1, 2, 3))
