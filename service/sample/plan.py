"""Who writes when, about which driver, in which conversation. Texts come later."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from classifier.messages import UNKNOWN
from service.sample import demand
from service.sample.people import Person, person
from service.sample.slots import COURIERS, MARKETPLACES, PRODUCTS, STRIKING_COURIER

ALSO_SHARE = 0.05
FURTHER_SHARE = 0.03
"""Of the mails about a driver: long ones, with two drivers beside the primary one."""
MOST_ALSO = 2
FOLLOW_UP_SHARE = 0.07
"""Slightly more than the 6 % that come out: not every message has one to follow."""
WINDOW_SECONDS = 13 * 86_400
WEEK_SECONDS = 7 * 86_400
SHIPPED = ("delivery", "orders", "returns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A message before it has a text. `second` counts from the first week's Monday 00:00.

    `also` are the drivers beside the primary one, of which the last `further` ones stand in
    paragraphs of their own.
    """

    number: int
    second: int
    driver: str
    also: tuple[str, ...]
    channel: str
    customer: Person
    conversation: int
    follow_up: bool
    product: str | None
    partner: str | None
    further: int = 0

    @property
    def week(self) -> int:
        return self.second // WEEK_SECONDS


def plan(seed: int, messages: int, weeks: int) -> list[Planned]:
    """All inbound messages in the order they arrive, follow-ups linked to what they follow."""
    known = lru_cache(maxsize=None)(person)
    planned: list[Planned] = []
    for week, count in enumerate(demand.messages_per_week(messages, weeks)):
        rng = Random(f"week:{seed}:{week}")  # noqa: S311 (sample data)
        rates = demand.intensities(week, weeks)
        drivers = rng.choices(list(rates), list(rates.values()), k=count)
        strike = week == weeks + demand.STRIKE_WEEK
        moments = sorted(demand.moment(rng) for _ in range(count))
        for second, driver in zip(moments, drivers, strict=True):
            number = len(planned) + 1
            customer = known(seed, rng.randrange(messages))
            one = _planned(number, week * WEEK_SECONDS + second, driver, customer, strike, rng)
            planned.append(replace(one, also=_also(driver, rates, rng)))
    linked = _linked(planned, Random(f"conversations:{seed}"))  # noqa: S311 (sample data)
    return [_long(one, weeks, seed) for one in linked]


def mixed(seed: int, messages: int, weeks: int) -> list[Planned]:
    """The mails of `plan` after the training weeks, each about a driver and, in paragraphs of
    their own, about one or two others; all are drivers that occur in the training weeks."""
    mails = (one for one in plan(seed, messages, weeks) if one.week >= demand.TRAINING_WEEKS)
    made = []
    for one in mails:
        if one.channel == "email" and one.driver in demand.SHARES:
            rng = Random(f"mixed:{seed}:{one.number}")  # noqa: S311 (sample data)
            alone = replace(one, also=(), further=0)
            made.append(_further(alone, rng.randint(1, MOST_ALSO), dict(demand.SHARES), rng))
    return made


def _planned(
    number: int, second: int, driver: str, customer: Person, strike: bool, rng: Random
) -> Planned:
    return Planned(
        number=number,
        second=second,
        driver=driver,
        also=(),
        channel=demand.channel(driver, rng),
        customer=customer,
        conversation=number,
        follow_up=False,
        product=_product(driver, rng),
        partner=_partner(driver, strike, rng),
    )


def _also(driver: str, rates: dict[str, float], rng: Random) -> tuple[str, ...]:
    if driver == UNKNOWN or rng.random() >= ALSO_SHARE:
        return ()
    return (_other((driver,), rates, rng),)


def _other(named: Collection[str], rates: dict[str, float], rng: Random) -> str:
    """A driver that is not named yet, by its share."""
    others = {each: rate for each, rate in rates.items() if each not in (*named, UNKNOWN)}
    return rng.choices(list(others), list(others.values()))[0]


def _long(one: Planned, weeks: int, seed: int) -> Planned:
    """Now and then a mail goes on about other things; its draws are nobody else's."""
    rng = Random(f"further:{seed}:{one.number}")  # noqa: S311 (sample data)
    if one.channel != "email" or one.driver == UNKNOWN or rng.random() >= FURTHER_SHARE:
        return one
    return _further(one, MOST_ALSO, demand.intensities(one.week, weeks), rng)


def _further(one: Planned, others: int, rates: dict[str, float], rng: Random) -> Planned:
    """The same with so many drivers beside the primary one."""
    also = one.also
    while len(also) < others:
        also += (_other((one.driver, *also), rates, rng),)
    return replace(one, also=also, further=len(also) - len(one.also))


def _product(driver: str, rng: Random) -> str | None:
    parent = driver.partition(".")[0]
    share = 0.9 if parent in (*SHIPPED, "product") else 0.3
    return rng.choice(list(PRODUCTS)) if rng.random() < share else None


def _partner(driver: str, strike: bool, rng: Random) -> str | None:
    """Delivery messages name a courier, the striking one more often in the strike week."""
    if driver.startswith("delivery."):
        hit = strike and driver in demand.STRIKE_FACTORS and rng.random() < 0.7
        return STRIKING_COURIER if hit else rng.choice(COURIERS)
    from_marketplace = driver.partition(".")[0] in (*SHIPPED, "product") and rng.random() < 0.25
    return rng.choice(MARKETPLACES) if from_marketplace else None


def _linked(planned: list[Planned], rng: Random) -> list[Planned]:
    """Turn some messages into follow-ups of an earlier one about the same driver."""
    firsts: dict[str, list[Planned]] = defaultdict(list)
    linked = []
    for one in planned:
        recent = [p for p in firsts[one.driver] if one.second - p.second < WINDOW_SECONDS]
        firsts[one.driver] = recent
        wanted = one.channel != "survey" and one.driver != UNKNOWN
        if wanted and recent and rng.random() < FOLLOW_UP_SHARE / (1 - demand.CHANNELS["survey"]):
            linked.append(_following(one, recent.pop(rng.randrange(len(recent)))))
            continue
        if wanted:
            recent.append(one)
        linked.append(one)
    return linked


def _following(one: Planned, first: Planned) -> Planned:
    return replace(
        one,
        follow_up=True,
        conversation=first.conversation,
        channel=first.channel,
        customer=first.customer,
        product=first.product,
        partner=first.partner,
    )
