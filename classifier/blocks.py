"""Blocks of features, each computed once, however many candidates read them."""

from collections.abc import Sequence
from typing import Any

from scipy.sparse import csr_matrix

from classifier.counts import Counts
from classifier.features import NgramFeatures, fitted_block


class Blocks:
    """What candidates read of the same texts: those to learn from (n ≥ 1), those to judge (m).

    `counts` are those of all these texts and perhaps more; counted here if none are given.
    """

    def __init__(
        self, learned: Sequence[str], judged: Sequence[str], counts: Counts | None = None
    ) -> None:
        self._learned = learned
        self._judged = judged
        self._counts = counts or Counts([*learned, *judged])
        self._found: dict[str, tuple[csr_matrix | None, csr_matrix | None]] = {}

    def rows(self, features: NgramFeatures) -> tuple[csr_matrix, csr_matrix]:
        """Rows (n, f) and (m, f), as the features fitted on the first would make them.

        Raises ValueError when no text to learn from has a single word in it.
        """
        found = [self._block(features, each) for each in features.blocks(len(self._learned))]
        learned, judged = zip(*found, strict=True)
        return features.beside(learned), features.beside(judged)

    def _block(
        self, features: NgramFeatures, block: Any
    ) -> tuple[csr_matrix | None, csr_matrix | None]:
        if block is None:
            return None, None
        name = f"{block!r} of {features.longest_text}"
        if name not in self._found:
            self._found[name] = self._rows(features, block)
        return self._found[name]

    def _rows(
        self, features: NgramFeatures, block: Any
    ) -> tuple[csr_matrix | None, csr_matrix | None]:
        if self._counts.covers(len(self._learned)):
            return self._counts.rows(block, features.longest_text, self._learned, self._judged)
        fitted, learned = fitted_block(block, features.read(self._learned))
        return learned, fitted and fitted.transform(features.read(self._judged))
