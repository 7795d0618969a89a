"""Agreement between people: the published examples, what is undefined, intervals that hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from classifier.messages import Label
from labeling import agreement
from labeling.agreement import Opinion
from labeling.sampling import second_inclusion, second_worth

# Fleiss 1971: how many of 14 people put each of 10 subjects under each of 5 headings.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
# Krippendorff 2011: four people, twelve units, 0 for an answer that is missing.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
)


def counted(answers: np.ndarray, values: int) -> np.ndarray:
    """Answers (n, people) of 0 … values - 1, -1 for missing, as counts (n, values)."""
    return np.stack([(answers == value).sum(axis=1) for value in range(values)], axis=1)


def opinions(*said: tuple[str, str, str]) -> list[Opinion]:
    return [Opinion(message, person, Label.parse(label)) for message, person, label in said]


def simulated(
    n: int, people: int, values: int, missing: float, rng: np.random.Generator
) -> np.ndarray:
    """Answers (n, people) of people who know nine messages of ten for sure, and guess the rest."""
    shares = 1 / np.arange(1, values + 1)
    shares /= shares.sum()
    truth = rng.choice(values, size=n, p=shares)
    knows = np.where(rng.random(n) < 0.9, 0.98, 0.3)[:, None]
    guesses = rng.choice(values, size=(n, people), p=shares)
    said = np.where(rng.random((n, people)) < knows, truth[:, None], guesses)
    return np.where(rng.random((n, people)) < missing, -1, said)


def test_fleiss_kappa_is_that_of_the_published_table():
    found = agreement.fleiss(FLEISS)
    assert found.value == pytest.approx(0.2099, abs=5e-5)
    assert (found.messages, found.answers) == (10, 140)
    assert found.low < found.value < found.high


def test_alpha_is_that_of_the_published_table_with_answers_missing():
    found = agreement.alpha(counted(KRIPPENDORFF.T - 1, 5))
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert (found.messages, found.answers) == (11, 40)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40).filter(
        lambda pairs: len({value for pair in pairs for value in pair}) > 1
    )
)
def test_cohens_kappa_is_scikit_learns(pairs):
    first, second = ([str(value) for value in side] for side in zip(*pairs, strict=True))
    found = agreement.cohen(first, second)
    if len(set(first)) == len(set(second)) == 1:
        assert found.value == 0
        return
    assert found.value == pytest.approx(cohen_kappa_score(first, second))
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_two_people_who_answer_differently_without_exception_are_below_chance():
    found = agreement.cohen(["a", "b"] * 10, ["b", "a"] * 10)
    assert found.value == -1
    assert found.high < 0


def test_where_all_say_the_same_nothing_is_known_of_agreement():
    for found in (
        agreement.cohen(["a"] * 5, ["a"] * 5),
        agreement.fleiss([[2, 0]] * 5),
        agreement.alpha([[2, 0]] * 5),
    ):
        assert math.isnan(found.value)
        assert (found.low, found.high) == (-1, 1)


def test_without_a_message_that_two_people_answered_nothing_is_known():
    for found in (
        agreement.cohen([], []),
        agreement.fleiss([[1, 0], [0, 1]]),
        agreement.alpha([[1, 0], [0, 1]]),
        agreement.agreement([]).primary,
    ):
        assert math.isnan(found.value)
        assert found.messages == 0


def test_answers_about_other_messages_are_refused():
    with pytest.raises(ValueError, match="same messages"):
        agreement.cohen(["a"], ["a", "b"])


def test_agreeing_on_few_messages_is_no_proof_of_agreement():
    few, many = (agreement.alpha([[2, 0], [0, 2]] * half) for half in (5, 500))
    assert few.value == many.value == 1
    assert few.high == many.high == 1
    assert few.low < 0.75
    assert many.low > 0.99


def test_masi_counts_a_missing_driver_for_less_than_another_one():
    distances = agreement.masi([["a"], ["a", "b"], ["b", "c"], ["d"]])
    assert np.array_equal(distances, distances.T)
    assert np.diag(distances) == pytest.approx(0)
    assert distances[0] == pytest.approx([0, 1 - 1 / 2 * 2 / 3, 1, 1])
    assert distances[1, 2] == pytest.approx(1 - 1 / 3 * 1 / 3)


def test_sets_of_drivers_agree_in_part_where_primary_drivers_do_not():
    said = opinions(
        *[(f"m{i}", "ann", "a|b") for i in range(10)],
        *[(f"m{i}", "bob", "b|a") for i in range(10)],
        *[(f"n{i}", person, "c") for i in range(10) for person in ("ann", "bob")],
    )
    found = agreement.agreement(said)
    assert found.sets.value == 1
    assert found.primary.value < 0.6
    assert found.drivers["c"].value == found.mentioned["a"].value == 1
    assert found.drivers["a"].value < 0
    assert found.people == 2


def test_a_driver_few_messages_have_stands_on_its_own():
    said = opinions(
        *[(f"m{i}", person, "usual") for i in range(200) for person in ("ann", "bob")],
        *[(f"n{i}", "ann", "rare") for i in range(6)],
        *[(f"n{i}", "bob", "usual" if i < 3 else "rare") for i in range(6)],
    )
    found = agreement.agreement(said).drivers["rare"]
    assert found.value == pytest.approx(0.66, abs=0.02)
    assert found.low < 0.25


def test_none_of_the_drivers_is_an_answer_to_agree_on():
    said = opinions(
        ("1", "ann", ""), ("1", "bob", ""), ("2", "ann", "a"), ("2", "bob", "a"), ("3", "ann", "a")
    )
    found = agreement.agreement(said)
    assert found.primary.value == 1
    assert (found.primary.messages, found.primary.answers) == (2, 4)
    assert set(found.drivers) == {"a", "unknown"}


def test_a_person_who_answers_again_has_one_answer():
    said = opinions(("1", "ann", "a"), ("1", "ann", "b"), ("1", "bob", "b"), ("2", "bob", "a"))
    found = agreement.agreement([*said, *opinions(("2", "ann", "a"))])
    assert found.primary.value == 1
    assert found.primary.answers == 4


def test_each_two_people_with_a_message_in_common_are_compared():
    said = opinions(
        ("1", "ann", "a"),
        ("1", "bob", "a"),
        ("2", "ann", "b"),
        ("2", "bob", "b"),
        ("3", "eve", "a"),
    )
    found = agreement.between(said)
    assert list(found) == [("ann", "bob")]
    assert found["ann", "bob"].value == 1


@pytest.mark.parametrize(("people", "missing"), [(2, 0.0), (4, 0.3)])
@pytest.mark.parametrize(("n", "values"), [(10, 3), (60, 12)])
def test_intervals_hold(n, values, people, missing):
    rng = np.random.default_rng(0)
    truth = agreement.alpha(counted(simulated(200_000, 2, values, 0, rng), values)).value
    inside = {"alpha": [], "fleiss": [], "cohen": []}
    for _ in range(300):
        said = simulated(n, people, values, missing, rng)
        counts = counted(said, values)
        both = said[(said[:, :2] >= 0).all(axis=1)].astype(str)
        for name, found in (
            ("alpha", agreement.alpha(counts)),
            ("fleiss", agreement.fleiss(counts)),
            ("cohen", agreement.cohen(both[:, 0], both[:, 1])),
        ):
            if not math.isnan(found.value):
                inside[name].append(found.low <= truth <= found.high)
    for name, each in inside.items():
        assert len(each) > 250, name
        assert np.mean(each) > 0.93, name


def test_intervals_hold_for_a_driver_that_few_messages_have():
    rng = np.random.default_rng(1)
    rare = counted(simulated(400_000, 2, 12, 0, rng) == 11, 2)
    truth = agreement.alpha(rare).value
    inside = []
    for _ in range(400):
        found = agreement.alpha(counted(simulated(150, 2, 12, 0, rng) == 11, 2))
        if not math.isnan(found.value):
            inside.append(found.low <= truth <= found.high)
    assert np.mean(inside) > 0.93


def test_more_people_tell_more():
    rng = np.random.default_rng(2)
    widths = []
    for people in (2, 5):
        found = agreement.alpha(counted(simulated(300, people, 5, 0, rng), 5))
        widths.append(found.high - found.low)
    assert widths[1] < widths[0]


def test_a_message_of_weight_three_counts_as_three_of_them():
    answers = simulated(40, 2, 4, 0, np.random.default_rng(3))
    weights = np.random.default_rng(4).integers(1, 4, size=40)
    repeated = np.repeat(answers, weights, axis=0)
    once, often = (counted(each, 4) for each in (answers, repeated))
    pairs = [("fleiss", agreement.fleiss(once, weights), agreement.fleiss(often))]
    pairs += [("alpha", agreement.alpha(once, weights=weights), agreement.alpha(often))]
    first, second = answers.astype(str).T
    cohens = agreement.cohen(first, second, weights), agreement.cohen(*repeated.astype(str).T)
    for name, weighted, found in [*pairs, ("cohen", *cohens)]:
        assert weighted.differ == pytest.approx(found.differ), name
        # Alpha knows that an answer is not dealt out with itself, and there are fewer of them.
        assert weighted.value == pytest.approx(found.value, abs=0.01), name
        assert weighted.high - weighted.low > found.high - found.low, name


def test_only_the_proportions_of_weights_matter():
    counts = counted(simulated(30, 2, 3, 0, np.random.default_rng(5)), 3)
    assert agreement.alpha(counts, weights=np.full(30, 7.0)) == agreement.alpha(counts)


def test_chances_are_above_0_and_at_most_1():
    said = opinions(("1", "ann", "a"), ("1", "bob", "b"))
    for chance in (0.0, 1.5):
        with pytest.raises(ValueError, match="probability"):
            agreement.agreement(said, {"1": chance})


def graded(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Answers (m, 2) of two people about those of n messages that were asked about, and then asked
    about again, and the chance (m,) of that: larger where the two are likelier to differ."""
    hard = rng.random(n) < 0.15
    truth = rng.integers(6, size=n)
    knows = np.where(hard, 0.7, 0.97)[:, None]
    said = np.where(rng.random((n, 2)) < knows, truth[:, None], rng.integers(6, size=(n, 2)))
    surprise = np.where(said[:, 0] == truth, np.where(hard, 0.5, 0.05), 0.99)
    pi = np.where(hard, 1.0, 0.1)
    worth = second_worth(surprise, pi)
    chance = pi * second_inclusion(worth, 0.25, usual=float(np.average(worth, weights=pi)))
    asked = rng.random(n) < chance
    return said[asked], chance[asked]


def test_intervals_hold_for_all_messages_where_doubtful_ones_are_asked_twice_more_often():
    rng = np.random.default_rng(6)
    hard = np.random.default_rng(7).random(400_000) < 0.15
    same = np.where(hard, 0.7 + 0.3 / 6, 0.97 + 0.03 / 6)  # of one person with the truth
    truth = 1 - (1 - np.mean(same**2 + (1 - same) ** 2 / 5)) / (5 / 6)
    held: dict[str, list[bool]] = {"weighted": [], "as asked": []}
    values = []
    for _ in range(250):
        said, chance = graded(3000, rng)
        counts = counted(said, 6)
        weighted, plain = agreement.alpha(counts, weights=1 / chance), agreement.alpha(counts)
        values.append(weighted.value)
        held["weighted"].append(weighted.low <= truth <= weighted.high)
        held["as asked"].append(plain.low <= truth <= plain.high)
    assert np.mean(values) == pytest.approx(truth, abs=0.01)
    assert np.mean(held["weighted"]) > 0.95
    assert np.mean(held["as asked"]) < 0.3
