"""Pairs nobody can tell apart: named when sure, with the remedy that fits."""

import json

import pytest

from classifier.evaluation import ConfusablePair, Remedy, confusable, disagreements

LABELS = ["late"] * 50 + ["lost"] * 50 + ["invoice"] * 100


def mixed_up(times: int) -> list[str]:
    """Predictions that take so many late deliveries for lost ones, and are right otherwise."""
    return ["lost"] * times + LABELS[times:]


def only(found: tuple[ConfusablePair, ...]) -> ConfusablePair:
    (pair,) = found
    return pair


def test_a_pair_the_model_mixes_up_is_named_with_what_it_costs_and_ids() -> None:
    ids = [f"m-{row}" for row in range(200)]
    pair = only(confusable(LABELS, mixed_up(20), message_ids=ids))
    assert (pair.first, pair.second) == ("late", "lost")
    assert (pair.confused.value, pair.confused.n) == (0.2, 100)
    assert pair.gain == 20 / 200
    assert pair.message_ids == tuple(ids[:10])


def test_mistakes_in_both_directions_are_one_pair() -> None:
    predicted = ["lost"] * 10 + ["late"] * 40 + ["late"] * 10 + ["lost"] * 40 + ["invoice"] * 100
    assert only(confusable(LABELS, predicted)).confused.value == 0.2


def test_a_few_mistakes_among_many_are_not_worth_naming() -> None:
    assert confusable(LABELS, mixed_up(5)) == ()
    assert confusable(["late", "lost"], ["lost", "late"]) == ()


def test_without_second_opinions_those_are_what_would_settle_it() -> None:
    pair = only(confusable(LABELS, mixed_up(20)))
    assert pair.remedy is Remedy.SECOND_OPINIONS
    assert pair.disagreed.value is None
    agreeing = [("late", "late")] * pair.more
    assert only(confusable(LABELS, mixed_up(20), opinions=agreeing)).remedy is Remedy.LABELS
    undecided = confusable(LABELS, mixed_up(20), opinions=agreeing[1:])
    assert only(undecided).more == 1


def test_where_people_disagree_too_a_merge_would_settle_it() -> None:
    opinions = [("late", "lost")] * 10 + [("lost", "late")] * 10 + [("late", "late")] * 30
    pair = only(confusable(LABELS, mixed_up(20), opinions=opinions))
    assert (pair.remedy, pair.more) == (Remedy.MERGE, 0)
    assert pair.disagreed.value == 0.4


def test_where_people_agree_more_labels_of_the_scarcer_driver_would() -> None:
    opinions = [("late", "late"), ("lost", "lost")] * 60
    given = {"opinions": opinions, "trained": {"late": 30, "lost": 400}}
    pair = only(confusable(LABELS, mixed_up(20), **given))
    # Halving mistakes that fall with the square root takes four times the labels.
    assert (pair.remedy, pair.more) == (Remedy.LABELS, 90)
    faster = only(confusable(LABELS, mixed_up(20), learning_rate=1.0, **given))
    assert faster.more == 30


def test_people_who_disagree_where_the_model_does_not_are_named_as_well() -> None:
    opinions = [("invoice", "late")] * 30 + [("late", "late")] * 30
    pair = only(confusable(LABELS, LABELS, opinions=opinions))
    assert (pair.first, pair.second, pair.remedy) == ("invoice", "late", Remedy.MERGE)
    assert pair.gain == 0.0


def test_the_costliest_pair_comes_first_and_all_is_json() -> None:
    labels = [*LABELS, *["paid"] * 50]
    predicted = [*mixed_up(20), *["invoice"] * 30, *["paid"] * 20]
    found = confusable(labels, predicted)
    assert [(pair.first, pair.second) for pair in found] == [("invoice", "paid"), ("late", "lost")]
    assert confusable(labels, predicted, most=1) == found[:1]
    plain = [pair.to_dict() for pair in found]
    assert json.loads(json.dumps(plain)) == plain


def test_unequal_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="1 labels, 2 predictions"):
        confusable(["late"], ["late", "lost"])


def test_opinions_weigh_as_many_messages_as_they_stand_for() -> None:
    # Those who differ were asked four times as often as those who agree.
    opinions = [("late", "lost", 0.25)] * 20 + [("late", "late", 1.0)] * 45
    (found,) = disagreements(opinions)
    assert (found.first, found.second, found.times) == ("late", "lost", 20)
    assert found.disagreed.value == pytest.approx(0.1)
    assert found.remedy is Remedy.SECOND_OPINIONS
    (believed,) = disagreements([each[:2] for each in opinions])
    assert believed.disagreed.value == pytest.approx(20 / 65)
    assert (believed.remedy, believed.more) == (Remedy.MERGE, 0)
