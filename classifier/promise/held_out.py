"""The promise of a model, from the labels of messages it never saw."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.messages import LabeledMessage, Predictions
from classifier.model import Model
from classifier.promise.evidence import equal_probability
from classifier.promise.promise import QueuePromise, promise
from classifier.stops import leveled, stops_of, summed
from classifier.taxonomy import Taxonomy
from classifier.text import normalized


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How a model did on the n labeled messages that it could route.

    `queue` (n): the one each heads for; `confidence` and `correct` (n, s) are of its stops there
    (see `classifier.stops.Stops`), s = 1 without parents to stop at. `counts` (n,): those that
    stand for the messages of their queue (see `equal_probability`).
    """

    confidence: NDArray[np.float64]
    correct: NDArray[np.bool_]
    queue: tuple[str, ...]
    counts: NDArray[np.bool_]
    asking: frozenset[str]
    target: float

    @property
    def levels(self) -> int:
        """On how many levels a message could stop (s)."""
        return self.confidence.shape[1]

    def promises(self, *, level: float = 0.95) -> dict[str, QueuePromise]:
        """What they show for each queue the model could route to, by its name."""
        rows = np.flatnonzero(self.counts)
        return promise(
            self.confidence[rows],
            self.correct[rows],
            [self.queue[row] for row in rows],
            target=self.target,
            level=level,
            asking=self.asking,
        )

    def joined(self, other: "Outcomes") -> "Outcomes":
        """Per queue the labels of whichever has more that count: chosen without their answers.

        Both are of one model; they are not pooled, for they need not stand for the same messages.
        Raises ValueError where one knows stops that the other does not.
        """
        mine, theirs = Counter(self._counting()), Counter(other._counting())
        ours = {name for name in self.asking if mine[name] >= theirs[name]}
        kept = np.array([name in ours for name in self.queue], dtype=bool)
        added = np.array([name not in ours for name in other.queue], dtype=bool)
        return replace(
            self,
            confidence=np.concatenate([self.confidence[kept], other.confidence[added]]),
            correct=np.concatenate([self.correct[kept], other.correct[added]]),
            queue=(*compress(self.queue, kept), *compress(other.queue, added)),
            counts=np.concatenate([self.counts[kept], other.counts[added]]),
        )

    def without(self, queues: Collection[str]) -> "Outcomes":
        """The same, but of some queues no labels."""
        kept = np.array([name not in queues for name in self.queue], dtype=bool)
        return replace(
            self,
            confidence=self.confidence[kept],
            correct=self.correct[kept],
            queue=tuple(compress(self.queue, kept)),
            counts=self.counts[kept],
        )

    def _counting(self) -> Iterator[str]:
        return compress(self.queue, self.counts)

    def to_dict(self) -> dict[str, Any]:
        """What counts, as plain data: no message, not even its id. Without parents to stop at, a
        confidence a message, as it was before there were any; else a list of them."""
        rows = np.flatnonzero(self.counts)
        return {
            "confidence": self._written(self.confidence[rows]),
            "correct": self._written(self.correct[rows]),
            "queue": [self.queue[row] for row in rows],
            "asking": sorted(self.asking),
            "target": self.target,
        }

    def _written(self, values: NDArray[Any]) -> list[Any]:
        return list((values[:, 0] if self.levels == 1 else values).tolist())

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Outcomes":
        """Back from `to_dict`; all that was kept counts."""
        return cls(
            confidence=leveled(np.array(found["confidence"], dtype=np.float64)),
            correct=leveled(np.array(found["correct"], dtype=bool)),
            queue=tuple(found["queue"]),
            counts=np.ones(len(found["queue"]), dtype=bool),
            asking=frozenset(found["asking"]),
            target=float(found["target"]),
        )

    def still(self, queue: str, threshold: float) -> bool:
        """Whether no fewer than the target of a queue's counting labels are right from here on.

        No test: it only serves to take back a promise that its labels no longer bear out.
        """
        names = np.asarray(self.queue, dtype=object)
        rows = np.flatnonzero(self.counts & (names == queue))
        confidence, least = self.confidence[rows], np.array([threshold])
        routed = summed(np.ones(confidence.shape, dtype=np.intp), confidence, least)
        right = summed(self.correct[rows], confidence, least)
        return bool(right[0] >= self.target * routed[0])


def outcomes(
    model: Model,
    messages: Sequence[LabeledMessage],
    *,
    drawn: bool,
    key: bytes = b"",
    taxonomy: Taxonomy | None = None,
) -> Outcomes:
    """Predict messages that had no part in making the model, and compare with their labels.

    `drawn`: only labels whose inclusion probability is known count; else the messages are a random
    hold-out of all labels, and count alike. Right is right about the driver, not only the queue;
    where a message stops at a parent, about the parent and the queue (see `classifier.stops`).
    Messages of one customer, or of the same text, count once. `taxonomy` is the one that says
    which queue a driver goes to, by default the model's own.
    """
    routing = taxonomy or model.taxonomy
    found = stops_of(_predicted(model, messages), routing)
    rows = np.flatnonzero(found.confidence[:, -1] >= 0.0)
    some = [messages[row] for row in rows]
    queue = tuple(found.queues[place] for place in found.heading[rows])
    inclusion = np.array([message.inclusion for message in some], dtype=np.float64)
    return Outcomes(
        confidence=found.confidence[rows],
        correct=found.right([message.label for message in messages])[rows],
        queue=queue,
        counts=equal_probability(
            inclusion if drawn else None,
            queue,
            ids=[message.message_id or message.text for message in some],
            groups=[message.group or normalized(message.text) for message in some],
            key=key,
        ),
        asking=frozenset(routing.queue(each) for each in model.drivers if each in routing.leaves),
        target=model.target_precision,
    )


def _predicted(model: Model, messages: Sequence[LabeledMessage]) -> Predictions:
    if messages:
        return model.judge([message.text for message in messages])
    return Predictions(model.drivers, np.zeros((0, len(model.drivers))), np.zeros(0))
