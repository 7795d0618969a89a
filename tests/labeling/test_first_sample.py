"""The first sample: balanced over channels and weeks, and a bit of everything."""

from collections import Counter

import numpy as np
from scipy.sparse import csr_matrix

from labeling.first_sample import first_picks


def subjects(n: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The subject (n,) of each message, few with most of them, and features (n, 40) near it."""
    shares = 1 / np.arange(1, count + 1)
    subject = rng.choice(count, size=n, p=shares / shares.sum())
    return subject, rng.normal(size=(count, 40))[subject] + 0.1 * rng.normal(size=(n, 40))


def test_channels_and_their_weeks_have_equal_parts_as_far_as_they_go():
    rng = np.random.default_rng(0)
    _, features = subjects(1000, 12, rng)
    channels = np.where(
        np.arange(1000) < 900, "email", np.where(np.arange(1000) < 996, "chat", "web")
    )
    weeks = [f"2026-W{40 + week}" for week in rng.integers(4, size=1000)]
    picks = first_picks(features, channels.tolist(), weeks, range(1000), 60, seed=0)
    assert len(picks) == len({pick.row for pick in picks}) == 60
    assert Counter(channels[pick.row] for pick in picks) == {"email": 28, "chat": 28, "web": 4}
    email = Counter(weeks[pick.row] for pick in picks if channels[pick.row] == "email")
    assert set(email.values()) == {7}
    assert {pick.why for pick in picks} == {"first"}


def test_rare_subjects_are_found_more_often_than_by_chance():
    rng = np.random.default_rng(1)
    subject, features = subjects(3000, 60, rng)
    picks = first_picks(features, ["email"] * 3000, [""] * 3000, range(3000), 60, seed=0)
    chance = rng.choice(3000, size=60, replace=False)
    assert len({subject[pick.row] for pick in picks}) >= 50
    assert len({subject[row] for row in chance}) < 40


def test_identical_texts_are_asked_once():
    features = np.repeat(np.random.default_rng(2).normal(size=(10, 5)), 3, axis=0)
    keys = [row // 3 for row in range(30)]
    picks = first_picks(features, ["email"] * 30, [""] * 30, keys, 20, seed=0)
    assert sorted(pick.row for pick in picks) == list(range(0, 30, 3))
    assert picks[0].same == (picks[0].row + 1, picks[0].row + 2)


def test_a_seed_repeats_the_sample_and_nothing_gives_nothing():
    rng = np.random.default_rng(3)
    features = csr_matrix((rng.random((400, 900)) < 0.02).astype(np.float32))
    asked = (["email", "chat"] * 200, ["w"] * 400, range(400))
    first, again = (first_picks(features, *asked, 10, seed=4) for _ in range(2))
    assert first == again
    assert first_picks(features[:0], [], [], [], 10, seed=0) == []
