"""What is alike among messages, by the features a model reads them by. Pure.

Features are sparse n-grams or an encoder's embeddings; only angles between messages matter. The
same input and seed give the same answer, on however many threads.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

WIDTH: Final = 100
"""Dimensions in which messages are compared, where features are sparse or much wider."""
DENSE: Final = 4 * WIDTH
"""Dense features up to this width are compared as they are."""
STEPS: Final = 20
"""Of k-means: after so many the heaps hardly move."""
NEAR: Final = 0.9
"""Messages with this cosine say nearly the same."""


def heaps(points: Floats, count: int, *, seed: int, weights: Floats | None = None) -> KMeans:
    """Points (m ≥ count, d) in `count` heaps of similar ones: fitted k-means. `weights` (m,)."""
    with threadpool_limits(limits=1):  # sums depend on how many threads add them up
        means = KMeans(count, n_init=1, max_iter=STEPS, random_state=seed)
        return means.fit(points, sample_weight=weights)


def points_of(features: Any, rows: Rows, *, seed: int) -> Floats:
    """Points (m, d) of unit length for rows (m,) of features (n, f): as they are, or in at most
    `WIDTH` dimensions that keep what sets these rows apart."""
    some = features[rows]
    if not issparse(some) and some.shape[1] <= DENSE:
        return np.asarray(normalize(some), dtype=np.float64)
    width = min(WIDTH, some.shape[0] - 1, some.shape[1] - 1)
    if width < 1:
        return np.zeros((len(rows), 1))
    with threadpool_limits(limits=1):
        narrowed = TruncatedSVD(width, random_state=seed).fit_transform(some)
    return np.asarray(normalize(narrowed), dtype=np.float64)


def near_duplicates(features: Any, rows: Sequence[int], least: float = NEAR) -> list[Rows]:
    """For each of the rows, the other rows (of n) whose cosine with it is at least `least`."""
    if not len(rows):
        return []
    every = normalize(features)
    cosines = csr_matrix(every @ every[list(rows)].T)
    cosines.data[cosines.data < least] = 0.0
    cosines.eliminate_zeros()
    found = cosines.tocsc()
    each = np.split(found.indices.astype(np.intp), found.indptr[1:-1])
    return [others[others != row] for row, others in zip(rows, each, strict=True)]
