"""Messages down to the words the customer wrote: no markup, quotes, signatures or disclaimers."""

import html
import re
import unicodedata
from dataclasses import replace
from functools import cache
from typing import Final

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from lxml.etree import ParserError

from classifier.clues import Clue, lowered
from classifier.messages import RawMessage

EMAIL: Final = "email"
TAG: Final = re.compile(
    r"</?(?:html|head|body|div|p|br|span|table|tr|td|ul|ol|li|a|b|i|u|em|strong|font|style|script"
    r"|blockquote|h[1-6]|img|hr|pre|meta|o:p)(?:\s[^<>]{0,2000})?/?>|<!--|<!doctype",
    re.IGNORECASE,
)
BLOCK_TAG: Final = re.compile(
    r"<(?:html|body|div|p|table|ul|ol|pre|blockquote)[\s>]", re.IGNORECASE
)
ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
CONTROL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u2069\ufeff]"
)
SURROGATE: Final = re.compile("[\ud800-\udfff]")
LINE_END: Final = re.compile("\r\n?|[\x85\u2028\u2029]")
BLANK_LINES: Final = re.compile(r"\n{3,}")
REPLY_PREFIX: Final = re.compile(r"(?:(?:re|fwd?|antw|aw|doorst|tr)\s*:\s*)+", re.IGNORECASE)

QUOTED: Final = re.compile(r"\s*(?:>|\|\s)")
WROTE: Final = re.compile(
    r"\s*(?:>\s*)?(?:op\b.{6,300}\b(?:schreef|heeft\b.{1,200}\bgeschreven)\b.{0,200}:"
    r"|on\b.{6,300}\bwrote\s?:"
    r"|.{2,200}<[^<>\s]+@[^<>\s]+>\s*(?:schreef|wrote)\b.{0,100}:)\s*",
    re.IGNORECASE,
)
WROTE_BEGINS: Final = re.compile(r"\s*(?:>\s*)?(?:op|on)\s", re.IGNORECASE)
SEPARATOR: Final = re.compile(
    r"\s*(?:[-_]{2,}\s*(?:original message|oorspronkelijk(?:e)? bericht|doorgestuurd bericht"
    r"|forwarded message|begin doorgestuurd bericht|original appointment)\s*[-_]{2,}"
    r"|begin (?:forwarded message|doorgestuurd bericht)\s*:)\s*",
    re.IGNORECASE,
)
SEPARATOR_BEGINS: Final = "-_bB"
FROM: Final = re.compile(r"[\s*_]*(?:van|from)\s?:[\s*_]*\S", re.IGNORECASE)
SENT: Final = re.compile(
    r"[\s*_]*(?:verzonden|datum|aan|onderwerp|sent|date|to|subject)\s?:", re.IGNORECASE
)
RULE: Final = re.compile(r"\s*_{10,}\s*")
CLOSING: Final = re.compile(
    r"(?:(?:met|en)\s)?(?:(?:zeer\s)?(?:vriendelijke|hartelijke|warme|zonnige|beste)\s)?"
    r"(?:groet(?:en|jes)?|m\.?v\.?g\.?|gr\.?|grtz?|hoogachtend|liefs"
    r"|(?:with\s)?(?:kind(?:est)?|best|warm(?:est)?)\sregards|regards|(?:yours\s)?sincerely"
    r"|yours\s(?:faithfully|truly)|(?:best|kind)\swishes|all\sthe\sbest)"
    r"(?:\s*[,.!]*|[,\s]+\S+(?:\s\S+){0,3})",
    re.IGNORECASE,
)
THANKS: Final = re.compile(
    r"(?:many\sthanks|thanks(?:\s(?:in\sadvance|again|a\slot))?|thank\syou(?:\sin\sadvance)?|cheers|best"
    r"|(?:alvast\s|hartelijk\s)?(?:bedankt|dank(?:\s(?:je|u)(?:\swel)?)?)|bij\svoorbaat\sdank)\s?[,.!]*",
    re.IGNORECASE,
)
"""Closes a mail only if what follows looks like a name and perhaps an address."""
SIGNATURE_WIDTH: Final = 45
SIGNATURE_LINES: Final = 12
"""Lines at most that a signature has; a closing further up closes nothing."""
POSTSCRIPT: Final = re.compile(r"p\.?\s?s\.?\b\s?[:.,-]?\s?\S", re.IGNORECASE)
SENT_FROM: Final = re.compile(
    r"(?:verzonden|verstuurd)\s(?:vanaf|vanuit|met|via)\s.{1,60}|sent\s(?:from|via)\s.{1,60}"
    r"|(?:get|download)\soutlook\s(?:for|voor)\s.{1,60}|outlook\s(?:voor|for)\s.{1,60}",
    re.IGNORECASE,
)
DISCLAIMER: Final = re.compile(
    r"[*\s]*(?:disclaimer\b|(?:dit|deze)\s(?:e-?mail)?(?:bericht)?(?:\s\(?(?:en|inclusief)\b.{0,60})?"
    r"\s(?:is|zijn|kan|bevat)\b.{0,80}(?:bestemd|vertrouwelijk|geadresseerde)"
    r"|de\sinformatie\s(?:verzonden|in|die)\b.{0,80}(?:e-?mail|bericht)"
    r"|this\s(?:e-?mail|message)\b.{0,80}(?:confidential|intended|privileged)"
    r"|the\sinformation\s(?:contained\s)?in\sthis\s(?:e-?mail|message)"
    r"|denk\saan\shet\smilieu|please\sconsider\sthe\senvironment"
    r"|caution:\s?this\s(?:e-?mail|message)|let\sop:\sdeze\s(?:e-?mail|mail))",
    re.IGNORECASE | re.DOTALL,
)


