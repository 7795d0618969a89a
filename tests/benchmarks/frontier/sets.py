"""The labeled messages to judge by: read, split, and as many as asked for."""

import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from classifier.cleaning import clean
from classifier.folds import assign_folds
from classifier.messages import Direction, Label, LabeledMessage, RedactedText
from classifier.redaction import redact
from classifier.taxonomy import Taxonomy, flat_taxonomy
from service.sample import TRAINING_WEEKS, generate, sample_taxonomy
from service.triage import classified_text
from tests.benchmarks.shared_data import shared

FOLDS = 5
JUDGED_FOLDS = (0, 1)
"""Of the five grouped folds of a set without a test file: two, to bound the time."""

LARGE = ("it_tickets",)
"""Sets large enough for one fold to tell."""

PART = 5
"""`--quick` takes one message in so many."""

SAMPLE = "sample"
SAMPLE_KEY = b"a key for benchmarks only"
SAMPLE_UNTIL = date(2026, 11, 22)
SAMPLE_MESSAGES = 6_000

Messages = list[LabeledMessage]


@dataclass(frozen=True)
class Source:
    """Where a set's messages are. Without a test file it is judged in grouped folds.

    `nothing`: the label that stands for none of the drivers; it judges and never trains.
    """

    name: str
    train: str = "train.csv"
    test: str | None = None
    nothing: str = "oos"
    language: str = "en"

    @property
    def how(self) -> str:
        if self.name == SAMPLE:
            return "later weeks"
        return "test file" if self.test else f"{len(self.judged_folds)} of {FOLDS} folds"

    @property
    def judged_folds(self) -> tuple[int, ...]:
        return JUDGED_FOLDS[:1] if self.name in LARGE else JUDGED_FOLDS


SOURCES = {
    each.name: each
    for each in (
        Source("banking77", test="test.csv"),
        Source("clinc150", test="test.csv"),
        Source("hint3_sofmattress", test="test.csv"),
        Source("banking77_oos", test="test.csv"),
        Source("dekamer_nl", language="nl"),
        Source("nhs_fft_phase1", "all.csv"),
        Source("cfpb_loans"),
        Source("it_tickets", "all.csv.gz"),
        Source("nlupp_banking", "all.csv", nothing="none"),
        Source(SAMPLE, language="nl"),
    )
}


@dataclass(frozen=True)
class MessageSet:
    """Messages about drivers to train on, and others to judge by.

    Without `test` the messages to train on judge, too, fold by fold.
    """

    source: Source
    taxonomy: Taxonomy
    train: Messages
    test: Messages

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def known(self) -> tuple[str, ...]:
        """The drivers that messages to train on name first; a judged fold may have one alone."""
        return tuple(sorted({str(message.label.primary) for message in self.train}))

    def rounds(self) -> Iterator[tuple[Messages, Messages]]:
        """What to train on and what to judge by: once, or for each of the judged folds."""
        if self.test:
            yield self.train, self.test
            return
        folds = assign_folds(self.train, FOLDS)
        pairs = list(zip(self.train, folds, strict=True))
        for fold in self.source.judged_folds:
            rest = [message for message, each in pairs if each != fold]
            yield rest, [message for message, each in pairs if each == fold]


def read_set(name: str, *, quick: bool = False) -> MessageSet:
    """A set by its name, or a fifth of each of its files."""
    source = SOURCES[name]
    if name == SAMPLE:
        return _sample(source, quick=quick)
    train = _about_drivers(_thinned(_read(source, source.train), quick=quick))
    test = _thinned(_read(source, source.test), quick=quick) if source.test else []
    drivers = {driver for message in train for driver in message.label.drivers}
    return MessageSet(source, flat_taxonomy(drivers), train, test)


def _read(source: Source, file: str) -> Messages:
    path = shared() / "data" / source.name / file
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8", newline="") as opened
    ):
        rows = list(csv.DictReader(opened))
    return [
        LabeledMessage(
            text=RedactedText(row["text"]),
            label=Label.parse(row["label"], unknown_label=source.nothing),
            language=row["lang"],
        )
        for row in rows
    ]


def _sample(source: Source, *, quick: bool) -> MessageSet:
    """Our own made-up messages: the first weeks train, the later ones judge."""
    made = generate(until=SAMPLE_UNTIL, messages=SAMPLE_MESSAGES // (PART if quick else 1))
    train: Messages = []
    test: Messages = []
    for each in made:
        if each.raw.direction is not Direction.INBOUND:
            continue
        message = clean(each.raw)
        said = [redact(part, key=SAMPLE_KEY) for part in (message.subject, message.text)]
        text = RedactedText(classified_text(*said))
        labeled = LabeledMessage(text=text, label=each.truth, language=each.raw.language or "")
        (train if each.week < TRAINING_WEEKS else test).append(labeled)
    return MessageSet(source, sample_taxonomy(), _about_drivers(train), test)


def _about_drivers(messages: Messages) -> Messages:
    return [message for message in messages if message.label.primary]


def _thinned(messages: Messages, *, quick: bool) -> Messages:
    """One in `PART` of each driver's messages, in the order of the file."""
    if not quick:
        return messages
    order = sorted(range(len(messages)), key=lambda row: messages[row].label.primary or "")
    return [messages[row] for row in sorted(order[::PART])]


def drawn(messages: Messages, labels: int, seed: int) -> Messages:
    """So many messages of each driver at random, or all where there are fewer."""
    random = Random(seed)
    by_driver: dict[str, Messages] = {}
    for message in messages:
        by_driver.setdefault(message.label.primary or "", []).append(message)
    return [
        message
        for driver in sorted(by_driver)
        for message in random.sample(by_driver[driver], min(labels, len(by_driver[driver])))
    ]


def with_training(messages: MessageSet, train: Sequence[LabeledMessage]) -> MessageSet:
    """The same set with other messages to train on."""
    return replace(messages, train=list(train))
