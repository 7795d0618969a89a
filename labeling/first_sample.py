"""The first sample of a project without a model: a bit of everything people write. Pure.

Equal parts of each channel and, in it, of each week, so that no channel or week teaches the first
model alone; within that, spread over what messages are about: one near the middle of each heap of
similar ones, the largest heaps first. The same input and seed give the same sample.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from labeling.likeness import Floats, heaps, points_of
from labeling.picks import Pick, collapsed, with_company

FIRST: Final = "first"
BREADTH: Final = 10
"""So many messages a pick are looked at, drawn at random from each channel and week."""


def first_picks(
    features: Any,
    channels: Sequence[str],
    weeks: Sequence[str],
    keys: Sequence[Hashable],
    count: int,
    *,
    seed: int,
) -> list[Pick]:
    """At most `count` of the messages (n,), in the order to ask them.

    `features` (n, f), sparse or not; `channels` and `weeks` (n,), of which there are as many of
    each as there are messages for; `keys` (n,): the same for the same normalized text.
    """
    same = collapsed(keys)
    cells: dict[tuple[str, str], list[int]] = defaultdict(list)
    for copies in same.values():
        cells[channels[copies[0]], weeks[copies[0]]].append(copies[0])
    quotas = _quotas({cell: len(members) for cell, members in cells.items()}, count)
    random = np.random.default_rng(seed)
    cell_of = {
        int(row): cell
        for cell, quota in quotas.items()
        for row in random.permutation(cells[cell])[: BREADTH * quota]
    }
    rows = np.array(sorted(cell_of), dtype=np.intp)
    points = points_of(features, rows, seed=seed)
    places = _dealt(points, [cell_of[row] for row in rows.tolist()], quotas, seed)
    return with_company(features, keys, same, [(int(rows[place]), FIRST) for place in places])


def _quotas(sizes: Mapping[tuple[str, str], int], count: int) -> dict[tuple[str, str], int]:
    """How many of each channel and week: evenly over channels, and over the weeks of each."""
    weeks: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for cell in sorted(sizes):
        weeks[cell[0]][cell] = sizes[cell]
    channels = _evenly({channel: sum(each.values()) for channel, each in weeks.items()}, count)
    return {
        cell: part
        for channel, share in channels.items()
        for cell, part in _evenly(weeks[channel], share).items()
    }


def _evenly(sizes: Mapping[Any, int], count: int) -> dict[Any, int]:
    """Parts of `count` as equal as the sizes allow; the largest take what is odd."""
    parts, left = {}, count
    for place, name in enumerate(sorted(sizes, key=lambda each: sizes[each])):
        parts[name] = min(sizes[name], left // (len(sizes) - place))
        left -= parts[name]
    return parts


def _dealt(
    points: Floats, cells: Sequence[Hashable], quotas: Mapping[Any, int], seed: int
) -> list[int]:
    """Places of points (m, d): one near the middle of each heap as far as the quotas of their cells
    go, and then what cells have left, as far from what was chosen as can be."""
    count, left = sum(quotas.values()), dict(quotas)
    if count >= len(points):
        return list(range(len(points)))
    fitted = heaps(points, count, seed=seed)
    apart = ((points - fitted.cluster_centers_[fitted.labels_]) ** 2).sum(axis=1)
    chosen: list[int] = []
    for heap in np.argsort(-np.bincount(fitted.labels_, minlength=count), kind="stable"):
        members = [m for m in np.flatnonzero(fitted.labels_ == heap).tolist() if left[cells[m]]]
        if members:
            best = min(members, key=lambda m: (-left[cells[m]] / quotas[cells[m]], apart[m]))
            left[cells[best]] -= 1
            chosen.append(best)
    return _filled(points, cells, left, chosen)


def _filled(
    points: Floats, cells: Sequence[Hashable], left: Mapping[Any, int], chosen: list[int]
) -> list[int]:
    """What was chosen, and for every place left the member of its cell farthest from all that."""
    nearest = np.full(len(points), np.inf)
    for place in chosen:
        nearest = np.minimum(nearest, _apart(points, place))
    filled = list(chosen)
    nearest[filled] = -1.0
    for cell, places in left.items():
        members = np.array([m for m, each in enumerate(cells) if each == cell], dtype=np.intp)
        for _ in range(places):
            best = int(members[nearest[members].argmax()])
            filled.append(best)
            nearest = np.minimum(nearest, _apart(points, best))
            nearest[best] = -1.0
    return filled


def _apart(points: Floats, place: int) -> Floats:
    return np.asarray(((points - points[place]) ** 2).sum(axis=1), dtype=np.float64)
