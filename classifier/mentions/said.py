"""What machines say of texts: of each as a whole, and of its sentences."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from classifier.mentions.pieces import Pieces

Scores = Callable[[Sequence[str]], NDArray[np.float64]]
"""What gives the scores (n, k) of texts (n)."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """The scores of n texts by k drivers, as a whole and of the loudest sentence, both (n, k); how
    many sentences (n,) each has."""

    whole: NDArray[np.float64]
    loudest: NDArray[np.float64]
    sentences: NDArray[np.intp]

    @classmethod
    def cut(cls, whole: NDArray[np.float64], pieces: Pieces, scores: Scores) -> Self:
        """What the machines behind `scores` say of texts scored as a `whole` (n, k), and cut."""
        return cls(whole, pieces.loudest(whole, pieces.scored(scores)), pieces.counts)

    @classmethod
    def nothing(cls, n: int, k: int) -> Self:
        """Room for what is said of n texts."""
        return cls(np.zeros((n, k)), np.zeros((n, k)), np.ones(n, dtype=np.intp))

    def put(self, rows: NDArray[np.bool_], other: "Said") -> None:
        """Write what was said of some of the texts, those where `rows` (n,) is true."""
        self.whole[rows], self.loudest[rows] = other.whole, other.loudest
        self.sentences[rows] = other.sentences
