"""People's names, found by where they stand: after a greeting, a closing or an introduction.

Plain patterns find the place, in the text in lower case; a walk over the next few words finds the
name.
"""

import re
import sys
from collections.abc import Callable, Iterator
from typing import Final

from classifier.clues import Clue
from classifier.redaction.reading import Reading, Span, apart
from classifier.redaction.words import PARTICLES, is_addressed, is_ordinary

Accepts = Callable[[str], bool]

_LETTER = r"(?:[^\W\d_]|[\u0300-\u036f])"
TOKEN: Final = re.compile(
    r"(?:[^\W\d_]\.){1,5}|(?:(?:in|op|van)[ ])?['’]t(?!\w)"
    rf"|{_LETTER}+(?:['’-]{_LETTER}+)*(?![\w@])"
)
TWO_WORDS: Final = re.compile(rf"[^\W\d_][\W\d_]+?{_LETTER}")
"""A name stands next to another word, which most external ids have none of."""
GAP: Final = re.compile(r"[ \t\xa0]{1,3}")
AND: Final = re.compile(r"[ ]?(?:,|&|/|\+|\ben\b|\band\b)[ ]?", re.IGNORECASE)
ENDS: Final = re.compile(r"[ \t\xa0]*(?:[,.!?:;)\n\r|–-]|$)")
LINE_ENDS: Final = re.compile(r"[ \t\xa0]*[,.!|)]*[ \t\xa0]*(?:\r?\n|$)")
LINE: Final = 200
"""Characters of a line that are looked at when asking whether it is all capitals."""
LONGEST: Final = 6
"""Words in a name at most; longer runs of capitals are headings."""

_TITLE = (
    r"(?:(?:de[ ])?(?:heer|mevrouw|meneer|mijnheer|mevr|mvr|dhr|mw|mrs?|ms|miss|mister|dr|drs|ir"
    r"|prof|sir|madam|familie|fam)\b\.?(?:[ ]?(?:/|of|en|or|and|,)[ ]?"
    r"(?:heer|mevrouw|meneer|mevr|mw|mrs|ms|madam)\b\.?)?)"
)
_GREETING = (
    r"[ \t\xa0]*(?:zeer[ ])?"
    r"(?:beste|geachte|hallo|hoi|hai|hey|hee|hi|hello|dear|dag|lieve|ha"
    r"|goede?n?[ ]?(?:morgen|middag|avond|dag)|good[ ](?:morning|afternoon|evening|day))"
    rf"(?:[ \t\xa0]+|(?P<comma>,[ ]))(?P<titles>(?:{_TITLE}[ ]?)*)"
)
FIRST_GREETING: Final = re.compile(_GREETING)
GREETING: Final = re.compile(rf"[\n.!?;:,>\"“(]{_GREETING}")
_WEAK_CLOSING = (
    r"many[ ]thanks|thanks(?:[ ]in[ ]advance|[ ]again)?|thank[ ]you(?:[ ]in[ ]advance)?|thx|cheers"
    r"|(?:alvast[ ]|hartelijk[ ])?(?:bedankt|dank(?:[ ](?:je|u)(?:[ ]wel)?)?)|bij[ ]voorbaat[ ]dank"
    r"|best(?=,[ \t]*\r?\n)"
)
CLOSING: Final = re.compile(
    rf"(?<![\w-])(?:(?P<weak>{_WEAK_CLOSING})"
    r"|(?:(?:vriendelijke|hartelijke|warme|zonnige|beste)[ ])?groet(?:en|jes)?"
    r"|m\.?v\.?g\.?|(?<!\d[ ])gr|grtz?|hoogachtend|liefs"
    r"|(?P<formal>regards|(?:yours[ ])?sincerely|yours[ ](?:faithfully|truly)"
    r"|(?:best|kind)[ ]wishes|all[ ]the[ ]best))"
    r"(?!\w)[ \t\xa0]*(?P<mark>[,.!;:-]{0,3})[ \t\xa0]*(?:van[ ]|from[ ])?"
    rf"(?P<break>(?:\r?\n[ \t\xa0]*){{1,3}})?(?:{_TITLE}[ ])?"
)
CLOSING_CLUE: Final = Clue(
    (
        *("groet", "dank", "thank", "thx", "cheers", "best,", "vg", "v.g"),
        *("hoogachtend", "liefs", "regards", "sincerely", "yours ", "wishes", "all the best"),
    ),
    also=re.compile(r"gr(?:tz?)?(?!\w)"),
    reach=len("bij voorbaat "),
)
INTRODUCTION: Final = re.compile(
    r"(?<!\w)(?:ik[ ]heet|(?:mijn|m'n|zijn|haar|volledige|onze)[ ](?:volledige[ ])?naam(?:[ ]is|:)"
    r"|(?:my|his|her|our)[ ](?:full[ ])?name(?:[ ]is|'s|:)|(?:i[ ]am|i'm)[ ]called"
    r"|(?P<capitals>(?:^|(?<=\n))(?:naam|name)[ ]?:|t\.?[ ]?n\.?[ ]?v\.?|ten[ ]name[ ]van"
    r"|op[ ]naam[ ]van|onder[ ]de[ ]naam|in[ ]the[ ]name[ ]of|under[ ]the[ ]name(?:[ ]of)?)"
    r"|(?:u|je)[ ]spreekt[ ]met"
    rf"|you[ ]are[ ](?:speaking|talking)[ ](?:to|with))[ \t\xa0]*:?[ \t\xa0]+(?:{_TITLE}[ ]?)*"
)
INTRODUCTION_CLUE: Final = Clue(
    ("heet", "naam", "name", "called", "spreekt", "speaking", "talking"),
    also=re.compile(r"t\.?[ ]?n\.?[ ]?v\.?[ \t\xa0:]"),
    reach=len("volledige volledige "),
)
SPEAKING: Final = re.compile(
    r"(?<!\w)(?:this[ ]is|dit[ ]is|it's|hier(?:[ ]is)?|met)[ ]"
    r"(?=(?:[^\W\d_][\w'’.-]*[ ]){1,4}(?:speaking|aan[ ]de[ ]lijn)\b)"
)
SPEAKING_CLUE: Final = Clue(("speaking", "aan de lijn"), reach=sys.maxsize)
I_AM: Final = re.compile(r"(?<!\w)(?:ik[ ]ben|i[ ]am|i'm)[ ]")
I_AM_CLUE: Final = Clue(("ik ben ", "i am ", "i'm "))
SPOKEN: Final = frozenset(("speaking", "aan"))


