"""What a message says for a driver, by the words of its subject and its text."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from classifier.explanations import Explanation, MentionExplanation, MentionWord, WordWeight
from classifier.messages import RawMessage
from classifier.model import Model
from classifier.taxonomy import Taxonomy
from service.explanations import PlacedWord, Why, WhyAlso, why, words_for
from service.mentions import Sentence
from service.messages import preview
from service.runtime import Runtime
from service.tables import MessageRow, PredictionRow
from service.templating import environment

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


SAID = {
    "delivery.late": ("pakket", "te laat", "waar blijft"),
    "delivery.damaged": ("doos", "kapot", "gescheurd"),
    "payment.refund": ("geld terug", "bedrag", "teruggestort"),
    "payment.invoice": ("factuur", "btw", "rekening"),
}


def made(*weights: tuple[str, float], share: float = 1.0) -> Why:
    """Words of a text, one after the other with a space between, and what they weigh."""
    words, start = [], 0
    for text, weight in weights:
        words.append(WordWeight(start, start + len(text), text, weight, 0.0))
        start += len(text) + 1
    strongest = sorted(words, key=lambda word: -abs(word.weight))
    placed = [PlacedWord("text", w.start, w.end, w.text, w.weight) for w in strongest]
    explanation = Explanation(
        "delivery.late", "payment.refund", tuple(strongest), 0.0, 1.0, 0.0, share
    )
    return Why(explanation, tuple(placed))


def test_marks_are_by_strength_and_faint_words_have_none() -> None:
    found = made(("pakket", 3.0), ("laat", 1.5), ("geld", -0.9), ("en", 0.2))
    pieces = found.pieces("text", "pakket laat geld en")
    assert [(piece.text, piece.mark) for piece in pieces if piece.mark] == [
        ("pakket", "for-3"),
        ("laat", "for-2"),
        ("geld", "against-1"),
    ]
    assert found.against_it == ("geld",)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), min_size=1), st.floats(-9, 9)), max_size=6
    )
)
def test_pieces_are_the_text_again(words: list[tuple[str, float]]) -> None:
    words = [(text, weight) for text, weight in words if weight]
    text = " ".join(text for text, _ in words) + " tail"
    assert "".join(piece.text for piece in made(*words).pieces("text", text)) == text
    (untouched,) = made(*words).pieces("subject", "about it")
    assert (untouched.text, untouched.mark) == ("about it", "")


def test_words_stand_in_the_subject_or_in_the_text(trained_runtime: Runtime) -> None:
    raw = RawMessage(text="waar blijft het pakket", subject="Factuur")
    with trained_runtime.reading() as session:
        seen = preview(session, trained_runtime, raw, now=NOW)
    found = why(trained_runtime, seen.row, seen.prediction)
    assert found is not None
    kept = {"subject": "Factuur", "text": "waar blijft het pakket"}
    assert {word.field for word in found.words} == {"subject", "text"}
    for word in found.words:
        assert kept[word.field][word.start : word.end] == word.text


def test_without_a_prediction_there_is_nothing_to_explain(trained_runtime: Runtime) -> None:
    with trained_runtime.reading() as session:
        seen = preview(session, trained_runtime, RawMessage(text="pakket"), now=NOW)
    assert why(trained_runtime, seen.row, None) is None


def test_of_many_at_once_the_words_are_those_of_each(trained_runtime: Runtime) -> None:
    raw = [
        RawMessage(text="waar blijft het pakket", subject="Factuur"),
        RawMessage(text="de doos is kapot, geld terug graag"),
        RawMessage(text="een factuur met btw"),
    ]
    with trained_runtime.reading() as session:
        seen = [preview(session, trained_runtime, each, now=NOW) for each in raw]
    pairs = []
    for number, each in enumerate(seen, start=1):
        each.row.id = number
        pairs.append((each.row, each.prediction))
    pairs[2][1].model = "another"
    model = trained_runtime.current_model()
    assert model is not None
    singly = {row.id: why(trained_runtime, row, prediction) for row, prediction in pairs}
    assert words_for(model, pairs) == {n: each.for_it for n, each in singly.items() if each}
    assert set(words_for(model, pairs)) == {1, 2}


@pytest.mark.parametrize(("share", "said"), [(1.0, False), (0.4, True)])
def test_beside_an_encoder_the_screen_says_how_much_the_words_are(
    taxonomy: Taxonomy, share: float, said: bool
) -> None:
    template = environment("en").get_template("_message.html")
    shown = template.make_module().because(made(("pakket", 3.0), share=share), taxonomy)  # type: ignore[attr-defined]
    assert "pakket" in shown
    assert ("Single words are 40.0\xa0% of what the model goes by" in shown) is said


def knowing_several(runtime: Runtime) -> Model:
    """The model in use, with a yes-or-no line for each driver beside it."""
    model = runtime.current_model()
    assert model is not None
    messages = [(f"{word} vraag", each) for each, words in SAID.items() for word in words]
    rows = model.pipeline[0].transform([text for text, _ in messages])
    named = np.array([each for _, each in messages])
    fitted = [LogisticRegression(C=50.0).fit(rows, named == driver) for driver in model.drivers]
    lines = SimpleNamespace(
        classes_=np.array(model.drivers),
        coef_=np.concatenate([each.coef_ for each in fitted]),
        intercept_=np.concatenate([each.intercept_ for each in fitted]),
    )
    reader = SimpleNamespace(pipeline=(model.pipeline[0], lines))
    object.__setattr__(model, "mentions", reader)
    return model


def test_each_other_driver_is_explained_by_the_words_of_its_sentence(
    trained_runtime: Runtime,
) -> None:
    model = knowing_several(trained_runtime)
    row = MessageRow(subject="Pakket", text="Waar blijft het? De doos is kapot. Stuur een factuur")
    prediction = PredictionRow(
        model=model.version,
        top=[["delivery.late", 0.8], ["delivery.damaged", 0.2]],
        mentions=[
            ["delivery.late", 0.9, True, [[7, 23]]],
            ["delivery.damaged", 0.8, True, [[24, 41]]],
            ["payment.invoice", 0.7, True, []],
            ["payment.refund", 0.1, False, []],
        ],
    )
    found = why(trained_runtime, row, prediction)
    assert found is not None
    damaged, invoice = found.also
    assert [each.explanation.driver for each in found.also] == [
        "delivery.damaged",
        "payment.invoice",
    ]
    assert damaged.sentence == Sentence("text", 17, 34, "De doos is kapot.")
    assert set(damaged.for_it) >= {"doos", "kapot"}
    assert invoice.sentence is None
    assert invoice.for_it[0] == "factuur"
    kept = {"subject": row.subject, "text": row.text}
    for each in found.also:
        for word in each.words:
            assert kept[word.field][word.start : word.end] == word.text
        parts = each.explanation.intercept + each.explanation.remainder
        total = parts + sum(word.weight for word in each.words)
        assert total == pytest.approx(each.explanation.score)
    assert {word.field for word in invoice.words} == {"subject", "text"}


def test_the_screen_lists_the_words_of_each_other_driver(taxonomy: Taxonomy) -> None:
    words = tuple(MentionWord(0, len(each), each, 1.0) for each in ("kapot", "<b>"))
    shown = because(MentionExplanation("delivery.damaged", words, 0.0, 2.0, 0.0), taxonomy)
    assert "think of Delivery › Damaged, too" in shown
    assert "kapot" in shown
    assert "&lt;b&gt;" in shown
    assert "point to Payment › Refund instead" in shown


def test_no_words_point_to_another_driver_instead_that_the_message_is_also_about(
    taxonomy: Taxonomy,
) -> None:
    words = (MentionWord(0, 4, "geld", 1.0),)
    shown = because(MentionExplanation("payment.refund", words, 0.0, 2.0, 0.0), taxonomy)
    assert "think of Payment › Refund, too" in shown
    assert "instead" not in shown


def because(explained: MentionExplanation, taxonomy: Taxonomy) -> str:
    """What the screen says of a message about late delivery, with a word for a refund, and this."""
    found = replace(made(("pakket", 3.0), ("geld", -2.0)), also=(WhyAlso(explained, (), None),))
    template = environment("en").get_template("_message.html")
    return str(template.make_module().because(found, taxonomy))  # type: ignore[attr-defined]
