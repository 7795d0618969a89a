import numpy as np
import pytest

from classifier.blocks import Blocks
from classifier.features import NgramFeatures

LEARNED = ["Waar blijft mijn pakket?", "Where is my parcel", "het PAKKET is te laat"]
JUDGED = ["mijn pakket", "vliegtuig", ""]
SOME = [
    NgramFeatures(),
    NgramFeatures(pair_reach=0),
    NgramFeatures(character_range=None, pair_reach=0),
    NgramFeatures(character_range=(3, 4), most_words=2),
    NgramFeatures(longest_text=9),
]


def test_rows_are_those_that_the_features_make_themselves():
    blocks = Blocks(LEARNED, JUDGED)
    for features in SOME:
        learned, judged = blocks.rows(features)
        assert (learned != features.fit_transform(LEARNED)).nnz == 0
        assert (judged != features.transform(JUDGED)).nnz == 0


def test_what_candidates_share_is_computed_once(monkeypatch):
    fitted = []

    def counted(block, texts):
        fitted.append(repr(block))
        return block, block.fit_transform(texts)

    monkeypatch.setattr("classifier.blocks.fitted_block", counted)
    blocks = Blocks(LEARNED, JUDGED)
    for features in SOME[:3]:
        blocks.rows(features)
    assert len(fitted) == len(set(fitted)) == 3


def test_a_block_that_the_texts_have_nothing_for_is_left_out():
    learned, judged = Blocks(["??", "!!"], ["?"]).rows(NgramFeatures())
    assert learned.shape[1] == judged.shape[1] > 0
    assert np.isfinite(judged.toarray()).all()
    with pytest.raises(ValueError, match="no word"):
        Blocks(["", " "], ["?"]).rows(NgramFeatures())
