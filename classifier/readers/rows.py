"""A row of named values, whatever file it came from, to a message."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from classifier.messages import UNKNOWN, Direction, RawMessage, Rejected
from classifier.readers import given

MAX_BYTES: Final = 10_000_000
TIMEZONE: Final = "Europe/Amsterdam"
SURVEY: Final = "survey"
SCORES: Final = ("nps", "csat", "ces")
NPS_HIGHEST: Final = 10
YEARS: Final = range(1970, 2200)
MAX_SHORT: Final = 1_000
"""Characters in any value but the text and the subject."""
LONG: Final = ("text", "subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read a file; the arguments of `read_messages`."""

    channel: str | None = None
    unknown_label: str = UNKNOWN
    labels: bool = False
    label_from: str | None = None
    timezone: str = TIMEZONE
    max_bytes: int = MAX_BYTES
    attributes: tuple[str, ...] = ("product", "partner")

    @property
    def used(self) -> frozenset[str]:
        """The columns that are looked at; anything may stand in the others."""
        told = given.COLUMNS if self.labels else frozenset[str]()
        return COLUMNS | told | set(self.attributes)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns a file must have."""
        return ("text", "label") if self.labels else ("text",)

    def channel_of(self, written: str) -> str:
        """The channel of a row that says so, or says nothing."""
        return (self.channel or written or "ticket").lower()

    def language(self, written: str) -> str:
        """`nl` for `nl`, `NL`, `nl-BE` and `nl_BE`."""
        return written.lower().replace("_", "-").split("-")[0]


COLUMNS: Final = frozenset(SCORES) | {
    *("text", "label", "id", "conversation_id", "channel", "received_at", "created_at", "lang"),
    *("subject", "score", "customer", "direction"),
}


class BadValue(Exception):
    """A value that makes a row unusable; `reason` never repeats the value."""

    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


@dataclass(slots=True)
class Rows:
    """Turns the rows of one file into messages, remembering which id had which label."""

    path: Path
    reading: Reading
    labels_seen: dict[str, tuple[str, int]] = field(default_factory=dict)

    def message(self, row: Mapping[str, str], line: int) -> RawMessage | Rejected:
        """The message in a row, or why there is none. `line` counts from 1."""
        values = {name: row[name].strip() for name in row if name in self.reading.used}
        try:
            _check(values, self.reading)
            message = _message(values, self.reading, f"{self.path.name}:{line}")
            self._check_label(message, line)
        except BadValue as error:
            return self.rejected(line, error.field, error.reason)
        return message

    def rejected(self, line: int, field: str, reason: str) -> Rejected:
        return Rejected(str(self.path), line, field, reason)

    def _check_label(self, message: RawMessage, line: int) -> None:
        if message.label is None or message.external_id is None:
            return
        written, first = str(message.label), line
        known, first = self.labels_seen.setdefault(message.external_id, (written, line))
        if known != written:
            raise BadValue("label", f"the same id has another label on line {first}")


def _check(values: Mapping[str, str], reading: Reading) -> None:
    for name in reading.needed:
        if name not in values:
            raise BadValue(name, "is missing")
    for name, value in values.items():
        if name in given.HINTS and reading.labels:
            continue
        if "\0" in value:
            raise BadValue(name, "contains a NUL byte; export the file again as text")
        most = given.WIDE if name == given.ALSO else MAX_SHORT
        if name not in LONG and len(value) > most:
            raise BadValue(name, f"is longer than {most:,} characters")
        if name in LONG and len(value.encode("utf-8", "replace")) > reading.max_bytes:
            raise BadValue(name, f"is larger than {reading.max_bytes:,} bytes")


def _message(values: Mapping[str, str], reading: Reading, source: str) -> RawMessage:
    whole = {name: _whole(value) for name, value in values.items()}
    get = whole.get
    text, subject = get("text", ""), get("subject", "")
    if not (text or subject):
        raise BadValue("text", "is empty")
    channel = reading.channel_of(get("channel", ""))
    label = given.label_in(whole, reading.unknown_label) if reading.labels else None
    named = {name: get(name, "") for name in reading.attributes if get(name)}
    return RawMessage(
        text=text or subject,
        subject=subject,
        external_id=get("id") or None,
        channel=channel,
        received_at=_received_at(get("received_at") or get("created_at") or "", reading),
        language=reading.language(get("lang", "")) or None,
        conversation_id=get("conversation_id") or None,
        customer=get("customer") or None,
        direction=_direction(get("direction", "")),
        attributes=named | (given.attributes_in(whole) if label else {}),
        scores=_scores(values, channel),
        label=label,
        given=given.given_in(whole, label, reading.timezone) if label else (),
        source=source,
    )


def _whole(value: str) -> str:
    """Half characters (lone surrogates, from JSON escapes) cannot be stored."""
    return value.encode("utf-8", "replace").decode() if not value.isascii() else value


def _received_at(written: str, reading: Reading) -> datetime | None:
    if not written:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.year not in YEARS:
        raise BadValue("received_at", "is no ISO date such as 2026-11-21 or 2026-11-21T14:30+01:00")
    local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(reading.timezone))
    return local.astimezone(UTC)


def _direction(written: str) -> Direction:
    try:
        return Direction(written.lower() or Direction.INBOUND)
    except ValueError:
        allowed = ", ".join(Direction)
        raise BadValue("direction", f"must be one of {allowed}") from None


def _scores(values: Mapping[str, str], channel: str) -> dict[str, float]:
    scores = {name: _score(name, values[name]) for name in SCORES if values.get(name)}
    unnamed = _number(values.get("score", ""))
    if channel == SURVEY and 0 <= unnamed <= NPS_HIGHEST:  # a score of another kind is left alone
        scores.setdefault("nps", unnamed)
    return scores


def _number(written: str) -> float:
    try:
        return float(written.replace(",", "."))
    except ValueError:
        return math.nan


def is_score(name: str, written: str) -> bool:
    """Whether a value, perhaps an empty one, may stand in a column of scores."""
    try:
        return not written or math.isfinite(_score(name, written))
    except BadValue:
        return False


def _score(name: str, written: str) -> float:
    score = _number(written)
    if name == "nps" and not 0 <= score <= NPS_HIGHEST:
        raise BadValue(name, f"must be a number from 0 to {NPS_HIGHEST}")
    if not math.isfinite(score):
        raise BadValue(name, "must be a number")
    return score
