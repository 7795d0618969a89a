"""One JSON object per line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classifier.messages import RawMessage, Rejected
from classifier.readers.rows import BadValue, Reading, Rows
from classifier.readers.sources import encoding_of, open_text


def read_jsonl(path: Path, reading: Reading) -> Iterator[RawMessage | Rejected]:
    """Messages from JSON lines. Raises `BadFile` at once; reads lines as they are asked for."""
    return _rows(path, encoding_of(path), reading)


def _rows(path: Path, encoding: str, reading: Reading) -> Iterator[RawMessage | Rejected]:
    rows = Rows(path, reading)
    with open_text(path, encoding, newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                yield rows.message(_row(line, reading), number)
            except BadValue as error:
                yield rows.rejected(number, error.field, error.reason)


def _row(line: str, reading: Reading) -> dict[str, str]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise BadValue("line", "is not valid JSON; every line must be one object") from None
    if not isinstance(found, dict):
        raise BadValue("line", "is not a JSON object; every line must be one")
    named = {name.strip().lower(): value for name, value in found.items()}
    return {name: _text(name, named[name]) for name in named if name in reading.used}


def _text(name: str, value: Any) -> str:
    """Values as a CSV file would hold them; a list of labels is joined by a bar."""
    if value is None:
        return ""
    if name == "label" and isinstance(value, list):
        return "|".join(map(str, value))
    if name in ("text", "subject", "label") and not isinstance(value, str):
        raise BadValue(name, "must be a text in quotes")
    if isinstance(value, dict | list):
        raise BadValue(name, "must be a single value")
    return str(value)
