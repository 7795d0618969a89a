"""What is marked in a message: the words, and the sentences, that spoke for its drivers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from service.explanations import Piece, Why
from service.mentions import Sentence, said_of, sentences
from service.tables import MessageRow, PredictionRow

MOST_COLORS = 4


@dataclass(frozen=True, slots=True)
class Speaker:
    """A driver that a message is said to be about, the number it has on the page, from 1, and the
    sentences that spoke for it."""

    number: int
    driver: str
    sentences: tuple[Sentence, ...]

    @property
    def color(self) -> int:
        """1 to 4; more drivers begin anew, and the number tells."""
        return (self.number - 1) % MOST_COLORS + 1


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a field in which the same `speakers` spoke, in pieces by the words marked in it.

    `begins`: the numbers of those whose sentence begins here.
    """

    speakers: tuple[Speaker, ...]
    begins: tuple[int, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """What spoke for the drivers of a message; `speakers`: the drivers, the likeliest first."""

    why: Why | None = None
    speakers: tuple[Speaker, ...] = ()

    @property
    def legend(self) -> tuple[Speaker, ...]:
        """The drivers for which a sentence spoke."""
        return tuple(each for each in self.speakers if each.sentences)

    @property
    def colors(self) -> dict[str, int]:
        """The color of each driver of the legend."""
        return {each.driver: each.color for each in self.legend}

    def runs(self, field: str, text: str) -> list[Run]:
        """The subject or the text of the message, cut where sentences and words are marked."""
        pieces = self.why.pieces(field, text) if self.why else [Piece(text, "")]
        said = [
            (each, one) for each in self.speakers for one in each.sentences if one.field == field
        ]
        edges = sorted({0, len(text), *(at for _, one in said for at in (one.start, one.end))})
        return [
            _run(said, start, tuple(_between(pieces, start, end))) for start, end in pairwise(edges)
        ]


def marks(
    message: MessageRow,
    prediction: PredictionRow | None,
    found: Why | None,
    numbered: Sequence[str],
) -> Marks:
    """What to mark of a message; drivers have the number of their place in `numbered`, and those
    that are not in it are not marked."""
    said = {each.driver: each for each in said_of(prediction)}
    speakers = (
        Speaker(number, each, tuple(sentences(message.subject, message.text, said[each].spans)))
        for number, each in enumerate(numbered, start=1)
        if each in said
    )
    return Marks(found, tuple(speakers))


def _run(said: Sequence[tuple[Speaker, Sentence]], start: int, pieces: tuple[Piece, ...]) -> Run:
    """The part from `start` on to the next edge; who speaks there does so all along it."""
    here = [(each, one) for each, one in said if one.start <= start < one.end]
    begins = tuple(each.number for each, one in here if one.start == start)
    return Run(tuple(dict.fromkeys(each for each, _ in here)), begins, pieces)


def _between(pieces: Iterable[Piece], start: int, end: int) -> Iterable[Piece]:
    """The pieces of a text, or parts of them, that stand from `start` to `end`."""
    done = 0
    for piece in pieces:
        part = piece.text[max(start - done, 0) : max(end - done, 0)]
        done += len(piece.text)
        if part:
            yield Piece(part, piece.mark)
