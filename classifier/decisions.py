"""Auto or review: how a message is routed, and the doubts that say why it was not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from classifier.messages import Label, Prediction, Predictions
from classifier.stops import LEAST_AT_PARENT, Stop, leveled, parents_of, stops, stops_of, summed
from classifier.taxonomy import Taxonomy


class Status(StrEnum):
    """Who routed a message: the model, nobody yet, or a person."""

    AUTO = "auto"
    REVIEW = "review"
    PERSON = "person"


class Doubt(StrEnum):
    """A reason why a message waits for a person."""

    NO_MODEL = "no_model"
    NO_THRESHOLD = "no_threshold"
    ONLY_RECOMMENDS = "only_recommends"
    RETIRED_DRIVER = "retired_driver"
    LOW_CONFIDENCE = "low_confidence"
    NARROW_MARGIN = "narrow_margin"
    UNKNOWN_DRIVER = "unknown_driver"
    TOO_SHORT = "too_short"


EXPLANATIONS: Final[Mapping[Doubt, str]] = MappingProxyType(
    {
        Doubt.NO_MODEL: "No model is in use yet, so a person decides.",
        Doubt.NO_THRESHOLD: "The model has not yet shown that it can route messages on its own.",
        Doubt.ONLY_RECOMMENDS: "For this queue the model only recommends; a person decides.",
        Doubt.RETIRED_DRIVER: "The likeliest driver is no longer in the taxonomy.",
        Doubt.LOW_CONFIDENCE: "The model is not sure enough of the likeliest driver.",
        Doubt.NARROW_MARGIN: "Two drivers are almost equally likely.",
        Doubt.UNKNOWN_DRIVER: "The message may be about none of the drivers.",
        Doubt.TOO_SHORT: "The message has too few words to go by.",
    }
)
"""One English sentence per doubt; screens translate it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtLimits:
    """Where the explaining doubts begin: a lead over the second driver in [0, 1], and words."""

    margin: float = 0.2
    words: int = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """How a message is routed.

    `driver` is the likeliest driver, also in review where it is only a proposal; None when
    "none of the drivers" is likelier, or without a model. Of `auto` it may be a parent: sure
    enough of that, not of one driver below it. `queue` is never empty; `doubts` are the reasons
    for a review, empty for `auto` and `person`.
    """

    status: Status
    driver: str | None
    queue: str
    doubts: tuple[Doubt, ...] = ()


RANKED_DOUBTS: Final = (
    *(Doubt.NO_MODEL, Doubt.ONLY_RECOMMENDS, Doubt.NO_THRESHOLD, Doubt.RETIRED_DRIVER),
    *(Doubt.LOW_CONFIDENCE, Doubt.UNKNOWN_DRIVER, Doubt.NARROW_MARGIN, Doubt.TOO_SHORT),
)
"""In the order in which a decision has them: those that decide before those that explain."""

EVERY_DOUBTS: Final = tuple(
    tuple(doubt for place, doubt in enumerate(RANKED_DOUBTS) if bits >> place & 1)
    for bits in range(1 << len(RANKED_DOUBTS))
)
"""The doubts by their number: bit i of it says whether `RANKED_DOUBTS[i]` is among them."""


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """How n messages are routed, as columns: one `Decision` a message.

    `auto` (n,): routed by the model, or in review. `driver` (n,): the column in `drivers`, -1 for
    none. `queue` (n,): the place in `queues`. `doubts` (n,): the place in `EVERY_DOUBTS`.
    `confidence` (n,): the probability that the driver, or the proposal, is right. `drivers` are
    those of the predictions, then the parents at which they may stop.
    """

    drivers: tuple[str, ...]
    queues: tuple[str, ...]
    auto: NDArray[np.bool_]
    driver: NDArray[np.intp]
    queue: NDArray[np.intp]
    doubts: NDArray[np.uint8]
    confidence: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.auto)

    def __iter__(self) -> Iterator[Decision]:
        """The decisions of the messages, in order."""
        columns = (self.auto, self.driver, self.queue, self.doubts)
        for auto, driver, queue, doubts in zip(*(each.tolist() for each in columns), strict=True):
            yield Decision(
                Status.AUTO if auto else Status.REVIEW,
                self.drivers[driver] if driver >= 0 else None,
                self.queues[queue],
                EVERY_DOUBTS[doubts],
            )


LEAST_CONFIDENCE: Final = 0.25
"""No threshold is set below: where a model itself expects three of four to be wrong, a person
decides, however well the surer messages make up for them on average."""


