"""Texts as cells of a table that somebody may open in a spreadsheet, and back."""

import re
from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would take for a formula."""
_SHIELDED: Final = re.compile(f"'*[{''.join(map(re.escape, FORMULA))}]")


def shielded(text: str) -> str:
    """The text behind an apostrophe where it would be a formula, or look as if it was shielded."""
    return f"'{text}" if _SHIELDED.match(text) else text


def bare(cell: str) -> str:
    """What was shielded: `bare(shielded(text)) == text` of every text."""
    return cell[1:] if cell.startswith("'") and _SHIELDED.match(cell) else cell
