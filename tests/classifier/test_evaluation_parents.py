"""Drivers that have parents: what is right at the parent, and what is routed at either level."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.decisions import Status, decide_many
from classifier.evaluation import Evaluation, evaluate, rate
from classifier.messages import Label, Prediction, Predictions
from classifier.stops import stops
from classifier.taxonomy import Driver, Taxonomy, flat_taxonomy

DRIVERS = ("delivery.late", "delivery.broken", "delivery.lost", "payment.refund", "gift")
TAXONOMY = Taxonomy(
    (
        Driver(id="delivery", queue="logistics"),
        *(Driver(id=each, parent="delivery") for each in DRIVERS[:3]),
        Driver(id="payment", queue="finance"),
        Driver(id="payment.refund", parent="payment"),
        Driver(id="payment.invoice", parent="payment"),
        Driver(id="gift", queue="shop"),
    )
)


def judged(probabilities: Any, labels: Any, **more: Any) -> Evaluation:
    given = {"threshold": 0.6, "target": 0.9, "taxonomy": TAXONOMY, **more}
    found = np.array(probabilities)
    return evaluate(found, np.zeros(len(found)), labels, DRIVERS, **given)


def by_hand(**more: Any) -> Evaluation:
    """Sure and right; sure and wrong in the same parent; torn between two children, right about
    the parent; torn, wrong about it; a lone driver that beats each child, but not their sum."""
    return judged(
        [
            [0.90, 0.10, 0.00, 0.00, 0.00],
            [0.70, 0.20, 0.00, 0.10, 0.00],
            [0.45, 0.40, 0.05, 0.10, 0.00],
            [0.40, 0.35, 0.05, 0.20, 0.00],
            [0.20, 0.20, 0.20, 0.00, 0.40],
        ],
        ["delivery.late", "delivery.broken", "delivery.broken", "payment.refund", "delivery.late"],
        **more,
    )


def test_a_right_parent_is_counted_apart() -> None:
    found = by_hand().parents
    assert found is not None
    assert found.driver == by_hand().accuracy == rate(1, 5)
    assert found.only_parent == rate(2, 5)
    assert found.parent == rate(4, 5)


def test_what_is_routed_at_either_level_is_right_at_the_level_it_stops_at() -> None:
    evaluation = by_hand()
    found = evaluation.parents
    assert found is not None
    assert (found.at_driver, found.right_at_driver) == (rate(2, 5), rate(1, 2))
    assert found.at_parent.value == pytest.approx(3 / 5)
    assert found.right_at_parent == rate(2, 3)
    assert evaluation.auto.share == rate(5, 5)
    assert evaluation.auto.precision == evaluation.auto.precision_known == rate(3, 5)


def test_messages_that_set_the_threshold_do_not_judge_what_stops_at_a_parent() -> None:
    found = by_hand(set_threshold=np.array([False, False, False, True, True])).parents
    assert found is not None
    assert (found.at_parent, found.right_at_parent) == (rate(1, 3), rate(1, 1))
    assert found.parent == rate(4, 5)


def test_a_driver_the_model_never_learned_is_right_at_its_parent_only() -> None:
    found = evaluate(
        np.array([[0.5, 0.4, 0.1], [0.9, 0.1, 0.0]]),
        np.zeros(2),
        ["delivery.lost", "delivery.lost"],
        ("delivery.late", "delivery.broken", "gift"),
        threshold=0.8,
        target=0.9,
        taxonomy=TAXONOMY,
    )
    assert found.other_drivers == 2
    assert found.parents is not None
    assert found.parents.right_at_parent == rate(1, 1)
    assert found.parents.right_at_driver == rate(0, 1)
    assert found.parents.parent.value is None


def test_without_drivers_that_have_parents_there_is_nothing_to_say() -> None:
    for taxonomy in (None, flat_taxonomy(DRIVERS)):
        found = by_hand(taxonomy=taxonomy)
        assert found.parents is None
        assert found.to_dict()["parents"] is None
        assert found.auto.share == rate(2, 5)


def simulated(n: int, seed: int = 4) -> tuple[NDArray[np.float64], list[Label]]:
    """Probabilities (n, 5) that are right as often as they say."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(5, 0.6), n)
    picks = (probabilities.cumsum(axis=1) > random.random((n, 1))).argmax(axis=1)
    return probabilities, [Label(DRIVERS[each]) for each in picks]


