import numpy as np
import pytest

from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.promotion import should_promote
from classifier.taxonomy import flat_taxonomy
from classifier.training import TrainingConfig, train

WORDS = {"late": "pakket bezorging", "invoice": "factuur btw", "login": "inloggen wachtwoord"}


def messages_about(drivers, per_driver, *, called=None, start=0):
    """Easy messages; `called` maps a driver to the (wrong) one its messages are labeled as."""
    return [
        LabeledMessage(
            text=RedactedText(f"{WORDS[driver]} nummer {number}"),
            label=Label((called or {}).get(driver, driver)),
            message_id=f"{driver}-{number}",
        )
        for driver in drivers
        for number in range(start, start + per_driver)
    ]


def model_of(messages):
    return train(messages, flat_taxonomy({m.label.primary for m in messages})).model


@pytest.fixture(scope="module")
def good():
    return model_of(messages_about(WORDS, 20))


@pytest.fixture(scope="module")
def bad():
    """Takes invoices for late parcels and the other way round."""
    return model_of(
        messages_about(WORDS, 20, called={"invoice": "late", "late": "invoice"}, start=500)
    )


@pytest.fixture(scope="module")
def judged():
    return messages_about(WORDS, 30, start=1000)


def test_the_first_model_is_promoted(good, judged):
    assert should_promote(good, None, judged) == (True, "Promoted: it is the first model.")


def test_a_model_that_is_as_good_is_promoted(good, judged):
    promoted, reason = should_promote(good, good, judged)
    assert promoted
    assert "+0.0 points" in reason
    assert "on 90 held-out messages" in reason


def test_a_better_model_is_promoted(good, bad, judged):
    assert should_promote(good, bad, judged).promoted


def test_a_significantly_worse_model_is_not(good, bad, judged):
    promoted, reason = should_promote(bad, good, judged)
    assert not promoted
    assert "significantly worse" in reason
    assert "-66.7 points" in reason


def test_a_little_worse_by_chance_is_not_held_against_it(good, bad, judged):
    few = [*judged[:2], *judged[-20:]]
    assert should_promote(bad, good, few).promoted


def test_a_model_with_other_drivers_waits_for_a_person(good, judged):
    wider = model_of(
        [*messages_about(WORDS, 20), *messages_about(["late"], 20, called={"late": "other"})]
    )
    promoted, reason = should_promote(wider, good, judged)
    assert not promoted
    assert "--promote" in reason
    assert "new: other" in reason
    narrower = model_of(messages_about(["late", "invoice"], 20))
    promoted, reason = should_promote(narrower, good, judged)
    assert not promoted
    assert "gone: login" in reason
    assert "on 60 held-out messages" in reason


def test_messages_the_current_model_was_trained_on_do_not_count(good, bad):
    seen = messages_about(WORDS, 20)
    promoted, reason = should_promote(bad, good, seen)
    assert promoted
    assert "no held-out message" in reason


def test_equally_good_models_are_seldom_held_back():
    """Of models no worse than the current one, at most one in forty may be kept out."""
    from classifier.evaluation import paired_comparison

    chance = np.random.default_rng(7)
    held_back = sum(
        paired_comparison(chance.random(400) < 0.9, chance.random(400) < 0.9).worse
        for _ in range(400)
    )
    assert held_back <= 18


def seeded_model_of(messages):
    taxonomy = flat_taxonomy(WORDS)
    return train(messages, taxonomy, config=TrainingConfig(seeded=True)).model


def test_drivers_known_by_words_alone_stand_in_nobodys_way(good, judged):
    """Two models are compared although one knows a driver the other has never heard of."""
    both = messages_about(["late", "invoice"], 20)
    narrow, wide = model_of(both), seeded_model_of(both)
    assert set(wide.drivers) - set(narrow.drivers) == {"login"}
    for new, current in ((wide, narrow), (narrow, wide)):
        promoted, reason = should_promote(new, current, judged)
        assert promoted
        assert "on 60 held-out messages" in reason


def test_labels_of_a_driver_known_by_words_alone_are_compared_with_those_words(good, judged):
    promoted, reason = should_promote(good, seeded_model_of([]), judged)
    assert promoted
    assert "on 90 held-out messages" in reason


def test_words_alone_never_take_over_from_labels(good):
    promoted, reason = should_promote(seeded_model_of([]), good, [])
    assert not promoted
    assert "gone: invoice, late, login" in reason
