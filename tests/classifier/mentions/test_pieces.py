import numpy as np

from classifier.mentions.pieces import Pieces
from classifier.mentions.said import Said

TEXTS = [
    "De doos is nat. Waar blijft mijn geld?",
    "Een zin is geen stuk",
    "Ja hoor nu. Dat is zo. Hoi daar jij.",
]


def lengths(texts):
    return np.array([[len(text), -len(text)] for text in texts], dtype=float)


def test_each_sentence_knows_its_text_and_its_place():
    pieces = Pieces.of(TEXTS)
    assert pieces.counts.tolist() == [2, 1, 3]
    assert pieces.owners.tolist() == [0, 0, 2, 2, 2]
    for text, owner, (start, end) in zip(pieces.texts, pieces.owners, pieces.spans, strict=True):
        assert TEXTS[owner][start:end] == text


def test_the_loudest_sentence_speaks_for_its_text_and_one_sentence_for_itself():
    said = Said.cut(lengths(TEXTS), Pieces.of(TEXTS), lengths)
    assert said.whole[:, 0].tolist() == [len(text) for text in TEXTS]
    assert said.loudest[:, 0].tolist() == [22, len(TEXTS[1]), 13]
    assert said.loudest[:, 1].tolist() == [-15, -len(TEXTS[1]), -10]


def test_the_first_sentences_are_kept_text_by_text():
    pieces = Pieces.of(TEXTS).first(3)
    assert pieces.owners.tolist() == [0, 0]
    assert pieces.counts.tolist() == [2, 1, 1]
    assert Pieces.of(TEXTS).first(5).counts.tolist() == [2, 1, 3]


def test_some_of_the_texts_keep_their_sentences():
    pieces = Pieces.of(TEXTS).at(np.array([False, True, True]))
    assert pieces.counts.tolist() == [1, 3]
    assert pieces.owners.tolist() == [1, 1, 1]
    assert [TEXTS[2][start:end] for start, end in pieces.spans] == list(pieces.texts)


def test_without_a_sentence_texts_are_read_whole():
    said = Said.cut(lengths(TEXTS[1:2]), Pieces.of(TEXTS[1:2]), lengths)
    np.testing.assert_array_equal(said.whole, said.loudest)