QUOTE_CLUE: Final = Clue(
    (">", "|", "message", "bericht", "appointment", "schreef", "geschreven", "wrote"),
    also=re.compile(r"(?:van|from)\s?:"),
)
SIGNATURE_CLUE: Final = Clue(
    (
        *("--", "groet", "vg", "v.g", "hoogachtend", "liefs", "regards", "sincerely", "yours"),
        *("wishes", "thank", "cheers", "dank"),
    ),
    also=re.compile(r"(?:gr(?:tz?)?|best)(?!\w)"),
)
SENT_FROM_CLUE: Final = Clue(("verzonden", "verstuurd", "sent", "outlook"))
DISCLAIMER_CLUE: Final = Clue(
    (
        *("disclaimer", "bestemd", "vertrouwelijk", "geadresseerde", "informati", "confidential"),
        *("intended", "privileged", "milieu", "environment", "caution", "op:"),
    )
)


def clean(message: RawMessage) -> RawMessage:
    """The message with nothing but the words its sender wrote, whitespace folded, in NFC.

    HTML becomes text in every channel. In channel "email" quoted mails, signatures, "sent from
    my phone" and disclaimers go too. A text that would be left empty keeps its words: no message
    is lost by cleaning.
    """
    plain = kept = folded(as_text(message.text))
    if message.channel == EMAIL:
        unquoted = folded(as_text(message.text, quotes=False)) if "<" in message.text else plain
        kept = folded(own_words(unquoted))
    text = kept or plain or message.text.strip()
    subject = _subject(message.subject)
    if text == message.text and subject == message.subject:
        return message
    return replace(message, text=text, subject=subject)


def _subject(written: str) -> str:
    """On one line, without `Re:` and the like."""
    line = " ".join(folded(written).split())
    return REPLY_PREFIX.sub("", line, count=1) if ":" in line else line


