"""What became of each driver when the taxonomy changed."""

from collections.abc import Iterable

import pytest

from classifier.crosswalk import crosswalk
from classifier.messages import UNKNOWN
from classifier.taxonomy import Driver, Taxonomy


def taxonomy(*paths: str, definitions: dict[str, str] | None = None) -> Taxonomy:
    """Drivers with their parents, written as `delivery > late`; nothing implicit."""
    found: dict[str, Driver] = {}
    for path in paths:
        names = path.split(" > ")
        for parent, name in zip([None, *names], names, strict=False):
            definition = (definitions or {}).get(name)
            said = {"en": definition} if definition else {}
            found.setdefault(name, Driver(id=name, parent=parent, definition=said))
    return Taxonomy(tuple(found.values()))


BEFORE = taxonomy("delivery > late", "delivery > damaged", "payment > refund")


def became(after: Taxonomy, leaf: str) -> set[str]:
    return set(crosswalk(BEFORE, after).became[leaf])


def test_the_same_taxonomy_changes_nothing() -> None:
    found = crosswalk(BEFORE, BEFORE)
    assert not found.changed
    assert found.became == {
        **{leaf: frozenset({leaf}) for leaf in BEFORE.leaves},
        UNKNOWN: frozenset({UNKNOWN}),
    }


@pytest.mark.parametrize(
    ("paths", "leaf", "now"),
    [
        pytest.param(
            ("delivery > late", "delivery > damaged > box", "delivery > damaged > item"),
            "damaged",
            {"box", "item"},
            id="split below itself",
        ),
        pytest.param(
            ("delivery > late", "delivery > box", "delivery > item"),
            "damaged",
            {"box", "item"},
            id="replaced by two beside it",
        ),
        pytest.param(("delivery > trouble",), "late", {"trouble"}, id="merged with another"),
        pytest.param(("delivery > late", "broken > box"), "damaged", {"box"}, id="gone elsewhere"),
        pytest.param(
            ("delivery > late", "delivery > early", "delivery > damaged"),
            "late",
            {"late", "early"},
            id="a new sibling may have taken some",
        ),
        pytest.param(
            ("delivery > late", "delivery > early", "delivery > damaged"),
            UNKNOWN,
            {UNKNOWN, "early"},
            id="or some that were unknown",
        ),
        pytest.param(
            ("delivery > late", "delivery > damaged", "delivery > address"),
            "refund",
            {"address"},
            id="what is gone is what is new, where there is no more to go by",
        ),
        pytest.param(
            ("delivery > late", "payment > refund"),
            "damaged",
            {"late"},
            id="nothing new: what is left where it was",
        ),
        pytest.param(
            ("delivery > late", "moved > damaged"), "damaged", {"damaged"}, id="moved in the tree"
        ),
    ],
)
def test_what_became_of_a_driver(paths: Iterable[str], leaf: str, now: set[str]) -> None:
    rest = () if leaf == "refund" else ("payment > refund",)
    assert became(taxonomy(*paths, *rest), leaf) == now


def test_what_was_split_is_no_siblings_and_was_not_unknown() -> None:
    after = taxonomy("delivery > late", "delivery > box", "delivery > item", "payment > refund")
    assert became(after, "late") == {"late"}
    assert became(after, UNKNOWN) == {UNKNOWN}


def test_what_came_and_went_and_what_is_said_otherwise() -> None:
    paths = ("delivery > late", "delivery > damaged > box", "payment > refund")
    found = crosswalk(BEFORE, taxonomy(*paths, definitions={"late": "Later than promised."}))
    assert (found.added, found.removed, found.redefined) == (("box",), ("damaged",), ("late",))
    assert found.changed


def test_a_definition_alone_changes_no_answer() -> None:
    paths = ("delivery > late", "delivery > damaged", "payment > refund")
    found = crosswalk(BEFORE, taxonomy(*paths, definitions={"late": "Later than promised."}))
    assert not found.changed
    assert found.redefined == ("late",)