def test_what_is_routed_is_what_the_stops_of_each_message_say() -> None:
    probabilities, labels = simulated(400)
    found = judged(probabilities, labels, threshold=0.7)
    routed = {"driver": 0, "parent": 0}
    for row in probabilities:
        reached = [
            each
            for each in stops(Prediction(DRIVERS, row, 0.0), TAXONOMY)
            if each.confidence >= 0.7
        ]
        if reached:
            routed["driver" if reached[0].driver in DRIVERS else "parent"] += 1
    assert found.parents is not None
    assert routed["parent"] > 40
    assert found.parents.at_driver == rate(routed["driver"], 400)
    assert found.parents.at_parent == rate(routed["parent"], 400)


@pytest.mark.parametrize("threshold", [0.3, 0.7, 0.95])
def test_what_is_judged_as_routed_is_what_is_decided_to_be(threshold: float) -> None:
    probabilities, labels = simulated(600)
    unknown = np.random.default_rng(1).beta(0.5, 2, 600)
    predictions = Predictions(DRIVERS, probabilities, unknown)
    made = list(decide_many(predictions, TAXONOMY, threshold=threshold))
    found = evaluate(
        probabilities,
        unknown,
        labels,
        DRIVERS,
        threshold=threshold,
        target=0.9,
        taxonomy=TAXONOMY,
    )
    auto = [
        each.driver in (label.primary, TAXONOMY.by_id[str(label.primary)].parent)
        for each, label in zip(made, labels, strict=True)
        if each.status == Status.AUTO
    ]
    assert found.parents is not None
    assert found.parents.at_parent.value
    assert found.auto.share == rate(len(auto), 600)
    assert found.auto.precision == rate(sum(auto), len(auto))


def test_the_coverage_curve_is_what_each_threshold_would_route_at_either_level() -> None:
    probabilities, labels = simulated(500)
    found = judged(probabilities, labels)
    assert found.coverage[-1].share > 0.9
    for point in found.coverage[::20]:
        at = judged(probabilities, labels, threshold=point.threshold)
        assert (at.auto.share.value, at.auto.precision) == (point.share, point.precision)


def test_stopping_at_a_parent_routes_more_messages_as_surely() -> None:
    probabilities, labels = simulated(3_000)
    flat = judged(probabilities, labels, threshold=0.8, taxonomy=None).auto
    found = judged(probabilities, labels, threshold=0.8).auto
    assert found.share.low > flat.share.high + 0.1
    assert found.precision.value is not None
    assert found.precision.value > 0.85


def test_slices_and_weighted_figures_see_what_stops_at_a_parent() -> None:
    found = by_hand(languages=["nl"] * 5, inclusion=[0.5] * 5)
    assert found.slices[0].precision == found.auto.precision
    assert found.weighted is not None
    assert found.weighted.precision.value == pytest.approx(3 / 5)


def test_customers_with_several_messages_count_once() -> None:
    probabilities, labels = simulated(100)
    once = judged(probabilities, labels).parents
    twice = judged(
        np.repeat(probabilities, 2, axis=0),
        [each for each in labels for _ in range(2)],
        groups=[f"c{row // 2}" for row in range(200)],
    ).parents
    assert once is not None
    assert twice is not None
    for name in ("driver", "only_parent", "parent", "at_parent", "right_at_parent"):
        one, two = getattr(once, name), getattr(twice, name)
        assert two.value == pytest.approx(one.value)
        assert two.low == pytest.approx(one.low, abs=0.02)


def test_the_whole_is_json() -> None:
    found = by_hand().to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["parents"]["routed_at_parent"]["share"]["value"] == pytest.approx(3 / 5)
