"""Where a prediction may stop: children sum to parents, one queue a message, never a wrong one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.messages import Label, Prediction, Predictions
from classifier.stops import (
    NOWHERE,
    Stop,
    parent_probabilities,
    parents_of,
    stops,
    stops_of,
    summed,
)
from classifier.taxonomy import Driver, Taxonomy, flat_taxonomy


def driver(id_: str, queue: str = "") -> Driver:
    return Driver(id=id_, parent=id_.rpartition(".")[0] or None, names={"en": id_}, queue=queue)


TAXONOMY = Taxonomy(
    (
        driver("parcel", "logistics"),
        driver("parcel.late"),
        driver("parcel.lost"),
        driver("parcel.stolen", "claims"),
        driver("parcel.shop"),
        driver("parcel.shop.full"),
        driver("parcel.shop.closed"),
        driver("bill", "finance"),
        driver("bill.wrong"),
        driver("bill.late"),
        driver("bill.claim", "claims"),
        driver("chat"),
        driver("chat.rude"),
        driver("chat.slow"),
    )
)
KNOWN = TAXONOMY.leaves


def saying(unknown: float = 0.0, **shares: float) -> Prediction:
    """A prediction of some leaves (`parcel_late=0.4`); the others have nothing."""
    found = {name.replace("_", "."): share for name, share in shares.items()}
    return Prediction(KNOWN, np.array([found.get(each, 0.0) for each in KNOWN]), unknown)


def test_an_unsure_leaf_is_followed_by_its_parents_the_deepest_first() -> None:
    found = stops(saying(parcel_shop_full=0.4, parcel_shop_closed=0.3, parcel_late=0.3), TAXONOMY)
    assert [(each.driver, each.queue) for each in found] == [
        ("parcel.shop.full", "logistics"),
        ("parcel.shop", "logistics"),
        ("parcel", "logistics"),
    ]
    assert [each.confidence for each in found] == pytest.approx([0.4, 0.7, 1.0])


def test_a_parent_counts_only_the_leaves_that_go_to_its_own_queue() -> None:
    found = stops(saying(parcel_late=0.4, parcel_lost=0.2, parcel_stolen=0.4), TAXONOMY)
    assert found[-1] == Stop("parcel", "logistics", pytest.approx(0.6))


def test_the_chance_that_it_is_no_driver_lowers_a_parents_confidence_too() -> None:
    (leaf, parent) = stops(saying(0.2, parcel_late=0.6, parcel_lost=0.4), TAXONOMY)
    assert (leaf.confidence, parent.confidence) == pytest.approx((0.48, 0.8))
    (parent,) = stops(saying(0.45, parcel_late=0.6, parcel_lost=0.4), TAXONOMY)
    assert parent.driver == "parcel", "none of the drivers is likelier than the leaf alone"
    assert stops(saying(0.6, parcel_late=0.6, parcel_lost=0.4), TAXONOMY) == ()


def test_a_parent_for_which_no_queue_is_named_is_no_place_to_stop() -> None:
    assert "chat" not in parents_of(KNOWN, TAXONOMY).ids
    (only,) = stops(saying(chat_rude=0.5, chat_slow=0.5), TAXONOMY)
    assert only.driver == "chat.rude"


def test_a_parent_less_likely_than_all_else_together_is_no_place_to_stop() -> None:
    (only,) = stops(saying(parcel_late=0.3, parcel_lost=0.19, chat_rude=0.51), TAXONOMY)
    assert only.driver == "chat.rude"
    (leaf,) = stops(
        saying(parcel_late=0.3, parcel_lost=0.19, chat_rude=0.25, chat_slow=0.26), TAXONOMY
    )
    assert leaf.driver == "parcel.late"


def test_a_message_heads_for_the_queue_that_has_most_of_it_not_for_that_of_its_leaf() -> None:
    found = stops(saying(chat_rude=0.4, parcel_late=0.3, parcel_lost=0.3), TAXONOMY)
    assert found == (Stop("parcel", "logistics", pytest.approx(0.6)),)
    own = stops(saying(chat_rude=0.5, parcel_late=0.25, parcel_lost=0.25), TAXONOMY)
    assert own == (Stop("chat.rude", "triage", 0.5),)


def test_a_leaf_that_left_the_taxonomy_is_no_place_to_stop_but_a_parent_of_others_may_be() -> None:
    drivers = ("gone", "parcel.late", "parcel.lost")
    found = stops(Prediction(drivers, np.array([0.4, 0.3, 0.3]), 0.0), TAXONOMY)
    assert found == (Stop("parcel", "logistics", pytest.approx(0.6)),)


def test_a_driver_that_became_a_parent_counts_for_no_parent() -> None:
    drivers = ("parcel.shop", "parcel.late")
    assert stops(Prediction(drivers, np.array([0.9, 0.1]), 0.0), TAXONOMY) == ()


def test_a_flat_taxonomy_has_one_level_and_no_parents() -> None:
    flat = flat_taxonomy(["a", "b"])
    assert parents_of(("a", "b"), flat).ids == ()
    many = Predictions(("a", "b"), np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([0.1, 0.6]))
    found = stops_of(many, flat)
    assert found.confidence == pytest.approx(np.array([[0.72], [NOWHERE]]))
    assert found.reached(0.7).tolist() == [0, -1]


def test_right_at_a_parent_is_right_about_the_queue_too() -> None:
    many = Predictions(
        KNOWN, saying(parcel_late=0.4, parcel_shop_full=0.4).probabilities[None], np.zeros(1)
    )
    found = stops_of(many, TAXONOMY)
    assert [found.names[each] for each in found.places[0]] == [
        "parcel.late",
        "parcel.late",
        "parcel",
    ]

    def right(*drivers: str) -> list[bool]:
        return found.right([Label(drivers[0] if drivers else None, drivers[1:])])[0].tolist()

    assert right("parcel.late") == [True, True, True]
    assert right("parcel.shop.closed") == [False, False, True]
    assert right("parcel.stolen") == [False, False, False], "it goes to claims"
    assert right("bill.late", "parcel.lost") == [False, False, True]
    assert right("bill.late") == right() == right("never heard of") == [False] * 3


DRIVERS = (*KNOWN, "gone", "parcel")
SHARES = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1)


def predictions(data: st.DataObject, k: int, n: int, *, summing: bool) -> Predictions:
    drivers = tuple(data.draw(st.permutations(DRIVERS)))[:k]
    drawn = st.lists(SHARES, min_size=n * k, max_size=n * k)
    shares = np.reshape(np.array(data.draw(drawn)), (n, k))
    if summing:
        shares = (shares + 1e-9) / (shares + 1e-9).sum(axis=1, keepdims=True)
    unknown = np.array(data.draw(st.lists(SHARES, min_size=n, max_size=n)))
    return Predictions(drivers, shares, unknown)


@given(data=st.data(), k=st.integers(1, 12), n=st.integers(0, 5), summing=st.booleans())
def test_many_messages_stop_each_where_one_does(data, k: int, n: int, summing: bool) -> None:
    many = predictions(data, k, n, summing=summing)
    found = stops_of(many, TAXONOMY)
    for row, one in enumerate(many):
        expected = stops(one, TAXONOMY)
        levels = range(found.confidence.shape[1])
        said = {
            (found.names[place], found.queues[place], found.confidence[row, level])
            for level, place in zip(levels, found.places[row], strict=True)
            if found.confidence[row, level] > NOWHERE
        }
        assert said == {(each.driver, each.queue, each.confidence) for each in expected}
        assert len({each.queue for each in expected}) <= 1
        assert np.all(np.diff(found.confidence[row]) >= 0)


@given(data=st.data(), k=st.integers(2, 12))
def test_a_messages_leaf_and_surest_stop_never_disagree_about_the_queue(data, k: int) -> None:
    """With probabilities that sum to one, at most one queue ever has half of them."""
    one = next(iter(predictions(data, k, 1, summing=True)))
    sure = [each for each in stops(one, TAXONOMY) if each.confidence > 0.5]
    known = (1 - one.unknown) * one.probabilities
    for each in sure:
        of_queue = [TAXONOMY.queue(leaf) == each.queue for leaf in one.drivers]
        assert known[of_queue].sum() >= each.confidence - 1e-9


@given(data=st.data(), n=st.integers(1, 4))
def test_the_probabilities_of_children_sum_to_their_parents(data, n: int) -> None:
    shares = predictions(data, len(KNOWN), n, summing=True)
    parents = parent_probabilities(shares.probabilities, shares.drivers, TAXONOMY)
    below = dict(zip(TAXONOMY.parents, parents.T, strict=True))
    below |= {
        driver_id: column
        for driver_id, column in zip(shares.drivers, shares.probabilities.T, strict=True)
        if driver_id in KNOWN
    }
    for parent in TAXONOMY.parents:
        children = [each.id for each in TAXONOMY.drivers if each.parent == parent]
        total = sum(below.get(child, np.zeros(n)) for child in children)
        assert np.allclose(below[parent], total)


@given(data=st.data(), n=st.integers(0, 8), s=st.integers(1, 3))
def test_sums_at_the_first_stop_to_reach_a_threshold_are_counted_one_by_one(data, n, s) -> None:
    grid = st.sampled_from([NOWHERE, 0.25, 0.5, 0.75, 0.9])
    drawn = data.draw(st.lists(grid, min_size=n * s, max_size=n * s))
    confidence = np.sort(np.reshape(np.array(drawn), (n, s)), axis=1)
    values = np.arange(n * s).reshape(n, s) % 7
    thresholds = np.array([0.95, 0.9, 0.6, 0.5, 0.25])
    expected = []
    for threshold in thresholds:
        first = [[at for at in range(s) if row[at] >= threshold] for row in confidence]
        expected.append(sum(values[row, each[0]] for row, each in enumerate(first) if each))
    assert summed(values, confidence, thresholds).tolist() == expected


@given(data=st.data(), n=st.integers(1, 4))
def test_nothing_is_right_in_a_queue_where_none_of_its_drivers_goes(data, n: int) -> None:
    found = stops_of(predictions(data, len(KNOWN), n, summing=True), TAXONOMY)
    drawn = st.lists(st.sampled_from(KNOWN), min_size=1, max_size=3, unique=True)
    labels = [Label(each[0], tuple(each[1:])) for each in (data.draw(drawn) for _ in range(n))]
    right = found.right(labels)
    for row, label in enumerate(labels):
        queues = {TAXONOMY.queue(each) for each in label.drivers}
        reached = found.places[row][right[row] & (found.confidence[row] > NOWHERE)]
        assert {found.queues[place] for place in reached} <= queues
