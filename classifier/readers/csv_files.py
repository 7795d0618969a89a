"""Delimited text with a header: comma, semicolon, tab or bar; UTF-8 or Windows-1252."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from classifier.errors import BadFile
from classifier.messages import RawMessage, Rejected
from classifier.readers.rows import Reading, Rows
from classifier.readers.sources import encoding_of, open_text

DELIMITERS: Final = (",", ";", "\t", "|")
NO_DELIMITER: Final = "\x1f"
"""For files of one column, where a comma is just a comma."""
FIELD_LIMIT: Final = 2**31 - 1
"""The csv module stops with an error at its own limit and loses its place; we check sizes after."""
HEADER_LIMIT: Final = 1 << 16


def read_csv(path: Path, reading: Reading) -> Iterator[RawMessage | Rejected]:
    """Messages from a delimited file. Raises `BadFile` at once; reads rows as they are asked."""
    encoding = encoding_of(path)
    delimiter = _delimiter(path, encoding)
    with open_text(path, encoding, newline="") as stream:
        columns = _columns(next(_parsed(stream, delimiter), []))
    _check_columns(path, columns, reading)
    return _rows(path, encoding, delimiter, columns, reading)


def _rows(
    path: Path, encoding: str, delimiter: str, columns: list[str], reading: Reading
) -> Iterator[RawMessage | Rejected]:
    rows = Rows(path, reading)
    with open_text(path, encoding, newline="") as stream:
        parsed = _parsed(stream, delimiter)
        next(parsed)
        line = parsed.line_num + 1
        for values in parsed:
            if len(values) == len(columns):
                yield rows.message(dict(zip(columns, values, strict=True)), line)
            elif values:
                yield rows.rejected(line, "row", _wrong_number(len(values), len(columns)))
            line = parsed.line_num + 1


def _wrong_number(found: int, needed: int) -> str:
    return f"has {found} fields where the header has {needed}; quote texts that hold a delimiter"


def _parsed(stream: IO[str], delimiter: str) -> Any:
    csv.field_size_limit(FIELD_LIMIT)
    return csv.reader(stream, delimiter=delimiter)


def _columns(header: list[str]) -> list[str]:
    return [name.strip().lower() for name in header]


def _delimiter(path: Path, encoding: str) -> str:
    """The delimiter that gives the header a column text, and the most columns."""
    with open_text(path, encoding, newline="") as stream:
        start = stream.readline(HEADER_LIMIT)
    headers = {each: _columns(next(csv.reader([start], delimiter=each), [])) for each in DELIMITERS}
    best = max(DELIMITERS, key=lambda each: ("text" in headers[each], len(headers[each])))
    return best if len(headers[best]) > 1 else NO_DELIMITER


def _check_columns(path: Path, columns: list[str], reading: Reading) -> None:
    for needed in reading.needed:
        if needed not in columns:
            found = ", ".join(columns)[:200]
            raise BadFile(path, f"there is no column {needed!r}; the columns are: {found}")
    twice = sorted({name for name in columns if name in reading.used and columns.count(name) > 1})
    if twice:
        raise BadFile(path, f"column {twice[0]!r} occurs twice; rename one of them")
