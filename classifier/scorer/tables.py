"""What a trained pipeline knows, laid out for a compiled loop to look things up in.

Words, stems and pieces of words are chains of symbols: characters, or the numbers of words. A
chain is kept as its links. A link is (the slot of the chain before it, the symbol), 31 and 32 bits
side by side in one 64-bit key, and its place in an open-addressing hash table is the slot that
longer chains refer to. Keys are the links themselves and not a digest of them, so two chains are
never taken for one another, known or unknown.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from classifier.compaction import RoundedLines
from classifier.features import EQUAL, NgramFeatures
from classifier.stems import stem

EMPTY: Final = -1
ROOT_SLOT: Final = 2**31 - 1
"""The slot of the chain without a symbol, which is in no table."""

WORD, SPACE, DIGIT = 1, 2, 4
"""What a character can be, as bits of its kind: in a word, between words, a decimal digit."""

CODE_POINTS: Final = 0x110000
LANES: Final = 16
"""Rows of weights are as long as a multiple of so many numbers: what a processor adds up at
once."""

SIXTEEN: Final = 16
"""What halves of a byte are read as many times their worth."""

Numbers = NDArray[np.int32]


class Chains(NamedTuple):
    """A hash table of chains: the key in each slot, what the chain that ends there stands for
    (-1: nothing), and by how much a hash is shifted to be a slot."""

    keys: NDArray[np.int64]
    values: Numbers
    shift: int


class Tables(NamedTuple):
    """A pipeline of f n-grams and k drivers (one line for two drivers).

    `kinds`: of every character. `spelled`: characters to the number of a word; `grams`: numbers of
    words to an n-gram; `stem_of`: a word's stem by number (-1: unknown); `stemmed`: characters to
    the number of a stem; `pairs`: numbers of one or two stems, the lower first, to an n-gram;
    `pieces`: characters to an n-gram. `factors` (f, 2): the idf of each n-gram, and that times the
    scale of its row. `rows` (f, ≥ k): its weights for each driver; where the classifier has rounded
    ones, (f, ≥ k / 2) with two in a byte, the first half of them in the upper bits. `parts`: what
    words, characters and stems weigh. `run`, `cut`, `reach`: the longest run of words, of
    characters, and between two stems.
    """

    kinds: NDArray[np.uint8]
    spelled: Chains
    grams: Chains
    stem_of: Numbers
    stemmed: Chains
    pairs: Chains
    pieces: Chains
    factors: NDArray[np.float32]
    rows: NDArray[Any]
    intercepts: NDArray[np.float64]
    parts: NDArray[np.float64]
    run: int
    cut: int
    reach: int


class Part(NamedTuple):
    """One kind of n-grams: each one's number among all the pipeline's, and its idf."""

    numbers: Mapping[str, int]
    columns: NDArray[np.intp]
    rarity: NDArray[np.float64]


def tables_of(pipeline: Pipeline) -> Tables:
    """The tables of a fitted pipeline of `NgramFeatures` and a linear classifier.

    Raises TypeError for any other.
    """
    features, lines = pipeline[0], pipeline[-1]
    if len(pipeline) != 2 or not isinstance(features, NgramFeatures) or not _linear(lines):
        raise TypeError("only n-grams judged by a linear classifier can be compiled")
    words, characters, pairs = parts = _parts(features)
    names = _numbered(word for name in words.numbers for word in name.split(" "))
    stems = _numbered(each for name in pairs.numbers for each in name.split(" "))
    rarity = np.concatenate([part.rarity for part in parts])
    columns = np.concatenate([part.columns for part in parts])
    weights, scales = _weights(lines)
    made = Tables(
        kinds=kinds(),
        spelled=_spelled(names),
        grams=chains_of(
            [_by_number(names, name) for name in words.numbers], words.numbers.values()
        ),
        stem_of=np.array([stems.get(stem(word), EMPTY) for word in names] or [EMPTY], np.int32),
        stemmed=_spelled(stems),
        pairs=chains_of(
            [sorted(_by_number(stems, name)) for name in pairs.numbers], pairs.numbers.values()
        ),
        pieces=_spelled(characters.numbers),
        factors=np.stack([rarity, rarity * scales[columns]], axis=1).astype(np.float32),
        rows=_rows(weights, columns),
        intercepts=np.asarray(lines.intercept_, dtype=np.float64),
        parts=_part_weights(features),
        run=features.words_.ngram_range[1] if features.words_ else 0,
        cut=features.characters_.lengths[1] if features.characters_ else 0,
        reach=features.pairs_.analyzer.reach if features.pairs_ else 0,
    )
    _freeze(made)
    return made


@lru_cache(maxsize=1)
def kinds() -> NDArray[np.uint8]:
    """The kind of every character (0x110000,), as Python's `re` and `str.split` see it."""
    every = "".join(map(chr, range(CODE_POINTS)))
    found = np.zeros(CODE_POINTS, dtype=np.uint8)
    for pattern, kind in ((r"\w+", WORD), (r"\s+", SPACE), (r"\d+", DIGIT)):
        for run in re.finditer(pattern, every):
            found[run.start() : run.end()] |= kind
    return found


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The characters of all texts (n,) one after the other, and where each text ends (n,)."""
    ends = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)).cumsum()
    # A character more, because there is no empty buffer.
    joined = "".join(texts) + " "
    return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32), ends


def chains_of(chains: Sequence[Sequence[int]], values: Iterable[int]) -> Chains:
    """A table of chains of numbers, from 0 to 2^31 - 1, to the value (≥ 0) of each."""
    symbols = np.array([symbol for chain in chains for symbol in chain], dtype=np.int64)
    ends = np.fromiter(map(len, chains), dtype=np.int64, count=len(chains)).cumsum()
    return _grown(symbols, ends, values)


def _freeze(tables: Tables) -> None:
    """Make it as unchangeable as tables read from a file, which the kernel is compiled for."""
    for each in tables:
        for array in each if isinstance(each, Chains) else (each,):
            if isinstance(array, np.ndarray):
                array.setflags(write=False)


def _linear(lines: Any) -> bool:
    return hasattr(lines, "coef_") and hasattr(lines, "intercept_")


def _parts(features: NgramFeatures) -> tuple[Part, Part, Part]:
    """Words, characters and stems, numbered through in this order; empty where there are none."""
    characters = features.characters_
    fitted = (
        (features.words_, features.words_),
        (characters, characters and characters.weights_),
        (features.pairs_, features.pairs_),
    )
    parts: list[Part] = []
    offset = 0
    for named, weighed in fitted:
        parts.append(_part(named, weighed, offset))
        offset += len(parts[-1].numbers)
    words, pieces, pairs = parts
    return words, pieces, pairs


def _part(named: Any, weighed: Any, offset: int) -> Part:
    """Numbered from the commonest on, so that the rows that are read most lie together."""
    if named is None:
        return Part({}, np.zeros(0, dtype=np.intp), np.zeros(0))
    rarity = np.asarray(weighed.idf_, dtype=np.float64)
    order = np.argsort(rarity, kind="stable")
    names = named.get_feature_names_out()[order].tolist()
    numbers = {name: number for number, name in enumerate(names, start=offset)}
    return Part(numbers, order + offset, rarity[order])


def _part_weights(features: NgramFeatures) -> NDArray[np.float64]:
    parts = (features.words_, features.characters_, features.pairs_)
    alone = sum(part is not None for part in parts) == 1
    # A model saved before parts had weights has none.
    weights = EQUAL if alone else getattr(features, "part_weights", EQUAL)
    return np.array(weights, dtype=np.float32).astype(np.float64)


def _weights(lines: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Weights (k, f), and what each column of them is multiplied by (f,)."""
    if isinstance(lines, RoundedLines):
        return lines.steps_, lines.scales_.astype(np.float64) / SIXTEEN
    return lines.coef_.astype(np.float32), np.ones(lines.coef_.shape[1])


