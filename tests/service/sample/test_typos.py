from random import Random

from service.sample.typos import careless, mistype, uncapitalized


def test_mistyping_changes_one_to_three_words_and_no_slot() -> None:
    text = "Waar blijft mijn {product} van bestelling {order} eigenlijk?"
    for seed in range(200):
        mistyped = mistype(text, Random(seed)).split(" ")
        changed = [old for old, new in zip(text.split(" "), mistyped, strict=True) if old != new]
        assert len(changed) <= 3
        assert not [word for word in changed if "{" in word]


def test_mistyping_nearly_always_shows() -> None:
    text = "Waar blijft mijn bestelling eigenlijk"
    assert sum(mistype(text, Random(seed)) != text for seed in range(100)) > 95


def test_short_words_are_left_alone() -> None:
    assert mistype("ja dat is zo", Random(1)) == "ja dat is zo"


def test_careless_typing_has_no_capitals_and_no_punctuation() -> None:
    assert careless("Hoi, waar is {order}? Op 'volgen' staat niets!") == (
        "hoi waar is {order} op volgen staat niets"
    )


def test_uncapitalized_changes_the_first_letter_only() -> None:
    assert uncapitalized("Waar is Jan?") == "waar is Jan?"
