"""A smaller model that says the same: the n-grams that tell most, and weights of half a byte each.

`python -m tests.benchmarks.compaction` prints what it costs, by folds of training files.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from classifier.blending import BlendedLines
from classifier.features import CharacterFeatures, NgramFeatures

STEPS: Final = 7
"""A rounded weight is a whole number from -7 to 7 times its n-gram's scale."""

SHARE: Final = 0.45
"""So many of the n-grams tell all there is to be told; with half of that, BANKING77 loses half a
point."""

SMALL: Final = 1_000_000
"""Bytes. All n-grams are kept whose weights take no more than this."""

PARTS: Final = ("words_", "characters_", "pairs_")


class RoundedLines(BlendedLines):
    """`BlendedLines` with weights of half a byte: whole numbers times a scale for each feature.

    Whatever is assigned to `coef_` is rounded; what is read from it are the rounded weights, which
    every score is made of. They are put together when they are first asked for, and not pickled.

    Attributes
    ----------
    classes_, intercept_ : as in BlendedLines
    steps_ : (k, features) whole numbers from -7 to 7; one row for two classes
    scales_ : (features,) what each column of them is multiplied by
    coef_ : (k, features) the product
    """

    @property
    def coef_(self) -> NDArray[np.float64]:
        if "_product" not in self.__dict__:
            self._product = self.scales_.astype(np.float64) * self.steps_.astype(np.float64)
        return self._product

    @coef_.setter
    def coef_(self, weights: NDArray[np.float64]) -> None:
        self.steps_, self.scales_ = rounded(weights)
        self.__dict__.pop("_product", None)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: each for name, each in state.items() if name != "_product"}


def rounded(weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights (k, features) as whole numbers from -7 to 7 (k, features), and the scale of each
    column (features,) by which they are multiplied."""
    scales = (np.abs(weights).max(axis=0) / STEPS).astype(np.float32)
    whole = np.rint(weights / np.where(scales > 0, scales, 1.0).astype(np.float64))
    return np.clip(whole, -STEPS, STEPS).astype(np.int8), scales


def fit_compact(
    pipeline: Pipeline,
    texts: Sequence[str],
    drivers: NDArray[np.str_],
    weights: NDArray[np.float64] | None = None,
    *,
    most: int | None = None,
) -> Pipeline:
    """Fit an unfitted pipeline of `NgramFeatures` and `BlendedLines` on texts (n,), with fewer
    n-grams and rounded weights: a pipeline of `NgramFeatures` and `RoundedLines`.

    Support vectors learn from all n-grams first, and those that tell least by them are dropped (see
    `telling`). The lines are fitted on those that are left: at most so many, by default those that
    `enough` says.
    """
    features, lines = pipeline
    with threadpool_limits(limits=1):
        rows = features.fit_transform(texts)
        most = most or enough(rows.shape[1], len(np.unique(drivers)))
        if rows.shape[1] > most:
            machines = clone(lines).set_params(margin_share=1.0).fit(rows, drivers, weights)
            kept = telling(features, rows, machines.coef_, most)
            features, rows = only(features, kept), _rows_only(features, rows, kept)
        final = RoundedLines(**lines.get_params()).fit(rows, drivers, weights)
    return Pipeline([("features", features), ("classifier", final)])


def enough(ngrams: int, drivers: int) -> int:
    """How many of so many n-grams to keep: as many as have a megabyte of weights, and 45 % of them
    where that is more, so that a large model stays as good as it was."""
    row = 8 * -(-drivers // 16)
    return max(SMALL // row, int(SHARE * ngrams))


def telling(
    features: NgramFeatures, rows: csr_matrix, weights: NDArray[np.float64], most: int
) -> NDArray[np.intp]:
    """The columns (most,), ascending, of rows (n, f) that tell most by their weights (k, f).

    What an n-gram tells is the length of its weights over the drivers, times its rarity, times
    the square root of the number of texts it is in: how far its score spreads over the texts.
    """
    lengths = np.sqrt((np.asarray(weights, dtype=np.float64) ** 2).sum(axis=0))
    rarity = np.concatenate([_weigher(part).idf_ for _, part in _parts(features)])
    told = lengths * rarity * np.sqrt(rows.getnnz(axis=0))
    return np.sort(np.argsort(-told, kind="stable")[:most])


def only(features: NgramFeatures, kept: NDArray[np.intp]) -> NgramFeatures:
    """A fitted copy that reads only the columns kept, ascending."""
    made = copy(features)
    for (name, part), columns in zip(_parts(features), _split(features, kept), strict=True):
        setattr(made, name, _part_only(part, columns) if len(columns) else None)
    return made


def _rows_only(features: NgramFeatures, rows: csr_matrix, kept: NDArray[np.intp]) -> csr_matrix:
    """The rows (n, most) that `only` those columns of the features would make of the same texts."""
    parts: dict[str, csr_matrix | None] = dict.fromkeys(PARTS)
    start = 0
    for (name, part), columns in zip(_parts(features), _split(features, kept), strict=True):
        if len(columns):
            parts[name] = normalize(rows[:, columns + start])
        start += _size(part)
    return features.beside(list(parts.values()))


def _parts(features: NgramFeatures) -> list[tuple[str, Any]]:
    """The fitted parts by attribute, in column order."""
    return [(name, part) for name in PARTS if (part := getattr(features, name)) is not None]


def _split(features: NgramFeatures, kept: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The columns of each part that are kept, numbered from 0 in each."""
    ends = np.cumsum([_size(part) for _, part in _parts(features)])
    places = np.split(kept, np.searchsorted(kept, ends[:-1]))
    return [each - start for each, start in zip(places, [0, *ends[:-1]], strict=True)]


def _size(part: Any) -> int:
    return len(_weigher(part).idf_)


def _weigher(part: Any) -> Any:
    """What knows how rare the n-grams of a part are."""
    return part.weights_ if isinstance(part, CharacterFeatures) else part


def _part_only(part: Any, columns: NDArray[np.intp]) -> Any:
    made = copy(part)
    names, rarity = part.get_feature_names_out()[columns], _weigher(part).idf_[columns]
    if isinstance(part, CharacterFeatures):
        made.cutter_ = clone(part.cutter_).set_params(vocabulary=names)
        made.weights_ = clone(part.weights_)
        made.weights_.idf_ = rarity
    else:
        made.vocabulary_ = {name: column for column, name in enumerate(names)}
        made._tfidf = clone(part._tfidf)
        made.idf_ = rarity
    return made
