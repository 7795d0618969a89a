from copy import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from classifier.calibration import UnknownCurve
from classifier.combination import MeaningClassifier
from classifier.explanations import Explanation, explain, explain_each, explain_mention
from classifier.model import Model, logits_of
from classifier.pipeline import PipelineConfig, build_pipeline
from classifier.taxonomy import flat_taxonomy

TEXTS = {
    "damaged": [
        "De doos is kapot en de lamp ook.",
        "Kapot aangekomen!! Wat nu?",
        "there is a dent in it",
    ],
    "invoice": [
        "Ik heb de factuur niet, factuur, FACTUUR",
        "where is my invoice?",
        "btw op de factuur",
    ],
    "late": [
        "Waar blijft mijn pakket? Gisteren bezorgd worden",
        "my parcel is late",
        "te laat, pakket",
    ],
}
ALL = 10**6
REAL = [
    "Waar blijft mijn pakket? Het zou gisteren bezorgd worden.",
    "Factuur\nGoedemiddag, op de factuur van [order:1a2b3c4d] klopt de btw niet. Wat nu?",
    "My parcel arrived with a dent, the lamp is kapot; refund please!!!",
    "late parcel, parcel late: pakket laat. Laat pakket!",
    "pakket pakket pakket, FACTUUR-kopie/btw (te laat) ... e-mail: [email]",
]


def model_of(drivers: tuple[str, ...], **config: object) -> Model:
    texts = [text for driver in drivers for text in TEXTS[driver]]
    labels = [driver for driver in drivers for _ in TEXTS[driver]]
    return Model(
        pipeline=build_pipeline(PipelineConfig(**config)).fit(texts, labels),
        taxonomy=flat_taxonomy(drivers),
        temperature=0.8,
        unknown_curve=UnknownCurve(1.0, 1.0),
        base_shares=tuple([1 / len(drivers)] * len(drivers)),
        threshold=0.7,
        target_precision=0.95,
    )


THREE = model_of(("damaged", "invoice", "late"))
TWO = model_of(("invoice", "late"))

messages = st.lists(
    st.sampled_from([word for texts in TEXTS.values() for text in texts for word in text.split()])
    | st.text(max_size=6),
    max_size=12,
).map(" ".join)


def total(explained: Explanation) -> float:
    return explained.intercept + explained.remainder + sum(each.weight for each in explained.words)


@pytest.mark.parametrize("model", [THREE, TWO], ids=["three drivers", "two drivers"])
@settings(deadline=None)
@given(text=st.text(max_size=60) | messages)
@example("İstanbul ǅ ẞ İ factuur\u00a0pakket\x1cbtw")
@example(REAL[1])
@example("")
def test_the_weights_of_all_words_and_the_intercept_are_the_difference_of_the_logits(model, text):
    explained = explain(model, text, driver="late", against="invoice", most=ALL)
    features = model.pipeline[0].transform([text]).toarray()[0].astype(np.float64)
    coefficients = model.pipeline[-1].coef_.astype(np.float64)
    intercepts = model.pipeline[-1].intercept_.astype(np.float64)
    lead = (
        (coefficients[0], intercepts[0])
        if len(coefficients) == 1
        else (coefficients[2] - coefficients[1], intercepts[2] - intercepts[1])
    )
    assert explained.score == pytest.approx(features @ lead[0] + lead[1], abs=1e-6)
    words = sum(each.weight for each in explained.words)
    assert words + explained.intercept == pytest.approx(explained.score, abs=1e-6)
    assert explained.remainder == pytest.approx(0, abs=1e-6)


@settings(deadline=None)
@given(text=st.text(max_size=60) | messages)
def test_the_score_is_that_of_the_model(text):
    logits, _ = logits_of(THREE.pipeline, [text])
    explained = explain(THREE, text, driver="damaged", against="late")
    assert explained.score == pytest.approx(logits[0, 0] - logits[0, 2], abs=1e-4)


@settings(deadline=None)
@given(text=st.text(max_size=60) | messages, most=st.integers(0, 5))
@example("İİ pakket?İ", 5)
def test_words_are_where_they_say_and_no_more_than_asked(text, most):
    explained = explain(THREE, text, driver="late", against="damaged", most=most)
    assert len(explained.words) <= most
    for word in explained.words:
        assert text[word.start : word.end] == word.text
        assert word.text
        assert not any(character.isspace() for character in word.text)
    strengths = [abs(word.weight) for word in explained.words]
    assert strengths == sorted(strengths, reverse=True)
    assert total(explained) == pytest.approx(explained.score, abs=1e-9)


@pytest.mark.parametrize("text", REAL)
def test_every_ngram_of_a_real_looking_message_goes_to_a_word(text):
    explained = explain(THREE, text, most=ALL)
    assert explained.words
    assert abs(explained.remainder) < 1e-9


