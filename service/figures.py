"""Estimates in words: never a number without its interval, unless it was not measured."""

from math import isnan

from classifier.evaluation import Rate
from labeling.agreement import Agreement
from labeling.sway import Difference
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


def of_100(rate: Rate, language: Language) -> str:
    """A share as so many of a hundred, as in "88 [84-91]"; a dash without any messages."""
    if rate.value is None:
        return DASH
    value, low, high = (language.number(100 * each) for each in (rate.value, rate.low, rate.high))
    return f"{value} [{low}{DASH}{high}]"


def agreement_text(found: Agreement, language: Language) -> str:
    """Agreement beyond chance, as in "0.86 [0.81-0.90]"; a dash where nothing can be said."""
    if isnan(found.value):
        return DASH
    value, low, high = (language.decimal(each) for each in (found.value, found.low, found.high))
    return f"{value} [{low}{DASH}{high}]"


def points_text(found: Difference, language: Language) -> str:
    """A difference of two shares, as in "+4 [-5, +8]" of a hundred; a dash if one is missing."""
    if found.value is None:
        return DASH
    value, low, high = (
        language.signed(100 * each) for each in (found.value, found.low, found.high)
    )
    return f"{value} [{low}, {high}]"


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
