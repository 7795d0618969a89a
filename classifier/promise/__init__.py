"""What may be routed without a person: a promise per queue, and the ladder that leads there.

"Of the messages routed automatically to this queue, at least 95 % are right, with 95 %
confidence": see `promise`.
"""

from classifier.promise.evidence import equal_probability
from classifier.promise.held_out import Outcomes, outcomes
from classifier.promise.ladder import START, Reason, Rung, Standing, climb, evidenced, fall
from classifier.promise.promise import GRID, QueuePromise, promise
from classifier.promise.sequence import faultless_labels, labels_for
from classifier.promise.watch import Watch, log_capital, watch

__all__ = [
    "GRID",
    "START",
    "Outcomes",
    "QueuePromise",
    "Reason",
    "Rung",
    "Standing",
    "Watch",
    "climb",
    "equal_probability",
    "evidenced",
    "fall",
    "faultless_labels",
    "labels_for",
    "log_capital",
    "outcomes",
    "promise",
    "watch",
]
