"""Weeks that were not measured alike, and the messages read by both rulers that span them.

Where the model or the taxonomy changed between two weeks, messages of the weeks are read again by
the newest model, and what it makes of them is kept as one row. Reports read that row; what was
logged of the messages, and the terms of the weeks, stay as they are.
"""

from service.bridges.making import build_bridges
from service.bridges.reading import Reread
from service.bridges.rulers import Ruler, differ, measuring, rulers
from service.bridges.storing import StoredBridge, stored_bridges

__all__ = [
    "Reread",
    "Ruler",
    "StoredBridge",
    "build_bridges",
    "differ",
    "measuring",
    "rulers",
    "stored_bridges",
]
