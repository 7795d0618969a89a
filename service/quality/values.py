"""What is said of the quality of labels."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from classifier.evaluation import Rate, Remedy
from labeling.agreement import Agreement
from labeling.sway import Ceiling, Sway

IN_REACH: Final = 200


class Verdict(StrEnum):
    """What the model beside people says of what would help.

    `definitions`: the model agrees with people nearly as often as they with each other, so that
    more labels of the kind will not help much and clearer definitions will. `labels`: it surely
    agrees less often. `unsure`: too few messages to say. `unknown`: none at all.
    """

    DEFINITIONS = "definitions"
    LABELS = "labels"
    UNSURE = "unsure"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinionCounts:
    """Second opinions that were asked for, that came, and that named another main driver; of these
    how many a third look decided, and for whom. Plain counts."""

    asked: int
    answered: int
    differed: int
    for_first: int
    for_second: int
    for_another: int

    @property
    def decided(self) -> int:
        return self.for_first + self.for_second + self.for_another


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectCounts:
    """Labels that looked wrong and were asked of somebody else; of the `answered` ones how many
    got another main driver."""

    asked: int
    answered: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverQuality:
    """One main driver against the rest. `both`: of the messages that either of two people gave it,
    the share that both did."""

    driver: str
    agreement: Agreement
    both: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekQuality:
    """The messages of one week. `same`: the share to which two people give the same main driver."""

    week: str
    same: Rate
    agreement: Agreement
    second_opinions: SecondOpinionCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedUp:
    """Two drivers, in alphabetical order, that two people gave one message, `times` of them.

    `disagreed`: of the messages that both people gave to one of the two, the share they gave to
    different ones. `more`: second opinions after which it would be clear whether they tell them
    apart. `message_ids`: some of the messages, the newest first.
    """

    first: str
    second: str
    times: int
    disagreed: Rate
    remedy: Remedy
    more: int
    message_ids: tuple[int, ...]

    @property
    def in_reach(self) -> bool:
        """Whether a team could give so many more second opinions about two drivers."""
        return self.more <= IN_REACH


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Cohen's kappa of two people, by name: about persons."""

    first: str
    second: str
    agreement: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good the labels of some weeks are, from messages that two people answered.

    `same`: the share to which they give the same main driver; `agreement` Krippendorff's alpha and
    `fleiss` Fleiss' kappa of it; each message counts 1/π times. `ceiling`, `verdict`: the model
    beside people, of messages that neither saw its proposal for. `sway`: by audits. `drivers` with
    the least agreement first; `weeks` that have any second opinion. `persons` is None unless the
    team has chosen to show it and an admin asks.
    """

    first_week: str
    last_week: str
    people: int
    same: Rate
    agreement: Agreement
    fleiss: Agreement
    second_opinions: SecondOpinionCounts
    suspects: SuspectCounts
    ceiling: Ceiling
    verdict: Verdict
    sway: Sway
    drivers: tuple[DriverQuality, ...]
    weeks: tuple[WeekQuality, ...]
    mixed_up: tuple[MixedUp, ...]
    persons: tuple[Between, ...] | None
