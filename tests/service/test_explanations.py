"""What a message says for a driver, by the words of its subject and its text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.explanations import Explanation, WordWeight
from classifier.messages import RawMessage
from classifier.taxonomy import Taxonomy
from service.explanations import PlacedWord, Why, why
from service.messages import preview
from service.runtime import Runtime
from service.templating import environment

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


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


@pytest.mark.parametrize(("share", "said"), [(1.0, False), (0.4, True)])
def test_beside_an_encoder_the_screen_says_how_much_the_words_are(
    taxonomy: Taxonomy, share: float, said: bool
) -> None:
    template = environment("en").get_template("_message.html")
    shown = template.make_module().because(made(("pakket", 3.0), share=share), taxonomy)  # type: ignore[attr-defined]
    assert "pakket" in shown
    assert ("Single words are 40.0\xa0% of what the model goes by" in shown) is said
