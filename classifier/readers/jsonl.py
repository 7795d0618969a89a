"""One JSON object per line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from classifier.messages import RawMessage, Rejected
from classifier.readers import given
from classifier.readers.columns import Columns, PortionSize, columns_of_table
from classifier.readers.rows import BadValue, Reading, Rows
from classifier.readers.sources import encoding_of, open_text, share_read

MOST_LAYOUTS: Final = 100


def read_jsonl(path: Path, reading: Reading) -> Iterator[RawMessage | Rejected]:
    """Messages from JSON lines. Raises `BadFile` at once; reads lines as they are asked for."""
    return _rows(path, encoding_of(path), reading)


class _Layouts:
    """The names that objects of one kind, and usually all, use for our columns."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], dict[str, str]] = {}

    def of(self, written: tuple[str, ...], reading: Reading) -> dict[str, str]:
        if written not in self._known:
            named = {name.strip().lower(): name for name in written}
            if len(self._known) >= MOST_LAYOUTS:
                self._known.clear()
            used = {name: own for name, own in named.items() if name in reading.used}
            self._known[written] = used
        return self._known[written]


@dataclass(frozen=True, slots=True)
class JsonlPortion:
    """Lines of JSON as they stand there; `first`: the number of the first."""

    share: float
    first: int
    lines: Sequence[str]

    def columns(self, rows: Rows) -> Columns:
        found: list[tuple[int, Mapping[str, str]]] = []
        rejected: list[Rejected] = []
        layouts = _Layouts()
        for number, line in enumerate(self.lines, start=self.first):
            if not line.strip():
                continue
            try:
                found.append((number, _needed(_row(line, rows.reading, layouts), rows.reading)))
            except BadValue as error:
                rejected.append(rows.rejected(number, error.field, error.reason))
        names = dict.fromkeys(name for _, row in found for name in row)
        names.update(dict.fromkeys(rows.reading.needed))
        values = {name: [row.get(name, "") for _, row in found] for name in names}
        return columns_of_table([number for number, _ in found], values, rows, rejected)


def jsonl_portions(path: Path, reading: Reading, size: PortionSize) -> Iterator[JsonlPortion]:
    """The same lines, unread, in portions. Raises `BadFile` at once."""
    return _portions(path, encoding_of(path), size)


def _portions(path: Path, encoding: str, size: PortionSize) -> Iterator[JsonlPortion]:
    first = 1
    with open_text(path, encoding, newline="\n") as stream:
        while lines := _some(stream, size):
            yield JsonlPortion(share_read(stream, path), first, lines)
            first += len(lines)


def _some(stream: IO[str], size: PortionSize) -> list[str]:
    lines: list[str] = []
    characters = 0
    for line in stream:
        lines.append(line)
        characters += len(line)
        if len(lines) >= size.rows or characters >= size.characters:
            break
    return lines


def _needed(row: dict[str, str], reading: Reading) -> dict[str, str]:
    for name in reading.needed:
        if name not in row:
            raise BadValue(name, "is missing")
    return row


def _rows(path: Path, encoding: str, reading: Reading) -> Iterator[RawMessage | Rejected]:
    rows = Rows(path, reading)
    layouts = _Layouts()
    with open_text(path, encoding, newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                yield rows.message(_row(line, reading, layouts), number)
            except BadValue as error:
                yield rows.rejected(number, error.field, error.reason)


def _row(line: str, reading: Reading, layouts: _Layouts) -> dict[str, str]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise BadValue("line", "is not valid JSON; every line must be one object") from None
    if not isinstance(found, dict):
        raise BadValue("line", "is not a JSON object; every line must be one")
    written = tuple(found)
    used = layouts.of(written, reading)
    return {
        name: value if type(value := found[own]) is str else as_text(name, value)
        for name, own in used.items()
    }


def as_text(name: str, value: Any) -> str:
    """A value as a CSV file would hold it; a list of labels is joined by a bar. Raises `BadValue`
    for one that its column cannot have."""
    if value is None:
        return ""
    if name in ("label", given.ALSO) and isinstance(value, list):
        return "|".join(map(str, value))
    if name == given.ATTRIBUTES and isinstance(value, dict):
        return json.dumps(value)
    if name in given.HINTS and isinstance(value, dict | list):
        return ""
    if name in ("text", "subject", "label") and not isinstance(value, str):
        raise BadValue(name, "must be a text in quotes")
    if isinstance(value, dict | list):
        raise BadValue(name, "must be a single value")
    return str(value)
