import numpy as np
import pytest

from classifier.comparison import compare


def apart(n):
    return [str(row) for row in range(n)]


def rights(*shares, n=2000, seed=0):
    """What candidates had right, by name: they fail on the same hard messages first."""
    hard = np.random.default_rng(seed).permutation(n)
    return {f"{share}": hard < share * n for share in shares}


def test_a_small_difference_on_the_same_messages_counts():
    """Each one's own standard error, 0.7 points here, would all but drown a point."""
    compared = compare(rights(0.895, 0.9), apart(2000), 3)
    assert compared.taken == "0.9"
    assert compared.errors["0.895"] == pytest.approx(np.sqrt(0.005 * 0.995 / 2000))
    assert compared.errors["0.9"] == 0


def test_of_equals_the_first_is_taken():
    assert compare(rights(0.9, 0.9), apart(2000), 3).taken == "0.9"
    right = np.arange(10) > 3
    assert compare({"simple": right, "rich": right}, apart(10), 3).taken == "simple"


def test_messages_that_stand_or_fall_together_count_as_one():
    """The rich one has twenty right that the simple one has not, and ten the other way round."""
    row = np.arange(1000)
    right = {"simple": row >= 20, "rich": (row < 20) | (row >= 30)}
    assert compare(right, apart(1000), 3).taken == "rich"
    assert compare(right, [str(each // 10) for each in row], 3).taken == "simple"


def test_of_two_equally_good_in_truth_the_simple_one_is_taken_as_often_as_one_error_promises():
    """Chance puts the rich one ahead by more than one standard error 16 times in 100."""
    chance, taken, runs = np.random.default_rng(3), 0, 600
    for _ in range(runs):
        right = {name: chance.random(500) < 0.8 for name in ("simple", "rich")}
        taken += compare(right, apart(500), 3).taken == "simple"
    assert 0.80 < taken / runs < 0.88


def test_it_says_how_each_did_on_how_much():
    compared = compare(rights(0.5, 0.9), apart(2000), 3)
    assert str(compared) == "0.5 50.0%, 0.9 90.0% (2,000 messages, 3 folds)"
    assert compared.to_dict()["judged"] == 2000
