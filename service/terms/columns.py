"""The columns of volumes, and the slices that terms are kept for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.messages import UNKNOWN
from classifier.taxonomy import Taxonomy

WHOLE = ""
PRIMARY, MENTION = "primary", "mention"
"""Kinds of terms: of the driver a message is about first of all, or of all it is about."""

SEVERAL = "(several)"
"""The column of messages about several drivers; no driver can have this id."""

FIELDS, ATTRIBUTES = ("channel", "language"), ("product", "partner")
SLICES = FIELDS + ATTRIBUTES
BETWEEN = "/"
"""Between the two of a pair: slices `channel/product`, with values such as `email/lamp`."""
Pairs = Sequence[tuple[str, str]]


def slices(pairs: Pairs) -> tuple[str, ...]:
    """What terms are kept by: one attribute, or a pair of them."""
    return (*SLICES, *(BETWEEN.join(pair) for pair in pairs))


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of volumes: leaves, `unknown`, then each parent as a group of leaves."""

    leaves: tuple[str, ...]
    parents: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, taxonomy: Taxonomy) -> "Columns":
        leaves = (*taxonomy.leaves, UNKNOWN)
        index = {leaf: number for number, leaf in enumerate(leaves)}
        members = tuple(
            tuple(index[leaf] for leaf in taxonomy.leaves_under(parent))
            for parent in taxonomy.parents
        )
        return cls(leaves, taxonomy.parents, members)

    @property
    def all(self) -> tuple[str, ...]:
        return self.leaves + self.parents

    def trained(self, known: Collection[str]) -> NDArray[np.bool_]:
        """(leaves and parents,) True for each leaf in `known`, and each parent with one below."""
        leaves = [leaf in known for leaf in self.leaves]
        parents = [any(leaves[leaf] for leaf in members) for members in self.members]
        return np.array([*leaves, *parents], dtype=np.bool_)

    def named(self, kind: str) -> tuple[str, ...]:
        """The columns as terms of a kind are stored: among mentions, the place of `unknown` is
        that of messages about several."""
        if kind == PRIMARY:
            return self.all
        return (*self.leaves[:-1], SEVERAL, *self.parents)

    @property
    def several(self) -> int:
        """The number of the column of messages about several drivers, among mentions."""
        return len(self.leaves) - 1
