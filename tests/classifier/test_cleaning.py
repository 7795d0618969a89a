import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import cleaning
from classifier.cleaning import (
    SENT_FROM,
    clean,
    folded,
    own_words,
    without_disclaimers,
    without_quotes,
    without_signature,
)
from classifier.clues import lowered
from classifier.messages import RawMessage

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "cleaning.toml").read_text())["case"]


def cleaned(text: str, channel: str = "email") -> str:
    return clean(RawMessage(text=text, channel=channel)).text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_cleaning_case(case: dict[str, str]) -> None:
    assert cleaned(case["input"]) == case.get("output", case["input"])


def test_only_mail_loses_quotes_and_signatures() -> None:
    text = "Nee.\n\nGroetjes,\nHans\n\n> zeker?"
    assert cleaned(text, channel="chat") == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>De <b>stoel</b> is stuk.</p><p>Help</p>", "De stoel is stuk.\n\nHelp"),
        ("een<br>twee<br/>drie", "een\ntwee\ndrie"),
        ("een<br>\ntwee\ndrie", "een\n\ntwee\ndrie"),
        ("<style>p {color: red}</style><div>hallo</div><script>alert(1)</script>", "hallo"),
        ("<!-- x --><table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("Tom &amp; Jerry &euro; 5", "Tom & Jerry € 5"),
        ("AT&T is 3 < 5 en 7 > 6", "AT&T is 3 < 5 en 7 > 6"),
        ("mail <jan@example.nl>", "mail <jan@example.nl>"),
    ],
)
def test_html_becomes_text_in_every_channel(html: str, text: str) -> None:
    assert cleaned(html, channel="ticket") == text


def test_quoted_blocks_of_html_mail_go_and_those_of_others_stay() -> None:
    html = "<div>Nee, nog niet.</div><blockquote>Is het gelukt?</blockquote>"
    assert cleaned(html) == "Nee, nog niet."
    assert "Is het gelukt?" in cleaned(html, channel="web")


def test_a_mail_of_nothing_but_a_quoted_block_keeps_its_words() -> None:
    assert cleaned("<blockquote>Is het gelukt?</blockquote>") == "Is het gelukt?"


def test_whitespace_and_control_characters_are_folded() -> None:
    text = "\ufeffeen\u200b \x07 twee\t\u00a0drie \r\n\r\n\r\n\r\nvier\x00 \ud800"
    assert cleaned(text, channel="web") == "een twee drie\n\nvier \ufffd"


def test_letters_are_composed() -> None:
    assert cleaned("cafe\u0301") == "caf\u00e9"


def test_the_subject_loses_its_reply_marks() -> None:
    message = clean(RawMessage(text="x", subject="RE: Antw: Fwd: Re\u200bgen  op\nde stoel"))
    assert message.subject == "Regen op de stoel"


def test_nothing_but_text_and_subject_changes() -> None:
    message = RawMessage(text="hallo", external_id="7", channel="email", source="f:1")
    assert clean(message) == message


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=200), st.sampled_from(["email", "web"]))
def test_no_message_is_lost(text: str, channel: str) -> None:
    assert cleaned(f"x{text}", channel)


@pytest.mark.parametrize(
    "unit",
    [
        *("a", " ", "\n", "> \n", "<", "<p>", "<div>", "&amp;", "op \n", "Op 1 schreef:\n> x\n"),
        *("Van: x\nAan: y\n> z\n", "groet\n", "_" * 20 + "\n", "dit is ", "-- \n"),
    ],
)
def test_long_hostile_texts_take_linear_time(unit: str) -> None:
    started = time.perf_counter()
    cleaned(unit * (200_000 // len(unit)))
    assert time.perf_counter() - started < 8


LINES = st.sampled_from(
    [
        *(
            "Hallo,",
            "",
            "De stoel is stuk.",
            "Op 3 mei schreef Jan:",
            "On Monday Jo wrote:",
            "> nee",
        ),
        *(
            "Van: Jan",
            "Verzonden: maandag",
            "--",
            "Groet,",
            "gr jan",
            "BEST",
            "Best,",
            "Jan",
            "M.v.g.",
        ),
        *(
            "Thanks!",
            "bedankt",
            "PS: nog iets",
            "Verzonden vanaf mijn telefoon",
            "Outlook voor Mac",
        ),
        *("Dit bericht is vertrouwelijk", "DISCLAIMER", "-- Original Message --", "_" * 12, "| x"),
        *(
            "this e-mail is privileged",
            "begin doorgestuurd bericht:",
            "All the best jan",
            "regardſ",
        ),
        *("Let op: deze mail komt van buiten", "denk aan het milieu", "hoogachtend", "yours truly"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=12))
def test_what_clues_leave_out_would_have_changed_nothing(lines: list[str]) -> None:
    text = folded("\n".join(lines))
    kept = without_signature(without_quotes(text.split("\n")))
    whole = without_disclaimers("\n".join(line for line in kept if not SENT_FROM.fullmatch(line)))
    assert own_words(text) == whole


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("QUOTE", cleaning.SEPARATOR),
        ("QUOTE", cleaning.WROTE),
        ("QUOTE", cleaning.FROM),
        ("QUOTE", cleaning.QUOTED),
        ("SIGNATURE", cleaning.CLOSING),
        ("SIGNATURE", cleaning.THANKS),
        ("SENT_FROM", cleaning.SENT_FROM),
        ("DISCLAIMER", cleaning.DISCLAIMER),
    ],
    ids=lambda each: each if isinstance(each, str) else each.pattern[:20],
)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_a_pattern_matches_holds_its_clue(
    name: str, pattern: re.Pattern[str], data: st.DataObject
) -> None:
    text = data.draw(st.from_regex(pattern, fullmatch=True))
    assert getattr(cleaning, f"{name}_CLUE").first(lowered(text)) >= 0


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters() | st.sampled_from(" \n\r\t\x1c\u2028\xa0\u200b\u0301é"), max_size=30)
)
def test_a_text_that_looks_folded_is_folded(text: str) -> None:
    with_marks = f"\x07{text}"  # a control character, so that nothing is taken for folded
    assert folded(text) == folded(with_marks)
