"""How good the labels are: how far people agree, where not, and what that says of the model.

values.py    what is said
reading.py   messages asked about twice, and audits, as stored
measuring.py what they come to, each message counting 1/π times
"""

from service.quality.measuring import quality
from service.quality.values import (
    Between,
    DriverQuality,
    MixedUp,
    Quality,
    SecondOpinionCounts,
    SuspectCounts,
    Verdict,
    WeekQuality,
)

__all__ = [
    "Between",
    "DriverQuality",
    "MixedUp",
    "Quality",
    "SecondOpinionCounts",
    "SuspectCounts",
    "Verdict",
    "WeekQuality",
    "quality",
]
