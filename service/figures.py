"""Estimates in words: never a number without its interval, unless it was not measured."""

from service.reports import Estimate
from service.translations import Language

DASH = "\N{EN DASH}"


def volume_text(estimate: Estimate, language: Language) -> str:
    """A volume, as in "312 [280-344]"; the bare count when nothing was measured."""
    value = language.number(estimate.value)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{language.number(estimate.low)}{DASH}{language.number(estimate.high)}]"


def share_text(estimate: Estimate, language: Language) -> str:
    """A share, as in "12.3 % [11.0-13.6]"; the bare share when nothing was measured."""
    value = language.percent(estimate.value)
    if estimate.low is None or estimate.high is None:
        return value
    points = language.percentage_points
    return f"{value} [{points(estimate.low)}{DASH}{points(estimate.high)}]"


def change_text(estimate: Estimate | None, language: Language) -> str:
    """A change, as in "+85 [+40, +130]"; empty when either week was not measured."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    low, high = language.signed(estimate.low), language.signed(estimate.high)
    return f"{language.signed(estimate.value)} [{low}, {high}]"


def is_clear(estimate: Estimate | None) -> bool:
    """Whether the interval of a change, as shown in whole messages, leaves out zero."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return False
    return round(estimate.low) > 0 or round(estimate.high) < 0


def growth(now: int, before: int | None) -> float | None:
    """The change of an exact count as a fraction of the one before; None without one."""
    return None if not before else now / before - 1.0