@pytest.mark.parametrize(
    "config",
    [
        {"word_range": (1, 3), "margin_share": 0.0},
        {"character_range": (3, 4), "pair_reach": 0},
        {"character_range": None, "pair_reach": 2},
        {"character_range": None, "pair_reach": 0},
    ],
)
def test_other_ways_to_read_add_up_as_well(config):
    model = model_of(("damaged", "late"), **config)
    for text in REAL:
        explained = explain(model, text, most=ALL)
        assert abs(explained.remainder) < 1e-9


def test_a_text_without_a_known_word_keeps_nothing_but_the_intercept():
    explained = explain(THREE, "ЖЖ ЖЖЖ", driver="late", against="invoice")
    assert explained.words == ()
    assert explained.score == pytest.approx(explained.intercept, abs=1e-12)


def test_the_words_of_a_driver_speak_for_it_and_those_of_the_other_against_it():
    explained = explain(
        THREE, "Mijn pakket, en de FACTUUR?", driver="late", against="invoice", most=ALL
    )
    weights = {each.text: each for each in explained.words}
    assert weights["pakket"].weight > 0 > weights["FACTUUR"].weight
    assert weights["pakket"].for_driver > weights["pakket"].for_against
    assert weights["FACTUUR"].for_against > weights["FACTUUR"].for_driver
    turned = explain(
        THREE, "Mijn pakket, en de FACTUUR?", driver="invoice", against="late", most=ALL
    )
    assert turned.score == pytest.approx(-explained.score)


def test_by_default_the_likeliest_driver_is_held_against_the_next():
    first, second = THREE.predict([REAL[0]])[0].ranked(2)
    explained = explain(THREE, REAL[0])
    assert (explained.driver, explained.against) == (first[0], second[0])
    assert explain(THREE, REAL[0], against="late").driver == second[0]
    assert explain(THREE, REAL[0], driver="invoice").against == "late"


class Counted:
    """The features of a pipeline, counting how often they are made."""

    def __init__(self, features):
        self.features, self.times = features, 0

    def __getattr__(self, name):
        return getattr(self.features, name)

    def transform(self, texts):
        self.times += 1
        return self.features.transform(texts)


@pytest.mark.parametrize("pair", [{}, {"driver": "late"}, {"driver": "late", "against": "damaged"}])
def test_a_text_is_read_once_at_most(pair):
    counted = Counted(THREE.pipeline[0])
    counting = replace(THREE, pipeline=Pipeline([("features", counted), THREE.pipeline.steps[-1]]))
    assert explain(counting, REAL[0], **pair) == explain(THREE, REAL[0], **pair)
    assert counted.times == 1


def test_what_was_read_already_is_not_read_again():
    (said,), features = THREE.read([REAL[0]])
    (first, _), (second, _) = said.ranked(2)
    counted = Counted(THREE.pipeline[0])
    counting = replace(THREE, pipeline=Pipeline([("features", counted), THREE.pipeline.steps[-1]]))
    given = explain(counting, REAL[0], driver=first, against=second, features=features)
    assert given == explain(THREE, REAL[0])
    assert counted.times == 0


def test_the_same_word_twice_shares_what_it_weighs():
    explained = explain(THREE, "pakket of pakket", driver="late", against="invoice", most=ALL)
    first, second = (each for each in explained.words if each.text == "pakket")
    assert (first.start, second.start) in [(0, 10), (10, 0)]
    assert first.weight == pytest.approx(second.weight)


def test_because_names_each_word_once_and_only_those_that_speak_for_it():
    explained = explain(
        THREE, "Pakket! pakket te LAAT, factuur", driver="late", against="invoice", most=ALL
    )
    assert set(explained.because(2)) == {"pakket", "laat"}
    assert "factuur" not in explained.because(ALL)


@pytest.mark.parametrize("pair", [("gone", "late"), ("late", "gone"), ("late", "late")])
def test_drivers_that_cannot_be_compared_are_refused(pair):
    with pytest.raises(ValueError, match=r"does not know|with itself"):
        explain(THREE, "pakket", driver=pair[0], against=pair[1])


def test_a_half_without_words_is_no_hindrance():
    pipeline = build_pipeline().fit(["??", "!!"], ["late", "damaged"])
    marks = Model(
        pipeline=pipeline,
        taxonomy=flat_taxonomy(("damaged", "late")),
        temperature=1.0,
        unknown_curve=UnknownCurve(1.0, 1.0),
        base_shares=(0.5, 0.5),
        threshold=0.7,
        target_precision=0.95,
    )
    (word,) = explain(marks, "wat ??", driver="late", against="damaged").words
    assert (word.text, word.start, word.end) == ("??", 4, 6)


