"""Stems of words, the same rule for Dutch and English: what a word and its inflections share."""

import re
from functools import lru_cache

DOUBLED = re.compile(r"([^\W\d])\1")
PARTICIPLE = re.compile(r"^ge(?=\w{4})")
ENDINGS = (
    re.compile(r"(?<=\w{3})(?:jes|je|ies|es|s)$"),
    re.compile(r"(?<=\w{3})(?:ingen|ings|ing|en|ed|e|y|i)$"),
    re.compile(r"(?<=\w{4})[td]$"),
)


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A lower-cased word without doubled letters, the Dutch participle's `ge-` and endings.

    One rule for both languages, so that a text that mixes them needs no guess at which it is:
    `geleverd`, `leveren` and `levering` become `lever`; `cancelled` and `canceled` `cancel`; `ij`
    and `y` are one letter. Stems are for comparing, not for reading; two words may share one by
    accident, which is why they stand beside the words themselves and not in their place.
    """
    short = PARTICIPLE.sub("", DOUBLED.sub(r"\1", word).replace("ij", "y"))
    for ending in ENDINGS:
        short = ending.sub("", short)
    return short
