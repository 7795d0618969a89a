"""From one taxonomy to the next: what an answer given in the old one may be in the new one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from classifier.messages import UNKNOWN
from classifier.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """`added`, `removed`: leaves that only one of the two has. `redefined`: leaves of both whose
    definition differs. `became`: each old leaf, and `unknown`, with the new leaves (`unknown`
    among them) that a message about it may be about now; one where that is certain."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    redefined: tuple[str, ...]
    became: Mapping[str, frozenset[str]]

    @property
    def changed(self) -> bool:
        """Whether an old answer may mean something else now."""
        return bool(self.added or self.removed)


def crosswalk(before: Taxonomy, after: Taxonomy) -> Crosswalk:
    """What became of the leaves of `before` in `after`. Ids are immutable: the same id is the same
    driver, wherever it went in the tree and whatever it is called.

    A leaf that is a parent now became one of the leaves below it. One that is gone became one of
    the added leaves nearest to where it was; where none was added, any leaf there. What was added
    beyond that was taken from its siblings or was unknown before.
    """
    added = tuple(leaf for leaf in after.leaves if leaf not in before.leaves)
    removed = tuple(leaf for leaf in before.leaves if leaf not in after.leaves)
    became = {leaf: _successors(leaf, before, after, added) for leaf in removed}
    new = set(added).difference(*became.values())
    for leaf in before.leaves:
        if leaf not in became:
            became[leaf] = frozenset({leaf, *_siblings(leaf, new, after)})
    became[UNKNOWN] = frozenset({UNKNOWN, *new})
    return Crosswalk(added, removed, _redefined(before, after), became)


def _successors(
    leaf: str, before: Taxonomy, after: Taxonomy, added: Iterable[str]
) -> frozenset[str]:
    if leaf in after:
        return frozenset(after.leaves_under(leaf))
    survivors = [each for each in before.ancestors(leaf) if each in after]
    for ancestor in survivors:
        near = set(added).intersection(after.leaves_under(ancestor))
        if near:
            return frozenset(near)
    if added:
        return frozenset(added)
    return frozenset(after.leaves_under(survivors[0]) if survivors else (*after.leaves, UNKNOWN))


def _siblings(leaf: str, new: Iterable[str], after: Taxonomy) -> Iterable[str]:
    parent = after.by_id[leaf].parent
    return (each for each in new if after.by_id[each].parent == parent)


def _redefined(before: Taxonomy, after: Taxonomy) -> tuple[str, ...]:
    both = (leaf for leaf in after.leaves if leaf in before.leaves)
    return tuple(
        leaf for leaf in both if before.by_id[leaf].definition != after.by_id[leaf].definition
    )
