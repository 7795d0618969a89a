"""What stands around a phrasing: greeting, details, sign-off, quoted reply, subject.

Every personal string is written through `Writer.own`, so that a test knows what must disappear.
"""

from collections.abc import Mapping, Sequence
from random import Random

from service.sample import wordings as words
from service.sample.people import CITIES, Person
from service.sample.slots import SHOP, WEEKDAYS, day_and_month, order_number

SUPPORT = "klantenservice@kwikstaart.example"


class Writer:
    """One customer writing one message; remembers every personal string it wrote."""

    def __init__(self, person: Person, rng: Random, *, careless: bool = False) -> None:
        self.person, self.rng, self.careless = person, rng, careless
        self.language = person.language
        self.personal: list[str] = []
        self._order = ""

    def own(self, value: str) -> str:
        """Note a personal string as it stands in the text."""
        self.personal.append(value)
        return value

    def beside(self, rng: Random) -> "Writer":
        """The same customer at the same message, going by other draws."""
        other = Writer(self.person, rng, careless=self.careless)
        other.personal, other._order = self.personal, self._order
        return other

    def say(self, name: str) -> str:
        """One of the wordings of this name in the customer's language."""
        options: Mapping[str, tuple[str, ...]] = getattr(words, name)
        return self.rng.choice(options[self.language])

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def order(self) -> str:
        """The message's order number, always the same one."""
        self._order = self._order or order_number(self.rng)
        return self.own(self._order)

    def name(self) -> str:
        """The full name or the first name, in lower case by who types carelessly."""
        name = self.person.name if self.chance(0.65) else self.person.first
        return self.own(name.lower() if self.careless else name)

    def email(self) -> str:
        return self.own(self.person.email)

    def phone(self) -> str:
        return self.own(self.person.phone)

    def iban(self) -> str:
        plain = self.person.iban
        spaced = " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))
        return self.own(spaced if self.chance(0.6) else plain)

    def bsn(self) -> str:
        return self.own(self.person.bsn)

    def postcode(self) -> str:
        return self.own(self.person.postcode)

    def house_number(self) -> str:
        return self.person.house_number

    def city(self) -> str:
        return self.rng.choice(CITIES)

    def fill(self, template: str) -> str:
        """Fill a wording's {name}, {order}, {iban} … by the methods of those names."""
        for slot in ("name", "order", "email", "phone", "iban", "bsn", "postcode", "house_number"):
            if f"{{{slot}}}" in template:
                template = template.replace(f"{{{slot}}}", getattr(self, slot)())
        return template


def details(writer: Writer, driver: str) -> list[str]:
    """Sentences with personal data, as often as people give them with such a driver."""
    parent = driver.partition(".")[0]
    about_order = parent in ("delivery", "returns", "orders")
    shares = {
        "GIVE_ORDER": 0.25 if about_order else 0.06,
        "GIVE_NAME": 0.08,
        "GIVE_ADDRESS": 0.1 if parent == "delivery" else 0.02,
        "GIVE_IBAN": 0.2 if driver in ("returns.refund", "payment.double") else 0.01,
        "GIVE_PHONE": 0.06,
        "GIVE_EMAIL": 0.12 if parent == "account" else 0.04,
        "GIVE_BSN": 0.03 if parent == "account" else 0.004,
    }
    return [writer.fill(writer.say(kind)) for kind, share in shares.items() if writer.chance(share)]


def ticket(writer: Writer, body: str) -> str:
    """A contact form: sometimes a greeting, sometimes a name below."""
    greeting = f"{writer.say('GREETINGS')} " if writer.chance(0.35) else ""
    closing = f"\n{_closing(writer)}" if writer.chance(0.35) else ""
    return f"{greeting}{body}{closing}"


def email(writer: Writer, body: str, *, quotes: bool) -> str:
    """A mail: greeting, body, signature, and the reply it answers if `quotes`."""
    parts = [writer.say("GREETINGS"), body, _signature(writer)]
    if writer.chance(0.12):
        parts.append(writer.say("FOOTERS"))
    if quotes:
        parts.append(_quoted_reply(writer))
    return "\n\n".join(parts)


def at_length(writer: Writer, first: str, others: Sequence[str]) -> str:
    """A long mail's body: a paragraph on each thing, among sentences that say nothing."""
    paragraphs = [f"{writer.say('AT_LENGTH')} {first}" if writer.chance(0.6) else first]
    for other in others:
        said = f"{writer.say('AND_ALSO')}{other}" if writer.chance(0.4) else other
        before = f"{writer.say('BETWEEN')} " if writer.chance(0.6) else ""
        paragraphs.append(f"{before}{said}")
        if writer.chance(0.3):
            stop = "" if said.endswith((".", "!", "?")) else "."
            paragraphs[-1] += f"{stop} {writer.say('BETWEEN')}"
    if writer.chance(0.6):
        paragraphs.append(writer.say("IN_CLOSING"))
    return "\n\n".join(paragraphs)


def subject(writer: Writer, *, follow_up: bool) -> str:
    """A mail's subject; says little about the driver, as they do."""
    line = writer.fill(writer.say("SUBJECTS"))
    return f"Re: {line}" if follow_up else line


def absence(writer: Writer) -> str:
    """The text of an out-of-office reply."""
    until = day_and_month(writer.language, writer.rng)
    return f"{writer.say('ABSENCES').replace('{until}', until)}\n\n{_closing(writer)}"


def _closing(writer: Writer) -> str:
    return f"{writer.say('CLOSINGS')}\n{writer.name()}"


def _signature(writer: Writer) -> str:
    lines = [_closing(writer)]
    if writer.chance(0.35):
        lines.append(f"{writer.say('PHONE_PREFIXES')}{writer.phone()}")
    if writer.chance(0.2):
        person = writer.person
        lines.append(writer.own(f"{person.street} {person.house_number}"))
        lines.append(f"{writer.postcode()} {person.city}")
    return "\n".join(lines)


def _quoted_reply(writer: Writer) -> str:
    day, date = writer.rng.choice(WEEKDAYS[writer.language]), day_and_month("en", writer.rng)
    time = f"{writer.rng.randint(8, 17):02d}:{writer.rng.randint(0, 59):02d}"
    if writer.language == "nl":
        date = day_and_month("nl", writer.rng)
        head = f"Op {day} {date} om {time} schreef {SHOP} <{SUPPORT}>:"
        hello = f"Beste {writer.own(writer.person.first)},"
    else:
        head = f"On {day} {date} at {time} {SHOP} <{SUPPORT}> wrote:"
        hello = f"Dear {writer.own(writer.person.first)},"
    quoted = [hello, "", *writer.say("REPLIES").split("|"), "", f"Team {SHOP}"]
    return "\n".join([head, *(f"> {line}".rstrip() for line in quoted)])
