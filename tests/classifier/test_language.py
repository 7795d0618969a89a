import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.language import detect_language
from classifier.language.detection import _is_latin
from classifier.language.identifier import CLOSE, Identifier

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "language.toml").read_text())
TEXTS = [(text, language) for language, texts in CASES.items() for text in texts]
ANYTHING = st.text(st.characters(), max_size=100) | st.lists(
    st.sampled_from([text for text, _ in TEXTS]), max_size=4
).map(" ".join)


@pytest.fixture(scope="module")
def identifier() -> Identifier:
    made = Identifier((0.6, 0.9))
    made.warm_up()
    assert made.failure is None
    return made


@pytest.mark.parametrize(("text", "language"), TEXTS)
def test_language_case(text: str, language: str) -> None:
    assert detect_language(text) == language


@settings(deadline=None)
@given(st.text(st.characters(), max_size=100))
def test_any_text_has_a_language(text: str) -> None:
    assert detect_language(text) in ("nl", "en", "other")


@settings(max_examples=300, deadline=None)
@given(text=ANYTHING)
def test_the_loop_says_what_the_library_says(identifier: Identifier, text: str) -> None:
    summed, judged = identifier.summed(text), identifier.judged(text)
    assert max(abs(a - b) for a, b in zip(summed, judged, strict=True)) < CLOSE / 10


@settings(max_examples=300, deadline=None)
@given(text=ANYTHING)
def test_with_the_loop_the_answer_is_the_librarys(identifier: Identifier, text: str) -> None:
    another, dutch, english = identifier.probabilities(text)
    library = identifier.judged(text)
    assert (english > dutch) == (library[2] > library[1])
    for limit in (0.6, 0.9):
        assert (another > max(limit, dutch, english)) == (library[0] > max(limit, *library[1:]))


def test_a_text_that_says_nothing_is_the_librarys_to_judge(identifier: Identifier) -> None:
    assert identifier.probabilities("zq") == identifier.judged("zq")


def test_the_longest_sample_is_read_to_its_end(identifier: Identifier) -> None:
    for text in ("ΐ" * 1200, "een " * 2000, "\U0001d160" * 400):
        summed, judged = identifier.summed(text), identifier.judged(text)
        assert max(abs(a - b) for a, b in zip(summed, judged, strict=True)) < CLOSE


def test_an_identifier_answers_while_its_loop_is_made() -> None:
    fresh = Identifier((0.6, 0.9))
    fresh._start()
    assert fresh.probabilities("waar blijft mijn bestelling")[1] > 0.9
    fresh.warm_up()
    assert fresh.probabilities("waar blijft mijn bestelling")[1] > 0.9


@settings(deadline=None)
@given(st.text(st.characters() | st.sampled_from("abcé’ж日"), max_size=40))
def test_most_letters_decide_the_script(text: str) -> None:
    letters = sum(map(str.isalpha, text))
    latin = sum(character.isalpha() and character <= "\u024f" for character in text)
    assert _is_latin(text) == (2 * latin > letters)
