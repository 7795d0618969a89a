"""Personal data out of text: one rule per kind, and the only place that mints `RedactedText`.

A rule is a function `reading -> spans`; adding a kind is adding a function to `RULES` and a case to
`tests/cases/redaction.toml`. Rules run in order, each on a text in which everything found so far
is masked, so findings never overlap and an order number is not taken for a phone.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from classifier.messages import RedactedText
from classifier.pseudonyms import pseudonym
from classifier.redaction.addresses import addresses, emails
from classifier.redaction.names import names
from classifier.redaction.numbers import bsns, ibans, orders, phones
from classifier.redaction.reading import Reading, Span, apart

__all__ = ["Finding", "find_personal_data", "pseudonym", "redact"]

Rule = Callable[[Reading], Iterable[Span]]

ORDER: Final = "order"
RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("email", emails),
    ("iban", ibans),
    (ORDER, orders),
    ("address", addresses),
    ("phone", phones),
    ("bsn", bsns),
    ("name", names),
)
PLACEHOLDER: Final = re.compile(r"\[(?:name|email|phone|iban|bsn|address|order:[0-9a-f]{8})\]")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Personal data of one kind at text[start:end]."""

    start: int
    end: int
    kind: str


def find_personal_data(text: str) -> list[Finding]:
    """What `redact` would take out of the text, sorted by place, never overlapping.

    Kinds: email, iban, order, address, phone, bsn, name. Placeholders of an earlier redaction
    are left alone.
    """
    reading = Reading.of(text)
    if "[" in text:
        reading = reading.masked(match.span() for match in PLACEHOLDER.finditer(text))
    findings: list[Finding] = []
    for kind, rule in RULES:
        spans = apart(rule(reading))
        if spans:
            findings += [Finding(start, end, kind) for start, end in spans]
            reading = reading.masked(spans)
    return sorted(findings) if findings else findings


def redact(text: str, *, key: bytes) -> RedactedText:
    """The text with personal data replaced: [name], [email], [phone], [iban], [bsn], [address].

    Order numbers become `[order:<8 hex>]`, the same for the same number under the same key.
    Repeats until nothing is found, so redacting twice is redacting once; each round turns at
    least one character into a placeholder, so it ends.
    """
    while findings := find_personal_data(text):
        text = "".join(_replaced(text, findings, key))
    return RedactedText(text)


def _replaced(text: str, findings: list[Finding], key: bytes) -> Iterator[str]:
    position = 0
    for each in findings:
        yield text[position : each.start]
        yield _placeholder(each.kind, text[each.start : each.end], key)
        position = each.end
    yield text[position:]


def _placeholder(kind: str, found: str, key: bytes) -> str:
    if kind != ORDER:
        return f"[{kind}]"
    number = re.sub(r"[\W_]", "", found).upper()
    return f"[{ORDER}:{pseudonym(number, key=key, kind=ORDER)[:8]}]"
