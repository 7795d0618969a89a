"""Why the model said what it said of a message: by the words as they are kept, subject and text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from classifier.explanations import Explanation, WordWeight, explain
from service.runtime import Runtime
from service.tables import MessageRow, PredictionRow
from service.triage import classified_text

STRENGTHS = 3
FAINTEST = 0.1
"""Words that weigh less than this share of the strongest one are not marked."""


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word of a message: `field` (subject or text) from `start` to `end`, and its weight."""

    field: str
    start: int
    end: int
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; `mark` is empty, or for-1 … for-3 or against-1 … against-3 (strongest)."""

    text: str
    mark: str


@dataclass(frozen=True, slots=True)
class Why:
    """An explanation with its words where they are in the message, strongest first."""

    explanation: Explanation
    words: tuple[PlacedWord, ...]

    @property
    def for_it(self) -> tuple[str, ...]:
        """The words that spoke most for the driver, each once."""
        return self.explanation.because()

    @property
    def against_it(self) -> tuple[str, ...]:
        """The words that spoke most for the other one, each once; faint ones are left out."""
        marked = {
            word.text.casefold(): None for word in self.words if "against" in self._mark(word)
        }
        return tuple(marked)[:STRENGTHS]

    def pieces(self, field: str, text: str) -> list[Piece]:
        """The subject or the text of the message, cut where words are marked."""
        pieces, done = [], 0
        mine = [word for word in self.words if word.field == field]
        for word in sorted(mine, key=lambda each: each.start):
            pieces.append(Piece(text[done : word.start], ""))
            pieces.append(Piece(text[word.start : word.end], self._mark(word)))
            done = word.end
        pieces.append(Piece(text[done:], ""))
        return [piece for piece in pieces if piece.text]

    def _mark(self, word: PlacedWord) -> str:
        share = abs(word.weight) / max(abs(each.weight) for each in self.words)
        if share < FAINTEST:
            return ""
        return f"{'for' if word.weight > 0 else 'against'}-{ceil(STRENGTHS * share)}"


def why(runtime: Runtime, row: MessageRow, prediction: PredictionRow | None) -> Why | None:
    """Why this driver and not the next likeliest; None once another model is in use.

    The words are not stored: they are found again by the model that made the prediction.
    """
    model = runtime.current_model()
    if prediction is None or model is None or model.version != prediction.model:
        return None
    drivers = [driver for driver, _ in prediction.top]
    if len(drivers) < 2 or not set(drivers[:2]) <= set(model.drivers):
        return None
    text = classified_text(row.subject, row.text)
    explained = explain(model, text, driver=drivers[0], against=drivers[1])
    return Why(explained, tuple(_placed(explained.words, len(text) - len(row.text))))


def _placed(words: Sequence[WordWeight], subject: int) -> Iterable[PlacedWord]:
    """`subject` is how many characters stand before the text: the subject and a line end."""
    for word in words:
        inside = word.start >= subject
        shift = subject if inside else 0
        yield PlacedWord(
            "text" if inside else "subject",
            word.start - shift,
            word.end - shift,
            word.text,
            word.weight,
        )
