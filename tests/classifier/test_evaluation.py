"""A model's worth: answers known by hand, scikit-learn beside us, guarantees by simulation."""

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from classifier.evaluation import (
    Evaluation,
    compare,
    evaluate,
    expected_calibration_error,
    paired_comparison,
    rate,
)
from classifier.messages import Label

DRIVERS = ("delivery", "payment", "returns")


def by_hand(**more: Any) -> Evaluation:
    """Six messages: three right, one wrong, one about nothing, one about a driver never learned."""
    probabilities = np.array(
        [
            [0.90, 0.05, 0.05],
            [0.80, 0.10, 0.10],
            [0.20, 0.70, 0.10],
            [0.60, 0.30, 0.10],
            [0.50, 0.40, 0.10],
            [0.30, 0.30, 0.40],
        ]
    )
    unknown = np.array([0.0, 0.1, 0.0, 0.2, 0.9, 0.5])
    labels = ["delivery", Label("delivery"), "payment", "returns", None, "gift-card"]
    given = {"threshold": 0.45, "target": 0.95, **more}
    return evaluate(probabilities, unknown, labels, DRIVERS, **given)


def simulated(
    n: int, *, sharpness: float = 1.0, seed: int = 3
) -> tuple[NDArray[np.float64], list[str]]:
    """Probabilities (n, 5) that are right as often as they say when `sharpness` is 1."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n, 5))
    truth = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    picks = (truth.cumsum(axis=1) > random.random((n, 1))).argmax(axis=1)
    said = truth**sharpness / (truth**sharpness).sum(axis=1, keepdims=True)
    return said, [f"driver{each}" for each in picks]


SIMULATED = tuple(f"driver{each}" for each in range(5))


def test_messages_are_counted_by_what_the_model_can_know_of_them() -> None:
    found = by_hand()
    assert (found.n, found.known, found.unknown_labels, found.other_drivers) == (6, 4, 1, 1)


def test_accuracy_is_over_messages_whose_driver_the_model_knows() -> None:
    found = by_hand().to_dict()
    assert found["accuracy"] == 3 / 4
    assert found["micro_f1"] == pytest.approx(3 / 4)


def test_auto_is_over_every_message_and_a_message_about_nothing_is_wrong() -> None:
    found = by_hand(threshold=0.0).to_dict()["auto"]
    # The fifth and sixth are likelier about nothing than about their driver: never routed.
    assert found["share"] == 4 / 6
    assert found["precision"] == 3 / 4
    certain = evaluate(
        np.eye(3), np.zeros(3), ["delivery", None, "gift-card"], DRIVERS, threshold=0.9, target=0.95
    )
    assert certain.to_dict()["auto"]["precision"] == pytest.approx(1 / 3)
    assert certain.auto.precision_known == rate(1, 1)


def test_the_contract_names_are_there_and_the_whole_is_json() -> None:
    found = by_hand(languages=["nl"] * 6).to_dict()
    names = ("n", "accuracy", "macro_f1", "micro_f1", "ece", "auto", "unknown")
    assert set(names) <= set(found)
    assert {"target", "share", "precision"} <= set(found["auto"])
    assert {"auroc", "recall_at_95_kept"} <= set(found["unknown"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_figure_that_does_not_apply_is_null() -> None:
    empty = evaluate(
        np.zeros((0, 3)), np.zeros(0), [], DRIVERS, threshold=math.inf, target=0.95
    ).to_dict()
    assert empty["n"] == 0
    nulls = [empty[each] for each in ("accuracy", "macro_f1", "micro_f1", "ece")]
    assert nulls == [None] * 4
    assert empty["auto"]["share"] is None
    assert empty["auto"]["threshold"] is None
    known = evaluate(
        np.eye(3), np.zeros(3), list(DRIVERS), DRIVERS, threshold=math.inf, target=0.95
    )
    assert known.to_dict()["unknown"]["auroc"] is None
    assert known.to_dict()["unknown"]["recall_at_95_kept"] is None
    assert known.to_dict()["auto"]["share"] == 0.0
    assert known.to_dict()["auto"]["precision"] is None


def test_only_messages_about_nothing_leave_accuracy_null() -> None:
    found = evaluate(np.eye(3), np.zeros(3), [None] * 3, DRIVERS, threshold=0.5, target=0.9)
    assert found.to_dict()["accuracy"] is None
    assert found.to_dict()["auto"]["precision"] == 0.0


def test_messages_the_model_was_trained_on_are_left_out_and_counted() -> None:
    found = by_hand(trained_on=np.array([False, True, False, False, True, False]))
    assert (found.n, found.left_out, found.known, found.unknown_labels) == (4, 2, 3, 0)
    assert found.to_dict()["accuracy"] == pytest.approx(2 / 3)
    assert found.correct.tolist() == [True, False, True, False, False, False]
    assert found.counted.tolist() == [True, False, True, True, False, False]


def test_accuracy_and_f_scores_agree_with_scikit_learn() -> None:
    probabilities, labels = simulated(800)
    said = [SIMULATED[each] for each in probabilities.argmax(axis=1)]
    found = evaluate(probabilities, np.zeros(800), labels, SIMULATED, threshold=0.5, target=0.9)
    assert found.accuracy.value == accuracy_score(labels, said)
    assert found.f1.macro == pytest.approx(f1_score(labels, said, average="macro"))
    assert found.f1.micro == pytest.approx(f1_score(labels, said, average="micro"))
    each = f1_score(labels, said, average=None, labels=list(SIMULATED))
    assert [driver.f1 for driver in found.drivers] == pytest.approx(list(each))


def test_a_driver_nobody_names_does_not_lower_macro_f1() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]])
    labels = ["delivery", "payment"]
    found = evaluate(probabilities, np.zeros(2), labels, DRIVERS, threshold=0.5, target=0.9)
    assert found.f1.macro == 1.0
    assert [driver.support for driver in found.drivers] == [1, 1, 0]


def test_with_several_drivers_a_message_any_of_them_is_right_and_f1_sees_the_rest() -> None:
    probabilities = np.array([[0.9, 0.8, 0.1], [0.3, 0.4, 0.1], [0.7, 0.2, 0.6]])
    labels = [Label("payment", ("delivery",)), Label("payment"), Label("delivery")]
    found = evaluate(probabilities, np.zeros(3), labels, DRIVERS, threshold=0.5, target=0.9)
    truth = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 0]])
    said = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1]])
    assert found.accuracy.value == 1.0
    assert found.f1.micro == pytest.approx(f1_score(truth, said, average="micro"))
    assert found.f1.macro == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))


def test_unknown_drivers_agree_with_scikit_learn_and_with_a_count_by_hand() -> None:
    random = np.random.default_rng(5)
    unknown = np.concatenate([random.beta(2, 8, 400), random.beta(5, 5, 100)])
    labels = ["delivery"] * 400 + [None] * 100
    probabilities = np.tile([0.8, 0.1, 0.1], (500, 1))
    found = evaluate(probabilities, unknown, labels, DRIVERS, threshold=0.5, target=0.9).unknown
    assert found.auroc == pytest.approx(roc_auc_score(np.arange(500) >= 400, unknown))
    assert found.auroc_low < found.auroc < found.auroc_high
    limit = np.sort(unknown[:400])[380]  # 381 of 400 stay: the fewest that are at least 95 %
    assert found.recall_at_95_kept.value == np.mean(unknown[400:] > limit)


def test_a_driver_the_model_never_learned_is_not_about_nothing() -> None:
    found = by_hand().unknown
    assert found.recall_at_95_kept.n == 1
    assert found.auroc == 1.0


@pytest.mark.parametrize(("right", "n"), [(0, 7), (7, 7), (450, 500)])
def test_rates_carry_the_exact_interval(right: int, n: int) -> None:
    exact = binomtest(right, n).proportion_ci(0.95, method="exact")
    found = rate(right, n)
    assert (found.value, found.low, found.high, found.n) == (right / n, exact.low, exact.high, n)


def test_the_accuracy_interval_covers_the_true_accuracy_at_its_level() -> None:
    random = np.random.default_rng(17)
    drawn = [rate(int(random.binomial(80, 0.9)), 80) for _ in range(400)]
    assert np.mean([each.low <= 0.9 <= each.high for each in drawn]) > 0.93


def test_the_calibration_error_of_two_bins_by_hand() -> None:
    probability = np.array([0.9, 0.6, 0.9, 0.6])
    correct = np.array([True, False, False, True])
    assert expected_calibration_error(probability, correct, bins=2) == pytest.approx(0.25)


def test_the_order_of_messages_does_not_matter_to_the_calibration_error() -> None:
    probability, correct = np.full(150, 0.8), np.arange(150) < 120
    assert expected_calibration_error(probability, correct) == pytest.approx(0.0)
    random = np.random.default_rng(2).permutation(150)
    assert expected_calibration_error(probability, correct[random]) == pytest.approx(0.0)


def test_more_bins_than_messages_is_one_bin_a_message() -> None:
    probability, correct = np.array([0.9, 0.6]), np.array([True, False])
    assert expected_calibration_error(probability, correct) == pytest.approx(0.35)


def test_calibrated_probabilities_have_a_small_error_about_what_chance_gives() -> None:
    probabilities, labels = simulated(20_000)
    found = evaluate(probabilities, np.zeros(20_000), labels, SIMULATED, threshold=0.5, target=0.9)
    assert found.calibration is not None
    assert found.calibration.ece < 0.015
    assert found.calibration.ece < 2 * found.calibration.perfect
    assert [each.right.n for each in found.calibration.bins] == [2000] * 10


def test_overconfident_probabilities_are_found_out() -> None:
    probabilities, labels = simulated(5_000, sharpness=2.0)
    found = evaluate(probabilities, np.zeros(5_000), labels, SIMULATED, threshold=0.5, target=0.9)
    assert found.calibration is not None
    assert found.calibration.low > 4 * found.calibration.perfect
    assert found.calibration.low < found.calibration.ece < found.calibration.high


def test_the_coverage_curve_is_what_each_threshold_would_route() -> None:
    probabilities, labels = simulated(1_000)
    unknown = np.full(1_000, 0.05)
    given = {"target": 0.9}
    found = evaluate(probabilities, unknown, labels, SIMULATED, threshold=0.5, **given)
    assert len(found.coverage) == 60
    assert [each.share for each in found.coverage] == sorted(each.share for each in found.coverage)
    for point in found.coverage[::13]:
        at = evaluate(probabilities, unknown, labels, SIMULATED, threshold=point.threshold, **given)
        assert (at.auto.share.value, at.auto.precision) == (point.share, point.precision)


def test_equal_confidences_are_one_point_of_the_curve() -> None:
    found = evaluate(np.eye(3), np.zeros(3), list(DRIVERS), DRIVERS, threshold=0.5, target=0.9)
    assert [(each.threshold, each.share) for each in found.coverage] == [(1.0, 1.0)]


def test_confusions_name_ids_of_messages_most_frequent_first() -> None:
    probabilities = np.tile([0.8, 0.1, 0.1], (10, 1))
    labels = ["delivery"] * 2 + ["returns"] * 7 + ["payment"]
    ids = [f"m{each}" for each in range(10)]
    found = evaluate(
        probabilities, np.zeros(10), labels, DRIVERS, threshold=0.5, target=0.9, message_ids=ids
    )
    first, second = found.confusions
    assert (first.label, first.predicted, first.count) == ("returns", "delivery", 7)
    assert first.message_ids == ("m2", "m3", "m4", "m5", "m6")
    assert (second.label, second.message_ids) == ("payment", ("m9",))


def test_slices_are_the_same_figures_of_fewer_messages() -> None:
    languages = ["nl", "nl", "en", "en", "nl", ""]
    found = by_hand(languages=languages, channels=["email"] * 6)
    rows = {(each.kind, each.name): each for each in found.slices}
    assert rows["language", "nl"].accuracy == rate(2, 2)
    assert rows["language", "en"].accuracy == rate(1, 2)
    assert rows["language", "not given"].accuracy.value is None
    assert rows["channel", "email"].precision == found.auto.precision
    assert sum(each.n for each in found.slices if each.kind == "language") == found.n


def test_sizes_that_do_not_agree_are_refused() -> None:
    with pytest.raises(ValueError, match="6 predictions"):
        by_hand(message_ids=["a"])
    with pytest.raises(ValueError, match="3 columns of probabilities for 2 drivers"):
        evaluate(np.eye(3), np.zeros(3), [None] * 3, DRIVERS[:2], threshold=0.5, target=0.9)


def test_a_model_that_loses_more_than_chance_is_worse() -> None:
    current = np.ones(100, bool)
    new = np.arange(100) >= 6
    found = paired_comparison(new, current)
    assert found.p_value == pytest.approx(2 * 0.5**6)
    assert found.worse
    assert found.difference == -0.06
    assert found.low < -0.06 < found.high < 0
    assert not paired_comparison(np.arange(100) >= 5, current).worse  # p = 2 / 2⁵ = 0.0625
    assert not paired_comparison(current, new).worse


def test_two_equal_models_are_not_worse_and_their_interval_says_how_little_is_known() -> None:
    right = np.ones(50, bool)
    found = paired_comparison(right, right)
    assert (found.worse, found.p_value, found.difference) == (False, 1.0, 0.0)
    assert found.low < 0 < found.high
    assert not paired_comparison(np.zeros(0, bool), np.zeros(0, bool)).worse


def test_equal_models_are_called_worse_at_most_once_in_twenty_and_intervals_cover() -> None:
    random = np.random.default_rng(23)
    made = [
        paired_comparison(random.random(300) < 0.9, random.random(300) < 0.9) for _ in range(500)
    ]
    assert np.mean([each.worse for each in made]) < 0.05
    assert np.mean([each.low <= 0 <= each.high for each in made]) > 0.93


def test_models_with_different_drivers_are_compared_on_the_shared_ones() -> None:
    labels = ["delivery", "payment", "returns", "gift-card"]
    given = {"threshold": 0.5, "target": 0.9}
    new = evaluate(np.eye(4), np.zeros(4), labels, ["delivery", "payment", "returns", "x"], **given)
    current = evaluate(
        np.eye(4)[:, [3, 1, 0]], np.zeros(4), labels, ["gift-card", "payment", "delivery"], **given
    )
    assert compare(new, current).n == 2
    with pytest.raises(ValueError, match="different messages"):
        compare(new, by_hand())


def test_the_interval_of_f1_covers_the_true_f1_also_of_a_driver_with_few_messages() -> None:
    """Of a rare driver most samples are all right; an interval of 100 to 100 would be a lie."""
    random = np.random.default_rng(4)
    truth, covered, worlds = 2 * 0.9 / (1 + 0.9), 0, 300
    for _ in range(worlds):
        n = int(random.integers(2, 7))
        agreed = random.random(n) < 0.9
        probabilities = np.where(agreed[:, None], [0.9, 0.1], [0.1, 0.9])
        found = evaluate(
            probabilities, np.zeros(n), ["a"] * n, ("a", "b"), threshold=0.5, target=0.9
        )
        covered += found.drivers[0].f1_low <= truth <= found.drivers[0].f1_high
    assert covered >= 0.93 * worlds


def test_one_message_about_nothing_seen_for_what_it_is_proves_little() -> None:
    found = evaluate(
        np.full((20, 2), 0.5), np.r_[0.9, np.full(19, 0.1)], [None] + ["a"] * 19, ("a", "b"),
        threshold=0.5, target=0.9,
    ).unknown  # fmt: skip
    assert (found.auroc, found.auroc_high) == (1.0, 1.0)
    assert found.auroc_low == pytest.approx(0.025)
