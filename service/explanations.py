"""Why the model said what it said of a message: by the words as they are kept, subject and text."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from classifier.explanations import (
    Explanation,
    MentionExplanation,
    MentionWord,
    WordWeight,
    explain,
    explain_each,
    explain_mention,
)
from classifier.messages import Mention
from classifier.model import Model
from service.mentions import Sentence, said_of, sentences
from service.runtime import Runtime
from service.tables import MessageRow, PredictionRow
from service.terms import classified_text

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
class WhyAlso:
    """Why the message is said to be about a driver beside the likeliest one: the words of
    `sentence`, or, where that is None, of the whole message."""

    explanation: MentionExplanation
    words: tuple[PlacedWord, ...]
    sentence: Sentence | None

    @property
    def for_it(self) -> tuple[str, ...]:
        """The words that spoke most for the driver, each once."""
        return self.explanation.because()


@dataclass(frozen=True, slots=True)
class Why:
    """An explanation with its words where they are in the message, strongest first; `also`: of
    each other driver that the model says it is about."""

    explanation: Explanation
    words: tuple[PlacedWord, ...]
    also: tuple[WhyAlso, ...] = ()

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

    def says(self, driver: str) -> bool:
        """Whether the message is said to be about this one beside the likeliest."""
        return any(each.explanation.driver == driver for each in self.also)

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
    if prediction is None or model is None:
        return None
    pair = _compared(model, prediction)
    if pair is None:
        return None
    text = classified_text(row.subject, row.text)
    explained = explain(model, text, driver=pair[0], against=pair[1])
    also = [_also(model, row, each) for each in said_of(prediction)[1:]] if model.mentions else []
    return Why(explained, _placed(row, explained.words), tuple(also))


def words_for(
    model: Model, predicted: Sequence[tuple[MessageRow, PredictionRow]]
) -> dict[int, tuple[str, ...]]:
    """Message -> what `Why.for_it` says of it, of many at once and much faster; nothing of those
    that another model predicted."""
    pairs = [(message, _compared(model, row)) for message, row in predicted]
    known = [(message, pair) for message, pair in pairs if pair is not None]
    texts = [classified_text(message.subject, message.text) for message, _ in known]
    explained = explain_each(model, texts, [pair for _, pair in known])
    return {message.id: each.because() for (message, _), each in zip(known, explained, strict=True)}


def _compared(model: Model, prediction: PredictionRow) -> tuple[str, str] | None:
    """The likeliest driver and the next; None where they are not this model's to explain."""
    drivers = [driver for driver, _ in prediction.top[:2]]
    mine = model.version == prediction.model and set(drivers) <= set(model.drivers)
    return (drivers[0], drivers[1]) if mine and len(drivers) == 2 else None


def _also(model: Model, row: MessageRow, mention: Mention) -> WhyAlso:
    """By the sentence that spoke first for the driver, or by the whole message."""
    text = classified_text(row.subject, row.text)
    spans = mention.spans[:1]
    made = explain_mention(model, text, mention.driver, *spans)
    sentence = next(iter(sentences(row.subject, row.text, spans)), None)
    return WhyAlso(made, _placed(row, made.words), sentence)


def _placed(
    row: MessageRow, words: Sequence[WordWeight] | Sequence[MentionWord]
) -> tuple[PlacedWord, ...]:
    """Words of what the model read, in the subject or in the text."""
    before = len(classified_text(row.subject, row.text)) - len(row.text)
    return tuple(_word(each, before) for each in words)


def _word(word: WordWeight | MentionWord, before: int) -> PlacedWord:
    inside = word.start >= before
    shift = before if inside else 0
    field = "text" if inside else "subject"
    return PlacedWord(field, word.start - shift, word.end - shift, word.text, word.weight)
