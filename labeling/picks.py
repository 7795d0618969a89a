"""Which messages to ask about so that a model learns most from each answer. Pure.

Picks never correct volumes (`labeling.sampling` draws the questions that do). The messages that the
model hesitates about, spread over all there is to hesitate about: those with the smallest margin
between the two likeliest answers are put into as many heaps of similar ones as there are picks
(weighted k-means; Zhdanov 2019), and the one in the middle of each is asked. The same input and
seed give the same picks. Before there is a model, see `labeling.first_sample`.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from classifier.messages import Predictions
from labeling.likeness import Floats, Rows, heaps, near_duplicates, points_of

BREADTH: Final = (3, 10)
"""At least and at most so many candidates a pick are put into heaps: more are less doubtful, fewer
are more alike."""
DOUBTFUL: Final = 0.1
"""In between, this part of all candidates: few picks are spread wide, many stay with the doubts."""
UNSURE: Final = "unsure"
ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Aim:
    """What a part of the picks is for: `share` in [0, 1] of them, by what each driver is worth.

    `weights` (k,) ≥ 0, in the order of the predictions' drivers: 0 for drivers it is not about.
    """

    name: str
    share: float
    weights: Floats


@dataclass(frozen=True, slots=True)
class Pick:
    """A message to ask about, by its row, and `why`: "unsure", an aim's name, or "first".

    `same`: other rows with the same normalized text; an answer is theirs, too. `near`: rows that
    say nearly the same; whoever answered may be offered them together.
    """

    row: int
    why: str
    same: tuple[int, ...] = ()
    near: tuple[int, ...] = ()


def learning_picks(
    features: Any,
    predictions: Predictions,
    keys: Sequence[Hashable],
    count: int,
    *,
    seed: int,
    aims: Sequence[Aim] = (),
) -> list[Pick]:
    """At most `count` candidates (n,) to ask about, in the order to ask them.

    `features` (n, f), sparse or not, are those the model judged by; `keys` (n,) are the same for
    the same normalized text, which is picked once. The aims take their shares, rounded down, as
    far as there is anything for them; the rest is what the model is unsure about. Raises
    ValueError for shares above 1 together.
    """
    if sum(aim.share for aim in aims) > 1 + ROUNDING:
        raise ValueError("the shares of the aims are more than all the picks")
    same = collapsed(keys)
    doubt = hesitation(predictions)
    left = np.zeros(len(keys), dtype=bool)
    left[[rows[0] for rows in same.values()]] = True
    found: list[tuple[float, int, str]] = []
    for name, part, worth in _parts(predictions, count, aims):
        scores = np.where(left, doubt * worth, 0.0)
        rows = spread(features, scores, min(part, count - len(found)), seed=seed)
        left[rows] = False
        found += [((place + 0.5) / len(rows), int(row), name) for place, row in enumerate(rows)]
    chosen = [(row, name) for _, row, name in sorted(found, key=lambda each: each[0])]
    return with_company(features, keys, same, chosen)


def hesitation(predictions: Predictions) -> Floats:
    """(n,) in [0, 1]: 1 less the margin between the two likeliest answers, unknown among them."""
    chances = np.column_stack([predictions.primary, predictions.unknown])
    if chances.shape[1] < 2:
        return np.ones(len(chances))
    best = np.partition(chances, -2, axis=1)[:, -2:]
    return np.asarray(1.0 - (best[:, 1] - best[:, 0]), dtype=np.float64)


def rarity(labels: ArrayLike) -> Floats:
    """What a label of each driver is worth (k,) in (0, 1], by how many labels (k,) it has: one with
    twice as many is worth half. Weights for an `Aim`."""
    worth = 1.0 / np.maximum(np.asarray(labels, dtype=np.float64), 1.0)
    return np.asarray(worth / worth.max(initial=0.0), dtype=np.float64)


def spread(features: Any, scores: ArrayLike, count: int, *, seed: int) -> Rows:
    """At most `count` rows with high scores (n,) ≥ 0 that are unlike each other.

    The highest (see `BREADTH`) are put into `count` heaps of similar ones, each weighing its score
    squared, and one nearest the middle is taken of each; the heaps with the highest scores
    together come first. Rows of score 0 are not picked.
    """
    found = np.asarray(scores, dtype=np.float64)
    rows = np.argsort(-found, kind="stable")[: np.count_nonzero(found > 0)]
    least, most = (each * count for each in BREADTH)
    rows = rows[: min(most, max(least, int(DOUBTFUL * len(rows))))]
    if len(rows) <= count:
        return rows
    points, weights = points_of(features, rows, seed=seed), found[rows] ** 2
    fitted = heaps(points, count, seed=seed, weights=weights)
    apart = ((points - fitted.cluster_centers_[fitted.labels_]) ** 2).sum(axis=1)
    nearest = np.lexsort((apart, fitted.labels_))
    heap, first = np.unique(fitted.labels_[nearest], return_index=True)
    together = np.bincount(fitted.labels_, weights, minlength=count)[heap]
    taken = nearest[first][np.argsort(-together, kind="stable")]
    # A heap may stay empty; its pick is the highest that is left.
    others = np.setdiff1d(np.arange(len(rows)), taken)[: count - len(taken)]
    return np.asarray(rows[np.concatenate([taken, others])], dtype=np.intp)


def with_company(
    features: Any,
    keys: Sequence[Hashable],
    same: Mapping[Hashable, Sequence[int]],
    chosen: Sequence[tuple[int, str]],
) -> list[Pick]:
    """The picks, each with the messages that say the same or nearly so."""
    near = near_duplicates(features, [row for row, _ in chosen])
    return [
        Pick(
            row,
            why,
            same=tuple(other for other in same[keys[row]] if other != row),
            near=tuple(int(other) for other in others if keys[other] != keys[row]),
        )
        for (row, why), others in zip(chosen, near, strict=True)
    ]


def collapsed(keys: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    """Rows by their key, each in order: those of one key have one answer."""
    found: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        found.setdefault(key, []).append(row)
    return found


def _parts(
    predictions: Predictions, count: int, aims: Sequence[Aim]
) -> Iterator[tuple[str, int, Floats]]:
    """The aims, and what is left: a name, how many picks, what each candidate is worth (n,)."""
    for aim in aims:
        worth = predictions.primary @ np.asarray(aim.weights, dtype=np.float64)
        yield aim.name, int(aim.share * count + ROUNDING), worth
    yield UNSURE, count, np.ones(len(predictions))