def folded(text: str) -> str:
    """NFC, no control characters, no half characters, spaces and blank lines folded."""
    text = text.strip()
    if _is_folded(text):
        return text
    text = LINE_END.sub("\n", SURROGATE.sub("\ufffd", text))
    text = CONTROL.sub("", unicodedata.normalize("NFC", text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _is_folded(text: str) -> bool:
    """Whether folding surely changes nothing of a stripped text.

    What is printable is no control, no half character and no white space but the space itself.
    """
    return (
        text.replace("\n", "").isprintable()
        and not ("  " in text or " \n" in text or "\n " in text or "\n\n\n" in text)
        and unicodedata.is_normalized("NFC", text)
    )


def as_text(text: str, *, quotes: bool = True) -> str:
    """HTML as text, without its quoted blocks unless `quotes`; entities elsewhere decoded."""
    if not TAG.search(text):
        return ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text
    if not BLOCK_TAG.search(text):  # a plain text with a tag or two: its line ends count
        text = text.replace("\n", "<br>")
    try:
        return str(get_text(f"<div>{CONTROL.sub('', text)}</div>", _rendering(quotes)))
    except (ValueError, RecursionError, ParserError):  # markup too broken or too deep to render
        return html.unescape(re.sub(r"<[^<>]*>", " ", text))


@cache
def _rendering(quotes: bool) -> ParserConfig:
    hidden = {} if quotes else {"blockquote": HtmlElement(display=Display.none)}
    return ParserConfig(css={**CSS_PROFILES["strict"], **hidden})


def own_words(text: str) -> str:
    """A mail's text without quotes, signature and disclaimers (Dutch and English)."""
    if QUOTE_CLUE.first(lowered(text)) >= 0:
        text = "\n".join(without_quotes(text.split("\n")))
    low = lowered(text)
    closing = SIGNATURE_CLUE.first(low)
    if closing >= 0:
        begin = low.count("\n", 0, closing)
        text = "\n".join(without_signature(text.split("\n"), begin))
    if SENT_FROM_CLUE.first(low) >= 0:
        text = "\n".join(line for line in text.split("\n") if not SENT_FROM.fullmatch(line))
    return without_disclaimers(text) if DISCLAIMER_CLUE.first(low) >= 0 else text


def without_quotes(lines: list[str]) -> list[str]:
    """Lines up to the mail that is answered. An answer below or between the quoted lines stays."""
    quoted = [position for position, line in enumerate(lines) if QUOTED.match(line)]
    last_quoted = quoted[-1] if quoted else -1
    kept: list[str] = []
    position = 0
    while position < len(lines):
        length = _quote_header(lines, position)
        if length and last_quoted < position + length:
            break
        if not length and not QUOTED.match(lines[position]):
            kept.append(lines[position])
        position += length or 1
    return kept


def _quote_header(lines: list[str], position: int) -> int:
    """How many lines announce a quoted mail from this line on; 0 if none do."""
    line = lines[position]
    if line.lstrip()[:1] in SEPARATOR_BEGINS:
        if SEPARATOR.fullmatch(line):
            return 1
        if RULE.fullmatch(line):
            return int(_is_from_block(lines[position + 1 : position + 8]))
    if _is_from_block(lines[position : position + 6]):
        return 1
    return _wrote(lines, position)


def _is_from_block(lines: list[str]) -> bool:
    """`Van: …` with `Verzonden: …`, `Aan: …` or the like right below it, as Outlook writes."""
    first = next(filter(None, lines), "")
    return bool(FROM.match(first)) and any(map(SENT.match, [*filter(None, lines)][1:4]))


def _wrote(lines: list[str], position: int) -> int:
    """`Op … schreef …:` or `On … wrote:`, which mail programs wrap over up to three lines."""
    if not (WROTE_BEGINS.match(lines[position]) or lines[position].endswith(":")):
        return 0
    for length in (1, 2, 3):
        joined = " ".join(lines[position : position + length])
        if len(joined) < 600 and WROTE.fullmatch(joined):
            return length
    return 0


def without_signature(lines: list[str], begin: int = 0) -> list[str]:
    """Lines up to the signature, which none before line `begin` opens; a postscript below stays."""
    below = sum(map(bool, lines[begin:]))
    for position, line in enumerate(lines[begin:], begin):
        below -= bool(line)
        closes = below <= SIGNATURE_LINES and _closes(line, lines[position + 1 :])
        if position and (line == "--" or closes):
            return lines[:position] + _postscript(lines[position:])
    return lines


def _closes(line: str, below: list[str]) -> bool:
    if CLOSING.fullmatch(line):
        return True
    if not THANKS.fullmatch(line):
        return False
    written = [each for each in below if each]
    looks_signed = all(len(each) <= SIGNATURE_WIDTH and each[-1] not in ".?!" for each in written)
    return bool(written) and looks_signed


def _postscript(lines: list[str]) -> list[str]:
    begins = (number for number, line in enumerate(lines) if POSTSCRIPT.match(line))
    first = next(begins, None)
    return lines[first:] if first is not None else []


def without_disclaimers(text: str) -> str:
    return "\n\n".join(part for part in text.split("\n\n") if not DISCLAIMER.match(part))