def precision_threshold(
    confidence: NDArray[np.float64],
    correct: NDArray[np.bool_],
    target: float = 0.95,
    minimum: int = 20,
    *,
    assurance: float = 0.9,
) -> float:
    """The lowest confidence from which messages routed automatically are right often enough.

    `confidence` (n,) in [0, 1] and `correct` (n,) come from messages the model was not trained
    on; or (n, s) of the stops of `classifier.stops.Stops`, of which each message is routed at the
    first that reaches the threshold, and right if it is right there.
    A threshold counts only when at least `minimum` messages reach it and the one-sided
    Clopper-Pearson lower bound of their precision, at level `assurance`, is at least `target`:
    the share right among few messages is no evidence, and the lowest of many thresholds that look
    fine is usually one that was lucky. Returns infinity when no threshold can be shown to keep
    the target (at 0.95, that takes at least 45 messages without a mistake).
    """
    reached: NDArray[np.float64] = leveled(confidence)
    thresholds: NDArray[np.float64] = np.unique(reached[reached >= 0])[::-1]
    if not len(thresholds):
        return float("inf")
    routed = summed(np.ones(reached.shape, dtype=np.intp), reached, thresholds)
    right = summed(leveled(correct), reached, thresholds)
    lowest = np.nan_to_num(beta.ppf(1.0 - assurance, right, routed - right + 1))
    kept = thresholds[(routed >= minimum) & (lowest >= target)]
    return float(kept[-1]) if len(kept) else float("inf")


def is_routed(
    confidence: NDArray[np.float64], unknown: NDArray[np.float64], threshold: float
) -> NDArray[np.bool_]:
    """Which messages (n,) a model routes itself: sure enough, and of a driver above all."""
    return (confidence >= threshold) & (confidence > unknown)


def low_confidence(confidence: float, threshold: float) -> bool:
    """The likeliest driver is not likely enough; an infinite threshold is another doubt."""
    return confidence < threshold < float("inf")


def narrow_margin(probabilities: NDArray[np.float64], margin: float) -> bool:
    """The likeliest of the (k,) drivers leads the second by less than `margin`."""
    if len(probabilities) < 2:
        return False
    second, first = np.partition(probabilities, -2)[-2:]
    return bool(first - second < margin)


def unknown_driver(confidence: float, unknown: float) -> bool:
    """That it is none of the drivers is at least as likely as the likeliest driver."""
    return unknown >= confidence


def too_short(text: str, words: int) -> bool:
    """Fewer than `words` words."""
    return len(text.split(None, max(words, 0))) < words


def decide(
    prediction: Prediction | None,
    taxonomy: Taxonomy,
    *,
    threshold: float,
    by_queue: Mapping[str, float] | None = None,
    text: str = "",
    limits: DoubtLimits | None = None,
) -> Decision:
    """Route one message: to its driver's queue when the model is sure, else to the fallback.

    `threshold` is a confidence in [0, 1], or infinity to route nothing. A queue that `by_queue`
    names has a threshold of its own instead; infinity where the model only recommends. Where the
    likeliest driver does not reach it, a parent may (see `classifier.stops`). `text` only serves to
    explain a review. A driver without a queue of its own goes to the fallback queue, too.
    """
    if prediction is None:
        return Decision(Status.REVIEW, None, taxonomy.fallback_queue, (Doubt.NO_MODEL,))
    likeliest, confidence = prediction.driver, prediction.confidence
    driver = None if unknown_driver(confidence, prediction.unknown) else likeliest
    queue, own = taxonomy.queue(likeliest), by_queue or {}
    least = own.get(queue, threshold)
    enough = confidence >= least and driver in taxonomy.leaves
    if enough and (confidence >= LEAST_AT_PARENT or not taxonomy.parents):
        return Decision(Status.AUTO, driver, queue)
    stop = _reached(prediction, taxonomy, threshold, own) if taxonomy.parents else None
    if stop is not None:
        return Decision(Status.AUTO, stop.driver, stop.queue)
    doubts = _doubts(prediction, taxonomy, least, text, limits or DoubtLimits())
    if own.get(queue) == float("inf"):
        doubts = (Doubt.ONLY_RECOMMENDS, *(each for each in doubts if each != Doubt.NO_THRESHOLD))
    return Decision(Status.REVIEW, driver, taxonomy.fallback_queue, doubts)


def _reached(
    prediction: Prediction, taxonomy: Taxonomy, threshold: float, own: Mapping[str, float]
) -> Stop | None:
    """The first stop of a message that reaches the threshold of its queue."""
    for stop in stops(prediction, taxonomy):
        if stop.confidence >= own.get(stop.queue, threshold):
            return stop
    return None