def _rows(weights: NDArray[Any], columns: NDArray[np.intp]) -> NDArray[Any]:
    """A row for each of the columns, of 32-bit weights, or of two whole ones in a byte."""
    k = len(weights)
    wide = k > LANES // 2 or weights.itemsize == 1
    width = -(-k // LANES) * LANES if wide else k
    rows = np.zeros((len(columns), width), dtype=weights.dtype)
    for driver, row in enumerate(weights):
        rows[:, driver] = row[columns]
    if rows.itemsize > 1:
        return rows
    half = width // 2
    return rows[:, :half] << 4 | rows[:, half:] & 15


def _numbered(names: Iterable[str]) -> dict[str, int]:
    """The distinct names, numbered from 0."""
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def _by_number(numbers: Mapping[str, int], name: str) -> list[int]:
    return [numbers[each] for each in name.split(" ")]


def _spelled(numbers: Mapping[str, int]) -> Chains:
    """Chains of characters to the number of the name they spell."""
    codes, ends = code_points(list(numbers))
    return _grown(codes[:-1].astype(np.int64), ends, numbers.values())


def _grown(symbols: NDArray[np.int64], ends: NDArray[np.int64], values: Iterable[int]) -> Chains:
    """The chains in a table no more than half full."""
    from classifier.scorer.kernel import grow

    wanted = np.fromiter(values, dtype=np.int32)
    links = grow(_empty(len(symbols)), symbols, ends, wanted)
    chains = _empty(links)
    grow(chains, symbols, ends, wanted)
    return chains


def _empty(links: int) -> Chains:
    bits = max(2 * links, 2).bit_length()
    size = 1 << bits
    return Chains(np.full(size, EMPTY, np.int64), np.full(size, EMPTY, np.int32), 64 - bits)