def names(reading: Reading) -> list[Span]:
    """Names after greetings, closings and introductions, and the same names elsewhere."""
    text, lowered = reading.text, reading.lowered
    if not TWO_WORDS.search(text):
        return []
    found = [span for place in PLACES for span in place(text, lowered)]
    return found + _again(text, {text[start:end] for start, end in found}) if found else found


def _walk(text: str, position: int, accepts: Accepts, longest: int = LONGEST) -> Span | None:
    """The run of accepted words from a position on, particles between them included."""
    start, end = position, None
    for _ in range(longest):
        token = TOKEN.match(text, position)
        if not token:
            break
        if accepts(token[0]):
            end = token.end()
        elif not _particle(token[0]):
            break
        gap = GAP.match(text, token.end())
        position = gap.end() if gap else token.end()
    return (start, end) if end else None


def _particle(word: str) -> bool:
    """`van`, `de`, and with a space in it `in 't`."""
    return word.casefold().replace("’", "'").split()[-1] in PARTICLES


def _capital(word: str) -> bool:
    return word[0].isupper() and not is_addressed(word)


def _capital_no_opener(word: str) -> bool:
    return word[0].isupper() and not is_ordinary(word)


def _any_case(word: str) -> bool:
    return not _particle(word) and not is_ordinary(word)


def _greeted(text: str, lowered: str) -> Iterator[Span]:
    for match in _greetings(lowered):
        titled, comma = bool(match["titles"]), bool(match["comma"])
        span = _after_greeting(text, match.end(), titled=titled, comma=comma)
        if span:
            yield span
            yield from _and_others(text, span[1])


def _greetings(lowered: str) -> Iterator[re.Match[str]]:
    """At the beginning of the text, and after what may end a sentence."""
    first = FIRST_GREETING.match(lowered)
    if first:
        yield first
    yield from GREETING.finditer(lowered, first.end() if first else 0)


