"""Numbers that point at a person: IBAN, BSN, phone, and order numbers."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import phonenumbers
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from schwifty.registry import get_iban_spec

from classifier.clues import Clue
from classifier.redaction.reading import Reading, Span

IBAN_CHECK: Final = re.compile(r"\d(?<=[A-Za-z]{2}\d)(?=\d)")
IBAN_START: Final = re.compile(r"(?<![^\W_])(?=([A-Za-z]{2}\d{2}(?:[ \xa0.-]?[A-Za-z0-9]){11,30}))")
BSN: Final = re.compile(
    r"\d(?<![\w€$£.,+-]\d)(?:\d{8}|\d{2}[. ]\d{3}[. ]\d{3}|\d{3}[. ]\d{2}[. ]\d{3})"
    r"(?![\w%€]|[.,-]\d|[ ]?eur)"
)
_GAP = r"[ \xa0()./-]{0,3}"
_DATE = r"(?:0?\d|[12]\d|3[01])[-./ ](?:0?\d|1[0-2])[-./ ](?:19|20)\d{2}(?!\d)"
INTERNATIONAL: Final = re.compile(
    rf"(?<![\w+])(?:\+|00(?=[1-9])|(?=31{_GAP}6(?:{_GAP}\d){{8}}(?!\d))|(?=32{_GAP}4(?:{_GAP}\d){{8}}(?!\d)))"
    rf"\(?[1-9](?:{_GAP}\d){{7,14}}"
)
NATIONAL: Final = re.compile(
    rf"(?<![\w+€$£])(?<!\d[.,/-])(?!{_DATE})\(?0[1-9](?:{_GAP}\d){{7,9}}(?!\d|[.,]\d)"
)
_ORDER_WORDS = (
    r"bestel(?:ling)?(?:s)?|order|factuur|invoice|klant(?:en)?|customer|client|retour|return|rma"
    r"|zending(?:s)?|pakket|shipment|tracking|track[ ]?(?:&|and|en)[ ]?trace|referentie|reference"
    r"|purchase"
)
_NUMBER_WORDS = r"nummers?|nrs?|numbers?|num|no|code|id|kenmerk"
ORDER_CUE: Final = re.compile(
    rf"\b(?:{_ORDER_WORDS})(?:[ -]?(?:{_NUMBER_WORDS})\b\.?|\b)"
    rf"(?:[ ](?:met|with|is|was|van mij is|{_NUMBER_WORDS})\b\.?){{0,3}}"
    r"[ \xa0:=#(]{0,4}\n?[ #]{0,2}"
    r"(?P<code>(?:[a-z]{1,5}-?|nl[ ])?\d[a-z0-9-]{3,30}(?:[ ]\d{3,}){0,4}|[a-z0-9-]{5,30})"
    r"(?![\w@])"
)
"""Of a text in lower case."""
ORDER_CLUE: Final = Clue(
    (
        *("bestel", "order", "factuur", "invoice", "klant", "customer", "client", "retour"),
        *("return", "rma", "zending", "pakket", "shipment", "track", "referentie", "reference"),
        "purchase",
    )
)
ORDER_CODE: Final = re.compile(
    r"(?<![^\W_])(?:NL[ -]?\d{8}|3S[A-Z0-9]{9,15}|[A-Z]{1,4}-\d{6,12}|(?-i:[A-Z]{2,4})\d{6,12})"
    r"(?![^\W_])",
    re.IGNORECASE,
)
ORDER_CODE_CLUE: Final = Clue(("3s",), also=re.compile(r"\d\d{5}"), reach=len("ABCD-"))
DATE: Final = re.compile(rf"{_DATE}|\d{{4}}-\d{{1,2}}-\d{{1,2}}")
PHONE_CLUE: Final = Clue((), also=re.compile(rf"[1-9](?:{_GAP}\d){{7}}"), reach=len("00("))
PHONE_GAP: Final = re.compile(r"[^\d+]+(?=\d)")
CODE_DIGITS: Final = 6
CUED_DIGITS: Final = 5
BSN_DIGITS: Final = 9
FEWEST_PHONE_DIGITS: Final = 9
NATIONAL_DIGITS: Final = 10
REGION_BY_DIGITS: Final = {9: "BE", 11: "GB"}


def ibans(reading: Reading) -> Iterator[Span]:
    """Account numbers with the length of their country and a correct check (ISO 13616)."""
    for check in IBAN_CHECK.finditer(reading.text):
        match = IBAN_START.match(reading.text, check.start() - 2)
        end = _iban_end(match[1]) if match else 0
        if match and end and not reading.text[match.start() + end :][:1].isalnum():
            yield match.start(), match.start() + end


def _iban_end(text: str) -> int:
    """Where the account number ends that the text begins with; 0 if there is none."""
    length = _iban_length(text[:2].upper())
    end = _end_after(text, length) if length else 0
    return end if end and _is_iban(text[:end]) else 0


@cache
def _iban_length(country: str) -> int:
    """The length of a country's account numbers, 0 where it has none."""
    try:
        return int(get_iban_spec(country).iban_length)
    except (SchwiftyException, KeyError, ValueError):
        return 0


