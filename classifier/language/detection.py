"""Dutch, English or another language: a model judges, a few rules say what it may judge.

A short text needs little evidence to be Dutch or English and much to be neither.
"""

import re
from functools import cache
from typing import Final

from classifier.language.identifier import Identifier

DUTCH: Final = "nl"
ENGLISH: Final = "en"
OTHER: Final = "other"
LONGEST: Final = 400
"""Characters looked at: more do not change the answer."""
SHORT: Final = 25
"""Letters below which only near certainty makes a text neither Dutch nor English."""
LIMIT, SHORT_LIMIT = 0.6, 0.9
"""Probabilities another language must exceed, in a longer and in a short text."""
NOT_LATIN: Final = re.compile("[^\x00-\u024f]")
"""Latin Extended-B ends at U+024F: letters beyond it belong to another script."""
ONE_WORD: Final = {
    **dict.fromkeys(("prima", "defect", "beter", "super", "nee", "ja"), DUTCH),
    **dict.fromkeys(("no", "nope", "yes", "hi", "nice", "excellent", "fantastic", "food"), ENGLISH),
}
"""Survey answers of one word that n-grams cannot place."""


def detect_language(text: str) -> str:
    """Dutch is "nl", English "en", anything else "other".

    Latin letters without evidence for any language are taken for Dutch; a text without letters,
    or mostly in another script, is "other". Some 0.05 ms for a short text, and a tenth of that
    once hundreds of texts have been asked about.
    """
    sample = text[:LONGEST].casefold()
    if not _is_latin(sample):
        return OTHER
    return ONE_WORD.get(sample.strip(" .,!?\n\t")) or _likeliest(sample)


def warm_up() -> None:
    """Have the faster loop from now on: half a second, or some the first time on a machine."""
    _identifier().warm_up()


def _is_latin(sample: str) -> bool:
    """Whether most of its letters are Latin ones; not if it has none."""
    if not any(map(str.isalpha, sample)):
        return False
    if sample.isascii():
        return True
    letters = sum(map(str.isalpha, sample))
    return 2 * sum(map(str.isalpha, NOT_LATIN.findall(sample))) < letters


def _likeliest(sample: str) -> str:
    another, dutch, english = _identifier().probabilities(sample)
    if another > max(LIMIT, dutch, english) and another > _limit(sample):
        return OTHER
    return ENGLISH if english > dutch else DUTCH


def _limit(sample: str) -> float:
    return SHORT_LIMIT if sum(map(str.isalpha, sample)) < SHORT else LIMIT


@cache
def _identifier() -> Identifier:
    """The model, read once, on the first call (half a second)."""
    return Identifier((LIMIT, SHORT_LIMIT))
