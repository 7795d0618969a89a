"""Auto or review: the threshold keeps its promise, and nothing is routed nowhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from classifier.decisions import (
    EXPLANATIONS,
    Decision,
    Doubt,
    DoubtLimits,
    Status,
    decide,
    decide_many,
    decided_by_person,
    is_routed,
    narrow_margin,
    precision_threshold,
    too_short,
)
from classifier.messages import Label, Prediction, Predictions
from classifier.taxonomy import Driver, Taxonomy

TAXONOMY = Taxonomy(
    (
        Driver(id="delivery", names={"en": "Delivery"}),
        Driver(id="delivery.late", parent="delivery", names={"en": "Late"}, queue="logistics"),
        Driver(id="delivery.lost", parent="delivery", names={"en": "Lost"}),
    )
)


def prediction(late: float, *, unknown: float = 0.0) -> Prediction:
    drivers = ("delivery.late", "delivery.lost")
    return Prediction(drivers, np.array([late, 1.0 - late]), unknown)


def test_a_sure_prediction_goes_to_its_drivers_queue() -> None:
    found = decide(prediction(0.9), TAXONOMY, threshold=0.8)
    assert found == Decision(Status.AUTO, "delivery.late", "logistics")


def test_confidence_equal_to_the_threshold_is_enough() -> None:
    assert decide(prediction(0.75), TAXONOMY, threshold=0.75).status is Status.AUTO


def test_an_unsure_prediction_waits_in_the_fallback_queue_and_keeps_its_proposal() -> None:
    found = decide(prediction(0.55), TAXONOMY, threshold=0.8, text="waar blijft mijn pakje nou")
    assert found.status is Status.REVIEW
    assert (found.driver, found.queue) == ("delivery.late", "triage")
    assert found.doubts == (Doubt.LOW_CONFIDENCE, Doubt.NARROW_MARGIN)


def test_the_chance_that_it_is_no_driver_lowers_the_confidence() -> None:
    assert decide(prediction(0.9), TAXONOMY, threshold=0.8).status is Status.AUTO
    assert decide(prediction(0.9, unknown=0.2), TAXONOMY, threshold=0.8).status is Status.REVIEW


def test_a_message_likelier_about_no_driver_is_never_routed_even_above_the_threshold() -> None:
    found = decide(prediction(0.9, unknown=0.5), TAXONOMY, threshold=0.3)
    assert found == Decision(Status.REVIEW, None, "triage", (Doubt.UNKNOWN_DRIVER,))


def test_a_driver_without_a_queue_goes_to_the_fallback_queue() -> None:
    found = decide(prediction(0.05), TAXONOMY, threshold=0.8)
    assert found == Decision(Status.AUTO, "delivery.lost", "triage")


def test_without_a_model_a_person_decides() -> None:
    found = decide(None, TAXONOMY, threshold=0.8)
    assert found == Decision(Status.REVIEW, None, "triage", (Doubt.NO_MODEL,))


def test_a_model_without_a_threshold_routes_nothing() -> None:
    found = decide(prediction(1.0), TAXONOMY, threshold=float("inf"))
    assert found.status is Status.REVIEW
    assert found.doubts == (Doubt.NO_THRESHOLD,)


@pytest.mark.parametrize("gone", ["delivery.old", "delivery"])
def test_a_driver_that_left_the_taxonomy_or_became_a_parent_is_reviewed(gone: str) -> None:
    certain = Prediction((gone,), np.array([1.0]), 0.0)
    found = decide(certain, TAXONOMY, threshold=0.5)
    assert found == Decision(Status.REVIEW, gone, "triage", (Doubt.RETIRED_DRIVER,))


def test_a_few_words_explain_a_review_but_do_not_cause_one() -> None:
    assert decide(prediction(0.9), TAXONOMY, threshold=0.8, text="pakje?").status is Status.AUTO
    assert Doubt.TOO_SHORT in decide(prediction(0.9), TAXONOMY, threshold=0.95, text="x").doubts


@given(
    late=st.floats(0, 1),
    unknown=st.floats(0, 1),
    threshold=st.floats(0, 1) | st.just(float("inf")),
)
def test_every_message_has_a_queue_and_a_review_has_a_reason(
    late: float, unknown: float, threshold: float
) -> None:
    one = prediction(late, unknown=unknown)
    found = decide(one, TAXONOMY, threshold=threshold)
    assert found.queue
    assert (found.status is Status.REVIEW) == bool(found.doubts)
    counted = is_routed(np.array([one.confidence]), np.array([unknown]), threshold)
    assert (found.status is Status.AUTO) == counted[0]


def test_a_persons_answer_decides() -> None:
    assert decided_by_person(Label("delivery.late"), TAXONOMY) == Decision(
        Status.PERSON, "delivery.late", "logistics"
    )
    assert decided_by_person(Label(None), TAXONOMY).queue == "triage"


def test_every_doubt_is_explained_in_one_sentence() -> None:
    assert set(EXPLANATIONS) == set(Doubt)
    assert all(text.endswith(".") and text.count(".") == 1 for text in EXPLANATIONS.values())


def test_margin_and_length_work_on_bare_values() -> None:
    assert narrow_margin(np.array([0.45, 0.4, 0.15]), 0.1)
    assert not narrow_margin(np.array([0.5, 0.3, 0.2]), 0.1)
    assert not narrow_margin(np.array([1.0]), 0.1)
    assert too_short("waar is", 3)
    assert not too_short("waar is het", 3)


def test_the_threshold_is_the_lowest_confidence_that_still_keeps_the_target() -> None:
    confidence = np.linspace(1.0, 0.5, 200)
    correct = np.arange(200) < 100
    threshold = precision_threshold(confidence, correct, 0.95)
    routed = confidence >= threshold
    assert routed.sum() == 101  # 100 of 101 right: its lower bound .962; 100 of 102: .949
    assert precision_threshold(confidence, correct, 0.95, assurance=0.5) < threshold


def test_messages_of_equal_confidence_are_routed_together() -> None:
    confidence = np.repeat([0.9, 0.6], 100)
    correct = np.repeat([True, False], 100)
    correct[100:130] = True  # alone these would pass, the seventy that share their value do not
    assert precision_threshold(confidence, correct, 0.95) == 0.9


def test_few_messages_without_a_mistake_prove_nothing() -> None:
    assert precision_threshold(np.ones(44), np.ones(44, bool), 0.95) == float("inf")
    assert precision_threshold(np.ones(45), np.ones(45, bool), 0.95) == 1.0
    assert precision_threshold(np.ones(19), np.ones(19, bool), 0.5, minimum=20) == float("inf")
    assert precision_threshold(np.zeros(0), np.zeros(0, bool)) == float("inf")


def test_a_model_that_is_never_right_gets_no_threshold() -> None:
    assert precision_threshold(np.linspace(0, 1, 300), np.zeros(300, bool)) == float("inf")


@pytest.mark.parametrize("target", [0.95, 0.98])
def test_the_precision_on_fresh_messages_keeps_the_target_nine_times_in_ten(target: float) -> None:
    """200 hold-outs of 750; on each threshold, 20,000 fresh messages of an overconfident model."""
    random = np.random.default_rng(11)

    def messages(n: int) -> tuple[np.ndarray, np.ndarray]:
        confidence = random.beta(4, 0.4, n)
        return confidence, random.random(n) < confidence**1.15

    fresh, right = messages(20_000)
    thresholds = [precision_threshold(*messages(750), target) for _ in range(200)]
    realized = np.array([right[fresh >= each].mean() for each in thresholds if each <= 1.0])
    assert len(realized) > 190
    assert np.mean(realized >= target) > 0.85  # 0.9 less two standard errors
    assert target < realized.mean() < target + 0.015


def two_levels(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidence and correctness (n, 2) at leaf and parent of a model that is too sure of both."""
    parent = random.beta(4, 0.4, n)
    leaf = parent * random.beta(2, 0.6, n)
    in_parent = random.random(n) < parent**1.15
    in_leaf = in_parent & (random.random(n) < (leaf / parent) ** 1.15)
    return np.column_stack([leaf, parent]), np.column_stack([in_leaf, in_parent])


