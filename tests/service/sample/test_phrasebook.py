import re
from collections import Counter

import pytest

from classifier.messages import UNKNOWN
from service.sample import sample_taxonomy
from service.sample.phrasebook import Deck, load_phrasebook
from service.sample.slots import SLOTS

BOOK = load_phrasebook()
DRIVERS = sorted(
    {each for each in sample_taxonomy().leaves if not each.endswith(".other")} | {UNKNOWN}
)


def test_every_driver_has_phrasings_and_nothing_else_has() -> None:
    assert {driver for driver, _ in BOOK} == set(DRIVERS)
    assert {language for _, language in BOOK} == {"nl", "en"}


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_has_forty_phrasings_fifteen_a_language(driver: str) -> None:
    dutch, english = BOOK[driver, "nl"], BOOK[driver, "en"]
    assert len(dutch) >= 15
    assert len(english) >= 15
    assert len(dutch) + len(english) >= 40


def test_no_phrasing_occurs_twice() -> None:
    plain = Counter(
        (language, re.sub(r"\W+", " ", text).strip().lower())
        for (_, language), texts in BOOK.items()
        for text in texts
    )
    assert [text for text, count in plain.items() if count > 1] == []


def test_phrasings_have_known_slots_only() -> None:
    for key, texts in BOOK.items():
        for text in texts:
            assert text == text.strip()
            assert text, key
            slots = set(re.findall(r"\{([^}]*)\}", text))
            assert slots <= SLOTS, (key, text)
            assert text.count("{") == text.count("}") == len(re.findall(r"\{\w+\}", text))


def test_a_deck_uses_familiar_phrasings_evenly_and_keeps_the_last_quarter() -> None:
    texts = tuple(f"text {number}" for number in range(12))
    deck = Deck(texts, "any")
    dealt = Counter(deck.deal(late=False).text for _ in range(90))
    assert set(dealt.values()) == {10}
    assert len(dealt) == 9
    afterwards = Counter(deck.deal(late=True) for _ in range(210))
    assert {each.text for each in afterwards if each.late} == set(texts) - set(dealt)
    assert {count for each, count in afterwards.items() if each.late} == {10}
    assert {count for each, count in afterwards.items() if not each.late} == {20}


def test_a_brief_deal_takes_the_shorter_one_and_leaves_the_other() -> None:
    deck = Deck(("a", "bb", "ccc", "dddd"), "any")
    dealt = [deck.deal(late=False, brief=True) for _ in range(3)]
    assert len({each.text for each in dealt}) == 3
    assert len(dealt[0].text) < len(dealt[2].text)


def test_another_hand_deals_in_another_order_and_keeps_the_same_phrasings_for_later() -> None:
    texts = tuple(f"text {number}" for number in range(12))
    one, other = Deck(texts, "any"), Deck(texts, "any", hand="other")
    dealt = [[deck.deal(late=False).text for _ in range(9)] for deck in (one, other)]
    assert dealt[0] != dealt[1]
    assert set(dealt[0]) == set(dealt[1])
