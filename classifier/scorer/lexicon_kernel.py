"""The loops over the words of texts, compiled to machine code.

What they take is described in `lexicon.py`. They write only to what they are given and to what
they make, so threads may run them side by side. All they call is in this file, as in `kernel.py`;
what they know of other files is tried by `lexicon.compile_reader` each time.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.machine_code import compiled
from classifier.novelty import BEGINNING
from classifier.scorer.kernel import Codes
from classifier.scorer.lexicon import BREAK, DOTTED, NO_WORD, ODD, SPOILS, Lexicon
from classifier.scorer.tables import EMPTY

FACTOR = -7046029254386353131
"""2^64 divided by the golden ratio, as a signed number (see `kernel.py`)."""

CODE = np.array([ord(letter) for letter in "[order:"], dtype=np.uint32)
DIGITS = 8
ZERO, NINE, LETTER_A, LETTER_F, CLOSING = (ord(letter) for letter in "09af]")
SEEN, UNSEEN, KNOWN, STRANGE = range(4)
"""The columns of what is heard, as `Vocabulary.heard` has them."""


class Read(NamedTuple):
    """The w words of one text: word i, and at 2i and 2i + 1 the word and its beginning.

    `letters`: the characters of the text in lower case. Where each `starts` and `ends`, and its
    hash. `slots`: room for a hash table of them.
    """

    letters: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: NDArray[np.int64]
    slots: NDArray[np.int32]


@compiled
def put(slots: NDArray[np.int32], shift: int, letters: Codes, ends: NDArray[np.int64]) -> None:
    """Put the numbers of different words (m,) into a table."""
    start = 0
    for number in range(ends.size):
        hashed = np.int64(0)
        for place in range(start, ends[number]):
            hashed = (hashed ^ np.int64(letters[place])) * FACTOR
        slot = (hashed >> shift) & (slots.size - 1)
        while slots[slot] != EMPTY:
            slot = (slot + 1) & (slots.size - 1)
        slots[slot] = number
        start = ends[number]


@compiled
def hear(lexicon: Lexicon, codes: Codes, ends: NDArray[np.int64], heard: Any) -> NDArray[np.bool_]:
    """Write what is heard (n, 4) in texts that end at `ends` (n,); which of them (n,) are too odd
    for that."""
    longest = np.int64(0)
    start = np.int64(0)
    for text in range(ends.size):
        longest = max(longest, ends[text] - start)
        start = ends[text]
    # Two for each character, for one alone may be a word: İİİ is three.
    most = 2 * longest + 2
    read = Read(
        np.empty(longest, dtype=np.int32),
        np.empty(most, dtype=np.int64),
        np.empty(most, dtype=np.int64),
        np.empty(most, dtype=np.int64),
        np.empty(2 * most, dtype=np.int32),
    )
    odd = np.zeros(ends.size, dtype=np.bool_)
    start = np.int64(0)
    for text in range(ends.size):
        words = read_words(lexicon.lowered, codes[start : ends[text]], read)
        odd[text] = words == EMPTY
        count_words(lexicon, read, words, heard[text])
        count_beginnings(lexicon, read, words, heard[text])
        start = ends[text]
    return odd


@compiled
def read_words(lowered: NDArray[np.int32], text: Codes, read: Read) -> int:
    """Find the words of a text; how many there are, -1 in one that is odd."""
    words = 0
    place = 0
    while place < text.size:
        if letter_of(lowered, text[place]) == BREAK:
            place += CODE.size + DIGITS + 1 if is_code(text, place) else 1
            continue
        place, lowest = read_word(lowered, text, place, read, 2 * words)
        if lowest == ODD:
            return EMPTY
        words += lowest != SPOILS
    return words


@compiled
def read_word(
    lowered: NDArray[np.int32], text: Codes, start: int, read: Read, word: int
) -> tuple[int, int]:
    """Find where a word and its beginning end, and their hashes; its end, and what in it is
    lowest: a letter, or what spoils it."""
    place = start
    hashed = beginning = np.int64(0)
    lowest = 1
    while place < text.size:
        letter = letter_of(lowered, text[place])
        if letter == BREAK:
            break
        read.letters[place] = letter
        lowest = min(lowest, letter)
        hashed = (hashed ^ np.int64(letter)) * FACTOR
        place += 1
        if place - start <= BEGINNING:
            beginning = hashed
        if text[place - 1] == DOTTED:
            break
    read.starts[word] = read.starts[word + 1] = start
    read.ends[word] = place
    read.ends[word + 1] = min(place, start + BEGINNING)
    read.hashes[word] = hashed
    read.hashes[word + 1] = beginning
    return place, lowest


@compiled
def letter_of(lowered: NDArray[np.int32], code: int) -> int:
    """A character as a letter, or as what it is instead."""
    return int(lowered[code]) if code < lowered.size else BREAK


@compiled
def is_code(text: Codes, place: int) -> bool:
    """Whether the code of an order number stands there."""
    digits = place + CODE.size
    closing = digits + DIGITS
    if text[place] != CODE[0] or closing >= text.size or text[closing] != CLOSING:
        return False
    for number in range(CODE.size):
        if text[place + number] != CODE[number]:
            return False
    for digit in text[digits:closing]:
        if not (ZERO <= digit <= NINE or LETTER_A <= digit <= LETTER_F):
            return False
    return True


@compiled
def count_words(lexicon: Lexicon, read: Read, words: int, heard: Any) -> None:
    """Add up what the different words tell, and how many were never seen."""
    slots = cleared(read, words)
    for word in range(0, 2 * words, 2):
        if not is_new(read, slots, word):
            continue
        found = find(lexicon, read, word)
        if found == EMPTY or lexicon.rarity[found] == NO_WORD:
            heard[UNSEEN] += 1
        else:
            heard[SEEN] += lexicon.rarity[found]


@compiled
def count_beginnings(lexicon: Lexicon, read: Read, words: int, heard: Any) -> None:
    """Count the different beginnings that were seen, and those that never were."""
    slots = cleared(read, words)
    for beginning in range(1, 2 * words, 2):
        if is_new(read, slots, beginning):
            found = find(lexicon, read, beginning)
            heard[KNOWN if found != EMPTY and lexicon.begins[found] else STRANGE] += 1


@compiled
def cleared(read: Read, words: int) -> NDArray[np.int32]:
    """An empty hash table for so many words: a power of two, at most half of it used."""
    size = 1
    while size < 2 * words:
        size *= 2
    slots = read.slots[:size]
    slots[:] = EMPTY
    return slots


@compiled
def is_new(read: Read, slots: NDArray[np.int32], word: int) -> bool:
    """Put a word into the table; whether it was not yet there."""
    start, hashed = read.starts[word], read.hashes[word]
    size = int(read.ends[word] - start)
    mask = slots.size - 1
    slot = (hashed ^ (hashed >> 32)) & mask
    while slots[slot] != EMPTY:
        other = slots[slot]
        first = read.starts[other]
        alike = read.hashes[other] == hashed and read.ends[other] - first == size
        if alike and same(read.letters, first, read.letters, start, size):
            return False
        slot = (slot + 1) & mask
    slots[slot] = word
    return True


@compiled
def find(lexicon: Lexicon, read: Read, word: int) -> int:
    """The number of a word in the lexicon, -1 where it is not there."""
    start = read.starts[word]
    size = int(read.ends[word] - start)
    mask = lexicon.slots.size - 1
    slot = (read.hashes[word] >> lexicon.shift) & mask
    while lexicon.slots[slot] != EMPTY:
        number = lexicon.slots[slot]
        first = int(lexicon.ends[number - 1]) if number else 0
        alike = lexicon.ends[number] - first == size
        if alike and same(lexicon.letters, first, read.letters, start, size):
            return int(number)
        slot = (slot + 1) & mask
    return EMPTY


@compiled
def same(one: Any, first: int, other: Any, start: int, size: int) -> bool:
    """Whether so many letters from there on are the same."""
    place = 0
    while place < size and one[first + place] == other[start + place]:
        place += 1
    return place == size
