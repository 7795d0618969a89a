import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.calibration import UnknownCurve, tempered
from classifier.cascade import ANY, LONGEST, Cascade, doubt, effort
from classifier.combination import MeaningClassifier
from classifier.contents import facts, learned, model_of
from classifier.encoder import load_encoder
from classifier.model import Model, logits_of
from classifier.novelty import Novelty, Vocabulary
from classifier.pipeline import build_pipeline
from classifier.taxonomy import flat_taxonomy

TINY = Path(__file__).parents[1] / "cases" / "encoder"

CASCADE = Cascade(cutoff=0.002, temperature=0.5, curve=UnknownCurve(-3.0, 0.8))
SURE, SPLIT, NOTHING = [9.0, 1.0, 0.0], [4.0, 3.9, -2.0], [0.1, 0.0, 0.0]
LOGITS = np.array([SURE, SPLIT, NOTHING])


def judged(cascade, texts, logits, onto=CASCADE.curve):
    return cascade.judge(texts, np.zeros((len(texts), 4)), np.array(logits), Novelty(), onto)


def test_what_the_ngrams_are_sure_of_is_not_read_and_what_they_are_torn_between_is():
    *_, read = judged(CASCADE, ["words"] * 3, LOGITS)
    assert list(read) == [False, True, True]


def test_doubt_is_between_two_drivers_or_about_any():
    spread, torn = [[3.0, 0.0, 0.0, 0.0, 0.0]], [[3.0, 2.9, -9.0, -9.0, -9.0]]
    none = np.zeros(1)
    assert doubt(np.array(torn), 1.0, none) > 0.4 > 0.1 > doubt(np.array(spread), 1.0, none)
    assert doubt(np.array([SURE]), 1.0, np.array([0.9])) > 0.9


def test_a_driver_that_is_ruled_out_raises_no_doubt():
    logits = np.array([[2.0, -np.inf]])
    assert doubt(logits, 1.0, np.zeros(1)) == 0.0


def test_the_same_doubt_is_read_in_a_short_text_and_not_in_a_long_one():
    *_, read = judged(CASCADE, ["x" * 10, "x" * 500], [SPLIT, SPLIT])
    assert list(read) == [True, False]


def test_no_text_takes_longer_than_what_is_read_of_it():
    np.testing.assert_array_equal(effort(["", "x" * 5000]), [ANY, ANY + LONGEST])


def test_its_scores_mean_on_another_curve_what_they_mean_on_its_own():
    onto = UnknownCurve(-2.0, 1.7)
    _, scores, _ = judged(CASCADE, ["words"] * 3, LOGITS, onto)
    own = CASCADE.curve.probability(-LOGITS.max(axis=1))
    np.testing.assert_allclose(onto.probability(scores), own)


def test_on_a_curve_that_knows_nothing_its_scores_mean_what_the_curve_says():
    onto = UnknownCurve(-3.5, 0.0)
    _, scores, _ = judged(CASCADE, ["words"] * 3, LOGITS, onto)
    assert np.isfinite(scores).all()


def test_its_probabilities_have_its_own_temperature():
    probabilities, *_ = judged(CASCADE, ["words"], [[1.0, 0.0, -np.inf]])
    np.testing.assert_allclose(probabilities[0, :2], [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2))])
    assert probabilities[0, 2] == 0


@pytest.mark.parametrize("cutoff", [1.0, 0.0123])
def test_it_survives_being_written_as_json(cutoff):
    cascade = Cascade(
        cutoff=cutoff, temperature=0.7, curve=UnknownCurve(-3.0, 0.8), evidence_weights=(1.0, 2.5)
    )
    assert Cascade.from_dict(json.loads(json.dumps(cascade.to_dict(), allow_nan=False))) == cascade


class Counted:
    """An encoder that notes the texts it reads."""

    def __init__(self, encoder):
        self.encoder, self.read = encoder, []

    def encode(self, texts):
        self.read.extend(texts)
        return self.encoder.encode(texts)


