"""What is said of parents rests on these counts."""

import numpy as np
import pytest

from classifier.messages import Label, LabeledMessage, Predictions, RedactedText
from classifier.stops import stops_of
from classifier.taxonomy import Driver, Taxonomy
from tests.benchmarks.hierarchy import promised, routed, without_parents

TREE = Taxonomy(
    (
        Driver(id="parcel", names={"en": "Parcel"}, queue="logistics"),
        Driver(id="parcel.late", parent="parcel", names={"en": "Late"}),
        Driver(id="parcel.lost", parent="parcel", names={"en": "Lost"}),
        Driver(id="bill", names={"en": "Bill"}, queue="finance"),
    )
)
DRIVERS = ("parcel.late", "parcel.lost", "bill")


def said(shares: list[list[float]]) -> Predictions:
    return Predictions(DRIVERS, np.array(shares), np.zeros(len(shares)))


def about(*drivers: str | None) -> list[LabeledMessage]:
    return [LabeledMessage(text=RedactedText("x"), label=Label(each)) for each in drivers]


def test_without_parents_leaves_and_queues_are_the_same() -> None:
    flat = without_parents(TREE)
    assert (flat.parents, flat.leaves) == ((), TREE.leaves)
    assert [flat.queue(each) for each in flat.leaves] == ["logistics", "logistics", "finance"]


def test_what_is_routed_at_leaf_and_parent_is_counted_apart() -> None:
    predictions = said([[0.95, 0.05, 0], [0.5, 0.5, 0], [0.5, 0.5, 0], [0.5, 0, 0.5]])
    messages = about("parcel.late", "parcel.lost", "bill", "bill")
    found = routed(stops_of(predictions, TREE), messages, 0.9)
    assert (found["share"], found["at_parents"]) == (0.75, 0.5)
    assert (found["right"], found["right_at_parents"]) == pytest.approx((2 / 3, 0.5))
    assert found["right_queue"] == pytest.approx(2 / 3)
    low, high = found["interval"]
    assert low < 2 / 3 < high
    leaves = routed(stops_of(predictions, without_parents(TREE)), messages, 0.9)
    assert (leaves["share"], leaves["right_at_parents"]) == (0.25, None)
    assert routed(stops_of(predictions, TREE), messages, np.inf)["right"] is None


def test_a_half_of_the_labels_promises_what_the_other_half_is_routed_by() -> None:
    predictions = said([[0.49, 0.49, 0.02]] * 400)
    messages = about(*(["parcel.late", "parcel.lost"] * 200))
    found = promised(stops_of(predictions, TREE), messages, 0.95, 3)
    assert (found["promised"], found["promised_share"], found["promised_right"]) == (1.0, 1.0, 1.0)
    flat = promised(stops_of(predictions, without_parents(TREE)), messages, 0.95, 3)
    assert (flat["promised"], flat["promised_right"]) == (0.0, None)
