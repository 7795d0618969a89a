"""The sums volumes are made of: kept per day, model and slice, so that a report reads no message.

A week is marked stale in the transaction that changed it (a message, an answer) and summed anew
before it is read next. Summing twice gives the same rows.
"""

from service.terms.columns import MENTION, PRIMARY, SLICES, WHOLE, Columns
from service.terms.loading import load_terms
from service.terms.staleness import (
    has_other_columns,
    is_stale,
    mark_stale,
    notice_taxonomy,
    stale_weeks,
)
from service.terms.summing import refresh

__all__ = [
    "MENTION",
    "PRIMARY",
    "SLICES",
    "WHOLE",
    "Columns",
    "has_other_columns",
    "is_stale",
    "load_terms",
    "mark_stale",
    "notice_taxonomy",
    "refresh",
    "stale_weeks",
]
