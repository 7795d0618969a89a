import numpy as np
import pytest

from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.seeding import (
    HALF,
    NAME_WEIGHT,
    as_words,
    labeled_drivers,
    seed_remarks,
    seeds_of,
    unlike,
    weighed,
)
from classifier.taxonomy import Driver, Taxonomy, flat_taxonomy
from classifier.training import TrainingConfig, train
from classifier.volumes import estimate_volumes, volume_terms

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
    seeds = seeds_of(flat_taxonomy(f"driver{number}" for number in range(30)))
    (sentence,) = seed_remarks(seeds, [])
    assert "not a single label" in sentence
    assert "cannot be measured without labels" in sentence
    assert "right once in 30 times" in sentence
    assert "the first 150 messages" in sentence
    assert "the first 100 messages" in next(iter(seed_remarks(seeds[:2], [])))


def test_drivers_without_labels_are_named():
    seeds = seeds_of(flat_taxonomy(["late", "lost"]))
    (sentence,) = seed_remarks(seeds, labeled("late", 2))
    assert sentence.endswith("only: lost.")
    assert not list(seed_remarks(seeds, labeled("late", 2) + labeled("lost", 1)))


def test_only_drivers_with_labels_count_as_labeled():
    counts = {"per_driver": {"late": 3, "lost": 0, "unknown": 7}}
    assert labeled_drivers({"counts": counts}) == {"late"}
    assert labeled_drivers({}) == frozenset()


WORDED = Taxonomy(
    (
        Driver(id="late", definition={"nl": "Het pakket is er nog niet."}),
        Driver(id="broken", definition={"nl": "Het is stuk aangekomen."}),
        Driver(id="refund", names={"nl": "Geld terug"}),
    )
)
SAID = {
    "late": ["pakket", "later", "vertraagd", "bezorging", "wachten"],
    "broken": ["pakket", "stuk", "scherm", "gebarsten", "deuk"],
    "refund": ["geld", "bedrag", "pakket", "teruggestort", "wachten"],
}
SIZES = {"broken": 480, "late": 540, "refund": 180}
"""Some words are said about every driver, so that a model takes one for another."""


def said(driver, count, random):
    texts = [" ".join(random.choice(SAID[driver], 3)) + f" {n}" for n in range(count)]
    return [LabeledMessage(text=RedactedText(text), label=Label(driver)) for text in texts]


def test_the_interval_of_a_driver_known_by_words_alone_covers_the_truth():
    """Two hundred weeks of 600 messages, one in four answered; nobody ever labeled a refund."""
    random = np.random.default_rng(11)
    labels = [*said("late", 40, random), *said("broken", 40, random)]
    model = train(labels, WORDED, config=TrainingConfig(seeded=True)).model
    trained = [driver in labeled_drivers(model.manifest) for driver in model.drivers]
    assert dict(zip(model.drivers, trained, strict=True)) == {
        "broken": True,
        "late": True,
        "refund": False,
    }
    pool = [
        message.text for driver in model.drivers for message in said(driver, SIZES[driver], random)
    ]
    truth = np.repeat(np.arange(3), [SIZES[driver] for driver in model.drivers])
    known = model.predict_proba(pool)
    assert (known.argmax(axis=1) == truth)[truth == 2].mean() < 0.95, "it must be worth a doubt"
    weeks = [_week(known, truth, random) for _ in range(204)]
    covered = [
        _covered(terms, [past for past, _ in weeks[week : week + 4]], counts, trained)
        for week, (terms, counts) in enumerate(weeks[4:])
    ]
    assert np.mean(covered, axis=0).min() >= 0.93


def _week(known, truth, random):
    """The terms of one week, and how many messages of each driver (k,) it really had."""
    rows = np.flatnonzero(random.random(len(truth)) < 0.5)
    asked = random.random(len(rows)) < 0.25
    terms = volume_terms(known[rows], truth[rows], np.full(len(rows), 0.25), asked)
    return terms, np.bincount(truth[rows], minlength=known.shape[1])


def _covered(terms, history, counts, trained):
    """Which drivers' intervals (k,) hold the count of the week."""
    found = estimate_volumes(terms, history, trained=trained)
    return (found.low <= counts) & (counts <= found.high)
