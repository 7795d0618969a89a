"""Texts cut into their sentences, each knowing whose it is and where it stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.sentences import sentences

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """m sentences of n texts, in order; a text of one sentence has none here: it is read whole.

    `texts` (m); `owners` (m,): the row of the text each is from, ascending; `spans` (m): from
    where to where in it. `counts` (n,): how many sentences each text has, at least 1.
    """

    texts: tuple[str, ...]
    owners: NDArray[np.intp]
    spans: tuple[Span, ...]
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Pieces":
        """Every text (n) cut up."""
        every = [sentences(text) for text in texts]
        found = [spans if len(spans) > 1 else [] for spans in every]
        pairs = list(zip(texts, found, strict=True))
        return cls(
            tuple(text[start:end] for text, spans in pairs for start, end in spans),
            np.repeat(np.arange(len(texts)), [len(spans) for spans in found]),
            tuple(span for spans in found for span in spans),
            np.array([max(len(spans), 1) for spans in found], dtype=np.intp),
        )

    def at(self, rows: NDArray[np.bool_]) -> "Pieces":
        """Those of some of the texts, those where `rows` (n,) is true."""
        kept = np.flatnonzero(rows[self.owners])
        return Pieces(
            tuple(self.texts[each] for each in kept),
            np.cumsum(rows)[self.owners[kept]] - 1,
            tuple(self.spans[each] for each in kept),
            self.counts[rows],
        )

    def first(self, most: int) -> "Pieces":
        """The same, texts read whole from where there are so many sentences."""
        if len(self.owners) <= most:
            return self
        last = int(np.searchsorted(self.owners, self.owners[most]))
        counts = np.where(np.arange(len(self.counts)) < self.owners[most], self.counts, 1)
        return Pieces(self.texts[:last], self.owners[:last], self.spans[:last], counts)

    def scored(self, scores: Callable[[Sequence[str]], NDArray[np.float64]]) -> NDArray[np.float64]:
        """The scores (m, k) of the sentences; (0, 0) without any."""
        return scores(self.texts) if self.texts else np.zeros((0, 0))

    def loudest(self, whole: NDArray[np.float64], said: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of each text and driver (n, k) the highest score of a sentence: `said` (m, k); of a text
        of one sentence, its score as a `whole` (n, k)."""
        found = whole.copy()
        if len(self.owners):
            rows, starts = np.unique(self.owners, return_index=True)
            found[rows] = np.maximum.reduceat(said, starts, axis=0)
        return found
