import numpy as np
import pytest

from classifier.blocks import Blocks
from classifier.counts import MANY, Counts
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
        expected = features.fit_transform(LEARNED), features.transform(JUDGED)
        for found, each in zip((learned, judged), expected, strict=True):
            np.testing.assert_allclose(found.toarray(), each.toarray(), atol=1e-6)


def test_what_candidates_share_is_computed_once(monkeypatch):
    weighed = []
    original = Counts.rows

    def counted(self, block, *rest):
        weighed.append(repr(block))
        return original(self, block, *rest)

    monkeypatch.setattr(Counts, "rows", counted)
    blocks = Blocks(LEARNED, JUDGED)
    for features in SOME[:3]:
        blocks.rows(features)
    assert len(weighed) == len(set(weighed)) == 3


def test_few_of_many_texts_are_read_by_themselves():
    """Counts of many texts leave out what occurs once, which few texts are to learn from."""
    counts = Counts([*LEARNED, *JUDGED, *(f"tekst {number}" for number in range(MANY))])
    learned, judged = Blocks(LEARNED, JUDGED, counts).rows(NgramFeatures())
    assert (learned != NgramFeatures().fit_transform(LEARNED)).nnz == 0
    assert judged.shape[1] == learned.shape[1]


def test_a_block_that_the_texts_have_nothing_for_is_left_out():
    learned, judged = Blocks(["??", "!!"], ["?"]).rows(NgramFeatures())
    assert learned.shape[1] == judged.shape[1] > 0
    assert np.isfinite(judged.toarray()).all()
    with pytest.raises(ValueError, match="no word"):
        Blocks(["", " "], ["?"]).rows(NgramFeatures())
