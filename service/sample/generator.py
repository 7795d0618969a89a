"""The sample messages: made from a seed, with the truth known of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from classifier.messages import UNKNOWN, Direction, Label, RawMessage
from service.sample import demand, dressing, typos
from service.sample.dressing import Writer
from service.sample.phrasebook import PHRASINGS, Deck, Phrasing, load_phrasebook
from service.sample.plan import WEEK_SECONDS, Planned, plan
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
    never occurs in the training weeks.
    """

    raw: RawMessage
    truth: Label
    personal: tuple[str, ...]
    week: int
    late_phrasing: bool


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
    monday = until - timedelta(days=until.weekday(), weeks=weeks)
    author = _Author(seed, phrasings)
    made = (each for one in plan(seed, messages, weeks) for each in author.write(one, monday))
    return sorted(made, key=lambda each: (each.raw.received_at, each.raw.external_id))


class _Author:
    """Writes the planned messages of one sample, dealing phrasings evenly as it goes."""

    def __init__(self, seed: int, phrasings: Path) -> None:
        self._seed, self._book = seed, load_phrasebook(phrasings)
        self._decks: dict[tuple[str, str], Deck] = {}

    def write(self, one: Planned, monday: date) -> Iterator[SampleMessage]:
        """The message, and now and then the automatic reply that comes after it."""
        rng = Random(f"message:{self._seed}:{one.number}")  # noqa: S311 (sample data)
        writer = Writer(one.customer, rng, careless=rng.random() < CARELESS_SHARE)
        is_mail = one.channel == "email"
        subject = dressing.subject(writer, follow_up=one.follow_up) if is_mail else ""
        phrasing = self._deal(one.driver, one)
        raw = RawMessage(
            text=self._text(one, phrasing, writer),
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
        yield SampleMessage(raw, _truth(one), personal, one.week, phrasing.late)
        if is_mail and rng.random() < AUTO_REPLY_SHARE:
            yield _auto_reply(one, raw, monday, rng)

    def _deal(self, driver: str, one: Planned) -> Phrasing:
        language, late = one.customer.language, one.week >= demand.TRAINING_WEEKS
        if (driver, language) not in self._decks:
            key = f"{self._seed}:{driver}:{language}"
            self._decks[driver, language] = Deck(self._book[driver, language], key)
        return self._decks[driver, language].deal(late=late, brief=one.channel == "survey")

    def _text(self, one: Planned, phrasing: Phrasing, writer: Writer) -> str:
        said = _said(phrasing.text, one, writer)
        if one.channel == "survey":
            return said
        parts = [writer.say("CHASERS")] if one.follow_up else []
        parts += [said, *dressing.details(writer, one.driver)]
        if one.also:
            also = _said(self._deal(one.also, one).text, one, writer)
            parts.append(f"{writer.say('AND_ALSO')}{also}")
        body = " ".join(parts)
        if one.channel == "ticket":
            return dressing.ticket(writer, body)
        return dressing.email(writer, body, quotes=one.follow_up or writer.chance(QUOTING_SHARE))


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
    return Label(one.driver, (one.also,) if one.also and one.channel != "survey" else ())


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
