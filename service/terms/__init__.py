"""The sums volumes are made of: kept per day, model and slice, so that a report reads no message.

A week is marked stale in the transaction that changed it (a message, an answer) and summed anew
before it is read next. Summing twice gives the same rows.
"""

from service.terms.columns import BETWEEN, MENTION, PRIMARY, SLICES, WHOLE, Columns, Pairs, slices
from service.terms.loading import HISTORY, Terms, history, load_terms, weeks_before
from service.terms.mentions import (
    mention_labels,
    named_drivers,
    tells_of_several,
)
from service.terms.probabilities import Logged, evenly_spread, probabilities, spread
from service.terms.reading import (
    asked,
    asked_and_answered,
    classified_text,
    label_columns,
    logged_of,
)
from service.terms.recalibrating import (
    BY_Q,
    FINAL,
    MENTIONS,
    NO_RECALIBRATION,
    PROVISIONAL,
    REST,
    aligned,
    aligned_mentions,
    began_with,
    existing,
    recalibrated,
    recalibration_id,
    unfinished,
)
from service.terms.staleness import (
    has_other_columns,
    is_stale,
    mark_stale,
    notice_columns,
    stale_weeks,
)
from service.terms.summing import refresh

__all__ = [
    "BETWEEN",
    "BY_Q",
    "FINAL",
    "HISTORY",
    "MENTION",
    "MENTIONS",
    "NO_RECALIBRATION",
    "PRIMARY",
    "PROVISIONAL",
    "REST",
    "SLICES",
    "WHOLE",
    "Columns",
    "Logged",
    "Pairs",
    "Terms",
    "aligned",
    "aligned_mentions",
    "asked",
    "asked_and_answered",
    "began_with",
    "classified_text",
    "evenly_spread",
    "existing",
    "has_other_columns",
    "history",
    "is_stale",
    "label_columns",
    "load_terms",
    "logged_of",
    "mark_stale",
    "mention_labels",
    "named_drivers",
    "notice_columns",
    "probabilities",
    "recalibrated",
    "recalibration_id",
    "refresh",
    "slices",
    "spread",
    "stale_weeks",
    "tells_of_several",
    "unfinished",
    "weeks_before",
]
