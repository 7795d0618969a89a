"""Whom to ask to learn most: the unsure, unlike each other, with a share for what is wanted."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from classifier.messages import Predictions
from labeling.picks import Aim, hesitation, learning_picks, rarity, spread


def predicted(probabilities: np.ndarray, unknown: float = 0.0) -> Predictions:
    drivers = tuple(f"driver-{column}" for column in range(probabilities.shape[1]))
    return Predictions(drivers, probabilities, np.full(len(probabilities), unknown))


def groups(n: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The group (n,) of each message, and dense features (n, 30) that lie near its group's."""
    centers = rng.normal(size=(count, 30))
    group = rng.integers(count, size=n)
    return group, centers[group] + 0.05 * rng.normal(size=(n, 30))


def certain(n: int, k: int = 4) -> np.ndarray:
    return np.tile([[1 - 0.01 * (k - 1)] + [0.01] * (k - 1)], (n, 1))


def test_a_message_between_two_drivers_is_the_one_to_hesitate_about():
    found = hesitation(predicted(np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.6, 0.3, 0.1]])))
    assert found == pytest.approx([0, 1, 0.7])


def test_a_message_perhaps_about_none_of_the_drivers_is_hesitated_about_too():
    found = hesitation(predicted(np.array([[1.0, 0.0]]), unknown=0.5))
    assert found == pytest.approx([1])


def test_picks_are_unsure_and_unlike_each_other():
    rng = np.random.default_rng(0)
    group, features = groups(600, 20, rng)
    chances = certain(600)
    unsure = rng.random(600) < 0.3
    chances[unsure] = [0.4, 0.35, 0.15, 0.1]
    picks = learning_picks(features, predicted(chances), range(600), 20, seed=1)
    rows = [pick.row for pick in picks]
    assert len(set(rows)) == 20
    assert unsure[rows].all()
    assert len({group[row] for row in rows}) >= 18
    assert {pick.why for pick in picks} == {"unsure"}


def test_one_of_each_heap_is_taken_the_heap_with_most_doubt_first():
    rng = np.random.default_rng(1)
    group, features = groups(40, 4, rng)
    scores = rng.uniform(0.1, 0.2, size=40)
    scores[np.flatnonzero(group == 2)[:3]] = 0.9
    rows = spread(features, scores, 4, seed=0)
    assert sorted(group[rows]) == [0, 1, 2, 3]
    assert group[rows[0]] == 2


def test_the_least_doubtful_are_not_picked_however_different():
    rng = np.random.default_rng(1)
    _, features = groups(300, 30, rng)
    scores = np.where(np.arange(300) < 50, 0.9, 0.1)
    assert set(spread(features, scores, 5, seed=0)) <= set(range(50))
    assert len(spread(features, np.where(scores > 0.5, scores, 0), 60, seed=0)) == 50


def test_aims_get_their_share_and_the_rest_is_what_is_unsure():
    rng = np.random.default_rng(2)
    features = rng.normal(size=(400, 30))
    chances = np.tile([[0.45, 0.45, 0.1, 0.0]], (400, 1))
    chances[:40] = [0.2, 0.2, 0.1, 0.5]
    rare = Aim("rare", 0.3, rarity([100, 50, 30, 2]))
    picks = learning_picks(features, predicted(chances), range(400), 20, seed=0, aims=[rare])
    assert len(picks) == 20
    aimed = [pick for pick in picks if pick.why == "rare"]
    assert len(aimed) == 6
    assert all(pick.row < 40 for pick in aimed)
    assert {pick.why for pick in picks[:8]} == {"rare", "unsure"}


def test_what_an_aim_finds_nothing_for_goes_to_the_unsure():
    features = np.random.default_rng(3).normal(size=(50, 30))
    nothing = Aim("rare", 0.5, np.zeros(4))
    picks = learning_picks(features, predicted(certain(50)), range(50), 10, seed=0, aims=[nothing])
    assert [pick.why for pick in picks] == ["unsure"] * 10


def test_shares_of_more_than_everything_are_refused():
    aims = [Aim("one", 0.7, np.ones(4)), Aim("other", 0.6, np.ones(4))]
    with pytest.raises(ValueError, match="shares"):
        learning_picks(np.ones((5, 3)), predicted(certain(5)), range(5), 2, seed=0, aims=aims)


def test_a_label_of_a_driver_with_twice_as_many_is_worth_half():
    assert rarity([0, 1, 2, 10, 20]) == pytest.approx([1, 1, 0.5, 0.1, 0.05])
    assert rarity([40, 10]) == pytest.approx([0.25, 1])


def test_few_picks_are_spread_wide_and_many_stay_with_the_doubts():
    features = np.random.default_rng(7).normal(size=(3000, 20))
    scores = np.linspace(1.0, 0.1, 3000)
    assert 60 < max(spread(features, scores, 10, seed=0)) < 100
    assert 200 < max(spread(features, scores, 60, seed=0)) < 300
    assert 350 < max(spread(features, scores, 150, seed=0)) < 450


def test_the_same_text_is_asked_once_and_its_copies_come_along():
    rng = np.random.default_rng(4)
    features = rng.normal(size=(40, 30))
    features[20:] = features[:20]
    keys = [f"text {row % 20}" for row in range(40)]
    picks = learning_picks(features, predicted(certain(40)), keys, 40, seed=0)
    assert sorted(pick.row for pick in picks) == list(range(20))
    assert all(pick.same == (pick.row + 20,) for pick in picks)
    assert all(pick.near == () for pick in picks)


def test_what_says_nearly_the_same_is_offered_with_it():
    rng = np.random.default_rng(5)
    features = rng.normal(size=(40, 30))
    features[7] = features[3] * 2 + 0.01 * rng.normal(size=30)
    chances = certain(40)
    chances[3] = [0.5, 0.5, 0, 0]
    (pick,) = learning_picks(features, predicted(chances), range(40), 1, seed=0)
    assert (pick.row, pick.near) == (3, (7,))


def test_sparse_features_serve_and_a_seed_repeats_the_picks():
    rng = np.random.default_rng(6)
    features = csr_matrix((rng.random((500, 900)) < 0.02).astype(np.float32))
    predictions = predicted(rng.dirichlet(np.ones(6), size=500))
    first, again, other = (
        learning_picks(features, predictions, range(500), 15, seed=seed) for seed in (0, 0, 1)
    )
    assert first == again
    assert len(first) == 15
    assert first != other


def test_fewer_candidates_than_wanted_are_all_picked():
    features = np.eye(3)
    assert len(learning_picks(features, predicted(certain(3)), range(3), 10, seed=0)) == 3
    assert learning_picks(np.ones((0, 3)), predicted(certain(0)), [], 10, seed=0) == []
    assert learning_picks(features, predicted(certain(3)), range(3), 0, seed=0) == []
