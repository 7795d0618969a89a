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
from classifier.redaction.names import LINE, names
from classifier.redaction.numbers import (
    BSN_DIGITS,
    FEWEST_PHONE_DIGITS,
    bsns,
    ibans,
    orders,
    phones,
)
from classifier.redaction.reading import Reading, Span, apart, masked

__all__ = ["Finding", "find_personal_data", "pseudonym", "redact", "warm_up"]

Rule = Callable[[Reading], Iterable[Span]]
Found = tuple[int, int, str]

ORDER: Final = "order"
RULES: Final[tuple[tuple[str, int, Rule], ...]] = (
    ("email", 0, emails),
    ("iban", 2, ibans),
    (ORDER, 1, orders),
    ("address", 1, addresses),
    ("phone", FEWEST_PHONE_DIGITS, phones),
    ("bsn", BSN_DIGITS, bsns),
    ("name", 0, names),
)
"""Kind, the digits a text must have for the rule to find anything, rule."""
LAST: Final = RULES[-1][0]
LONGEST_PLACEHOLDER: Final = len("[order:00000000]")
PLACEHOLDER: Final = re.compile(r"\[(?:name|email|phone|iban|bsn|address|order:[0-9a-f]{8})\]")
EVERY_KIND: Final = (
    "Beste Jan de Vries, waar blijft het pakket? Bel 06-12345678 of +44 20 7946 0018, of schrijf "
    "naar jan@example.nl, Dorpsstraat 1, 1234 AB Utrecht. Geld terug op NL91 ABNA 0417 1643 00."
)
"""Something of each kind, so that all that finds it is loaded."""


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
    return [Finding(start, end, kind) for start, end, kind in _found(text)[0]]


def _found(text: str) -> tuple[list[Found], Reading]:
    """What one round finds, and the text as it is read after it."""
    if "[" in text:
        reading = Reading.of(masked(text, [match.span() for match in PLACEHOLDER.finditer(text)]))
    else:
        reading = Reading.of(text)
    findings: list[Found] = []
    for kind, digits, rule in RULES:
        spans = list(rule(reading)) if reading.digits >= digits else None
        if spans:
            spans = apart(spans)
            findings += [(start, end, kind) for start, end in spans]
            reading = reading.masked(spans)
    findings.sort()
    return findings, reading


def redact(text: str, *, key: bytes) -> RedactedText:
    """The text with personal data replaced: [name], [email], [phone], [iban], [bsn], [address].

    Order numbers become `[order:<8 hex>]`, the same for the same number under the same key.
    Repeats until nothing is found, so redacting twice is redacting once; each round turns at
    least one character into a placeholder, so it ends.
    """
    findings, reading = _found(text)
    while findings:
        text = "".join(_replaced(text, findings, key))
        if _is_settled(reading, findings):
            break
        findings, reading = _found(text)
    return RedactedText(text)


def warm_up() -> None:
    """Load the word lists and tables that the first texts would wait for: 60 MB, half a second."""
    redact(EVERY_KIND, key=b"of nobody")


def _is_settled(reading: Reading, findings: list[Found]) -> bool:
    """Whether another round would find nothing, as it mostly does; False may be wrong.

    No rule can tell a mask from what takes its place, except for its length in a line of some 200
    characters (`LINE`). Names, the last rule, have read the text as it is unless they found some.
    """
    if max(map(len, reading.text.split("\n"))) + len(findings) * LONGEST_PLACEHOLDER > LINE:
        return False
    rules = RULES if any(kind == LAST for _, _, kind in findings) else RULES[:-1]
    return not any(
        next(iter(rule(reading)), None) for _, digits, rule in rules if reading.digits >= digits
    )


def _replaced(text: str, findings: list[Found], key: bytes) -> Iterator[str]:
    position = 0
    for start, end, kind in findings:
        yield text[position:start]
        yield _placeholder(kind, text[start:end], key)
        position = end
    yield text[position:]


def _placeholder(kind: str, found: str, key: bytes) -> str:
    if kind != ORDER:
        return f"[{kind}]"
    number = re.sub(r"[\W_]", "", found).upper()
    return f"[{ORDER}:{pseudonym(number, key=key, kind=ORDER)[:8]}]"