@pytest.fixture(scope="module")
def model():
    """Knows three drivers well by their words, and others' words by an encoder."""
    words = {"invoice": "factuur", "late": "pakket", "login": "inloggen"}
    texts = [f"de {word} van vraag {n}" for n in range(12) for word in words.values()]
    drivers = list(words) * 12
    return Model(
        pipeline=build_pipeline().fit(texts, drivers),
        taxonomy=flat_taxonomy(words),
        temperature=0.8,
        unknown_curve=UnknownCurve(-2.0, 0.9),
        base_shares=(1 / 3, 1 / 3, 1 / 3),
        threshold=0.7,
        target_precision=0.95,
        version="2026-11-22.1",
        meaning=MeaningClassifier(load_encoder(TINY)).fit(texts, drivers),
        meaning_weight=0.6,
        cascade=Cascade(
            cutoff=0.005,
            temperature=0.5,
            curve=UnknownCurve(-4.0, 0.5),
            evidence_weights=(1.0, 0.3),
        ),
        novelty=Novelty(Vocabulary.of(texts), (1.0, 0.5, 2.0)),
    )


SURE_TEXT, OTHER_WORDS = "de factuur van vraag 99", "rekening"


def test_the_encoder_reads_only_what_is_in_doubt(model):
    counted = Counted(model.meaning.encoder)
    asked = replace(model, meaning=model.meaning.with_encoder(counted))
    predictions = asked.predict([SURE_TEXT, OTHER_WORDS, SURE_TEXT])
    assert counted.read == [OTHER_WORDS]
    assert [each.driver for each in predictions] == ["invoice"] * 3
    assert list(asked.read_for_meaning([SURE_TEXT, OTHER_WORDS])) == [False, True]
    assert list(replace(asked, cascade=None).read_for_meaning([SURE_TEXT])) == [True]
    assert list(replace(asked, meaning=None).read_for_meaning([SURE_TEXT])) == [False]


def test_what_is_not_read_gets_the_answer_of_the_words_and_what_is_read_that_of_both(model):
    judged = model.judge([SURE_TEXT, OTHER_WORDS])
    by_words = tempered(logits_of(model.pipeline, [SURE_TEXT])[0], model.cascade.temperature)
    by_both = replace(model, cascade=None).judge([OTHER_WORDS])
    np.testing.assert_allclose(judged.probabilities[:1], by_words)
    np.testing.assert_allclose(judged.probabilities[1:], by_both.probabilities)
    np.testing.assert_allclose(judged.unknown[1:], by_both.unknown)


def test_how_unknown_a_text_is_goes_by_the_curve_of_who_judged_it(model):
    without = replace(
        model,
        meaning=None,
        meaning_weight=0.0,
        cascade=None,
        unknown_curve=model.cascade.curve,
        novelty=replace(model.novelty, weights=model.cascade.evidence_weights),
    )
    texts = [SURE_TEXT, "het pakket van vraag 7"]
    np.testing.assert_allclose(model.judge(texts).unknown, without.judge(texts).unknown)


def test_a_text_gets_the_same_answer_alone_and_among_others(model):
    texts = [SURE_TEXT, OTHER_WORDS, "", "parcel pakket factuur", "zeilboot te koop", "password"]
    together = model.judge(texts)
    for row, text in enumerate(texts):
        alone = model.judge([text])
        np.testing.assert_allclose(alone.probabilities[0], together.probabilities[row], rtol=1e-5)
        np.testing.assert_allclose(alone.unknown[0], together.unknown[row], rtol=1e-5)


def test_a_text_of_no_known_word_is_read_however_sure_the_rest_looks(model):
    counted = Counted(model.meaning.encoder)
    never = replace(model.cascade, cutoff=1.0)
    asked = replace(model, meaning=model.meaning.with_encoder(counted), cascade=never)
    asked.predict(["???", SURE_TEXT])
    assert counted.read == ["???"]


def test_it_is_saved_with_its_model_and_models_of_before_have_none(model):
    manifest = {**facts(model), "version": "2026-11-22.1"}
    parts = learned(model)
    loaded = model_of(manifest, parts, Path("models"))
    assert loaded.cascade == model.cascade
    del manifest["cascade"]
    assert model_of(manifest, parts, Path("models")).cascade is None
