"""Messages with several drivers, to judge by: read, and split into what trains and what judges."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from classifier.cleaning import clean
from classifier.folds import assign_folds
from classifier.messages import Direction, Label, LabeledMessage, RedactedText
from classifier.redaction import redact
from classifier.taxonomy import Taxonomy, flat_taxonomy
from service.sample import TRAINING_WEEKS, SampleMessage, generate, sample_taxonomy
from service.sample.generator import generate_mixed
from service.triage import classified_text
from tests.benchmarks.frontier.sets import FOLDS, JUDGED_FOLDS, SAMPLE_KEY, SAMPLE_UNTIL, Messages
from tests.benchmarks.shared_data import shared

OFFICIAL_FOLDS = 20
FEWEST = 30
"""Questions with a theme, for it to be one of the drivers."""
SAMPLE_MESSAGES = 12_000
"""As many as the demo has."""
JOINED = {1: 0.6, 2: 0.3, 3: 0.1}
"""Of the survey comments put together: how many they are, and how often."""

Rounds = Sequence[tuple[Messages, Messages]]


@dataclass(frozen=True)
class MixedSet:
    """Messages to train on and to judge by, once or in several rounds.

    `late`: of a message to judge by, by its id, whether each other driver is worded as never in
    training; `paragraphs`: in which paragraph each stands. Both of sample mails only.
    """

    name: str
    how: str
    language: str
    taxonomy: Taxonomy
    rounds: Rounds
    late: Mapping[str, tuple[bool, ...]]
    paragraphs: Mapping[str, tuple[int, ...]]

    @property
    def drivers(self) -> tuple[str, ...]:
        """Every driver that a message to train on names, in some order that stays."""
        named = {d for rest, _ in self.rounds for each in rest for d in each.label.drivers}
        return tuple(sorted(named))


def read_mixed(name: str, *, quick: bool = False) -> MixedSet:
    """A set by its name; `quick`: the first of its rounds, and a fifth of what judges."""
    made = SETS[name](name)
    if not quick:
        return made
    rest, judged = made.rounds[0]
    return replace(made, rounds=[(rest, judged[::5])])


def nlupp(name: str) -> MixedSet:
    """Bank customers' requests in the official folds: each judged by a model of all others, or
    ("low") all others by a model of each."""
    rows = _rows("nlupp_banking/all.csv")
    low = name.endswith("low")
    messages = [_message(row["text"], _label(row["label"].split("|"), "none")) for row in rows]
    folds = np.array([int(row["fold"]) for row in rows])
    rounds = []
    for fold in range(OFFICIAL_FOLDS):
        inside, outside = _at(messages, folds == fold), _at(messages, folds != fold)
        rounds.append((inside, outside) if low else (outside, inside))
    how = "19 folds by a model of 1" if low else "1 fold by a model of 19"
    return _flat(name, f"{OFFICIAL_FOLDS} times {how}", "en", rounds)


def survey_levels(name: str) -> MixedSet:
    """Survey comments with the two labels that each has: what it is about, and what of that."""
    rows = _rows("nhs_fft_phase1/all.csv")
    messages = [_message(row["text"], _label([row["label"], row["sub_label"]])) for row in rows]
    return _flat(name, f"{len(JUDGED_FOLDS)} of {FOLDS} folds", "en", _in_folds(messages))


def survey_joined(name: str) -> MixedSet:
    """Survey comments, four in ten of them two or three put together: one answer, several drivers.

    Nobody labels the comments at hand with all they are about. So answers of one hospital trust
    are put together as a form with one field would have them; the words and labels are people's.
    What trains and what judges is apart before anything is put together.
    """
    rows = _rows("nhs_fft_phase1/all.csv")
    messages = [
        replace(_message(row["text"], Label(row["label"])), channel=row["trust"]) for row in rows
    ]
    rounds = [
        (put_together(rest, Random(f"rest {fold}")), put_together(part, Random(f"part {fold}")))
        for fold, (rest, part) in enumerate(_in_folds(messages))
    ]
    return _flat(name, f"{len(JUDGED_FOLDS)} of {FOLDS} folds", "en", rounds)


def put_together(messages: Messages, random: Random) -> Messages:
    """Every message once, alone or with one or two others of its channel, in a random order."""
    by_channel: dict[str, Messages] = {}
    for message in messages:
        by_channel.setdefault(message.channel, []).append(message)
    made: Messages = []
    for channel in sorted(by_channel):
        left = random.sample(by_channel[channel], len(by_channel[channel]))
        while left:
            (size,) = random.choices(list(JOINED), list(JOINED.values()))
            made.append(_together(left[:size]))
            left = left[size:]
    return made


def _together(messages: Messages) -> LabeledMessage:
    texts = [message.text.strip() for message in messages]
    ended = [text if text.endswith((".", "!", "?")) else f"{text}." for text in texts[:-1]]
    text = " ".join([*ended, texts[-1]])
    return _message(text, _label([str(message.label.primary) for message in messages]))


def questions(name: str) -> MixedSet:
    """Long questions to ministers, in Dutch, with the commoner of their themes; the first is the
    one that the set says is the main one, where that is common."""
    rows = _rows("dekamer_nl/train.csv")
    themes = [[row["label"], *row["themes"].split("|")] for row in rows]
    count = Counter(theme for each in themes for theme in set(each))
    common = [[theme for theme in each if count[theme] >= FEWEST] for each in themes]
    pairs = zip(rows, common, strict=True)
    messages = [_message(row["text"], _label(each)) for row, each in pairs if each]
    return _flat(name, f"{len(JUDGED_FOLDS)} of {FOLDS} folds", "nl", _in_folds(messages))


def mails(name: str) -> MixedSet:
    """Our own made-up messages of the training weeks train; later mails judge that are all about
    two or three of the drivers, each in a paragraph of its own, among sentences that say nothing.
    """
    made = generate_mixed(until=SAMPLE_UNTIL, messages=SAMPLE_MESSAGES)
    judged = [_sampled(each) for each in made]
    late = {each.raw.external_id or "": each.late_also for each in made}
    places = {message.message_id: _places(message) for message in judged}
    rounds = [(_training_weeks(), judged)]
    return MixedSet(name, "later mails", "nl", sample_taxonomy(), rounds, late, places)


def weeks(name: str) -> MixedSet:
    """The same training weeks; all later messages with a driver from them judge, as they come:
    nearly all about one."""
    made = [each for each in _inbound() if each.week >= TRAINING_WEEKS]
    train = _training_weeks()
    known = {driver for message in train for driver in message.label.drivers}
    kept = [each for each in made if each.truth.primary is None or each.truth.primary in known]
    rounds = [(train, [_sampled(each) for each in kept])]
    late = {each.raw.external_id or "": each.late_also for each in kept}
    return MixedSet(name, "later weeks", "nl", sample_taxonomy(), rounds, late, {})


def _training_weeks() -> Messages:
    return [_sampled(each) for each in _inbound() if each.week < TRAINING_WEEKS]


def _inbound() -> list[SampleMessage]:
    made = generate(until=SAMPLE_UNTIL, messages=SAMPLE_MESSAGES)
    return [each for each in made if each.raw.direction is Direction.INBOUND]


def _sampled(each: SampleMessage) -> LabeledMessage:
    """A sample message as a model is given it."""
    message = clean(each.raw)
    said = [redact(part, key=SAMPLE_KEY) for part in (message.subject, message.text)]
    return LabeledMessage(
        text=RedactedText(classified_text(*said)),
        label=each.truth,
        message_id=each.raw.external_id or "",
        language=each.raw.language or "",
        channel=each.raw.channel,
    )


def _places(message: LabeledMessage) -> tuple[int, ...]:
    """In which paragraph each other driver stands: after the greeting and the primary one."""
    return tuple(range(2, 2 + len(message.label.also)))


def _flat(name: str, how: str, language: str, rounds: Rounds) -> MixedSet:
    drivers = {d for rest, part in rounds for each in (*rest, *part) for d in each.label.drivers}
    return MixedSet(name, how, language, flat_taxonomy(drivers), rounds, {}, {})


def _in_folds(messages: Messages) -> list[tuple[Messages, Messages]]:
    folds = assign_folds(messages, FOLDS)
    return [(_at(messages, folds != fold), _at(messages, folds == fold)) for fold in JUDGED_FOLDS]


def _at(messages: Messages, rows: np.ndarray) -> Messages:
    return [message for message, inside in zip(messages, rows, strict=True) if inside]


def _message(text: str, label: Label) -> LabeledMessage:
    return LabeledMessage(text=RedactedText(text), label=label)


def _label(names: Iterable[str], nothing: str = "") -> Label:
    return Label.parse("|".join(names), unknown_label=nothing)


def _rows(file: str) -> list[dict[str, str]]:
    with (shared() / "data" / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


SETS: Mapping[str, Callable[[str], MixedSet]] = {
    "nlupp": nlupp,
    "nlupp_low": nlupp,
    "survey_joined": survey_joined,
    "survey_levels": survey_levels,
    "dekamer_themes": questions,
    "sample_mails": mails,
    "sample_weeks": weeks,
}
OWN = ("sample_mails", "sample_weeks")
"""Sets made here, of which each message knows its language."""
