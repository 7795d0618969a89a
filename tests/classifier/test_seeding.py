import pytest

from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.seeding import (
    HALF,
    NAME_WEIGHT,
    as_words,
    seed_remarks,
    seeds_of,
    unlike,
    weighed,
)
from classifier.taxonomy import Driver, Taxonomy, flat_taxonomy

TREE = Taxonomy(
    (
        Driver(id="delivery", names={"nl": "Levering"}),
        Driver(
            id="delivery.late",
            parent="delivery",
            names={"nl": "Te laat", "en": "Late"},
            definition={"en": "It came after the promised day."},
            examples=("Where is it?", "Late"),
        ),
        Driver(id="delivery.other", parent="delivery", names={"nl": "Overig", "en": "Other"}),
    )
)


def labeled(driver, n):
    return [
        LabeledMessage(text=RedactedText(f"{driver} {i}"), label=Label(driver)) for i in range(n)
    ]


def test_names_definitions_and_examples_of_leaves_are_seeds_each_once():
    assert [(seed.driver, seed.text) for seed in seeds_of(TREE)] == [
        ("delivery.late", "Te laat"),
        ("delivery.late", "Late"),
        ("delivery.late", "It came after the promised day."),
        ("delivery.late", "Where is it?"),
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("card_arrival", "card arrival"),
        ("cardArrival", "card Arrival"),
        ("RETURN_EXCHANGE", "RETURN EXCHANGE"),
        ("delivery.too-late", "delivery too late"),
    ],
)
def test_a_label_is_read_as_words(name, words):
    assert as_words(name) == words
    assert seeds_of(flat_taxonomy([name]))[0].text == words


def test_seeds_fade_as_labels_of_their_driver_come_and_then_are_gone():
    seeds = seeds_of(flat_taxonomy(["late", "lost"]))
    weights = [
        {seed.driver: seed.weight for seed in weighed(seeds, labeled("late", n))}
        for n in (0, HALF, 10 * HALF)
    ]
    assert weights[0] == {"late": NAME_WEIGHT, "lost": NAME_WEIGHT}
    assert weights[1] == {"late": NAME_WEIGHT / 2, "lost": NAME_WEIGHT}
    assert weights[2] == {"lost": NAME_WEIGHT}


def test_a_seed_that_says_what_a_judging_message_says_is_left_out():
    assert [seed.text for seed in unlike(seeds_of(TREE), ["where is it"])] == [
        "Te laat",
        "Late",
        "It came after the promised day.",
    ]


def test_without_labels_it_says_how_little_the_model_is_worth():
    (sentence,) = seed_remarks(seeds_of(TREE), [])
    assert "not a single label" in sentence


def test_drivers_without_labels_are_named():
    seeds = seeds_of(flat_taxonomy(["late", "lost"]))
    (sentence,) = seed_remarks(seeds, labeled("late", 2))
    assert sentence.endswith("only: lost.")
    assert not list(seed_remarks(seeds, labeled("late", 2) + labeled("lost", 1)))
