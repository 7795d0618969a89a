"""What travels through Waarom: messages, labels, predictions. Frozen values, no behaviour to mock.

A `RawMessage` is what a reader found and still holds personal data; it lives in memory only.
Everything kept, sent or learned from is `RedactedText` (see `classifier.redaction`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

import numpy as np
from numpy.typing import NDArray

UNKNOWN: Final = "unknown"
"""The reserved column and label name for "about none of the drivers"."""


RedactedText = NewType("RedactedText", str)
"""Text without personal data. Minted by `classifier.redaction.redact` and by nothing else."""


class Direction(StrEnum):
    """Which way a message went. Only inbound messages are classified and counted."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says a message is about.

    `primary` is a driver id, or None for "unknown driver"; `also` are the other drivers.
    """

    primary: str | None
    also: tuple[str, ...] = ()

    @property
    def drivers(self) -> tuple[str, ...]:
        """Every driver the message is about, the primary one first; empty when unknown."""
        return (self.primary, *self.also) if self.primary else ()

    @property
    def mentions(self) -> tuple[str, ...]:
        """Every driver the message is about, also where the primary one has no name yet."""
        return self.drivers or self.also

    @classmethod
    def parse(cls, written: str, *, unknown_label: str = UNKNOWN) -> "Label":
        """Read `a|b|c` (the first is primary). Empty, or `unknown_label`, means unknown driver."""
        parts = [part.strip() for part in written.split("|")]
        names = [part for part in dict.fromkeys(parts) if part and part != unknown_label]
        return cls(names[0], tuple(names[1:])) if names else cls(None)

    def __str__(self) -> str:
        return "|".join(self.drivers) or UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenLabel:
    """A label as a file tells of it: who gave it and when, and how its message was chosen.

    `person`, `note` and `suggestion` still hold personal data, as a `RawMessage` does. `chosen` is
    the file's own word; `inclusion` in (0, 1] the probability with which the message was drawn, of
    a label that corrected volumes where it comes from. `name` is what the answer is called there,
    if it can have several versions. `personal_data`: that person saw some in the message. What a
    file does not tell is empty.
    """

    label: Label
    person: str = ""
    answered_at: datetime | None = None
    chosen: str = ""
    inclusion: float | None = None
    origin: str = ""
    note: str = ""
    suggestion: str = ""
    personal_data: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """One message as it came in, before cleaning and redaction. Never stored, logged or sent.

    `received_at` is timezone-aware; `scores` maps nps/csat/ces to a number; `source` is
    "file:line" for messages from a file, for error messages only. `given` is all that a file tells
    of how it was labeled, oldest first; the last of them is `label`.
    """

    text: str
    subject: str = ""
    external_id: str | None = None
    channel: str = "ticket"
    received_at: datetime | None = None
    language: str | None = None
    conversation_id: str | None = None
    customer: str | None = None
    direction: Direction = Direction.INBOUND
    attributes: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    label: Label | None = None
    given: tuple[GivenLabel, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabeledMessage:
    """A redacted message with a person's label: what models are trained and judged on.

    `group` is shared by messages that must not be split over train and test (same normalized
    text, same customer); `inclusion` is the probability with which the message was drawn for a
    label, None when that is not known.
    """

    text: RedactedText
    label: Label
    message_id: str = ""
    group: str = ""
    channel: str = ""
    language: str = ""
    received_at: datetime | None = None
    inclusion: float | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be used: where and why, never its content (invariant 2)."""

    file: str
    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class PassedOver(Rejected):
    """What was never meant to be used: an answer that somebody skipped, a draft. It is counted,
    not kept aside."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A driver that a message may be about, whatever else it is about.

    `probability` in [0, 1] is calibrated: that it is about this driver at all. `chosen`: likely
    enough to be said of it. `spans`: from where to where in the text read, in characters, the
    sentences that spoke for it stand; empty where it was not one sentence that did.
    """

    driver: str
    probability: float
    chosen: bool
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one message.

    `drivers` are the model's k driver ids, `probabilities` (k,) is calibrated and sums to 1 given
    that the message is about one of them; `unknown` in [0, 1] is the probability that it is not.
    `mentions` are the likelier ones of all drivers it may be about, the likeliest primary driver
    first and the others by their probability; empty where a model knows one driver a message.
    """

    drivers: tuple[str, ...]
    probabilities: NDArray[np.float64]
    unknown: float
    mentions: tuple[Mention, ...] = ()

    @property
    def driver(self) -> str:
        """The likeliest driver's id."""
        return self.drivers[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The probability that the likeliest driver is right: (1 - unknown) · max p."""
        return (1.0 - self.unknown) * float(self.probabilities.max())

    @property
    def also(self) -> tuple[str, ...]:
        """The drivers it is about beside the likeliest one, the surest first."""
        return tuple(each.driver for each in self.mentions[1:] if each.chosen)

    def ranked(self, n: int) -> list[tuple[str, float]]:
        """The n likeliest drivers with their probability given that it is one of them."""
        best = np.argsort(-self.probabilities, kind="stable")[:n]
        return [(self.drivers[i], float(self.probabilities[i])) for i in best]


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a model says of n messages, as columns: one `Prediction` a message.

    `probabilities` (n, k) of the k `drivers`; `unknown` (n,).
    """

    drivers: tuple[str, ...]
    probabilities: NDArray[np.float64]
    unknown: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.unknown)

    def __iter__(self) -> Iterator[Prediction]:
        """The predictions of the messages, in order."""
        drivers = self.drivers
        for row, none in zip(self.probabilities, self.unknown.tolist(), strict=True):
            yield Prediction(drivers, row, none)

    @property
    def likeliest(self) -> NDArray[np.intp]:
        """The column (n,) of the likeliest driver of each message."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.intp)

    @property
    def primary(self) -> NDArray[np.float64]:
        """The probability (n, k) that each driver is the primary one of each message."""
        return np.asarray((1.0 - self.unknown)[:, None] * self.probabilities)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probability (n,) that the likeliest driver of each message is right."""
        surest = self.probabilities.max(axis=1)
        return np.asarray((1.0 - self.unknown) * surest, dtype=np.float64)

    def ranked(self, m: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The m likeliest drivers of each message, the likeliest first: their columns (n, m) and
        their probabilities given that it is one of them; m is k where there are fewer."""
        m = min(m, len(self.drivers))
        rows, left = np.arange(len(self)), self.probabilities.copy()
        columns = np.empty((len(self), m), dtype=np.intp)
        for place in range(m):
            columns[:, place] = left.argmax(axis=1)
            left[rows, columns[:, place]] = -1.0
        return columns, self.probabilities[rows[:, None], columns]