def _end_after(text: str, length: int) -> int:
    """Where the first `length` letters and digits of the text end; 0 if it has fewer."""
    places = [place for place, character in enumerate(text) if character.isalnum()]
    return places[length - 1] + 1 if len(places) >= length else 0


def _is_iban(text: str) -> bool:
    try:
        IBAN(re.sub(r"[\W_]", "", text))
    except SchwiftyException:
        return False
    return True


def bsns(reading: Reading) -> Iterator[Span]:
    """Nine digits that pass the eleven-test of Dutch citizen service numbers."""
    for match in BSN.finditer(reading.text):
        if passes_eleven_test(re.sub(r"\D", "", match[0])):
            yield match.span()


def passes_eleven_test(digits: str) -> bool:
    """9·d1 + 8·d2 + … + 2·d8 - d9 is a multiple of 11, and not all digits are zero."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    total = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True))
    return total % 11 == 0 and any(digit != "0" for digit in digits)


def phones(reading: Reading) -> Iterator[Span]:
    """Dutch and Belgian numbers as dialed at home, British ones, and any with a country code."""
    begin = PHONE_CLUE.first(reading.text)
    if begin < 0:
        return
    for match in INTERNATIONAL.finditer(reading.text, begin):
        end = _international_end(match[0])
        if end:
            yield match.start(), match.start() + end
    for match in NATIONAL.finditer(reading.text, begin):
        if _is_national(match[0]):
            yield match.span()


def _international_end(found: str) -> int:
    """The longest beginning, cut between groups, that is a possible number; 0 if there is none."""
    country = "" if found.startswith(("+", "00")) else "+"
    possible = 0
    for end in _ends(found):
        number = _parsed(country + found[:end])
        if number and phonenumbers.is_valid_number(number):
            return end
        if number and not possible and phonenumbers.is_possible_number(number):
            possible = end
    return possible


def _ends(found: str) -> list[int]:
    """Where a number may end, the furthest first: at the end, and before a gap between digits."""
    ends = {len(found), *(gap.start() for gap in PHONE_GAP.finditer(found))}
    enough = (end for end in ends if sum(map(str.isdigit, found[:end])) >= FEWEST_PHONE_DIGITS)
    return sorted(enough, reverse=True)


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, "NL")
    except phonenumbers.NumberParseException:
        return None


def _is_national(found: str) -> bool:
    """Ten digits are a Dutch number (or a Belgian mobile one) whether or not it is in use."""
    digits = re.sub(r"\D", "", found)
    region = REGION_BY_DIGITS.get(len(digits))
    if region is None:
        return len(digits) == NATIONAL_DIGITS
    return phonenumbers.is_valid_number(phonenumbers.parse(digits, region))


def orders(reading: Reading) -> Iterator[Span]:
    """Codes with at least five digits after a word for order, invoice, return or customer number
    (the word itself stays); a few letters with six or more digits; 3S parcel codes."""
    if reading.longest >= CODE_DIGITS or "3s" in reading.lowered:
        begin = ORDER_CODE_CLUE.first(reading.lowered)
        yield from (match.span() for match in ORDER_CODE.finditer(reading.text, begin))
    if reading.digits < CUED_DIGITS:
        return
    for match in ORDER_CLUE.matches(ORDER_CUE, reading.lowered):
        code = match["code"]
        if sum(map(str.isdigit, code)) >= CUED_DIGITS and not DATE.search(code):
            yield match.span("code")
