"""Estimates in words."""

import pytest

from service.figures import change_text, growth, is_clear, share_text, volume_text
from service.reports import Estimate
from service.translations import language

MEASURED, COUNTED = Estimate(1312.4, 1280.0, 1344.2), Estimate(1312.4, None, None)


@pytest.mark.parametrize(
    ("code", "estimate", "expected"),
    [
        ("en", MEASURED, "1,312 [1,280–1,344]"),
        ("nl", MEASURED, "1.312 [1.280–1.344]"),
        ("en", COUNTED, "1,312"),
    ],
)
def test_a_volume_carries_its_interval_when_measured(
    code: str, estimate: Estimate, expected: str
) -> None:
    assert volume_text(estimate, language(code)) == expected


def test_a_share_carries_its_interval_when_measured() -> None:
    assert share_text(Estimate(0.123, 0.11, 0.136), language("nl")) == "12,3\xa0% [11,0–13,6]"
    assert share_text(Estimate(0.123, None, None), language("nl")) == "12,3\xa0%"


def test_a_change_is_signed() -> None:
    assert change_text(Estimate(85.0, 40.0, 130.0), language("en")) == "+85 [+40, +130]"
    assert change_text(Estimate(-3.0, -9.0, 3.0), language("en")) == "−3 [−9, +3]"
    assert change_text(None, language("en")) == ""


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1.0, 9.0, True), (-9.0, -1.0, True), (-1.0, 9.0, False), (0.4, 9.0, False)],
)
def test_a_change_is_clear_when_its_shown_interval_leaves_out_zero(
    low: float, high: float, expected: bool
) -> None:
    assert is_clear(Estimate(5.0, low, high)) is expected


def test_nothing_grows_from_nothing() -> None:
    assert growth(110, 100) == pytest.approx(0.1)
    assert growth(110, 0) is None
    assert growth(110, None) is None
