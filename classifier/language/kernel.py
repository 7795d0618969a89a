"""The walk over a text's bytes and the sums over the n-grams it meets, compiled to machine code."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.machine_code import compiled

UNSEEN = -1
LANE = 16
"""Numbers that are summed at once; a line of the processor's cache holds as many."""
MOST = 8192
"""Times an n-gram is counted at most; no sample has as many bytes."""
SCATTER = 2654435761
"""2^32 divided by the golden ratio: what spreads n-grams over slots (Knuth, TAOCP 3, 6.4)."""


class Tables(NamedTuple):
    """The model: of each state the row of `moves` that says where each byte leads (256 a row) and
    the n-gram that ends there, or -1; what each n-gram says of each language, and the languages'
    scores without any; ln(1 + n). `known` are the columns of Dutch and English."""

    rows: NDArray[np.int32]
    moves: NDArray[np.uint32]
    ngrams: NDArray[np.int32]
    weights: NDArray[np.float32]
    priors: NDArray[np.float32]
    damped: NDArray[np.float32]
    known: tuple[int, int]


def tables_of(model: Any) -> Tables:
    """Of py3langid's identifier, restricted to its languages, none of which occurs twice."""
    languages = list(model.nb_classes)
    if len(languages) != len(set(languages)) or len(languages) > LANE:
        raise ValueError("not the languages this loop was made for")
    weights = np.zeros((len(model.nb_ptc), LANE), np.float32)
    weights[:, : len(languages)] = model.nb_ptc
    return Tables(
        rows=np.array(model.tk_row, np.int32),
        moves=np.frombuffer(model.tk_nextmove, np.uint32),
        ngrams=np.array(model.tk_output, np.int32),
        weights=weights,
        priors=np.array(model.nb_pc, np.float32),
        damped=np.log1p(np.arange(MOST, dtype=np.float32)),
        known=(languages.index("nl"), languages.index("en")),
    )


@compiled
def count_ngrams(
    tables: Tables, text: NDArray[np.uint8], slots: NDArray[np.int32], counts: NDArray[np.int32]
) -> int:
    """Write which n-grams a text has and how often, side by side; how many different ones."""
    size = 64
    while size < 2 * text.size:
        size *= 2
    places = np.full(size, UNSEEN, np.int32)
    state, met = 0, 0
    for byte in text:
        state = tables.moves[(tables.rows[state] << 8) + byte]
        ngram = tables.ngrams[state]
        if ngram == UNSEEN:
            continue
        place = (ngram * SCATTER) & (size - 1)
        while places[place] != UNSEEN and slots[places[place]] != ngram:
            place = (place + 1) & (size - 1)
        if places[place] == UNSEEN:
            places[place] = met
            slots[met] = ngram
            met += 1
        counts[places[place]] += 1
    return met


@compiled
def evidence(tables: Tables, text: NDArray[np.uint8]) -> tuple[float, float, float]:
    """The probabilities of the likeliest other language, of Dutch and of English.

    Each n-gram counts by ln(1 + how often it occurs); scores are divided by the root of the text's
    length and made probabilities (softmax), as py3langid does it.
    """
    ngrams = np.empty(text.size, np.int32)
    counts = np.zeros(text.size, np.int32)
    met = count_ngrams(tables, text, ngrams, counts)
    sums = np.zeros(LANE, np.float32)
    for place in range(met):
        weights = tables.weights[ngrams[place]]
        amount = tables.damped[min(counts[place], MOST - 1)]
        for lane in range(LANE):
            sums[lane] += amount * weights[lane]
    scores = sums[: tables.priors.size].astype(np.float64)
    if met:
        scores += tables.priors
    scores /= math.sqrt(max(text.size, 1))
    scores = np.exp(scores - scores.max())
    scores /= scores.sum()
    dutch, english = scores[tables.known[0]], scores[tables.known[1]]
    scores[tables.known[0]] = scores[tables.known[1]] = 0.0
    return scores.max(), dutch, english
