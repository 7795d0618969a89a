"""Rows from shared counts are those that features fitted on a part of the texts would make."""

import random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classifier.counts import MANY, Counts, Tokens
from classifier.features import SMALL, NgramFeatures

TEXTS = [
    "Waar blijft mijn pakket?",
    "Where is my parcel, where",
    "het PAKKET is te laat, pakketten te laat",
    "mijn a2 a b a a2",
    "??",
    "",
    "bestelling is niet aangekomen",
    "wanneer komt mijn bestelling aan",
]
FEATURES = [
    NgramFeatures(),
    NgramFeatures(word_range=(1, 3)),
    NgramFeatures(word_range=(2, 2), pair_reach=1),
    NgramFeatures(most_words=4, most_characters=9, most_pairs=5),
    NgramFeatures(longest_text=9),
]


def rows_by(counts, features, learned, judged):
    found = [
        counts.rows(block, features.longest_text, learned, judged)
        for block in features.blocks(len(learned))
    ]
    return tuple(features.beside([each[number] for each in found]) for number in (0, 1))


def same(one, other):
    assert one.shape == other.shape
    np.testing.assert_allclose(one.toarray(), other.toarray(), atol=1e-6)


@pytest.mark.parametrize("features", FEATURES)
def test_a_part_is_read_as_if_there_were_nothing_else(features):
    counts = Counts(TEXTS)
    for learned, judged in ((TEXTS[:3], TEXTS[3:]), (TEXTS[::2], TEXTS[1::2]), (TEXTS, TEXTS)):
        rows, judging = rows_by(counts, features, learned, judged)
        same(rows, features.fit_transform(learned))
        same(judging, features.transform(judged))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=7))
@example(["İstanbul ǅ ß", "a\u00a0b\tc", "_ __ 1٣", " "])
def test_any_text_is_counted_as_scikit_learn_counts_it(texts):
    texts = [*texts, "woord"]
    features = NgramFeatures()
    rows, _ = rows_by(Counts(texts), features, texts, texts)
    same(rows, features.fit_transform(texts))


def test_of_many_texts_what_only_one_says_is_dropped_and_nothing_else():
    chance = random.Random(3)
    words = ["".join(chance.choices("aeioklmnrst", k=4)) for _ in range(400)]
    texts = [f"{' '.join(chance.choices(words, k=4))} {number}" for number in range(MANY)]
    counts, learned = Counts(texts), texts[: SMALL + 300]
    features = NgramFeatures(character_range=(2, 3), pair_reach=1)
    rows, judging = rows_by(counts, features, learned, texts[-50:])
    same(rows, features.fit_transform(learned))
    same(judging, features.transform(texts[-50:]))
    assert counts.covers(SMALL)
    assert not counts.covers(SMALL - 1)
    assert Counts(texts[:-1]).covers(1)


def test_a_block_that_the_texts_to_learn_from_have_nothing_for_is_none():
    words, characters, stems = NgramFeatures().blocks(2)
    counts = Counts(["??", "!!", "pakket"])
    assert counts.rows(words, 99, ["??", "!!"], ["pakket"]) == (None, None)
    assert counts.rows(stems, 99, ["??", "!!"], ["pakket"]) == (None, None)
    assert counts.rows(characters, 99, ["??", "!!"], ["pakket"])[0].shape[0] == 2


def test_each_reading_is_counted_once(monkeypatch):
    read = []
    original = Tokens.of
    monkeypatch.setattr(Tokens, "of", lambda texts: read.append(len(texts)) or original(texts))
    counts = Counts([*TEXTS, *TEXTS])
    for features in FEATURES[:1] * 3:
        rows_by(counts, features, TEXTS[:4], TEXTS[4:])
    assert read == [len(TEXTS)]
