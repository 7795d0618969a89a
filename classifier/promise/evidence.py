"""Which labels count for a promise: those that stand for the messages of their queue."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PURPOSE = b"waarom.promise"
"""Apart from every other draw: had it been the same hash, the drawn would always be kept."""


def equal_probability(
    inclusion: NDArray[np.float64] | None,
    queue: Sequence[str],
    *,
    ids: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    key: bytes = b"",
) -> NDArray[np.bool_]:
    """The labels (n,) that count: within a queue all with the same chance to be among them.

    `inclusion` (n,) in (0, 1] is the probability with which each message was drawn for a label;
    NaN where nobody knows, and then the label does not count. None: a random hold-out, all alike.
    A label is kept with probability π_min / π, π_min being the lowest in its queue, by a keyed
    hash of its id (its row number by default). Of the labels of one group (a text, a customer)
    the one with the lowest hash stays: two of the same are not two pieces of evidence. Raises
    ValueError for a probability outside (0, 1].
    """
    if inclusion is None and groups is None:
        return np.ones(len(queue), dtype=bool)
    hashed = _uniform(ids if ids is not None else range(len(queue)), key)
    kept: NDArray[np.bool_] = np.ones(len(queue), dtype=bool)
    if inclusion is not None:
        kept = hashed < _kept_with(np.asarray(inclusion, dtype=np.float64), np.asarray(queue))
    return kept if groups is None else kept & _first_of_group(kept, hashed, queue, groups)


def _kept_with(inclusion: NDArray[np.float64], queue: NDArray[np.str_]) -> NDArray[np.float64]:
    """π_min / π (n,); 0 where the probability is not known."""
    known = ~np.isnan(inclusion)
    if np.any((inclusion[known] <= 0) | (inclusion[known] > 1)):
        raise ValueError("an inclusion probability lies outside (0, 1]")
    chance = np.zeros(len(inclusion))
    for name in np.unique(queue[known]):
        rows = known & (queue == name)
        chance[rows] = inclusion[rows].min() / inclusion[rows]
    return chance


def _first_of_group(
    kept: NDArray[np.bool_],
    hashed: NDArray[np.float64],
    queue: Sequence[str],
    groups: Sequence[str],
) -> NDArray[np.bool_]:
    """The kept label of lowest hash per group and queue; a label without a group is alone."""
    first = np.zeros(len(kept), dtype=bool)
    seen: set[tuple[str, str]] = set()
    for row in np.argsort(hashed, kind="stable"):
        of = (queue[row], groups[row])
        if kept[row] and (not groups[row] or of not in seen):
            first[row] = True
            seen.add(of)
    return first


def _uniform(ids: Sequence[str] | range, key: bytes) -> NDArray[np.float64]:
    """A number in [0, 1) per id, the same on every run."""
    return np.array([_hash(str(each), key) for each in ids], dtype=np.float64) / 2.0**64


def _hash(written: str, key: bytes) -> int:
    salted = hashlib.blake2b(
        written.encode("utf-8", "surrogatepass"), digest_size=8, key=key[:64], person=PURPOSE
    )
    return int.from_bytes(salted.digest(), "big")
