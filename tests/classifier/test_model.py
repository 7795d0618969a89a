import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.calibration import UnknownCurve
from classifier.combination import MeaningClassifier
from classifier.encoder import load_encoder
from classifier.model import Model, fingerprint
from classifier.novelty import Novelty, Vocabulary
from classifier.pipeline import build_pipeline
from classifier.scorer import Warming
from classifier.taxonomy import flat_taxonomy

TEXTS = {
    "invoice": ["de factuur klopt niet", "btw op de factuur", "factuur dubbel betaald"],
    "late": ["waar is mijn pakket", "pakket te laat", "bezorging laat op zich wachten"],
    "login": ["ik kan niet inloggen", "wachtwoord vergeten", "inloggen lukt niet"],
}


def small_model(drivers=("invoice", "late", "login"), **changes) -> Model:
    texts = [text for driver in drivers for text in TEXTS[driver]]
    labels = [driver for driver in drivers for _ in TEXTS[driver]]
    facts = {
        "pipeline": build_pipeline().fit(texts, labels),
        "taxonomy": flat_taxonomy(drivers),
        "temperature": 0.8,
        "unknown_curve": UnknownCurve(1.0, 1.0),
        "base_shares": tuple([0.5] + [0.5 / (len(drivers) - 1)] * (len(drivers) - 1)),
        "threshold": 0.7,
        "target_precision": 0.95,
        "training_keys": frozenset(fingerprint(text) for text in texts),
    }
    return Model(**{**facts, **changes})


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


def test_probabilities_are_rows_over_the_drivers_that_sum_to_one(model):
    probabilities = model.predict_proba(["een factuur", "geen idee", ""])
    assert probabilities.shape == (3, len(model.drivers))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert model.drivers[probabilities[0].argmax()] == "invoice"


def test_two_drivers_have_two_columns():
    model = small_model(drivers=("invoice", "late"))
    assert model.predict_proba(["factuur"]).shape == (1, 2)
    assert [each.driver for each in model.predict(["factuur", "pakket"])] == ["invoice", "late"]


@pytest.mark.parametrize("text", ["", "   ", "ЖЖЖ", "\x00", "\ud800"])
def test_a_text_without_a_known_word_gets_the_base_shares(model, text):
    np.testing.assert_allclose(model.predict_proba([text])[0], model.base_shares)


def test_no_texts_give_no_predictions(model):
    assert model.predict([]) == []
    assert model.predict_proba([]).shape == (0, 3)
    assert model.unknown_probability([]).shape == (0,)


def test_predictions_agree_with_the_arrays(model):
    texts = ["de factuur", "pakket kwijt", ""]
    predictions = model.predict(texts)
    np.testing.assert_array_equal(
        [each.probabilities for each in predictions], model.predict_proba(texts)
    )
    np.testing.assert_array_equal(
        [each.unknown for each in predictions], model.unknown_probability(texts)
    )


def test_judging_gives_predictions_as_columns(model):
    texts = ["de factuur", "pakket kwijt", ""]
    judged = model.judge(texts)
    assert judged.drivers == model.drivers
    np.testing.assert_array_equal(judged.probabilities, model.predict_proba(texts))
    np.testing.assert_array_equal(judged.unknown, model.unknown_probability(texts))
    assert len(model.judge([])) == 0


def test_what_is_like_nothing_it_knows_is_likelier_unknown(model):
    familiar, strange = model.unknown_probability(["de factuur klopt niet", "zeilboot te koop"])
    assert 0 <= familiar < strange <= 1


def test_a_message_is_judged_alike_alone_and_among_others(model):
    texts = ["de factuur", "pakket kwijt", "inloggen"]
    together = model.predict_proba(texts)
    np.testing.assert_allclose(
        together, np.vstack([model.predict_proba([text]) for text in texts]), rtol=1e-6
    )


