"""What may be routed without a person: a promise per queue, and the ladder that leads there.

"Of the messages routed automatically to this queue, at least 95 % are right, with 95 %
confidence": see `promise`.
"""

from classifier.promise.evidence import equal_probability
from classifier.promise.held_out import held_out_promise
from classifier.promise.ladder import Reason, Standing, Step, climb, evidenced, fall
from classifier.promise.promise import GRID, QueuePromise, promise
from classifier.promise.sequence import faultless_labels, labels_for

__all__ = [
    "GRID",
    "QueuePromise",
    "Reason",
    "Standing",
    "Step",
    "climb",
    "equal_probability",
    "evidenced",
    "fall",
    "faultless_labels",
    "held_out_promise",
    "labels_for",
    "promise",
]