def decide_many(
    predictions: Predictions,
    taxonomy: Taxonomy,
    *,
    threshold: float,
    by_queue: Mapping[str, float] | None = None,
    texts: Sequence[str] | None = None,
    limits: DoubtLimits | None = None,
) -> Decisions:
    """Route n messages: of each exactly what `decide` says of it, `texts` (n,) being theirs."""
    limits, own = limits or DoubtLimits(), by_queue or {}
    parents = parents_of(predictions.drivers, taxonomy)
    drivers, leaves = (*predictions.drivers, *parents.ids), frozenset(taxonomy.leaves)
    queues = (*map(taxonomy.queue, drivers), taxonomy.fallback_queue)
    bounds = np.array([own.get(queue, threshold) for queue in queues[:-1]])
    advised = np.array([own.get(queue) == float("inf") for queue in queues[:-1]])
    likeliest, confidence = predictions.likeliest, predictions.confidence
    least, strange = bounds[likeliest], predictions.unknown >= confidence
    retired = np.array([driver not in leaves for driver in drivers])[likeliest]
    enough = ~strange & ~retired & (confidence >= least)
    auto, place, reached = enough, likeliest, confidence
    if parents.ids:
        auto, place, reached = _climbed(predictions, taxonomy, bounds, enough)
    doubts = {
        Doubt.ONLY_RECOMMENDS: advised[likeliest],
        Doubt.NO_THRESHOLD: (least == float("inf")) & ~advised[likeliest],
        Doubt.RETIRED_DRIVER: retired,
        Doubt.LOW_CONFIDENCE: ((confidence < least) | enough) & (least < float("inf")),
        Doubt.UNKNOWN_DRIVER: strange,
        Doubt.NARROW_MARGIN: _narrow_margins(predictions, ~auto, limits.margin),
        Doubt.TOO_SHORT: _too_short(texts, ~auto, limits.words),
    }
    return Decisions(
        *(drivers, queues, auto),
        driver=np.where(strange & ~auto, -1, place),
        queue=np.where(auto, place, len(drivers)),
        doubts=np.where(auto, 0, _numbered(doubts)).astype(np.uint8),
        confidence=reached,
    )


def _climbed(
    predictions: Predictions,
    taxonomy: Taxonomy,
    bounds: NDArray[np.float64],
    enough: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.float64]]:
    """Which messages (n,) stop anywhere, at which column of `bounds`, and how sure that is.

    Only those are asked whose leaf alone does not settle it: `enough`, and likelier than any
    other queue could be.
    """
    auto, place, reached = enough.copy(), predictions.likeliest, predictions.confidence
    rows = np.flatnonzero(~(enough & (reached >= LEAST_AT_PARENT)))
    shares, unknown = predictions.probabilities[rows], predictions.unknown[rows]
    found = stops_of(Predictions(predictions.drivers, shares, unknown), taxonomy)
    level = found.reached(bounds[found.heading])
    auto[rows] = level >= 0
    some, at = rows[level >= 0], (level >= 0, level[level >= 0])
    place[some], reached[some] = found.places[at], found.confidence[at]
    return auto, place, reached


def _numbered(doubts: Mapping[Doubt, NDArray[np.bool_]]) -> NDArray[np.intp]:
    """The place (n,) in `EVERY_DOUBTS` of those that hold for each message."""
    holds = np.stack(list(doubts.values()))
    return (1 << np.array([RANKED_DOUBTS.index(each) for each in doubts])) @ holds


def _narrow_margins(
    predictions: Predictions, asked: NDArray[np.bool_], margin: float
) -> NDArray[np.bool_]:
    """Which of the messages (n,) that are asked about have a narrow margin."""
    narrow = np.zeros(len(predictions), dtype=bool)
    if len(predictions.drivers) > 1:
        best = np.partition(predictions.probabilities[asked], -2, axis=1)[:, -2:]
        narrow[asked] = best[:, 1] - best[:, 0] < margin
    return narrow


def _too_short(
    texts: Sequence[str] | None, asked: NDArray[np.bool_], words: int
) -> NDArray[np.bool_]:
    """Which of the messages (n,) that are asked about have a text, and one too short."""
    short = np.zeros(len(asked), dtype=bool)
    if texts is not None:
        for place in np.flatnonzero(asked).tolist():
            short[place] = bool(texts[place]) and too_short(texts[place], words)
    return short


def decided_by_person(label: Label, taxonomy: Taxonomy) -> Decision:
    """Route one message by what a person says; an unknown driver goes to the fallback queue."""
    return Decision(Status.PERSON, label.primary, taxonomy.queue(label.primary))


def _doubts(
    prediction: Prediction, taxonomy: Taxonomy, threshold: float, text: str, limits: DoubtLimits
) -> tuple[Doubt, ...]:
    """Every doubt that holds, those that decide before those that explain."""
    confidence = prediction.confidence
    retired = prediction.driver not in taxonomy.leaves
    strange = unknown_driver(confidence, prediction.unknown)
    outdone = confidence >= threshold and not (retired or strange)  # another queue is likelier
    fired = {
        Doubt.NO_THRESHOLD: threshold == float("inf"),
        Doubt.RETIRED_DRIVER: retired,
        Doubt.LOW_CONFIDENCE: low_confidence(confidence, threshold) or outdone,
        Doubt.UNKNOWN_DRIVER: strange,
        Doubt.NARROW_MARGIN: narrow_margin(prediction.probabilities, limits.margin),
        Doubt.TOO_SHORT: bool(text) and too_short(text, limits.words),
    }
    return tuple(doubt for doubt, holds in fired.items() if holds)