def test_threads_may_share_it(model):
    texts = [f"factuur pakket inloggen {number}" for number in range(50)]
    expected, found = model.predict_proba(texts), []
    threads = [
        threading.Thread(target=lambda: found.append(model.predict_proba(texts))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    for each in found:
        np.testing.assert_array_equal(each, expected)


def test_it_knows_which_texts_it_was_trained_on(model):
    assert list(model.trained_on(["De factuur klopt niet!", "iets nieuws"])) == [True, False]


def test_a_fingerprint_does_not_hold_the_text():
    assert len(fingerprint("geheim")) == 16
    assert fingerprint("Geheim!") == fingerprint("geheim") != fingerprint("geheimer")


@pytest.fixture(scope="module")
def reader() -> Model:
    """The same model with an encoder that knows synonyms and English beside it."""
    texts = [text for driver in TEXTS for text in TEXTS[driver]]
    labels = [driver for driver in TEXTS for _ in TEXTS[driver]]
    encoder = load_encoder(Path(__file__).parents[1] / "cases" / "encoder")
    return small_model(
        meaning=MeaningClassifier(encoder).fit(texts, labels),
        meaning_weight=0.7,
        novelty=Novelty(Vocabulary.of(texts), (1.0, 1.0, 4.0)),
    )


def test_with_an_encoder_other_words_for_the_same_are_understood(model, reader):
    texts, drivers = ["a bill", "my parcel", "the password"], ["invoice", "late", "login"]
    columns = [reader.drivers.index(driver) for driver in drivers]
    with_meaning, without = reader.predict_proba(texts), model.predict_proba(texts)
    assert with_meaning.argmax(axis=1).tolist() == columns
    assert with_meaning[range(3), columns].min() > 0.9
    assert without[range(3), columns].max() < 0.6


def test_with_an_encoder_what_is_near_nothing_is_stranger(reader):
    familiar, strange = reader.scores(["rekening", "opzeggen"])
    assert strange > familiar


@pytest.mark.parametrize("text", ["", "   ", "?!", "\x00"])
def test_with_an_encoder_a_text_without_a_letter_gets_the_base_shares(reader, text):
    np.testing.assert_allclose(reader.predict_proba([text])[0], reader.base_shares)


def test_with_an_encoder_a_message_is_judged_alike_alone_and_among_others(reader):
    texts = ["de factuur", "my parcel is lost", "inloggen"]
    np.testing.assert_allclose(
        reader.predict_proba(texts),
        np.vstack([reader.predict_proba([text]) for text in texts]),
        rtol=1e-5,
    )


def test_with_an_encoder_no_texts_give_no_predictions(reader):
    assert reader.predict([]) == []


def warm(model: Model) -> Model:
    """The same model with its scorer and its reader compiled."""
    warming = Warming(model.pipeline)
    hot = replace(model, warming=warming)
    hot.warm_up()
    assert warming.failure is None
    return hot


ODD = [
    "de FACTUUR klopt niet",
    "pakket kwijt; pakket laat",
    "",
    "ЖЖЖ",
    "\ud800",
    "İ ß",
    "laat " * 99,
]


@pytest.mark.parametrize("drivers", [("invoice", "late"), ("invoice", "late", "login")])
def test_a_warm_model_says_what_a_cold_one_says(drivers):
    cold = small_model(drivers, novelty=Novelty(Vocabulary.of(TEXTS["late"]), (1.0, 2.0)))
    hot = warm(cold)
    np.testing.assert_allclose(hot.predict_proba(ODD), cold.predict_proba(ODD), atol=1e-5)
    np.testing.assert_allclose(hot.scores(ODD), cold.scores(ODD), atol=1e-5)
    for said, expected in zip(hot.predict(ODD), cold.predict(ODD), strict=True):
        assert said.driver == expected.driver
        assert said.unknown == pytest.approx(expected.unknown, abs=1e-5)
    assert hot.predict([]) == []


def test_with_an_encoder_a_warm_model_says_what_a_cold_one_says(reader):
    hot = warm(reader)
    np.testing.assert_allclose(hot.predict_proba(ODD), reader.predict_proba(ODD), atol=1e-5)
    np.testing.assert_allclose(hot.scores(ODD), reader.scores(ODD), atol=1e-5)


class Deaf:
    """A pipeline that knows its drivers and reads nothing."""

    classes_ = ("invoice", "late", "login")


def test_a_warm_model_does_not_ask_its_pipeline(model):
    hot = warm(model)
    expected = hot.predict_proba(ODD)
    hot.warming.pipeline = deaf = Deaf()
    np.testing.assert_array_equal(replace(hot, pipeline=deaf).predict_proba(ODD), expected)


def test_a_warm_model_does_not_ask_its_vocabulary(model, monkeypatch):
    cold = replace(model, novelty=Novelty(Vocabulary.of(TEXTS["late"]), (1.0, 2.0)))
    hot = warm(cold)
    expected = hot.judge(ODD).unknown
    monkeypatch.setattr(Vocabulary, "heard", None)
    np.testing.assert_array_equal(hot.judge(ODD).unknown, expected)
    with pytest.raises(TypeError):
        cold.judge(ODD)


def test_threads_may_share_a_warm_model(model):
    hot = warm(replace(model, novelty=Novelty(Vocabulary.of(TEXTS["late"]), (1.0, 2.0))))
    expected = hot.judge(ODD)
    with ThreadPoolExecutor(8) as threads:
        for judged in threads.map(hot.judge, [ODD] * 40):
            np.testing.assert_array_equal(judged.probabilities, expected.probabilities)
            np.testing.assert_array_equal(judged.unknown, expected.unknown)


def test_warming_up_a_model_that_compiles_nothing_does_nothing(model):
    model.warm_up()
    assert model.warming is None


def test_a_scorer_of_another_pipeline_is_not_used(model):
    other = small_model(("late", "invoice", "login"), base_shares=model.base_shares)
    mixed = replace(other, warming=warm(model).warming)
    np.testing.assert_array_equal(mixed.predict_proba(ODD), other.predict_proba(ODD))


def test_explaining_takes_the_same_features_cold_and_warm(model):
    (cold,), expected = model.read(ODD[:1])
    (said,), features = warm(model).read(ODD[:1])
    np.testing.assert_array_equal(said.probabilities, cold.probabilities)
    assert (features != expected).nnz == 0
