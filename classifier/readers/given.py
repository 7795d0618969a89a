"""What a file of labeled messages tells of its labels, beside the labels themselves.

These columns are those of our own export, and any file may have them. All but `also` are hints:
what cannot be understood is passed over.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from classifier.messages import GivenLabel, Label

ALSO: Final = "also"
ATTRIBUTES: Final = "attributes"
COLUMNS: Final = frozenset(
    {
        *(ALSO, ATTRIBUTES, "chosen", "counts", "inclusion", "origin"),
        *("person", "answered_at", "note", "suggestion", "personal_data"),
    }
)
HINTS: Final = COLUMNS - {ALSO}
SIGNATURE: Final = frozenset({ALSO, "chosen", "counts"})
"""The columns by which our own export is recognized."""
WIDE: Final = 10_000
"""Characters in `also`, and in a hint."""
_WORD: Final = re.compile(r"[a-z][a-z0-9:_-]*")
_TRUE: Final = ("true", "1", "yes", "waar")
"""As we write it, and as spreadsheets in English and Dutch do."""

Values = Mapping[str, str]


def label_in(values: Values, unknown_label: str) -> Label:
    """The label of a row: `label` and, where there is a column for them, `also` the others."""
    label = Label.parse(values.get("label", ""), unknown_label=unknown_label)
    others = Label.parse(values.get(ALSO, ""), unknown_label=unknown_label).drivers
    also = (each for each in dict.fromkeys((*label.also, *others)) if each != label.primary)
    return Label(label.primary, tuple(also))


def given_in(values: Values, label: Label, timezone: str) -> tuple[GivenLabel, ...]:
    """What else is told of the label of a row; nothing where nothing is."""
    hints = {name: _hint(values.get(name, "")) for name in HINTS}
    counts = hints["counts"].lower() in _TRUE
    found = GivenLabel(
        label=label,
        person=hints["person"],
        answered_at=moment_in(hints["answered_at"], timezone),
        chosen=_word(hints["chosen"]),
        inclusion=_inclusion(hints["inclusion"]) if counts else None,
        origin=_word(hints["origin"]),
        note=hints["note"],
        suggestion=hints["suggestion"],
        personal_data=hints["personal_data"].lower() in _TRUE,
    )
    return () if found == GivenLabel(label=label) else (found,)


def attributes_in(values: Values) -> dict[str, str]:
    """The attributes in a column that holds them together, as a JSON object."""
    try:
        found = json.loads(_hint(values.get(ATTRIBUTES, "")) or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str) and value}


def moment_in(written: str, timezone: str) -> datetime | None:
    """A moment in ISO 8601, local time in `timezone` without an offset; None if it is none."""
    try:
        moment = datetime.fromisoformat(written)
        local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _hint(written: str) -> str:
    return "" if "\0" in written or len(written) > WIDE else written


def _word(written: str) -> str:
    return written if _WORD.fullmatch(written) else ""


def _inclusion(written: str) -> float | None:
    try:
        found = float(written.replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) and 0 < found <= 1 else None
