"""Translations: complete, nothing left over, and numbers and dates as each language writes them."""

import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from classifier.decisions import EXPLANATIONS
from service.translations import choose_language, language

SERVICE = Path(__file__).parents[2] / "service"
KEYWORDS = dict(DEFAULT_KEYWORDS) | {"text": None, "plural": (1, 2)}
PLACES = re.compile(r"%\((\w+)\)s|%%")


def written() -> set[str]:
    """Every message that templates and code show, by its (first) English text."""
    found = {str(sentence) for sentence in EXPLANATIONS.values()}
    options = {"**/templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
    for part in ("templates", "breakdown", "pages"):
        extracted = extract_from_dir(
            str(SERVICE / part), _methods(part), options_map=options, keywords=KEYWORDS
        )
        found |= {_first(message) for _, _, message, _, _ in extracted}
    for module in ("charts.py", "names.py", "figures.py"):
        found |= _in_module(SERVICE / module)
    return found


def _methods(part: str) -> list[tuple[str, str]]:
    return (
        [("**.html", "jinja2.ext:babel_extract")] if part == "templates" else [("**.py", "python")]
    )


def _in_module(path: Path) -> set[str]:
    from babel.messages.extract import extract

    with path.open("rb") as source:
        return {
            _first(message) for _, message, _, _ in extract("python", source, keywords=KEYWORDS)
        }


def _first(message: str | tuple[str, ...]) -> str:
    return message if isinstance(message, str) else message[0]


def catalogue(code: str) -> Catalog:
    return read_po(BytesIO((SERVICE / "locale" / code / "LC_MESSAGES" / "waarom.po").read_bytes()))


def translated(code: str) -> dict[str, tuple[str, ...]]:
    """First English text -> its translations, every plural form of it."""
    entries = {}
    for message in catalogue(code):
        if message.id:
            forms = message.string if isinstance(message.string, tuple) else (message.string,)
            entries[_first(message.id)] = tuple(str(form) for form in forms)
    return entries


def test_every_message_is_translated_to_dutch() -> None:
    entries = translated("nl")
    missing = sorted(each for each in written() if not all(entries.get(each, ("",))))
    assert missing == []


def test_no_translation_is_left_over() -> None:
    assert sorted(set(translated("nl")) - written()) == []


def test_a_translation_keeps_the_places_to_fill_in() -> None:
    for message in catalogue("nl"):
        if not message.id:
            continue
        asked = message.id if isinstance(message.id, tuple) else (message.id,)
        known = {place for text in asked for place in PLACES.findall(text)}
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        for form in forms:
            assert set(PLACES.findall(form)) <= known, message.id
        assert set(PLACES.findall(forms[-1])) == set(PLACES.findall(asked[-1])), message.id


@pytest.mark.parametrize(
    ("code", "number", "percent", "days"),
    [
        ("nl", "12.345", "12,3\xa0%", "9–15 nov 2026"),
        ("en", "12,345", "12.3\xa0%", "9–15 Nov 2026"),
    ],
)
def test_figures_are_written_as_the_language_does(
    code: str, number: str, percent: str, days: str
) -> None:
    chosen = language(code)
    assert chosen.number(12345.4) == number
    assert chosen.percent(0.1234) == percent
    assert chosen.week_days("2026-W46") == days


def test_a_change_that_rounds_to_zero_has_no_sign() -> None:
    assert [language("en").signed(value) for value in (85.2, -0.4, -12.0)] == ["+85", "0", "−12"]


def test_a_moment_is_shown_in_the_configured_zone() -> None:
    moment = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert language("nl").moment(moment, "Europe/Amsterdam") == "2 juli 2026, 00:30"


@pytest.mark.parametrize(
    ("asked", "remembered", "accepted", "expected"),
    [
        ("en", "nl", "nl", "en"),
        (None, "en", "nl", "en"),
        ("fr", "de", "en-GB,en;q=0.9", "en"),
        (None, None, "fr, en;q=0.5, nl;q=0.8", "nl"),
        (None, None, "en;q=0, fr", "nl"),
        (None, None, "en;q=high", "nl"),
        (None, None, None, "nl"),
    ],
)
def test_the_reader_chooses_the_language(
    asked: str | None, remembered: str | None, accepted: str | None, expected: str
) -> None:
    chosen = choose_language(asked=asked, remembered=remembered, accepted=accepted, default="nl")
    assert chosen == expected
