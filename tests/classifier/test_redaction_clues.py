"""Clues only ever save work: what a pattern finds is found with its clue before it as well."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.clues import ODD_LETTERS, Clue, lowered
from classifier.redaction import numbers
from classifier.redaction.addresses import (
    ANY_POSTCODE,
    CUED_POSTCODE,
    CUES,
    EMAIL,
    HOUSE_POSTCODE,
    LOOSE_POSTCODE_HOUSE,
    POSTCODE,
    POSTCODE_DIGITS,
    POSTCODE_HOUSE,
    STREET_CLUES,
    STREET_HOUSE,
    STREET_NUMBER,
    emails,
)
from classifier.redaction.names import (
    CLOSING,
    CLOSING_CLUE,
    FIRST_GREETING,
    GREETING,
    I_AM,
    I_AM_CLUE,
    INTRODUCTION,
    INTRODUCTION_CLUE,
    PLACES,
    SPEAKING,
    SPEAKING_CLUE,
    TWO_WORDS,
    _occurrences,
)
from classifier.redaction.reading import Reading, apart

CLUES = {
    "closing": (CLOSING_CLUE, CLOSING),
    "introduction": (INTRODUCTION_CLUE, INTRODUCTION),
    "speaking": (SPEAKING_CLUE, SPEAKING),
    "i am": (I_AM_CLUE, I_AM),
    "order": (numbers.ORDER_CLUE, numbers.ORDER_CUE),
    "order code": (numbers.ORDER_CODE_CLUE, numbers.ORDER_CODE),
    "phone at home": (numbers.PHONE_CLUE, numbers.NATIONAL),
    "phone abroad": (numbers.PHONE_CLUE, numbers.INTERNATIONAL),
}
PATTERNS = {
    **{name: CLUES[name][1] for name in ("closing", "introduction", "speaking", "i am", "order")},
    "greeting": GREETING,
    "first greeting": FIRST_GREETING,
}
AROUND = st.text("xX .,\n1-@nl", max_size=12)
BEFORE = {
    "iban": (numbers.IBAN_START, lambda r: numbers.IBAN_CHECK.search(r.text)),
    "bsn": (numbers.BSN, lambda r: r.digits >= numbers.BSN_DIGITS),
    "code": (
        numbers.ORDER_CODE,
        lambda r: r.longest >= numbers.CODE_DIGITS or "3s" in r.lowered,
    ),
    "cued postcode": (
        CUED_POSTCODE,
        lambda r: may_hold_a_postcode(r) and any(cue in r.lowered for cue in CUES),
    ),
    "house, postcode": (
        HOUSE_POSTCODE,
        lambda r: may_hold_a_postcode(r) and POSTCODE.search(r.text),
    ),
    "postcode, house": (
        POSTCODE_HOUSE,
        lambda r: may_hold_a_postcode(r) and POSTCODE.search(r.text),
    ),
    "loose postcode": (
        LOOSE_POSTCODE_HOUSE,
        lambda r: may_hold_a_postcode(r) and ("nummer" in r.lowered or "nr" in r.lowered),
    ),
    "street": (
        STREET_HOUSE,
        lambda r: STREET_NUMBER.search(r.text) and any(clue in r.text for clue in STREET_CLUES),
    ),
}
"""Patterns, and what must hold of a text before it is searched for them."""


def may_hold_a_postcode(reading: Reading) -> bool:
    return reading.longest >= POSTCODE_DIGITS and bool(ANY_POSTCODE.search(reading.text))


def spans(found: object) -> list[tuple[tuple[int, int], dict[str, str]]]:
    return [(match.span(), match.groupdict()) for match in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", CLUES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_clue_hides_no_match(name: str, data: st.DataObject) -> None:
    clue, pattern = CLUES[name]
    matching = st.from_regex(pattern) | st.from_regex(pattern, fullmatch=True)
    pieces = data.draw(st.lists(AROUND | matching, max_size=4))
    text = "".join(pieces)
    text = lowered(text) if name in PATTERNS else text
    begin = clue.first(lowered(text))
    assert spans(pattern.finditer(text, begin) if begin >= 0 else ()) == spans(
        pattern.finditer(text)
    )


@pytest.mark.parametrize("name", BEFORE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_a_pattern_finds_passes_what_comes_before_it(name: str, data: st.DataObject) -> None:
    pattern, passes = BEFORE[name]
    text = data.draw(AROUND) + data.draw(st.from_regex(pattern)) + data.draw(AROUND)
    assert passes(Reading.of(text)) or not pattern.search(text)


@settings(max_examples=100, deadline=None)
@given(st.from_regex(numbers.INTERNATIONAL))
def test_no_phone_has_fewer_digits_than_are_asked_for(text: str) -> None:
    if Reading.of(text).digits < numbers.FEWEST_PHONE_DIGITS:
        for match in numbers.INTERNATIONAL.finditer(text):
            assert numbers._international_end(match[0]) == 0


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from("ab.@-'% n@lé\n") | st.just("a@b.nl"), max_size=30).map("".join))
def test_addresses_are_found_from_the_at_sign_as_from_the_beginning(text: str) -> None:
    expected = [match.span() for match in EMAIL.finditer(text)]
    assert list(emails(Reading.of(text))) == expected


@pytest.mark.parametrize("name", PATTERNS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_lower_case_text_says_what_ignoring_case_says(name: str, data: st.DataObject) -> None:
    pattern = PATTERNS[name]
    ignoring = re.compile(pattern.pattern, re.IGNORECASE)
    text = data.draw(st.from_regex(ignoring)) + data.draw(st.text(max_size=10))
    assert spans(pattern.finditer(lowered(text))) == spans_lowered(ignoring, text)


def spans_lowered(pattern: re.Pattern[str], text: str) -> list[object]:
    """Matches in the text as written, their groups in lower case."""
    return [
        (match.span(), {k: v and lowered(v) for k, v in match.groupdict().items()})
        for match in pattern.finditer(text)
    ]


def test_every_letter_is_lowered_to_what_ignoring_case_takes_it_for() -> None:
    kinds = [re.compile(kind) for kind in (r"\w", r"\d", r"\s", r"[^\W\d_]")]
    letter = re.compile("[a-z]", re.IGNORECASE)
    for code in range(0x20000):
        low = lowered(chr(code))
        assert len(low) == 1
        assert [bool(kind.match(low)) for kind in kinds] == [
            bool(kind.match(chr(code))) for kind in kinds
        ]
        assert bool(letter.match(chr(code))) == ("a" <= low <= "z"), hex(code)


@given(st.text(st.characters() | st.sampled_from([chr(odd) for odd in ODD_LETTERS]), max_size=50))
def test_lower_case_has_the_length_of_the_text(text: str) -> None:
    assert len(lowered(text)) == len(text)


@given(st.text(st.characters(categories=["Nd", "Ll", "No"]), max_size=30))
def test_digits_are_counted_as_patterns_see_them(text: str) -> None:
    runs = re.findall(r"\d+", text)
    reading = Reading.of(text)
    assert (reading.digits, reading.longest) == (
        sum(map(len, runs)),
        max(map(len, runs), default=0),
    )


def test_a_clue_that_reaches_less_far_is_caught() -> None:
    short = Clue(("dank",), reach=3)
    text = "bij voorbaat dank"
    assert spans(short.matches(CLOSING, text)) != spans(CLOSING.finditer(text))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from("-12ab .,+") | st.sampled_from(["111222333", "1112.22.333"])))
def test_nine_digits_are_found_from_the_first_one(pieces: list[str]) -> None:
    text = "".join(pieces)
    plain = re.compile(
        r"(?<![\w€$£.,+-])(?:\d{9}|\d{3}[. ]\d{3}[. ]\d{3}|\d{4}[. ]\d{2}[. ]\d{3})"
        r"(?![\w%€]|[.,-]\d|[ ]?eur)"
    )
    assert spans(numbers.BSN.finditer(text)) == spans(plain.finditer(text))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["Jan", "jan jansen", "An-Marie", "'", " ", "-", ".", "e"])))
def test_a_name_found_once_is_found_wherever_it_stands(pieces: list[str]) -> None:
    text = "".join(pieces)
    words = ("Jan", "An-Marie", "Jan'Jan")
    plain = re.compile(rf"(?<![\w@.-])(?:{'|'.join(sorted(words, key=len)[::-1])})(?![\w@-])")
    found = apart(span for word in words for span in _occurrences(text, word))
    assert found == [match.span() for match in plain.finditer(text)]


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_text_of_one_word_has_no_names(data: st.DataObject) -> None:
    text = data.draw(st.from_regex(CLOSING)) + data.draw(st.text("aB é-\u0301", max_size=4))
    if not TWO_WORDS.search(text):
        read = (text, lowered(text))
        assert not [span for place in PLACES for span in place(*read)]
