"""Where the sentences of a message stand.

Line ends come first: what people put on a line of its own (a subject, a greeting, an item of a
list) is a sentence of its own, while lines that a mail program broke are one. Within a line spaCy's
sentencizer ends sentences; its tokenizer knows abbreviations. Only a line with what may be an end
inside it reaches spaCy, which is imported when the first such line comes.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from threading import Lock
from typing import Any, Final

Span = tuple[int, int]
"""From where to where in a text, in characters."""

DUTCH: Final = "nl"
ENGLISH: Final = "en"
MOST_CHARACTERS: Final = 20_000
"""What stands beyond is one sentence, with the one it begins in the middle of."""
MOST_SENTENCES: Final = 200
"""The last of so many is all that is left."""
FEWEST_WORDS: Final = 3
"""Fewer are a fragment, part of the sentence beside it."""
MOST_STRINGS: Final = 200_000
"""spaCy remembers every word it reads. From so many on it begins anew: about 40 MB."""

BROKEN: Final = 40
"""Characters from which a line may have been broken where the next begins in lower case."""
SURELY_BROKEN: Final = 60
"""The same where the next line begins otherwise and this one has no end."""
LIST_MARK: Final = re.compile(r"(?:[-–—*•·>]+|\(?(?:\d{1,2}|[a-z])[.)])\s", re.IGNORECASE)
ENDED: Final = re.compile(r"[.!?…:;,][\"'”’)\]]*$")
INNER_END: Final = re.compile(r"[.!?][\"'”’)\]]*\s+\S|[^\W\d_][.!?][A-Z]")
OPENING: Final = re.compile(r"(?<=\s)[(\[{\"'“‘„«¿¡]+$")
SURROGATE: Final = re.compile("[\ud800-\udfff]")

DUTCH_WORDS: Final = frozenset(
    (
        *("de", "het", "een", "ik", "en", "niet", "mijn", "van", "op", "dat", "is", "er"),
        *("maar", "voor", "nog"),
    )
)
ENGLISH_WORDS: Final = frozenset(
    (
        *("the", "a", "an", "i", "and", "not", "my", "of", "on", "that", "is", "it"),
        *("but", "for", "to"),
    )
)
ORDINARY: Final = frozenset(
    (
        *("al", "app", "bel", "best", "com", "dat", "doc", "gen", "get", "hand", "het"),
        *("hij", "it", "kg", "kon", "lat", "me", "mon", "nl", "not", "or", "pan", "pas"),
        *("pers", "red", "top", "ver", "vol", "volt", "weg"),
    )
)
"""Dutch words that end a sentence more often than they are the abbreviation spaCy knows."""
SHORTENED: Final = (
    *("approx", "bestelnr", "excl", "factuurnr", "incl", "klantnr", "mevr", "nr"),
    *("ordernr", "ref", "tel"),
)
"""Abbreviations in messages to a shop, in either language, beside those that spaCy knows."""
NUMBER_SIGN: Final = re.compile(r"\bno\.\s+(?=\d)", re.IGNORECASE)

_lock = Lock()


def sentences(text: str, *, language: str = "") -> list[Span]:
    """Where the sentences of a text stand: characters, in order, none overlapping, none empty.

    Each begins and ends with a character that is no white space, and together they hold all such
    characters. `language`: whose abbreviations to know, "nl" or "en"; otherwise what the commonest
    words look like. No more than `MOST_SENTENCES`, found in the first `MOST_CHARACTERS`; the last
    one then holds all that is left. Safe to call from several threads.
    """
    pieces: list[Span] = []
    for begin, end in _lines(text[:MOST_CHARACTERS]):
        pieces += _joined(text, _ended(text, begin, end, language))
        if len(pieces) >= MOST_SENTENCES:
            break
    *kept, (begin, _) = pieces[:MOST_SENTENCES] or [_stripped(text, 0, len(text))]
    last = len(text.rstrip())
    return [*kept, (begin, last)] if begin < last else []


def warm_up() -> None:
    """Load spaCy now, for both languages: about a second that the first message does not wait."""
    with _lock:
        for language in (DUTCH, ENGLISH):
            _pipeline(language)


def _lines(text: str) -> Iterator[Span]:
    """Lines without the white space around them, those that were broken put together."""
    begin = end = position = 0
    for line in text.split("\n"):
        first, last = _stripped(text, position, position + len(line))
        position += len(line) + 1
        if first < last and end > begin and _goes_on(text, begin, end, first, last):
            end = last
            continue
        if end > begin:
            yield begin, end
        begin, end = first, last
    if end > begin:
        yield begin, end


def _goes_on(text: str, begin: int, end: int, first: int, last: int) -> bool:
    """Whether the line (first, last) is the rest of what stands before it, (begin, end)."""
    if LIST_MARK.match(text, first, last + 1):
        return False
    width = end - max(begin, text.rfind("\n", begin, end) + 1)
    if width >= BROKEN and text[first].islower():
        return True
    is_subject = not text[:begin].strip() and "\n" not in text[begin:end]
    unended = not ENDED.search(text, max(begin, end - 8), end)
    return width >= SURELY_BROKEN and unended and not is_subject


def _stripped(text: str, begin: int, end: int) -> Span:
    """The same without the white space at both ends; (begin, begin) if there is nothing else."""
    piece = text[begin:end]
    left = len(piece) - len(piece.lstrip())
    return (begin + left, begin + len(piece.rstrip())) if left < len(piece) else (begin, begin)


def _ended(text: str, begin: int, end: int, language: str) -> Iterable[Span]:
    """The sentences of what stands on a line."""
    if not INNER_END.search(text, begin, end):
        return [(begin, end)]
    piece = SURROGATE.sub("\ufffd", text[begin:end])
    starts = [begin, *(begin + each for each in _starts(piece, language or _language(text)))]
    pairs = zip(starts, [*starts[1:], end], strict=True)
    return (each for pair in pairs if (each := _stripped(text, *pair)) and each[0] < each[1])


def _starts(piece: str, language: str) -> list[int]:
    """Where spaCy begins a sentence after the first, an opening mark before it taken along."""
    with _lock:
        pipeline = _pipeline(language)
        document = pipeline(piece)
        found = [token.idx for token in document if token.is_sent_start and token.i]
        if len(pipeline.vocab.strings) > MOST_STRINGS:
            _pipeline.cache_clear()
    numbers = {match.end() for match in NUMBER_SIGN.finditer(piece)}
    return [
        opening.start() if (opening := OPENING.search(piece, max(0, at - 8), at)) else at
        for at in found
        if at not in numbers
    ]


def _joined(text: str, pieces: Iterable[Span]) -> list[Span]:
    """Fragments put with the sentence before them, or after them where there is none."""
    found: list[Span] = []
    for begin, end in pieces:
        if found and (_is_fragment(text, begin, end) or _is_fragment(text, *found[-1])):
            begin, _ = found.pop()
        found.append((begin, end))
    return found


def _is_fragment(text: str, begin: int, end: int) -> bool:
    return len(text[begin:end].split(maxsplit=FEWEST_WORDS - 1)) < FEWEST_WORDS


def _language(text: str) -> str:
    """Dutch or English, whichever has more of its commonest words here; Dutch if neither."""
    words = text[:1000].lower().split()
    dutch, english = (sum(map(own.__contains__, words)) for own in (DUTCH_WORDS, ENGLISH_WORDS))
    return ENGLISH if english > dutch else DUTCH


@cache
def _pipeline(language: str) -> Any:
    """spaCy with nothing but its tokenizer and its sentencizer."""
    import spacy

    pipeline: Any = spacy.blank(ENGLISH if language == ENGLISH else DUTCH)
    pipeline.add_pipe("sentencizer")
    rules = pipeline.tokenizer.rules
    pipeline.tokenizer.rules = {
        written: rule for written, rule in rules.items() if written[:-1].lower() not in ORDINARY
    }
    for written in SHORTENED:
        for form in (f"{written}.", f"{written.capitalize()}."):
            pipeline.tokenizer.add_special_case(form, [{"ORTH": form}])
    return pipeline
