import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.language import detect_language

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "language.toml").read_text())
TEXTS = [(text, language) for language, texts in CASES.items() for text in texts]


@pytest.mark.parametrize(("text", "language"), TEXTS)
def test_language_case(text: str, language: str) -> None:
    assert detect_language(text) == language


@settings(deadline=None)
@given(st.text(st.characters(), max_size=100))
def test_any_text_has_a_language(text: str) -> None:
    assert detect_language(text) in ("nl", "en", "other")


def test_a_language_is_found_in_well_under_a_millisecond() -> None:
    detect_language("eerst het model laden")
    started = time.perf_counter()
    for _ in range(500):
        detect_language("Waar blijft de bestelling die ik vorige week bij jullie heb gedaan?")
    assert (time.perf_counter() - started) / 500 < 0.001
