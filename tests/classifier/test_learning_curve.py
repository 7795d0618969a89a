"""What more labels are worth: nested parts, a power law found again, intervals that cover."""

import json
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.evaluation.learning_curve import fitted, learning_curve, nested

SIZES = (250, 500, 750, 1_000)


def wrong(size: float, scale: float = 2.0, power: float = 0.4) -> float:
    return scale * size**-power


def world(m: int, random: np.random.Generator, *, power: float = 0.4) -> NDArray[np.bool_]:
    """Right or not (4, m): the same messages each time, hard ones wrong longest."""
    hard = random.random(m)
    return np.stack([hard >= wrong(size, power=power) for size in SIZES])


def test_parts_are_nested_and_keep_drivers_in_proportion() -> None:
    labels = ["late"] * 400 + ["lost"] * 80 + ["rare"] * 4
    parts = nested(labels, (1.0, 0.25, 0.5))
    assert [len(part) for part in parts] == pytest.approx([121, 242, 484], abs=2)
    assert len(parts[-1]) == len(labels)
    for smaller, larger in pairwise(parts):
        assert set(smaller) < set(larger)
    drivers = [labels[row] for row in parts[0]]
    assert (drivers.count("late"), drivers.count("lost"), drivers.count("rare")) == (100, 20, 1)


def test_groups_stay_together_in_every_part() -> None:
    groups = [f"customer {row // 4}" if row < 80 else "" for row in range(100)]
    for part in nested(["late", "lost"] * 50, (0.3, 0.6), groups=groups):
        inside = {groups[row] for row in part} - {""}
        assert all(sum(groups[row] == each for row in part) == 4 for each in inside)
        assert 0 < len(inside) < 20


def test_the_same_seed_gives_the_same_parts() -> None:
    labels = ["late", "lost"] * 40
    one, same, other = (nested(labels, (0.5,), seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_power_law_is_found_again() -> None:
    found = fitted(SIZES, world(200_000, np.random.default_rng(1)))
    assert found.power == pytest.approx(0.4, abs=0.02)
    assert found.wrong(1_000) == pytest.approx(wrong(1_000), rel=0.03)
    assert found.gain == pytest.approx(wrong(1_000) - wrong(1_200), rel=0.08)
    assert found.gain_low < found.gain < found.gain_high


def test_the_interval_of_the_gain_covers_the_true_gain() -> None:
    random = np.random.default_rng(7)
    found = [fitted(SIZES, world(600, random)) for _ in range(100)]
    truth = wrong(1_000) - wrong(1_200)
    assert np.mean([each.gain_low <= truth <= each.gain_high for each in found]) >= 0.88


def test_messages_of_one_group_make_the_interval_wider() -> None:
    right = np.repeat(world(100, np.random.default_rng(3)), 8, axis=1)
    alone = fitted(SIZES, right)
    together = fitted(SIZES, right, groups=[f"customer {row // 8}" for row in range(800)])
    widths = [each.gain_high - each.gain_low for each in (alone, together)]
    assert widths[1] > 1.8 * widths[0]
    assert together.points[0].accuracy.low < alone.points[0].accuracy.low


def test_labels_that_help_nothing_are_worth_nothing() -> None:
    right = np.tile(np.arange(100) >= 20, (4, 1))
    found = fitted(SIZES, right)
    assert found.gain == pytest.approx(0.0, abs=1e-9)
    assert "200 more labels are worth about +0.0 points" in found.sentence()


def test_every_share_is_trained_on_and_judged_once() -> None:
    asked: list[int] = []

    def score(rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        asked.append(len(rows))
        return np.arange(100) < 60 + len(rows) // 10

    found = learning_curve(["late", "lost"] * 100, score, extra=50)
    assert asked == [50, 100, 150, 200]
    assert [point.labels for point in found.points] == asked
    assert found.points[-1].accuracy.value == 0.8
    assert "50 more labels are worth about +" in found.sentence()
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_a_faultless_model_has_a_curve_too() -> None:
    found = fitted((10, 20), np.ones((2, 50), bool))
    assert 0 <= found.gain < 0.01


def test_one_size_or_nothing_to_judge_by_is_refused() -> None:
    for sizes, right in (((10, 10), np.ones((2, 5), bool)), ((5, 10), np.ones((2, 0), bool))):
        with pytest.raises(ValueError, match="two sizes"):
            fitted(sizes, right)
