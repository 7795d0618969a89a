import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.text import in_holdout, normalized, text_key

KEY = b"a key for tests"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Waar is mijn stoel?", "waar is  mijn\nstoel"),
        ("Café!", "cafe\u0301"),
        ("STRASSE", "straße"),
        ("order [order:ab12cd34] is weg", "Order [order:00000000] is weg."),
        ("don't", "don’t"),
        ("ﬁets", "fiets"),
    ],
)
def test_texts_that_say_the_same_have_one_key(one: str, other: str) -> None:
    assert normalized(one) == normalized(other)
    assert text_key(one, key=KEY) == text_key(other, key=KEY)


@pytest.mark.parametrize(
    ("one", "other"), [("?", "!"), ("5 stuks", "6 stuks"), ("[name]", "[email]"), ("€ 5", "5")]
)
def test_texts_that_differ_have_two_keys(one: str, other: str) -> None:
    assert text_key(one, key=KEY) != text_key(other, key=KEY)


@settings(deadline=None)
@given(st.text(st.characters(), max_size=100))
def test_normalizing_twice_is_normalizing_once(text: str) -> None:
    assert normalized(normalized(text)) == normalized(text)
    assert len(text_key(text, key=KEY)) == 16


def test_the_share_held_out_is_the_share_asked_for() -> None:
    held = np.mean([in_holdout(f"message {n}", key=KEY) for n in range(20_000)])
    assert abs(held - 0.15) < 4 * np.sqrt(0.15 * 0.85 / 20_000)


def test_the_customer_decides_where_known() -> None:
    sides = {in_holdout(f"message {n}", key=KEY, customer="ab12") for n in range(50)}
    assert len(sides) == 1
    customers = [in_holdout("one message", key=KEY, customer=f"{n}") for n in range(200)]
    assert 5 < sum(customers) < 60


def test_a_larger_share_only_adds_messages() -> None:
    texts = [f"message {n}" for n in range(500)]
    small = {text for text in texts if in_holdout(text, key=KEY, share=0.1)}
    large = {text for text in texts if in_holdout(text, key=KEY, share=0.3)}
    assert small < large
    assert not any(in_holdout(text, key=KEY, share=0.0) for text in texts)
    assert all(in_holdout(text, key=KEY, share=1.0) for text in texts)


def test_another_key_holds_out_other_messages() -> None:
    texts = [f"message {n}" for n in range(500)]
    first = [in_holdout(text, key=KEY) for text in texts]
    assert first != [in_holdout(text, key=b"another") for text in texts]


@settings(deadline=None)
@given(st.text(st.characters() | st.sampled_from("_-€. a[]"), max_size=60))
def test_punctuation_is_as_a_space(text: str) -> None:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    words = re.sub(r"\[order:[0-9a-f]{8}\]", "[order]", folded)
    words = re.sub(r"[^\w\s€$£%+<>=#&@]+|_+", " ", words)
    assert normalized(text) == (" ".join(words.split()) or " ".join(folded.split()))
