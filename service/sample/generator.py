"""The sample messages: made from a seed, with the truth known of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from classifier.messages import UNKNOWN, Direction, Label, RawMessage
from service.sample import demand, dressing, typos
from service.sample.dressing import Writer
from service.sample.phrasebook import PHRASINGS, Deck, Phrasing, load_phrasebook
from service.sample.plan import WEEK_SECONDS, Planned, mixed, plan
from service.sample.slots import PRODUCTS, fill

ZONE = ZoneInfo("Europe/Amsterdam")
CARELESS_SHARE = 0.08
MISTYPED_SHARE = 0.22
UNCAPITALIZED_SHARE = 0.08
AUTO_REPLY_SHARE = 0.02
"""Of the mails."""
QUOTING_SHARE = 0.15
"""Of the mails that start a conversation; follow-ups by mail always quote."""


@dataclass(frozen=True, slots=True)
class SampleMessage:
    """A message and what is true of it.

    `truth` is the right label, `personal` are the personal strings as they stand in the subject
    and text, `week` counts from 0, `late_phrasing` says that the wording of the primary driver
    never occurs in the training weeks, `late_also` the same of the wording of each other driver.
    """

    raw: RawMessage
    truth: Label
    personal: tuple[str, ...]
    week: int
    late_phrasing: bool
    late_also: tuple[bool, ...] = ()


def generate(
    *,
    until: date,
    seed: int = 1,
    messages: int = 12_000,
    weeks: int = 12,
    phrasings: Path = PHRASINGS,
) -> list[SampleMessage]:
    """`messages` inbound messages and a few automatic replies, in the order they came in.

    They fill `weeks` ISO weeks (Europe/Amsterdam), the last one complete before `until`. Texts
    and truths depend on the seed, `messages` and `weeks` only, times on `until` besides.
    """
    return _written(plan(seed, messages, weeks), until, seed, weeks, phrasings)


def generate_mixed(
    *, until: date, seed: int = 1, messages: int = 12_000, weeks: int = 12
) -> list[SampleMessage]:
    """Long mails, each about two or three drivers of the training weeks: to judge by, in no demo.

    About a sixth of `messages` many, all of weeks after the training weeks of `generate` with the
    same seed, whose late phrasings are late here, too.
    """
    made = _written(mixed(seed, messages, weeks), until, seed, weeks, PHRASINGS)
    return [each for each in made if each.raw.direction is Direction.INBOUND]


def _written(
    planned: list[Planned], until: date, seed: int, weeks: int, phrasings: Path
) -> list[SampleMessage]:
    monday = until - timedelta(days=until.weekday(), weeks=weeks)
    author = _Author(seed, phrasings)
    made = (each for one in planned for each in author.write(one, monday))
    return sorted(made, key=lambda each: (each.raw.received_at, each.raw.external_id))


class _Author:
    """Writes the planned messages of one sample, dealing phrasings evenly as it goes."""

    def __init__(self, seed: int, phrasings: Path) -> None:
        self._seed, self._book = seed, load_phrasebook(phrasings)
        self._decks: dict[tuple[str, str, str], Deck] = {}

    def write(self, one: Planned, monday: date) -> Iterator[SampleMessage]:
        """The message, and now and then the automatic reply that comes after it."""
        rng = Random(f"message:{self._seed}:{one.number}")  # noqa: S311 (sample data)
        writer = Writer(one.customer, rng, careless=rng.random() < CARELESS_SHARE)
        is_mail = one.channel == "email"
        subject = dressing.subject(writer, follow_up=one.follow_up) if is_mail else ""
        phrasing, also = self._deal(one.driver, one), self._dealt_also(one)
        raw = RawMessage(
            text=self._text(one, phrasing, also, writer),
            subject=subject,
            external_id=f"sample-{one.number:06d}",
            channel=one.channel,
            received_at=_moment(monday, one.second),
            language=writer.language,
            conversation_id=f"conversation-{one.conversation:06d}",
            customer=one.customer.reference,
            attributes=_attributes(one),
            scores={"nps": demand.score(one.driver, rng)} if one.channel == "survey" else {},
        )
        personal = tuple(dict.fromkeys(writer.personal))
        late_also = tuple(each.late for each in also)
        yield SampleMessage(raw, _truth(one), personal, one.week, phrasing.late, late_also)
        if is_mail and rng.random() < AUTO_REPLY_SHARE:
            yield _auto_reply(one, raw, monday, rng)

    def _dealt_also(self, one: Planned) -> list[Phrasing]:
        """A phrasing for each other driver; what stands in a paragraph of its own is dealt by
        another hand, so that all other messages stay what they are without it."""
        if one.channel == "survey":
            return []
        near = len(one.also) - one.further
        return [
            self._deal(driver, one, hand="" if place < near else "further")
            for place, driver in enumerate(one.also)
        ]

    def _deal(self, driver: str, one: Planned, *, hand: str = "") -> Phrasing:
        language, late = one.customer.language, one.week >= demand.TRAINING_WEEKS
        if (driver, language, hand) not in self._decks:
            texts, key = self._book[driver, language], f"{self._seed}:{driver}:{language}"
            self._decks[driver, language, hand] = Deck(texts, key, hand=hand)
        deck = self._decks[driver, language, hand]
        return deck.deal(late=late, brief=one.channel == "survey")

    def _text(
        self, one: Planned, phrasing: Phrasing, also: Sequence[Phrasing], writer: Writer
    ) -> str:
        said = _said(phrasing.text, one, writer)
        if one.channel == "survey":
            return said
        parts = [writer.say("CHASERS")] if one.follow_up else []
        parts += [said, *dressing.details(writer, one.driver)]
        near = len(also) - one.further
        for each in also[:near]:
            another = _said(each.text, one, writer)
            parts.append(f"{writer.say('AND_ALSO')}{another}")
        body = " ".join(parts)
        if one.channel == "ticket":
            return dressing.ticket(writer, body)
        if one.further:
            body = self._at_length(body, one, also[near:], writer)
        return dressing.email(writer, body, quotes=one.follow_up or writer.chance(QUOTING_SHARE))

    def _at_length(
        self, body: str, one: Planned, further: Sequence[Phrasing], writer: Writer
    ) -> str:
        rng = Random(f"at length:{self._seed}:{one.number}")  # noqa: S311 (sample data)
        beside = writer.beside(rng)
        others = [_said(each.text, one, beside) for each in further]
        return dressing.at_length(beside, body, others)


def _said(template: str, one: Planned, writer: Writer) -> str:
    """A phrasing as this customer types it, its slots filled."""
    rng = writer.rng
    if rng.random() < MISTYPED_SHARE:
        template = typos.mistype(template, rng)
    if writer.careless:
        template = typos.careless(template)
    elif rng.random() < UNCAPITALIZED_SHARE:
        template = typos.uncapitalized(template)
    group = one.product or rng.choice(list(PRODUCTS))
    given = {
        "order": writer.order,
        "product": lambda: rng.choice(PRODUCTS[group][writer.language]),
    }
    if one.partner and one.driver.startswith("delivery."):
        courier = one.partner
        given["courier"] = lambda: courier
    return fill(template, writer.language, rng, given)


def _truth(one: Planned) -> Label:
    if one.driver == UNKNOWN:
        return Label(None)
    return Label(one.driver, one.also if one.channel != "survey" else ())


def _attributes(one: Planned) -> dict[str, str]:
    named = {"product": one.product, "partner": one.partner}
    return {name: value for name, value in named.items() if value}


def _moment(monday: date, second: int) -> datetime:
    """Wall-clock time in Amsterdam, `second` seconds after a Monday's midnight."""
    start = datetime.combine(monday, time())
    return (start + timedelta(seconds=second)).replace(tzinfo=ZONE)


def _auto_reply(one: Planned, first: RawMessage, monday: date, rng: Random) -> SampleMessage:
    """The customer's out-of-office, minutes after their message, in the same week."""
    writer = Writer(one.customer, rng)
    text = dressing.absence(writer)
    end = (one.week + 1) * WEEK_SECONDS - 1
    second = min(one.second + rng.randint(60, 900), end)
    raw = RawMessage(
        text=text,
        subject=f"{writer.say('AUTO_SUBJECTS')}{dressing.subject(writer, follow_up=False)}",
        external_id=f"{first.external_id}-auto",
        channel=first.channel,
        received_at=_moment(monday, second),
        language=first.language,
        conversation_id=first.conversation_id,
        customer=first.customer,
        direction=Direction.AUTO_REPLY,
    )
    personal = tuple(dict.fromkeys(writer.personal))
    return SampleMessage(raw, Label(None), personal, one.week, late_phrasing=False)