def _after_greeting(text: str, position: int, *, titled: bool, comma: bool) -> Span | None:
    """A capitalized name that ends the greeting, or else words that cannot open a sentence.

    After a comma ("Hi, …") a sentence is likelier, so that only a titled name counts.
    """
    if comma and not titled:
        return None
    span = _walk(text, position, _capital)
    if span and (titled or ENDS.match(text, span[1])) and not _shouted(text, span):
        return span
    span = _walk(text, position, _capital_no_opener)
    if span and not _shouted(text, span):
        return span
    span = _walk(text, position, _any_case, 1 if titled else 4)
    return span if span and (titled or ENDS.match(text, span[1])) else None


def _shouted(text: str, span: Span) -> bool:
    """Whether the name stands in a line of capitals only, where capitals say nothing."""
    line = text[text.rfind("\n", 0, span[0]) + 1 :][:LINE].split("\n", 1)[0]
    return line.isupper() and not ENDS.match(text, span[1])


def _and_others(text: str, position: int) -> Iterator[Span]:
    """`… en Piet`, `& Mary`: further names joined to a greeted one."""
    while joint := AND.match(text, position):
        span = _walk(text, joint.end(), _capital_no_opener)
        if not span or not ENDS.match(text, span[1]):
            return
        yield span
        position = span[1]


def _signed(text: str, lowered: str) -> Iterator[Span]:
    for match in CLOSING_CLUE.matches(CLOSING, lowered):
        ends = LINE_ENDS if match["break"] else ENDS
        capital = _walk(text, match.end(), _capital if match["break"] else _capital_no_opener)
        if capital and ends.match(text, capital[1]):
            yield capital
            continue
        anyhow = _walk(text, match.end(), _any_case, 4) if _may_be_lower(match) else None
        if anyhow and LINE_ENDS.match(text, anyhow[1]):
            yield anyhow


def _may_be_lower(closing: re.Match[str]) -> bool:
    """Whether a name in lower case may follow: "groetjes piet", or on the line below "Thanks,"."""
    if closing["weak"]:
        return bool(closing["break"] and closing["mark"])
    return bool(closing["break"] or not closing["formal"])


def _introduced(text: str, lowered: str) -> Iterator[Span]:
    for match in INTRODUCTION_CLUE.matches(INTRODUCTION, lowered):
        span = _walk(text, match.end(), _capital_no_opener) or _walk(text, match.end(), _capital)
        if not span and not match["capitals"]:
            span = _lower_introduced(text, match.end())
        if span:
            yield span


def _lower_introduced(text: str, position: int) -> Span | None:
    """One word, or more if they end the sentence or a particle joins them: jan de vries."""
    span = _walk(text, position, _any_case, 4)
    if not span or ENDS.match(text, span[1]) or PARTICLES & set(text[slice(*span)].split()):
        return span
    return _walk(text, position, _any_case, 1)


def _speaking(text: str, lowered: str) -> Iterator[Span]:
    for match in SPEAKING_CLUE.matches(SPEAKING, lowered):
        span = _walk(text, match.end(), _any_case_but_speaking)
        after = text[span[1] : span[1] + 20].split(None, 1) if span else []
        if span and after and after[0].casefold().strip(".,!") in SPOKEN:
            yield span


def _any_case_but_speaking(word: str) -> bool:
    return word.casefold() not in SPOKEN and _any_case(word)


def _i_am(text: str, lowered: str) -> Iterator[Span]:
    """`Ik ben Sanne Bakker`: two capitalized words at least, or it is "Ik ben Nederlander"."""
    for match in I_AM_CLUE.matches(I_AM, lowered):
        span = _walk(text, match.end(), _capital_no_opener)
        name = text[slice(*span)] if span else ""
        if span and " " in name and not name.isupper():
            yield span


PLACES: Final = (_greeted, _signed, _introduced, _speaking, _i_am)


def _again(text: str, found: set[str]) -> list[Span]:
    """Words of the found names, capitalized, wherever else they stand."""
    words = {
        token[0]
        for name in found
        for token in TOKEN.finditer(name)
        if len(token[0]) > 2 and _capital_no_opener(token[0]) and not _particle(token[0])
    }
    return apart(span for word in words for span in _occurrences(text, word))


def _occurrences(text: str, word: str) -> Iterator[Span]:
    """Where the word stands on its own."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not (_joins(text[start - 1 : start], "_@.-") or _joins(text[end : end + 1], "_@-")):
            yield start, end
        start = text.find(word, start + 1)


def _joins(character: str, marks: str) -> bool:
    """Whether the character (none at the ends of the text) makes one word of its neighbors."""
    return bool(character) and (character.isalnum() or character in marks)
