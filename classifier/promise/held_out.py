"""The promise of a model, from the labels of messages it never saw."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.decisions import is_routed
from classifier.messages import LabeledMessage
from classifier.model import Model
from classifier.promise.evidence import equal_probability
from classifier.promise.promise import QueuePromise, promise
from classifier.taxonomy import Taxonomy
from classifier.text import normalized


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How a model did on the labeled messages that it could route, all (n,); `counts` are those
    that stand for the messages of their queue (see `equal_probability`)."""

    confidence: NDArray[np.float64]
    correct: NDArray[np.bool_]
    queue: tuple[str, ...]
    counts: NDArray[np.bool_]
    asking: frozenset[str]
    target: float

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

    def _counting(self) -> Iterator[str]:
        return compress(self.queue, self.counts)

    def to_dict(self) -> dict[str, Any]:
        """What counts, as plain data: no message, not even its id."""
        rows = np.flatnonzero(self.counts)
        return {
            "confidence": self.confidence[rows].tolist(),
            "correct": self.correct[rows].tolist(),
            "queue": [self.queue[row] for row in rows],
            "asking": sorted(self.asking),
            "target": self.target,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Outcomes":
        """Back from `to_dict`; all that was kept counts."""
        return cls(
            confidence=np.array(found["confidence"], dtype=np.float64),
            correct=np.array(found["correct"], dtype=bool),
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
        rows = self.counts & (names == queue) & (self.confidence >= threshold)
        return bool(self.correct[rows].sum() >= self.target * rows.sum())


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
    hold-out of all labels, and count alike. Right is right about the driver, not only the queue.
    Messages of one customer, or of the same text, count once. `taxonomy` is the one that says
    which queue a driver goes to, by default the model's own.
    """
    routing = taxonomy or model.taxonomy
    predictions = model.predict([message.text for message in messages]) if messages else []
    confidence = np.array([each.confidence for each in predictions], dtype=np.float64)
    unknown = np.array([each.unknown for each in predictions], dtype=np.float64)
    known = np.array([each.driver in routing.leaves for each in predictions], dtype=bool)
    rows = np.flatnonzero(is_routed(confidence, unknown, 0.0) & known)
    some = [messages[row] for row in rows]
    said = [predictions[row].driver for row in rows]
    queue = tuple(routing.queue(driver) for driver in said)
    inclusion = np.array([message.inclusion for message in some], dtype=np.float64)
    return Outcomes(
        confidence=confidence[rows],
        correct=np.array(
            [driver in m.label.drivers for m, driver in zip(some, said, strict=True)], dtype=bool
        ),
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
