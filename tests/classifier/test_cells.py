"""Cells that no spreadsheet takes for a formula, and that lose nothing by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.cells import FORMULA, bare, shielded

ODD = st.text(alphabet="'=+-@\t\ra ", max_size=6)


@given(ODD | st.text())
def test_what_is_shielded_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    assert not shielded(text).startswith(FORMULA)
    assert bare(shielded(text)) == text


@pytest.mark.parametrize("text", ["", "'", "'t pakket", "pakket", "'s avonds = laat"])
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert shielded(text) == text
    assert bare(text) == text
