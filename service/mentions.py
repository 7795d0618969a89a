"""The drivers of a message as they are shown: each with its role, and the sentences that say so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from classifier.decisions import Status
from classifier.messages import Mention, Prediction
from classifier.roles import Role, also_beside, any_of, leaves_of
from classifier.taxonomy import Taxonomy
from service.tables import DecisionRow, LabelRow, MessageRow, PredictionRow

LIKELIEST = 3
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words as they are kept, redacted: `field` (subject or text) from `start` to `end`."""

    field: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a message is about as it stands: the primary driver, None for unknown, and the others;
    by a person or by the model."""

    primary: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriverSeen:
    """A driver with its role, the probability that it is the primary one, that it is mentioned at
    all (None where that is not known), and the sentences that spoke for it."""

    driver: str
    role: Role
    score: float
    mention: float | None
    sentences: tuple[Sentence, ...] = ()


def answered(
    decision: DecisionRow | None,
    label: LabelRow | None,
    prediction: PredictionRow | None,
    taxonomy: Taxonomy,
) -> Answered:
    """What a message is about, by its decision; where a person made that, by their label."""
    if decision is None:
        return Answered()
    if decision.status == Status.PERSON:
        theirs = label is not None and label.driver == decision.driver
        return Answered(decision.driver, tuple(label.also) if label and theirs else ())
    also = also_beside(decision.driver, mentions_of(prediction), taxonomy)
    return Answered(decision.driver, also)


def mentions_of(prediction: PredictionRow | None) -> tuple[Mention, ...]:
    """`Prediction.mentions` as they were stored."""
    stored = prediction.mentions if prediction else None
    return tuple(
        Mention(driver, p, chosen, tuple((start, end) for start, end in spans))
        for driver, p, chosen, spans in stored or ()
    )


def prediction_of(row: PredictionRow) -> Prediction:
    """A stored prediction: the likeliest drivers that were kept, and what it mentioned."""
    drivers = tuple(driver for driver, _ in row.top)
    return Prediction(drivers, np.array([p for _, p in row.top]), row.unknown, mentions_of(row))


def said_of(prediction: PredictionRow | None) -> tuple[Mention, ...]:
    """The drivers a model says a message is about: the likeliest primary one, and those chosen
    beside it; none for a model that knows one driver a message."""
    likeliest, *others = mentions_of(prediction) or (None,)
    return () if likeliest is None else (likeliest, *(each for each in others if each.chosen))


def drivers_seen(
    message: MessageRow, prediction: PredictionRow, answer: Answered, taxonomy: Taxonomy
) -> list[DriverSeen]:
    """The drivers answered, and the likeliest three: the primary first, then also, then candidates.

    A parent's score is the sum over the drivers below it; it is mentioned where any of them is.
    """
    seen = _Seen(message, prediction, taxonomy)
    roles = {} if answer.primary is None else {answer.primary: Role.PRIMARY}
    roles |= dict.fromkeys(answer.also, Role.ALSO)
    likeliest = [driver for driver, _ in prediction.top[:LIKELIEST]]
    chosen = [each.driver for each in seen.mentions.values() if each.chosen] if roles else []
    for driver in (*likeliest, *chosen):
        roles.setdefault(driver, Role.CANDIDATE)
    return [seen.driver(driver, role) for driver, role in roles.items()]


class _Seen:
    """A prediction, read by driver."""

    def __init__(self, message: MessageRow, prediction: PredictionRow, taxonomy: Taxonomy) -> None:
        self.message, self.taxonomy = message, taxonomy
        self.mentions = {each.driver: each for each in mentions_of(prediction)}
        self.known = 1.0 - prediction.unknown
        self.top: dict[str, float] = dict(prediction.top)

    def driver(self, driver: str, role: Role) -> DriverSeen:
        leaves = leaves_of(driver, self.taxonomy)
        score = min(1.0, max(0.0, self.known * sum(map(self._primary, leaves))))
        mentioned = [self.mentions[leaf] for leaf in leaves if leaf in self.mentions]
        likely = any_of(each.probability for each in mentioned)
        spans = sorted({span for each in mentioned for span in each.spans})
        return DriverSeen(
            driver,
            role,
            round(score, DIGITS),
            round(max(score, likely) if len(leaves) > 1 else likely, DIGITS) if mentioned else None,
            tuple(sentences(self.message.subject, self.message.text, spans)),
        )

    def _primary(self, leaf: str) -> float:
        """Beyond the likeliest that are kept, what is left is spread over the others."""
        if leaf in self.top:
            return self.top[leaf]
        others = max(1, len(self.taxonomy.leaves) - len(self.top))
        rest = max(0.0, 1.0 - sum(self.top.values())) / others
        return min(rest, *self.top.values()) if self.top else rest


def sentences(subject: str, text: str, spans: Iterable[Sequence[int]]) -> Iterable[Sentence]:
    """Spans of what the model read, which is the subject, a line end and the text (or the text
    alone), in the field where they stand; one over both is cut in two. Space around is left off."""
    before = len(subject) + 1 if subject not in ("", text) else 0
    for start, end in spans:
        for field, content, shift in (("subject", subject, 0), ("text", text, before)):
            first, last = max(start - shift, 0), min(end - shift, len(content))
            said = content[first:last].strip()
            if last <= first or not said or (field == "subject" and not before):
                continue
            first = content.index(said, first)
            yield Sentence(field, first, first + len(said), said)
