"""What becomes of some rows: cleaned, redacted, judged, decided; and how long each took."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final, Protocol, TypeGuard

from classifier.cleaning import clean
from classifier.decisions import Decisions, decide_many
from classifier.language import detect_language
from classifier.messages import Mention, Predictions, RawMessage, RedactedText
from classifier.pseudonyms import pseudonym
from classifier.readers import Columns
from classifier.redaction import redact
from classifier.roles import also_beside
from classifier.taxonomy import Taxonomy


class Predictor(Protocol):
    """What scoring needs of a model."""

    @property
    def version(self) -> str: ...

    @property
    def threshold(self) -> float: ...

    @property
    def taxonomy(self) -> Taxonomy: ...

    def judge(self, texts: Sequence[str], /) -> Predictions: ...


class MentionPredictor(Predictor, Protocol):
    """A model that knows several drivers a message."""

    def mentioned(
        self, texts: Sequence[str], predictions: Predictions, /
    ) -> Sequence[tuple[Mention, ...]]: ...


def knows_several(model: Predictor) -> TypeGuard[MentionPredictor]:
    """Whether a model says of a message every driver that it is about."""
    return getattr(model, "mentions", None) is not None


@dataclass(frozen=True, slots=True)
class Handling:
    """What to do with messages: under which key, and whether personal data is out already."""

    key: bytes
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Seconds:
    """Processor time, of all processes together. Reading is also cleaning, and telling the
    language where the file does not."""

    reading: float = 0.0
    redaction: float = 0.0
    scoring: float = 0.0
    writing: float = 0.0

    def __add__(self, other: "Seconds") -> "Seconds":
        mine, theirs = asdict(self), asdict(other)
        return Seconds(**{name: mine[name] + theirs[name] for name in mine})


class Clock:
    """Counts processor time of this process by what it is spent on."""

    def __init__(self) -> None:
        self._spent = dict.fromkeys((field.name for field in fields(Seconds)), 0.0)
        self._since = time.process_time()

    def lap(self, what: str) -> None:
        """What was done since the last lap was `what`, one of the fields of `Seconds`."""
        now = time.process_time()
        self._spent[what] += now - self._since
        self._since = now

    @property
    def seconds(self) -> Seconds:
        return Seconds(**self._spent)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Of n messages what may be known outside: ids, languages, predictions and decisions.

    `mentions` are those of each message, and `also` the drivers it is about beside the one that
    was decided; None and empty of a model that knows one driver a message.
    """

    ids: Sequence[str]
    languages: Sequence[str]
    predictions: Predictions
    decisions: Decisions
    mentions: Sequence[tuple[Mention, ...]] | None = None
    also: Sequence[tuple[str, ...]] = ()

    def __len__(self) -> int:
        return len(self.ids)


def answers(found: Columns, model: Predictor, handling: Handling, clock: Clock) -> Answers:
    """What the model says of inbound messages (n,) as they were read."""
    words = _words(found)
    clock.lap("reading")
    texts = _redacted(words, handling)
    ids = _safe_ids(found, handling.key)
    clock.lap("redaction")
    languages = _languages(found.languages, texts)
    clock.lap("reading")
    predictions = model.judge(texts)
    taxonomy, threshold = model.taxonomy, model.threshold
    decisions = decide_many(predictions, taxonomy, threshold=threshold, texts=texts)
    mentions = model.mentioned(texts, predictions) if knows_several(model) else None
    also = _also(decisions, mentions, taxonomy) if mentions is not None else ()
    clock.lap("scoring")
    return Answers(ids, languages, predictions, decisions, mentions, also)


def _also(
    decisions: Decisions, mentions: Sequence[tuple[Mention, ...]], taxonomy: Taxonomy
) -> list[tuple[str, ...]]:
    """What each message is about beside the driver that was decided."""
    decided = zip((each.driver for each in decisions), mentions, strict=True)
    return [also_beside(driver, found, taxonomy) for driver, found in decided]


def _words(found: Columns) -> list[str]:
    """Subject and text of each message, cleaned."""
    columns = zip(found.texts, found.subjects, found.channels, strict=True)
    return [_joined(clean(RawMessage(text=t, subject=s, channel=c))) for t, s, c in columns]


def _joined(message: RawMessage) -> str:
    subject = message.subject if message.subject != message.text else ""
    return f"{subject}\n{message.text}" if subject else message.text


def _redacted(words: Sequence[str], handling: Handling) -> list[RedactedText]:
    if handling.redacted:
        return [RedactedText(each) for each in words]
    return [redact(each, key=handling.key) for each in words]


def _safe_ids(found: Columns, key: bytes) -> list[str]:
    """Ids, or line numbers where there is none; a pseudonym where one holds personal data."""
    written = zip(found.ids, found.lines, strict=True)
    return [_safe_id(id_ or str(line), key) for id_, line in written]


def _safe_id(written: str, key: bytes) -> str:
    if redact(written, key=key) == written:
        return written
    return "p-" + pseudonym(written, key=key, kind=ID)


ID: Final = "external_id"


def _languages(written: Sequence[str], texts: Sequence[RedactedText]) -> list[str]:
    pairs = zip(written, texts, strict=True)
    return [language or detect_language(text) for language, text in pairs]
