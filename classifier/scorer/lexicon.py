"""The words of a vocabulary, laid out for a compiled loop to look up those of a text in.

A word's hash says where to look, and its letters whether it is the one: no word is ever taken for
another.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.background import Background
from classifier.novelty import Vocabulary
from classifier.scorer.tables import EMPTY, code_points

BREAK, SPOILS, ODD = 0, -1, -2
"""What a character is that is no letter: between words; in a word that does not count, like a
digit; lower-cased by what stands around it."""

DOTTED: Final = 0x130
"""İ: lower-cased it is an i and a dot, which stands between words."""

SIGMA: Final = 0x3A3
"""Σ: lower-cased it is another letter at the end of a word."""

NO_WORD: Final = -1.0
"""Instead of the rarity of what is only the beginning of words."""

PROBED: Final = 50
"""So many words, each in a text, are tried before a reader is given out."""

ASSIGNED: Final = 0x40000
"""No letter has a higher code point."""


class Lexicon(NamedTuple):
    """A hash table of m words and beginnings of words.

    `lowered`: every character as a letter in lower case, or one of the three above. `slots`: the
    number of the word in each slot, -1 for none, and by how much a hash is `shift`ed to be a slot.
    `ends` (m,): where each word ends among the `letters`. `rarity` (m,): how much it would
    tell, -1 for what is no word. `begins` (m,): whether a word begins so.
    """

    lowered: NDArray[np.int32]
    slots: NDArray[np.int32]
    shift: int
    ends: NDArray[np.int64]
    letters: NDArray[np.uint32]
    rarity: NDArray[np.float64]
    begins: NDArray[np.bool_]


def lexicon_of(vocabulary: Vocabulary) -> Lexicon:
    """The lexicon of a vocabulary. Raises ImportError without numba."""
    from classifier.scorer.lexicon_kernel import put

    rarity, beginnings = vocabulary.rarity, vocabulary.beginnings
    words = list(dict.fromkeys([*rarity, *beginnings]))
    letters, ends = code_points(words)
    bits = max(2 * len(words), 2).bit_length()
    slots = np.full(1 << bits, EMPTY, dtype=np.int32)
    put(slots, 64 - bits, letters, ends)
    found = Lexicon(
        *(lowered(), slots, 64 - bits, ends, letters),
        rarity=np.array([rarity.get(word, NO_WORD) for word in words], dtype=np.float64),
        begins=np.array([word in beginnings for word in words], dtype=np.bool_),
    )
    for each in found:
        if isinstance(each, np.ndarray):
            each.setflags(write=False)
    return found


@lru_cache(maxsize=1)
def lowered() -> NDArray[np.int32]:
    """Every character that may be a letter (0x40000,) as `Lexicon` has it."""
    numbers = np.arange(ASSIGNED, dtype="<u4").tobytes()
    every = numbers.decode("utf-32-le", "surrogatepass")
    low = every[:DOTTED].lower() + "i" + every[DOTTED + 1 :].lower()
    codes, _ = code_points([low])
    found = np.full(ASSIGNED, BREAK, dtype=np.int32)
    for run in re.finditer(r"\w+", low):
        found[run.start() : run.end()] = SPOILS
    for run in re.finditer(r"[^\W\d_]+", low):
        found[run.start() : run.end()] = codes[run.start() : run.end()]
    found[SIGMA] = ODD
    return found


@dataclass(frozen=True)
class Reader:
    """Hears in texts what a vocabulary hears in them, many times faster. Threads may share it.

    `hear`: the compiled loop (see `lexicon_kernel`).
    """

    vocabulary: Vocabulary
    lexicon: Lexicon
    hear: Callable[..., NDArray[np.bool_]] = field(repr=False)

    def heard(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Exactly what `Vocabulary.heard` says (n, 4)."""
        codes, ends = code_points(texts)
        found = np.zeros((len(texts), 4))
        (odd,) = self.hear(self.lexicon, codes, ends, found).nonzero()
        for place in odd.tolist():
            found[place] = self.vocabulary.heard([texts[place]])
        return found


def compile_reader(vocabulary: Vocabulary) -> Reader:
    """A reader for a vocabulary; the first time on a machine this takes some seconds, later a
    twentieth of one.

    Raises ImportError without numba, and ArithmeticError should the reader and the vocabulary not
    hear the same in some texts, as when machine code of another version were left on the disk.
    """
    from classifier.scorer.lexicon_kernel import hear

    reader = Reader(vocabulary, lexicon_of(vocabulary), hear)
    texts = _probes(vocabulary)
    if not np.array_equal(reader.heard(texts), vocabulary.heard(texts)):
        raise ArithmeticError("the compiled reader does not hear what its vocabulary hears")
    return reader


def _probes(vocabulary: Vocabulary) -> list[str]:
    """A few texts of known words, of words that begin as known ones do, and of what is odd."""
    words, beginnings = list(vocabulary.rarity), list(vocabulary.beginnings)
    known = words[:: len(words) // PROBED + 1]
    begun = beginnings[:: len(beginnings) // PROBED + 1]
    odd = "İxİ a1b c_d [order:00ff12ab] [ORDER:00FF12AB] e"
    texts = [f"{word} {word} {word.title()}q {odd}" for word in known]
    return [*texts, " ".join(known), " ".join(begun), odd, f"{odd} ΣΑΣ"]


class WarmingReader(Background[Reader]):
    """The reader for a vocabulary, compiled in the background once it is asked for. Until then,
    and where it cannot be made, the vocabulary itself answers."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(partial(compile_reader, vocabulary), "compile-reader")

    def reader(self) -> Reader | None:
        """The reader, if it is there."""
        return self.made()