class Letters:
    """An encoder that knows which letters there are."""

    def encode(self, texts):
        found = [[text.lower().count(letter) + 0.1 for letter in "abdefknprtw"] for text in texts]
        rows = np.array(found, dtype=np.float32).reshape(len(texts), -1)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_beside_an_encoder_it_explains_the_linear_part_and_says_what_that_weighs():
    texts = [text for several in TEXTS.values() for text in several]
    labels = [driver for driver, several in TEXTS.items() for _ in several]
    meaning = MeaningClassifier(Letters()).fit(texts, labels)
    both = replace(THREE, meaning=meaning, meaning_weight=0.6)
    pair = {"driver": "late", "against": "invoice"}
    explained = explain(both, REAL[0], **pair)
    assert explained.share == pytest.approx(0.4)
    assert replace(explained, share=1.0) == explain(THREE, REAL[0], **pair)
    likeliest, next_one = both.predict([REAL[0]])[0].ranked(2)
    default = explain(both, REAL[0])
    assert (default.driver, default.against) == (likeliest[0], next_one[0])


def test_the_end_of_an_endless_text_explains_nothing():
    endless = "х " * 10_000 + "pakket"
    assert explain(THREE, endless, driver="late", against="invoice").words == ()


def several_of(model: Model) -> Model:
    """The model, with a yes-or-no line of its own for each driver on the same n-grams."""
    rows = model.pipeline[0].transform([text for driver in TEXTS for text in TEXTS[driver]])
    about = np.repeat(list(TEXTS), [len(texts) for texts in TEXTS.values()])
    fitted = [LogisticRegression(C=50.0).fit(rows, about == each) for each in model.drivers]
    lines = SimpleNamespace(
        classes_=np.array(model.drivers),
        coef_=np.concatenate([each.coef_ for each in fitted]),
        intercept_=np.concatenate([each.intercept_ for each in fitted]),
    )
    several = copy(model)
    steps = (model.pipeline[0], lines)
    object.__setattr__(several, "mentions", SimpleNamespace(pipeline=steps))
    return several


SEVERAL = several_of(THREE)


def head(model: Model, text: str, driver: str) -> float:
    """What a driver's line says of a text."""
    features, lines = model.mentions.pipeline
    row = features.transform([text]).toarray()[0].astype(np.float64)
    number = list(lines.classes_).index(driver)
    return float(row @ lines.coef_[number] + lines.intercept_[number])


@settings(deadline=None)
@given(text=st.text(max_size=60) | messages, driver=st.sampled_from(THREE.drivers))
@example("İstanbul ǅ ẞ İ factuur\u00a0pakket\x1cbtw", "invoice")
@example("", "late")
def test_the_weights_of_all_words_and_the_intercept_are_the_score_of_a_mention(text, driver):
    explained = explain_mention(SEVERAL, text, driver, most=ALL)
    assert explained.score == pytest.approx(head(SEVERAL, text, driver), abs=1e-6)
    words = sum(each.weight for each in explained.words)
    assert words + explained.intercept == pytest.approx(explained.score, abs=1e-6)
    assert explained.remainder == pytest.approx(0, abs=1e-6)


@settings(deadline=None)
@given(text=messages, data=st.data(), most=st.integers(0, 4))
def test_a_sentence_is_explained_by_itself_with_its_words_where_they_are_in_the_text(
    text, data, most
):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    explained = explain_mention(SEVERAL, text, "late", (start, end), most=most)
    assert explained.score == pytest.approx(head(SEVERAL, text[start:end], "late"), abs=1e-6)
    assert len(explained.words) <= most
    for word in explained.words:
        assert start <= word.start < word.end <= end
        assert text[word.start : word.end] == word.text
    words = sum(each.weight for each in explained.words)
    assert words + explained.intercept + explained.remainder == pytest.approx(explained.score)
    strengths = [abs(word.weight) for word in explained.words]
    assert strengths == sorted(strengths, reverse=True)


def test_each_driver_has_its_own_words_in_a_message_about_two():
    text = "Mijn pakket is te laat. En de factuur is er niet."
    assert "pakket" in explain_mention(SEVERAL, text, "late").because()
    assert "factuur" in explain_mention(SEVERAL, text, "invoice").because()
    assert "factuur" not in explain_mention(SEVERAL, text, "late", most=ALL).because(ALL)


def test_a_mention_is_explained_only_by_a_model_that_knows_it():
    with pytest.raises(ValueError, match="knows one driver a message"):
        explain_mention(THREE, "pakket", "late")
    with pytest.raises(ValueError, match="does not know the driver 'gone'"):
        explain_mention(SEVERAL, "pakket", "gone")


@pytest.mark.parametrize("model", [THREE, TWO], ids=["three drivers", "two drivers"])
@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=60) | messages, max_size=5))
@example([])
@example(["", *REAL, "İİ pakket?İ", *REAL])
def test_many_are_explained_exactly_as_one_by_one(model, texts):
    pairs = [("late", "invoice"), ("invoice", "late")] * len(texts)
    one_by_one = [
        explain(model, text, driver=driver, against=against)
        for text, (driver, against) in zip(texts, pairs, strict=False)
    ]
    assert explain_each(model, texts, pairs[: len(texts)]) == one_by_one


def test_many_are_refused_for_a_driver_that_the_model_does_not_know():
    with pytest.raises(ValueError, match="gone"):
        explain_each(THREE, REAL[:2], [("late", "invoice"), ("late", "gone")])
