"""Where people can be found: email addresses, and Dutch postcodes with a house number."""

import re
from collections.abc import Iterator
from typing import Final

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


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Addresses with a dotted domain."""
    if "@" in text:
        yield from (match.span() for match in EMAIL.finditer(text))


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """A postcode with its house number, before (street included) or after it; a postcode after
    the word postcode; a street (by its ending) with a number."""
    for match in CUED_POSTCODE.finditer(text):
        yield match.span("at")
    for pattern in (HOUSE_POSTCODE, POSTCODE_HOUSE):
        for match in pattern.finditer(text):
            if "," in match[0] or "\n" in match[0] or not MEASURES.search(match[0]):
                yield match.span()
    for pattern in (LOOSE_POSTCODE_HOUSE, STREET_HOUSE):
        yield from (match.span() for match in pattern.finditer(text))
