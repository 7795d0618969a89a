import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils import estimator_checks

from classifier.features import WORDS, CharacterFeatures, NgramFeatures, StemPairs
from classifier.stems import stem

TEXTS = ["Waar blijft mijn pakket?", "Where is my parcel", "het PAKKET is te laat"]


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
    ],
)
def test_it_keeps_the_contract_of_scikit_learn(check):
    """The checks that need no numbers; `parametrize_with_checks` refuses text estimators."""
    check("NgramFeatures", NgramFeatures())


def test_fit_returns_the_estimator_and_leaves_its_parameters_alone():
    features = NgramFeatures(most_words=4)
    before = features.get_params()
    assert features.fit(TEXTS) is features
    assert features.get_params() == before


def test_fit_then_transform_gives_what_fit_transform_gives():
    fitted = NgramFeatures().fit(TEXTS)
    assert (fitted.transform(TEXTS) != NgramFeatures().fit_transform(TEXTS)).nnz == 0


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
@example(["İstanbul ǅ ß", "a\u00a0b\tc", " "])
def test_characters_are_weighed_as_scikit_learn_weighs_them(texts):
    assume(any(text.split() for text in texts))
    stock = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    ours = CharacterFeatures()
    expected = stock.fit_transform(texts).toarray()
    np.testing.assert_allclose(ours.fit_transform(texts).toarray(), expected, atol=1e-6)
    np.testing.assert_allclose(ours.transform(texts).toarray(), expected, atol=1e-6)
    assert list(ours.get_feature_names_out()) == list(stock.get_feature_names_out())


@pytest.mark.parametrize("weights", [(0.7, 1.3, 1.0), (2.0, 1.0, 0.5)])
def test_words_characters_and_stems_each_have_the_length_they_weigh(weights):
    features = NgramFeatures(part_weights=weights).fit(TEXTS)
    rows = features.transform(TEXTS)
    kinds = np.array([name.split(":")[0] for name in features.get_feature_names_out()])
    for kind, weight in zip(("word", "characters", "stems"), weights, strict=True):
        part = rows[:, kinds == kind]
        np.testing.assert_allclose(part.multiply(part).sum(axis=1), weight**2, rtol=1e-5)


def test_a_part_alone_has_length_one():
    rows = NgramFeatures(character_range=None, pair_reach=0).fit_transform(TEXTS)
    np.testing.assert_allclose(rows.multiply(rows).sum(axis=1), 1.0, rtol=1e-5)


def test_features_saved_before_parts_had_weights_read_as_they_did():
    old = NgramFeatures(part_weights=(1.0, 1.0, 1.0)).fit(TEXTS)
    expected = old.transform(TEXTS).toarray()
    del old.part_weights
    np.testing.assert_array_equal(old.transform(TEXTS).toarray(), expected)


def test_stems_near_each_other_make_a_pair_in_whatever_order():
    cut = StemPairs(reach=2)
    pairs = ["lever niet", "lever pake", "niet pake"]
    assert cut("Pakketten niet geleverd") == ["pake", "niet", "lever", *pairs]
    assert set(cut("geleverd niet pakket")) == set(cut("pakket niet geleverd"))
    assert "een vier" not in cut("een twee drie vier")


@given(st.text(max_size=60))
def test_the_places_of_stems_and_pairs_name_all_that_is_cut(text):
    cut, words = StemPairs(reach=3), WORDS.findall(text.lower())
    places = list(cut.places(text))
    assert {name for name, _ in places} == set(cut(text))
    assert all(
        sorted(name.split(" ")) == sorted(stem(words[n]) for n in numbers)
        for name, numbers in places
    )


def test_without_reach_or_characters_there_are_only_words():
    features = NgramFeatures(character_range=None, pair_reach=0).fit(TEXTS)
    assert features.pairs_ is None
    assert features.characters_ is None
    assert all(name.startswith("word:") for name in features.get_feature_names_out())


def test_case_does_not_matter():
    features = NgramFeatures().fit(TEXTS)
    assert (features.transform(["PAKKET"]) != features.transform(["pakket"])).nnz == 0


def test_columns_are_named_in_order():
    features = NgramFeatures().fit(TEXTS)
    names = features.get_feature_names_out()
    row = features.transform(["pakket"]).toarray()[0]
    assert len(names) == len(row)
    assert {"word:pakket", "characters: pakk"} <= set(names[row > 0])
    assert "word:parcel" not in set(names[row > 0])


def test_a_text_with_nothing_known_is_all_zeros():
    assert NgramFeatures().fit(TEXTS).transform(["", "zzz"])[0].nnz == 0


def test_rare_ngrams_are_dropped_only_when_there_is_much_to_learn_from():
    few, many = ["once only"] + ["twice"] * 9, ["once only"] + ["twice"] * 1_999
    assert "word:once" in NgramFeatures().fit(few).get_feature_names_out()
    assert "word:once" not in NgramFeatures().fit(many).get_feature_names_out()


def test_at_most_so_many_ngrams_are_kept():
    features = NgramFeatures(most_words=3, most_characters=5, most_pairs=2).fit(TEXTS)
    assert features.transform(TEXTS).shape == (3, 10)


def test_punctuation_only_still_has_characters_and_nothing_at_all_is_refused():
    assert NgramFeatures().fit(["??", "!!"]).words_ is None
    with pytest.raises(ValueError, match="no word"):
        NgramFeatures().fit(["", "  "])


def test_the_end_of_an_endless_text_is_not_read():
    endless = "pakket " * 10_000 + "staartwoord"
    assert "word:staartwoord" not in NgramFeatures().fit([endless]).get_feature_names_out()


def test_transform_before_fit_is_refused():
    with pytest.raises(NotFittedError):
        NgramFeatures().transform(TEXTS)