def at_first_stop(confidence: np.ndarray, correct: np.ndarray, threshold: float) -> np.ndarray:
    """Of the messages that stop, whether each is right where it does."""
    first = np.where(confidence[:, 0] >= threshold, 0, 1)
    stops = confidence[:, 1] >= threshold
    return correct[np.arange(len(first)), first][stops]


def test_with_parents_a_message_counts_at_the_first_level_that_reaches_the_threshold() -> None:
    random = np.random.default_rng(5)
    confidence, correct = two_levels(random, 4_000)
    threshold = precision_threshold(confidence, correct, 0.9)
    right = at_first_stop(confidence, correct, threshold)
    assert beta.ppf(0.1, right.sum(), len(right) - right.sum() + 1) >= 0.9
    lower = np.unique(confidence[confidence < threshold])
    for each in lower[:: len(lower) // 50]:
        right = at_first_stop(confidence, correct, each)
        assert beta.ppf(0.1, right.sum(), len(right) - right.sum() + 1) < 0.9


def test_with_parents_the_precision_on_fresh_messages_keeps_the_target_nine_times_in_ten() -> None:
    random = np.random.default_rng(12)
    fresh = two_levels(random, 20_000)
    thresholds = [precision_threshold(*two_levels(random, 750), 0.95) for _ in range(200)]
    kept = [each for each in thresholds if each <= 1.0]
    realized = np.array([at_first_stop(*fresh, each).mean() for each in kept])
    assert len(realized) > 190
    assert np.mean(realized >= 0.95) > 0.85
    assert 0.95 < realized.mean() < 0.97


def test_a_level_that_repeats_the_one_before_changes_no_threshold() -> None:
    confidence, correct = two_levels(np.random.default_rng(6), 900)
    alone = precision_threshold(confidence[:, 0], correct[:, 0], 0.8)
    twice = np.repeat(confidence[:, :1], 3, axis=1), np.repeat(correct[:, :1], 3, axis=1)
    assert precision_threshold(*twice, 0.8) == alone < 1


def test_a_queue_may_have_a_threshold_of_its_own_and_others_keep_the_common_one() -> None:
    by_queue = {"logistics": 0.7}
    late = decide(prediction(0.75), TAXONOMY, threshold=0.99, by_queue=by_queue)
    assert late == Decision(Status.AUTO, "delivery.late", "logistics")
    unsure = decide(prediction(0.65), TAXONOMY, threshold=0.1, by_queue=by_queue)
    assert unsure.doubts[0] is Doubt.LOW_CONFIDENCE
    other = decide(prediction(0.01), TAXONOMY, threshold=0.1, by_queue=by_queue)
    assert other.status is Status.AUTO


def test_where_the_model_only_recommends_a_person_decides_and_is_told_so() -> None:
    found = decide(prediction(0.99), TAXONOMY, threshold=0.1, by_queue={"logistics": float("inf")})
    assert (found.status, found.driver, found.queue) == (Status.REVIEW, "delivery.late", "triage")
    assert found.doubts == (Doubt.ONLY_RECOMMENDS,)


QUEUED = Taxonomy(
    (
        Driver(id="delivery", names={"en": "Delivery"}, queue="logistics"),
        Driver(id="delivery.late", parent="delivery", names={"en": "Late"}),
        Driver(id="delivery.lost", parent="delivery", names={"en": "Lost"}),
        Driver(id="delivery.theft", parent="delivery", names={"en": "Theft"}, queue="claims"),
        Driver(id="delivery.shop", parent="delivery", names={"en": "Shop"}),
        Driver(id="delivery.shop.full", parent="delivery.shop", names={"en": "Full"}),
        Driver(id="delivery.other", parent="delivery", names={"en": "Other"}),
        Driver(id="rude", names={"en": "Rude"}, queue="people"),
    )
)


def of_queued(*shares: float, unknown: float = 0.0) -> Prediction:
    """How likely: late, lost, theft, rude."""
    drivers = ("delivery.late", "delivery.lost", "delivery.theft", "rude")
    return Prediction(drivers, np.array(shares), unknown)


def test_sure_of_the_parent_only_a_message_stops_there_in_the_parents_queue() -> None:
    found = decide(of_queued(0.6, 0.35, 0.05, 0.0), QUEUED, threshold=0.9)
    assert found == Decision(Status.AUTO, "delivery", "logistics")


def test_a_leaf_that_is_sure_enough_comes_before_its_parent() -> None:
    found = decide(of_queued(0.9, 0.1, 0.0, 0.0), QUEUED, threshold=0.9)
    assert found == Decision(Status.AUTO, "delivery.late", "logistics")


def test_a_message_is_not_promised_to_a_parent_whose_queue_it_may_miss() -> None:
    """Sure of the parent all the same, but half of it goes elsewhere."""
    found = decide(of_queued(0.5, 0.0, 0.5, 0.0), QUEUED, threshold=0.9, text="een twee drie")
    assert (found.status, found.driver, found.queue) == (Status.REVIEW, "delivery.late", "triage")
    assert found.doubts == (Doubt.LOW_CONFIDENCE, Doubt.NARROW_MARGIN)


def test_a_parent_has_the_threshold_of_its_own_queue() -> None:
    asked = {"threshold": 0.9, "by_queue": {"logistics": 0.7, "people": float("inf")}}
    half = decide(of_queued(0.4, 0.35, 0.05, 0.2), QUEUED, **asked)
    assert half == Decision(Status.AUTO, "delivery", "logistics")
    closed = {"threshold": 0.5, "by_queue": {"logistics": float("inf")}}
    found = decide(of_queued(0.7, 0.3, 0.0, 0.0), QUEUED, **closed)
    assert found.doubts == (Doubt.ONLY_RECOMMENDS,)


def test_likelier_none_of_the_drivers_than_any_one_leaf_a_message_may_still_stop_above() -> None:
    found = decide(of_queued(0.5, 0.5, 0.0, 0.0, unknown=0.35), QUEUED, threshold=0.6)
    assert found == Decision(Status.AUTO, "delivery", "logistics")


def test_where_another_queue_is_likelier_the_likeliest_leaf_is_not_routed() -> None:
    one = of_queued(0.3, 0.3, 0.0, 0.4)
    found = decide(one, QUEUED, threshold=0.35, by_queue={"logistics": 0.9})
    assert (found.status, found.driver) == (Status.REVIEW, "rude")
    assert Doubt.LOW_CONFIDENCE in found.doubts
    assert decide(one, QUEUED, threshold=0.35).driver == "delivery"


DRIVERS = ("delivery.late", "gone", "delivery.lost", "delivery", "delivery.other")
MANY_DRIVERS = (*DRIVERS[:3], "delivery.theft", "delivery.shop.full", "delivery.other", "rude")
TAXONOMIES = st.sampled_from([(TAXONOMY, DRIVERS), (QUEUED, MANY_DRIVERS), (QUEUED, DRIVERS)])
BARS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, float("inf")]) | st.floats(0, 1)
SHARES = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1)


