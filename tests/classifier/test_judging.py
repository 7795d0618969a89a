"""A model judged on labeled messages: who sets the threshold does not judge it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from classifier.decisions import LEAST_CONFIDENCE
from classifier.judging import in_half, judge, judge_at, mention_columns, threshold_of
from classifier.messages import (
    Label,
    LabeledMessage,
    Mention,
    Prediction,
    Predictions,
    RedactedText,
)
from classifier.promise import GRID
from classifier.stops import stops_of
from classifier.taxonomy import Driver, Taxonomy, flat_taxonomy
from classifier.training import train

WORDS = {
    "delivery.late": ["pakket te laat", "nog niet bezorgd", "waar blijft", "vertraging"],
    "delivery.damaged": ["doos kapot", "gescheurd", "beschadigd aangekomen", "deuk"],
    "payment.refund": ["geld terug", "terugbetaling", "teruggestort", "retour geld"],
    "payment.invoice": ["factuur", "btw", "rekening", "factuurnummer"],
}
MESSAGES = 400


@pytest.fixture(scope="module")
def model():
    """Trained on easy messages only; no hold-out."""
    rows = [
        LabeledMessage(text=RedactedText(f"{words} vraag {number}"), label=Label(driver))
        for driver, some in WORDS.items()
        for number, words in enumerate(some * 6)
    ]
    return train(rows, flat_taxonomy(WORDS)).model


@pytest.fixture(scope="module")
def messages():
    """Messages of which a fifth carries a label drawn blindly, whatever the text says."""
    random, drivers = np.random.default_rng(1), list(WORDS)
    made = []
    for number in range(MESSAGES):
        said = drivers[random.integers(4)]
        label = said if random.random() > 0.2 else drivers[random.integers(4)]
        text = RedactedText(f"{' '.join(random.choice(WORDS[said], 2))} nummer {number}")
        made.append(LabeledMessage(text=text, label=Label(label), message_id=str(number)))
    return made


def sets_the_threshold(message):
    return bool(in_half([message])[0])


def all_wrong(messages, which):
    return [replace(each, label=Label("lost")) if which(each) else each for each in messages]


def test_labels_of_the_half_that_judges_do_not_move_the_threshold(model, messages):
    before = judge_at(model, messages, 0.7)
    after = judge_at(model, all_wrong(messages, lambda each: not sets_the_threshold(each)), 0.7)
    assert after.auto.threshold == before.auto.threshold < 1
    assert before.auto.precision.value > 0.7
    assert after.auto.precision.value == 0


def test_labels_of_the_half_that_sets_the_threshold_do(model, messages):
    after = judge_at(model, all_wrong(messages, sets_the_threshold), 0.7)
    assert after.auto.threshold == float("inf")
    assert after.auto.share.value == 0
    assert after.auto.precision.value is None


def test_half_of_the_messages_judge_what_is_routed_and_all_of_them_the_rest(model, messages):
    found, own = judge_at(model, messages, 0.7), judge(model, messages)
    assert (found.n, found.accuracy, found.f1) == (MESSAGES, own.accuracy, own.f1)
    assert found.auto.share.n == sum(not sets_the_threshold(each) for each in messages)
    (channel,) = (each for each in found.slices if each.kind == "channel")
    assert (channel.n, channel.share.n) == (MESSAGES, found.auto.share.n)


def test_messages_of_one_customer_count_as_one_in_the_interval(model, messages):
    together = [replace(each, group=f"c{row // 20}") for row, each in enumerate(messages)]
    apart, grouped = judge(model, messages), judge(model, together)
    assert grouped.groups == MESSAGES // 20 < apart.groups
    assert grouped.accuracy.value == apart.accuracy.value


def test_weeks_channels_and_known_probabilities_of_messages_reach_the_figures(model, messages):
    sunday = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)
    told = [
        replace(each, received_at=sunday, channel="chat", inclusion=0.5 if row % 2 else None)
        for row, each in enumerate(messages)
    ]
    found = judge(model, told, timezone="America/New_York")
    assert {(each.kind, each.name) for each in found.slices} >= {
        ("week", "2026-W10"),
        ("channel", "chat"),
    }
    assert found.weighted.n == found.weighted.apart.n == MESSAGES // 2
    assert judge(model, told).slices[-1].name == "2026-W11"


def test_second_opinions_say_what_a_pair_of_drivers_needs(model, messages):
    drivers = list(WORDS)[:2]
    disagreed = judge(model, messages, opinions=[tuple(drivers)] * 30).confusable
    assert {"merge"} == {e.remedy for e in disagreed if {e.first, e.second} == set(drivers)}


def test_no_threshold_is_so_low_that_most_of_what_just_reaches_it_is_wrong():
    """Sure and always right on average keeps the target, but says nothing of a guess."""
    top = np.concatenate([np.full(990, 0.9), np.full(10, 0.15)])
    probabilities = np.column_stack([top, *[(1 - top) / 9] * 9])
    right = np.concatenate([np.ones(990, dtype=bool), np.zeros(10, dtype=bool)])
    drivers = tuple("abcdefghij")
    said = stops_of(Predictions(drivers, probabilities, np.zeros(1000)), flat_taxonomy(drivers))
    found = threshold_of(said, [Label("a" if each else "b") for each in right], 0.95)
    assert found == pytest.approx(0.9)
    assert GRID[-1] == LEAST_CONFIDENCE


def test_sure_of_the_parents_alone_a_model_gets_a_threshold_from_them():
    """Two children that nobody can tell apart, in one queue; and the same without their parent."""
    drivers = ("box.late", "box.lost")
    names = {"names": {"en": "any"}, "queue": "logistics"}
    parts = (Driver(id=each, parent="box", **names) for each in drivers)
    tree = Taxonomy((Driver(id="box", **names), *parts))
    shares = np.random.default_rng(3).uniform(0.4, 0.6, 500)
    said = Predictions(drivers, np.column_stack([shares, 1 - shares]), np.full(500, 0.02))
    labels = [Label(drivers[row % 2]) for row in range(500)]
    stops = stops_of(said, tree)
    level = stops.reached(threshold_of(stops, labels, 0.95))
    assert level.min() >= 0, "all of them are routed"
    assert 0.85 < level.mean() < 1, "nearly all at the parent, a few at the leaf"
    assert stops.right(labels)[np.arange(500), level].mean() > 0.95
    assert threshold_of(stops_of(said, flat_taxonomy(drivers)), labels, 0.95) == float("inf")
    elsewhere = [Label("bill" if row % 10 else each.primary) for row, each in enumerate(labels)]
    assert threshold_of(stops_of(said, tree), elsewhere, 0.95) == float("inf")


def test_a_driver_too_unlikely_to_be_mentioned_is_as_likely_as_that_it_is_the_primary_one():
    mentions = (Mention("late", 0.9, True), Mention("lost", 0.3, False))
    drivers, shares = ("lost", "phone", "late"), np.array([0.3, 0.1, 0.6])
    likely, chosen = mention_columns([Prediction(drivers, shares, 0.2, mentions)])
    np.testing.assert_allclose(likely, [[0.3, 0.08, 0.9]])
    assert chosen.tolist() == [[False, False, True]]
    assert mention_columns([Prediction(drivers, shares, 0.2)]) == (None, None)


class Mentioning:
    """A model beside which somebody says which drivers a message mentions."""

    def __init__(self, model, said):
        self.model, self.said = model, said

    def __getattr__(self, name):
        return getattr(self.model, name)

    def predict(self, texts):
        found = self.model.predict(texts)
        return [replace(each, mentions=self.said(each)) for each in found]


def test_what_a_model_mentions_is_judged_where_labels_have_several_drivers(model, messages):
    also = "payment.invoice"
    told = [
        replace(each, label=Label(each.label.primary, (also,)))
        for each in messages
        if each.label.primary != also
    ]

    def said(prediction):
        first = Mention(prediction.driver, 0.9, True)
        return (first, Mention(also, 0.8, True)) if prediction.driver != also else (first,)

    found = judge(Mentioning(model, said), told).several
    assert found.others_recall.value == 1.0
    assert found.others_precision.value == 1.0
    assert found.f1.micro > judge(model, told).several.f1.micro
    assert judge(Mentioning(model, said), messages).several is None
