"""Mistakes people make when they type. Slots such as {product} are left alone."""

import re
from random import Random

PUNCTUATION = re.compile(r"[.,;:!?\"'()]+(?=\s|$)|(?<=\s)[\"'(]+")
SHORTEST = 4
"""Shorter words keep their letters."""


def mistype(text: str, rng: Random) -> str:
    """One to three words with two letters swapped, a letter dropped or a letter doubled."""
    words = text.split(" ")
    long_words = [at for at, word in enumerate(words) if len(word) >= SHORTEST and "{" not in word]
    for at in rng.sample(long_words, min(len(long_words), rng.randint(1, 3))):
        words[at] = _slip(words[at], rng)
    return " ".join(words)


def careless(text: str) -> str:
    """All in lower case, without punctuation."""
    return PUNCTUATION.sub("", text).lower()


def uncapitalized(text: str) -> str:
    """The first letter in lower case."""
    return text[:1].lower() + text[1:]


def _slip(word: str, rng: Random) -> str:
    at = rng.randint(1, len(word) - 2)
    before, here, after = word[:at], word[at], word[at + 1 :]
    return rng.choice(
        (before + after, before + here + here + after, before + after[0] + here + after[1:])
    )