@given(data=st.data(), n=st.integers(0, 6), threshold=BARS)
def test_many_messages_are_each_decided_as_one_is(data, n: int, threshold: float) -> None:
    taxonomy, drivers = data.draw(TAXONOMIES)
    k = data.draw(st.integers(1, len(drivers)))

    def drawn(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        return np.reshape(data.draw(st.lists(SHARES, min_size=size, max_size=size)), shape)

    shares = drawn(n, k)
    if data.draw(st.booleans()):
        shares = (shares + 1e-9) / (shares + 1e-9).sum(axis=1, keepdims=True)
    many = Predictions(drivers[:k], shares, drawn(n))
    word = st.sampled_from(["", "x", " ", "\n", "waar ", "is "])
    texts = data.draw(st.none() | st.lists(st.lists(word, max_size=4).map("".join), min_size=n))
    asked = {
        "threshold": threshold,
        "by_queue": data.draw(
            st.none() | st.dictionaries(st.sampled_from(["logistics", "claims", "triage"]), BARS)
        ),
        "limits": data.draw(
            st.none() | st.builds(DoubtLimits, margin=SHARES, words=st.integers(-1, 4))
        ),
    }
    found = decide_many(many, taxonomy, texts=texts, **asked)
    each = [
        decide(one, taxonomy, text=text, **asked)
        for one, text in zip(many, texts or [""] * n, strict=False)
    ]
    assert list(found) == each
    assert len(found) == n
    assert all(bool(one.doubts) == (one.status is Status.REVIEW) for one in each)


@given(data=st.data(), threshold=BARS)
def test_what_is_routed_is_as_sure_as_its_queue_asks_and_goes_to_its_drivers_queue(
    data, threshold: float
) -> None:
    shares = np.array(data.draw(st.lists(SHARES, min_size=4, max_size=4))) + 1e-9
    one = of_queued(*(shares / shares.sum()), unknown=data.draw(SHARES))
    found = decide(one, QUEUED, threshold=threshold)
    if found.status is Status.AUTO:
        assert found.queue == QUEUED.queue(found.driver)
        known = (1 - one.unknown) * one.probabilities
        of_queue = [QUEUED.queue(each) == found.queue for each in one.drivers]
        assert known[of_queue].sum() >= threshold - 1e-9
