"""Delimited text with a header: comma, semicolon, tab or bar; UTF-8 or Windows-1252."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from classifier.cells import bare
from classifier.errors import BadFile
from classifier.messages import RawMessage, Rejected
from classifier.readers import given
from classifier.readers.columns import Columns, PortionSize, columns_of_table
from classifier.readers.rows import Reading, Rows
from classifier.readers.sources import encoding_of, open_text, share_read

DELIMITERS: Final = (",", ";", "\t", "|")
NO_DELIMITER: Final = "\x1f"
"""For files of one column, where a comma is just a comma."""
FIELD_LIMIT: Final = 2**31 - 1
"""The csv module stops with an error at its own limit and loses its place; we check sizes after."""
HEADER_LIMIT: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a file is to be read: its encoding, its delimiter, its columns."""

    path: Path
    encoding: str
    delimiter: str
    columns: list[str]


@dataclass(frozen=True, slots=True)
class CsvPortion:
    """Rows by column, their lines, and the lines of rows that have too few or many fields."""

    share: float
    lines: Sequence[int]
    values: Mapping[str, Sequence[str]]
    wrong: Sequence[tuple[int, str]]

    def columns(self, rows: Rows) -> Columns:
        wrong = [rows.rejected(line, "row", reason) for line, reason in self.wrong]
        return columns_of_table(self.lines, self.values, rows, wrong)


def read_csv(path: Path, reading: Reading) -> Iterator[RawMessage | Rejected]:
    """Messages from a delimited file. Raises `BadFile` at once; reads rows as they are asked."""
    return _rows(_layout(path, reading), reading)


def csv_portions(path: Path, reading: Reading, size: PortionSize) -> Iterator[CsvPortion]:
    """The same rows, unread, in portions. Raises `BadFile` at once."""
    return _portions(_layout(path, reading), reading, size)


def _layout(path: Path, reading: Reading) -> _Layout:
    encoding = encoding_of(path)
    delimiter = _delimiter(path, encoding)
    with open_text(path, encoding, newline="") as stream:
        columns = _columns(next(_parsed(stream, delimiter), []))
    _check_columns(path, columns, reading)
    return _Layout(path, encoding, delimiter, columns)


def _rows(layout: _Layout, reading: Reading) -> Iterator[RawMessage | Rejected]:
    rows, columns = Rows(layout.path, reading), layout.columns
    shielded = reading.labels and set(columns) >= given.SIGNATURE
    with open_text(layout.path, layout.encoding, newline="") as stream:
        parsed = _parsed(stream, layout.delimiter)
        next(parsed)
        line = parsed.line_num + 1
        for values in parsed:
            if len(values) == len(columns):
                plain = map(bare, values) if shielded else values
                yield rows.message(dict(zip(columns, plain, strict=True)), line)
            elif values:
                yield rows.rejected(line, "row", _wrong_number(len(values), len(columns)))
            line = parsed.line_num + 1


def _portions(layout: _Layout, reading: Reading, size: PortionSize) -> Iterator[CsvPortion]:
    with open_text(layout.path, layout.encoding, newline="") as stream:
        measured = _Measured(stream)
        parsed = _parsed(measured, layout.delimiter)
        next(parsed)
        while True:
            numbered = _some(parsed, measured, size)
            if not numbered:
                return
            yield _portion(numbered, layout, reading, share_read(stream, layout.path))


class _Measured:
    """The lines of a stream, and how many characters went by."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            self.characters += len(line)
            yield line


def _some(parsed: Any, measured: _Measured, size: PortionSize) -> list[tuple[int, list[str]]]:
    """The next rows, as many as make a portion, each with its line."""
    found: list[tuple[int, list[str]]] = []
    full = measured.characters + size.characters
    line = parsed.line_num + 1
    for values in parsed:
        found.append((line, values))
        line = parsed.line_num + 1
        if len(found) >= size.rows or measured.characters >= full:
            break
    return found


def _portion(
    numbered: list[tuple[int, list[str]]], layout: _Layout, reading: Reading, share: float
) -> CsvPortion:
    width = len(layout.columns)
    whole = [each for each in numbered if len(each[1]) == width]
    wrong = [
        (line, _wrong_number(len(values), width))
        for line, values in numbered
        if values and len(values) != width
    ]
    by_column = zip(*(values for _, values in whole), strict=True) if whole else [()] * width
    columns = zip(layout.columns, by_column, strict=True)
    used = {name: column for name, column in columns if name in reading.used}
    return CsvPortion(share, [line for line, _ in whole], used, wrong)


def _wrong_number(found: int, needed: int) -> str:
    return f"has {found} fields where the header has {needed}; quote texts that hold a delimiter"


def _parsed(stream: Iterable[str], delimiter: str) -> Any:
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
    single = reading.used - given.HINTS
    twice = sorted({name for name in columns if name in single and columns.count(name) > 1})
    if twice:
        raise BadFile(path, f"column {twice[0]!r} occurs twice; rename one of them")
