"""What answers given in another taxonomy mean in the one in use."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from classifier.crosswalk import Crosswalk
from classifier.messages import UNKNOWN
from classifier.taxonomy import OTHER
from classifier.volumes.bridge import divided
from service.terms import Columns

Floats = NDArray[np.float64]


def as_counted(labels: NDArray[np.int64], columns: Columns) -> Floats:
    """(n, leaves) of 0 and 1: answers (n,) as the terms count them; -1 is none."""
    found = np.zeros((len(labels), len(columns.leaves)))
    rows = np.flatnonzero(labels >= 0)
    found[rows, labels[rows]] = 1.0
    return found


def as_meant(
    rows: Sequence[Row[Any]],
    counted: Floats,
    probabilities: Floats,
    columns: Columns,
    walks: Mapping[str, Crosswalk],
) -> Floats:
    """(n, leaves) what the answers of messages mean now, a probability each: `counted`, but for
    answers in a taxonomy of `walks`, divided over what they may be by the newest model's
    `probabilities` (n, leaves)."""
    index = {leaf: number for number, leaf in enumerate(columns.leaves)}
    allowed = np.zeros(counted.shape, dtype=np.bool_)
    for number, row in enumerate(rows):
        walk = walks.get(row.answered_in) if row.answered_in else None
        for leaf in walk.became.get(row.driver or UNKNOWN, ()) if walk else ():
            allowed[number, index[leaf]] = True
    other = allowed.any(axis=1, keepdims=True)
    return np.where(other, divided(probabilities, allowed), counted)


def incomparable(walks: Iterable[Crosswalk], learned: frozenset[str]) -> tuple[str, ...]:
    """Drivers of which nobody can say what they were before: those that are new and that the
    newest model had no labels of, and what their messages may have been given to instead. What is
    left of a driver that was split (`.other`) is taken to be little, and spoils only itself."""
    found: set[str] = set()
    for walk in walks:
        for leaf in set(walk.added) - learned:
            sources = [old for old, new in walk.became.items() if leaf in new]
            if all(walk.became[old] == {leaf} for old in sources):
                continue  # it has another name, and that is all
            found.add(leaf)
            if not _is_rest(leaf):
                found.update(*(_instead(old, walk) for old in sources))
    return tuple(sorted(found))


def _instead(old: str, walk: Crosswalk) -> frozenset[str]:
    """What gets the messages of an old driver where a new one is not known."""
    if old in walk.removed:
        return walk.became[old]
    return frozenset({old}) if old == UNKNOWN or _is_rest(old) else frozenset()


def _is_rest(driver: str) -> bool:
    return driver.endswith(f".{OTHER}")
