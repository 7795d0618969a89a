"""Where people can be found: email addresses, and Dutch postcodes with a house number."""

import re
from collections.abc import Iterator
from typing import Final

from classifier.redaction.reading import Reading, Span

EMAIL: Final = re.compile(r"(?<![\w.+%'-])[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")

_POSTCODE = r"(?<![\w.,€-])[1-9]\d{3}[ \xa0]?(?!S[ADS])[A-Z]{2}(?![\w-])"
_LOOSE_POSTCODE = r"(?<![\w.,€-])[1-9]\d{3}[ \xa0]?(?!s[ads])[a-z]{2}(?![\w-])"
_SUFFIX = r"(?:[ -]?(?:[a-zA-Z]|bis|hs|huis|boven|beneden|[IVX]{1,4})(?!\w)|[-/]\d{1,4})?"
_HOUSE = rf"(?:(?:huis)?(?:nummer|nr)\.?:?[ ]?)?\d{{1,5}}{_SUFFIX}(?![\w%€]|[.,:]\d)"
_STREET_ENDINGS = r"(?:straat|laan|weg|gracht|plein|kade|singel|dreef|steeg|dijk|plantsoen)"
_STREET = (
    r"(?:[A-ZÀ-Þ][\w'’.-]*(?:[ ](?:van|de|der|den|het|'t|ten|ter|[A-ZÀ-Þ][\w'’.-]*)){0,3}"
    rf"|[\w'’-]+{_STREET_ENDINGS})[ ]"
)
_CUES = r"(?i:\b(?:postcode|postal code|zip(?: code)?|adres|address)\b(?:[ ](?:is|was))?:?[ ]{0,2})"

POSTCODE_HOUSE: Final = re.compile(rf"{_POSTCODE}(?:,?[ \xa0\n]|,[ ]|[ ]-[ ]){_HOUSE}")
CUED_POSTCODE: Final = re.compile(
    rf"{_CUES}(?P<at>(?:{_POSTCODE}|{_LOOSE_POSTCODE})(?:,?[ ](?:en[ ]|and[ ])?{_HOUSE})?)"
)
LOOSE_POSTCODE_HOUSE: Final = re.compile(
    rf"{_LOOSE_POSTCODE}[ ,]{{1,2}}(?:huis)?(?:nummer|nr)\.?:?[ ]?\d{{1,5}}[a-zA-Z]?(?!\w)"
)
HOUSE_POSTCODE: Final = re.compile(
    rf"(?<![\w'’.-])(?:{_STREET})?\d{{1,5}}{_SUFFIX}(?:,[ ]?|[ ]?\n|[ ]){_POSTCODE}"
)
STREET_HOUSE: Final = re.compile(
    r"(?<![\w'’-])(?!(?:Onder|Over|Snel|Spoor|Halver|Uit|Om)weg\b)[A-Z][\w'’-]*"
    rf"{_STREET_ENDINGS}"
    rf"[ ]\d{{1,4}}{_SUFFIX}(?!\w|[.,:]\d)"
)
MEASURES: Final = re.compile(
    r"(?:\d{2}[05]0|1024|2048|4096|1080)[ \xa0]?(?:HD|GB|MB|KB|TB|KM|CM|MM|ML|KG|XL|EU|PK|GR)\b"
)
"""A round number with such letters is a size more often than a postcode."""


ANY_POSTCODE: Final = re.compile(r"[1-9](?<![\w.,€-][1-9])\d{3}[ \xa0]?[A-Za-z]{2}(?![\w-])")
"""What every pattern with a postcode in it matches, and much more."""
POSTCODE: Final = re.compile(r"[1-9](?<![\w.,€-][1-9])\d{3}[ \xa0]?[A-Z]{2}(?![\w-])")
POSTCODE_DIGITS: Final = 4
CUES: Final = ("postcode", "postal code", "zip", "adres", "address")
STREET_NUMBER: Final = re.compile(r"\d(?<=[a-z] \d)")
STREET_CLUES: Final = (
    *("straat ", "laan ", "weg ", "gracht ", "plein ", "kade ", "singel ", "dreef ", "steeg "),
    *("dijk ", "plantsoen "),
)


def emails(reading: Reading) -> Iterator[Span]:
    """Addresses with a dotted domain."""
    text, end = reading.text, 0
    at = text.find("@")
    while at >= 0:
        match = EMAIL.match(text, _local_part(text, end, at))
        if match:
            yield match.span()
            end = match.end()
        at = text.find("@", max(at + 1, end))


def _local_part(text: str, least: int, at: int) -> int:
    """Where the characters before the @ begin that an address may have there."""
    while at > least and (text[at - 1].isalnum() or text[at - 1] in "_.+%'-"):
        at -= 1
    return at


def addresses(reading: Reading) -> Iterator[Span]:
    """A postcode with its house number, before (street included) or after it; a postcode after
    the word postcode; a street (by its ending) with a number."""
    text = reading.text
    if reading.longest >= POSTCODE_DIGITS and ANY_POSTCODE.search(text):
        yield from _postcodes(reading)
    if STREET_NUMBER.search(text) and any(clue in text for clue in STREET_CLUES):
        yield from (match.span() for match in STREET_HOUSE.finditer(text))


def _postcodes(reading: Reading) -> Iterator[Span]:
    text, lowered = reading.text, reading.lowered
    if any(clue in lowered for clue in CUES):
        yield from (match.span("at") for match in CUED_POSTCODE.finditer(text))
    if "nummer" in lowered or "nr" in lowered:
        yield from (match.span() for match in LOOSE_POSTCODE_HOUSE.finditer(text))
    if POSTCODE.search(text):
        yield from _with_house(text)


def _with_house(text: str) -> Iterator[Span]:
    for pattern in (HOUSE_POSTCODE, POSTCODE_HOUSE):
        for match in pattern.finditer(text):
            if "," in match[0] or "\n" in match[0] or not MEASURES.search(match[0]):
                yield match.span()
