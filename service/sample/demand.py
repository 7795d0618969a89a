"""How many messages, about what, when and through which channel: the sample's known truth."""

from collections.abc import Mapping
from itertools import pairwise
from random import Random

from classifier.messages import UNKNOWN

TRAINING_WEEKS = 6
"""The first so many weeks train; later phrasings and the late driver come after them."""
STRIKE_WEEK = -3
"""The week of the delivery strike, as an index from the end (week 9 of 12)."""
STRIKE_DRIVER = "delivery.late"
STRIKE_FACTORS: Mapping[str, float] = {STRIKE_DRIVER: 4.0, "delivery.track": 2.0}
LATE_DRIVER = "product.recall"
LATE_SHARES = (0.02, 0.04, 0.06, 0.06)
"""The late driver's share of the last weeks; before those there is none of it."""
GROWTH = 1.015
UNKNOWN_SHARE = 0.03

SHARES: Mapping[str, float] = {
    "delivery.late": 11.0,
    "delivery.track": 9.0,
    "returns.refund": 7.5,
    "account.login": 6.5,
    "returns.how": 6.0,
    "payment.failed": 5.4,
    "orders.cancel": 4.9,
    "delivery.not_received": 4.5,
    "product.defect": 4.2,
    "promotion.code": 3.8,
    "product.advice": 3.5,
    "product.stock": 3.2,
    "delivery.damaged": 3.0,
    "orders.wrong_item": 2.7,
    "orders.missing_item": 2.5,
    "returns.exchange": 2.3,
    "service.complaint": 2.2,
    "orders.change": 2.0,
    "service.unreachable": 1.9,
    "payment.invoice": 1.8,
    "delivery.address": 1.7,
    "service.praise": 1.6,
    "returns.label": 1.5,
    "product.warranty": 1.4,
    "payment.double": 1.3,
    "payment.methods": 1.2,
    "account.newsletter": 1.1,
    "promotion.giftcard": 1.0,
    "account.data": 0.8,
}
"""Percent of the messages about a known driver, in an ordinary week."""

CHANNELS: Mapping[str, float] = {"ticket": 0.45, "email": 0.35, "survey": 0.20}
CHANNEL_TILT: Mapping[str, Mapping[str, float]] = {
    "delivery": {"ticket": 1.15, "email": 0.9, "survey": 0.8},
    "returns": {"ticket": 0.95, "email": 1.2, "survey": 0.7},
    "payment": {"ticket": 1.0, "email": 1.3, "survey": 0.5},
    "orders": {"ticket": 1.2, "email": 1.0, "survey": 0.5},
    "account": {"ticket": 1.1, "email": 1.0, "survey": 0.7},
    "product": {"ticket": 0.9, "email": 0.9, "survey": 1.3},
    "service": {"ticket": 0.3, "email": 0.5, "survey": 4.0},
    "promotion": {"ticket": 1.0, "email": 0.7, "survey": 1.5},
}
MOODS: Mapping[str, int] = {
    "delivery.late": 3,
    "delivery.damaged": 2,
    "delivery.not_received": 2,
    "delivery": 6,
    "returns.refund": 3,
    "returns": 6,
    "payment.double": 2,
    "payment": 5,
    "orders.missing_item": 3,
    "orders.wrong_item": 3,
    "orders": 6,
    "account": 5,
    "product.defect": 2,
    "product.recall": 3,
    "product": 7,
    "service.complaint": 1,
    "service.unreachable": 2,
    "service.praise": 9,
    "promotion": 6,
}
"""The usual NPS score given with a driver, or with any other of its parent."""

WEEKDAYS = (1.28, 1.12, 1.06, 1.02, 1.0, 0.8, 0.62)
HOURS = (3, 1, 0, 0, 0, 1, 5, 16, 34, 52, 60, 56, 48, 50, 52, 50, 48, 42, 36, 44, 50, 42, 24, 10)
"""Relative; none at 02:00-04:59, where clocks change."""


def intensities(week: int, weeks: int) -> dict[str, float]:
    """Expected messages per driver ("unknown" too) in a week; 1 is all of the first week."""
    rate = {driver: share / sum(SHARES.values()) for driver, share in SHARES.items()}
    rate = {driver: each * (1 - UNKNOWN_SHARE) for driver, each in rate.items()}
    rate[UNKNOWN] = UNKNOWN_SHARE
    if week == weeks + STRIKE_WEEK:
        rate |= {driver: rate[driver] * factor for driver, factor in STRIKE_FACTORS.items()}
    late = late_share(week, weeks)
    rate[LATE_DRIVER] = late / (1 - late) * sum(rate.values())
    return {driver: each * GROWTH**week for driver, each in rate.items()}


def late_share(week: int, weeks: int) -> float:
    """The late driver's share of a week's messages."""
    since = week - (weeks - len(LATE_SHARES))
    return LATE_SHARES[since] if since >= 0 and week >= TRAINING_WEEKS else 0.0


def messages_per_week(messages: int, weeks: int) -> list[int]:
    """Share out all messages over the weeks by their intensity; sums to `messages`."""
    weights = [sum(intensities(week, weeks).values()) for week in range(weeks)]
    upto = [round(messages * sum(weights[:week]) / sum(weights)) for week in range(weeks + 1)]
    return [end - start for start, end in pairwise(upto)]


def moment(rng: Random) -> int:
    """A second of the week, by its weekday and hour rhythm."""
    (day,) = rng.choices(range(7), WEEKDAYS)
    (hour,) = rng.choices(range(24), HOURS)
    return day * 86_400 + hour * 3_600 + rng.randrange(3_600)


def channel(driver: str, rng: Random) -> str:
    tilt = CHANNEL_TILT.get(driver.partition(".")[0], {})
    weights = [share * tilt.get(name, 1.0) for name, share in CHANNELS.items()]
    return rng.choices(list(CHANNELS), weights)[0]


def score(driver: str, rng: Random) -> float:
    """An NPS score, 0 to 10, that goes with the driver."""
    mood = MOODS.get(driver, MOODS.get(driver.partition(".")[0], 7))
    return float(min(10, max(0, mood + rng.randint(-2, 2))))
