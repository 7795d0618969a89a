"""What stands beside a primary driver, and what a parent makes of its children."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.messages import Mention
from classifier.roles import also_beside, any_of, leaves_of
from classifier.taxonomy import Driver, Taxonomy

TREE = Taxonomy(
    (
        Driver(id="delivery", names={"en": "Delivery"}),
        Driver(id="delivery.late", parent="delivery", names={"en": "Late"}),
        Driver(id="delivery.damaged", parent="delivery", names={"en": "Damaged"}),
        Driver(id="refund", names={"en": "Refund"}),
    )
)
LATE, DAMAGED = Mention("delivery.late", 0.9, True), Mention("delivery.damaged", 0.7, True)
REFUND, MAYBE = Mention("refund", 0.6, True), Mention("refund", 0.3, False)


@pytest.mark.parametrize(
    ("primary", "mentions", "also"),
    [
        ("delivery.late", (LATE, DAMAGED, REFUND), ("delivery.damaged", "refund")),
        ("delivery.late", (LATE, MAYBE), ()),
        ("refund", (LATE, REFUND), ("delivery.late",)),
        ("delivery", (LATE, DAMAGED, REFUND), ("refund",)),
        ("delivery.retired", (LATE,), ("delivery.late",)),
        (None, (LATE, REFUND), ()),
        ("delivery.late", (), ()),
    ],
)
def test_beside_a_primary_driver_stand_the_chosen_ones_that_are_not_part_of_it(
    primary: str | None, mentions: tuple[Mention, ...], also: tuple[str, ...]
) -> None:
    assert also_beside(primary, mentions, TREE) == also


def test_a_parent_stands_for_the_drivers_below_it_and_another_for_itself() -> None:
    assert leaves_of("delivery", TREE) == ("delivery.late", "delivery.damaged")
    assert leaves_of("refund", TREE) == ("refund",)
    assert leaves_of("retired", TREE) == ("retired",)


@given(st.lists(st.floats(0, 1), max_size=6))
def test_any_of_some_is_as_likely_as_the_likeliest_and_no_more_than_all_together(
    each: list[float],
) -> None:
    assert max(each, default=0.0) <= any_of(each) <= min(1.0, sum(each)) + 1e-9


def test_two_independent_halves_are_three_quarters() -> None:
    assert any_of([0.5, 0.5]) == pytest.approx(0.75)
