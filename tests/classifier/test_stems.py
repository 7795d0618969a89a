import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.stems import stem


@pytest.mark.parametrize(
    "words",
    [
        "geleverd leveren levering levert",
        "bestelling bestellingen besteld bestellen",
        "betalen betaal betaald betaling",
        "pakket pakketje pakketten pakketjes",
        "cancelled canceled cancel cancelling",
        "deliver delivered deliveries delivery",
        "card cards",
        "krijgen krygen",
    ],
)
def test_inflections_share_a_stem(words):
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("card", "car"), ("late", "lost"), ("geld", "gek"), ("pin", "pint")]
)
def test_different_words_do_not(one, other):
    assert stem(one) != stem(other)


@given(st.text(min_size=1))
def test_nothing_becomes_nothing(word):
    assert stem(word)
