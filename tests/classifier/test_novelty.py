import numpy as np
import pytest

from classifier.novelty import Novelty, Vocabulary, either, evidence, fit_weights, weighed

TRAINING = ["waar is mijn pakket", "mijn pakket is laat", "de factuur klopt niet"]


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.of(TRAINING)


def test_words_never_seen_count_and_rare_ones_count_for_more(vocabulary):
    shares = vocabulary.unseen_share(
        ["mijn pakket", "mijn zeilboot", "factuur zeilboot", "where is your boat"]
    )
    assert shares[0] == 0
    assert 0 < shares[2] < shares[1] < shares[3] < 1


def test_numbers_codes_and_capitals_are_not_unseen_words(vocabulary):
    texts = ["MIJN Pakket 3S12345 €20", "mijn pakket [order:00ff12ab]"]
    assert list(vocabulary.unseen_share(texts)) == [0, 0]


@pytest.mark.parametrize("text", ["", "??", "123", "Где моя посылка", "我的包裹在哪里"])
def test_a_text_without_a_known_word_is_wholly_unseen(vocabulary, text):
    assert vocabulary.unseen_share([text]) == [1]


def test_what_is_heard_in_a_text_are_its_different_words_and_their_beginnings(vocabulary):
    (heard,) = vocabulary.heard(["Mijn pakket, mijn pakketje en 1 zeilboot!"])
    told = vocabulary.rarity["mijn"] + vocabulary.rarity["pakket"]
    assert heard == pytest.approx([told, 3, 2, 2])  # pakketje, en, zeilboot; mijn, pakke; en, zeilb


WORDS = [f"{first}{second}" for first in "bdfgklmnprstvz" for second in ("ak", "ijn", "oed", "uur")]
"""Fifty-six words that stand in two texts each."""


@pytest.fixture(scope="module")
def rich():
    texts = [" ".join(WORDS[n : n + 7]) for n in range(0, 56, 7)]
    return Vocabulary.of([*texts, *texts, "zeilboot"])


def test_a_text_of_words_never_seen_is_in_another_language(rich):
    said = rich.foreign(["bak dak fak gak", "gdzie jest moja paczka", "bak dak fak paczka"])
    assert said[1] > 0.9
    assert said[0] < said[2] < 0.05


def test_one_unseen_word_says_less_than_several(rich):
    one, two, four = rich.foreign(["gdzie", "gdzie jest", "gdzie jest moja paczka"])
    assert one < two < four


def test_a_compound_an_inflection_and_a_slip_of_the_pen_are_in_the_same_language():
    vocabulary = Vocabulary.of(["pakket bezorgen lampen factuur"] * 2 + WORDS * 2)
    said = vocabulary.foreign(["pakketbezorging bezorgd", "lampenkap factuurcorrectie", "bezorgne"])
    assert max(said) < 0.01


@pytest.mark.parametrize("text", ["", "??", "123"])
def test_what_has_no_words_is_in_no_language(rich, text):
    assert rich.foreign([text])[0] == pytest.approx(0.01)


def test_the_first_text_of_a_kind_was_in_another_language_until_then(rich):
    assert rich.foreign(["zeilboot"])[0] < 0.01 < rich.foreign_left_out(["zeilboot"])[0]
    again = rich.foreign_left_out(["bak bijn boed"])
    assert again == rich.foreign(["bak bijn boed"])


def test_with_a_vocabulary_as_good_as_empty_every_language_is_as_foreign(vocabulary):
    assert list(Vocabulary.of(["waar"]).foreign(["gdzie jest moja paczka"])) == [0]
    assert list(Novelty().foreign(np.zeros((1, 4)))) == [0]
    assert vocabulary.foreign(["gdzie jest moja paczka"])[0] < 0.5


def test_either_of_two_is_likelier_than_each_and_never_more_than_certain():
    one, other = np.array([0.0, 0.5, 0.3, 1.0]), np.array([0.0, 0.5, 0.0, 1.0])
    np.testing.assert_array_equal(either(one, other), [0, 0.75, 0.3, 1])


def test_evidence_grows_with_strangeness():
    logits = np.array([[9.0, 1.0], [2.0, -np.inf]])
    found = evidence(logits, np.array([0.0, 0.5]), np.array([0.9, 0.2]))
    np.testing.assert_allclose(found, [[-9, 0, 0.1], [-2, 0.5, 0.8]])


def drawn(random, n, shifts):
    return np.stack([random.normal(shift, 1, n) for shift in shifts], axis=1)


def test_weights_are_those_that_tell_the_two_apart():
    random = np.random.default_rng(7)
    known, strange = drawn(random, 4000, [0, 0, 0]), drawn(random, 400, [1, 2, 0])
    first, second, third = fit_weights(known, strange)
    assert first == 1
    assert second == pytest.approx(2, rel=0.2)
    assert third == pytest.approx(0, abs=0.15)


def test_evidence_that_speaks_the_wrong_way_weighs_nothing():
    random = np.random.default_rng(7)
    weights = fit_weights(drawn(random, 900, [0, 0]), drawn(random, 900, [1, -2]))
    assert weights == (1, 0)


@pytest.mark.parametrize("few", [0, 9])
def test_with_few_messages_only_the_logits_are_listened_to(few):
    assert fit_weights(np.zeros((50, 3)), np.ones((few, 3))) == (1, 0, 0)


def test_scores_rise_for_unseen_words_and_for_distance(vocabulary):
    novelty = Novelty(vocabulary, (1.0, 4.0, 2.0))
    logits = np.zeros((2, 3))
    heard = novelty.heard(["mijn pakket", "zeilboot"])
    seen, unseen = novelty.scores(heard, logits, np.array([0.5, 0.5]))
    assert unseen - seen == pytest.approx(4)
    near, far = novelty.scores(heard[[0, 0]], logits, np.array([1.0, 0.0]))
    assert far - near == pytest.approx(2)


def test_weights_for_less_than_all_the_evidence_ignore_the_rest():
    np.testing.assert_array_equal(weighed(np.ones((2, 3)), (1.0,)), [1, 1])


def test_what_is_saved_scores_alike(vocabulary):
    novelty = Novelty(vocabulary, (1.0, 4.0))
    again = Novelty.from_dict(novelty.to_dict())
    texts, logits = ["mijn zeilboot", "factuur"], np.array([[1.0], [2.0]])
    heard = novelty.heard(texts)
    np.testing.assert_array_equal(again.heard(texts), heard)
    np.testing.assert_array_equal(again.scores(heard, logits), novelty.scores(heard, logits))
    np.testing.assert_array_equal(again.foreign(heard), novelty.foreign(heard))
    plain = Novelty.from_dict(Novelty().to_dict())
    np.testing.assert_array_equal(plain.scores(plain.heard(texts), logits), [-1, -2])
