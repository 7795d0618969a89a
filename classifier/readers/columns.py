"""Rows of a file as columns: what classification needs of them, checked a column at a time.

Whatever is remarkable about a row, `Rows` has the word on it; the ordinary ones cost a tenth.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from classifier.messages import Direction, RawMessage, Rejected
from classifier.readers.rows import LONG, MAX_SHORT, SCORES, YEARS, Reading, Rows, is_score

BYTES_A_CHARACTER: Final = 4
"""UTF-8 never takes more."""
Values = Mapping[str, Sequence[str]]


@dataclass(slots=True)
class Columns:
    """Inbound messages as columns (n,), and the rows among them that could not be used.

    `ids` are empty where there is none, and so are `languages` where nobody said.
    """

    lines: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)


@dataclass(frozen=True, slots=True)
class PortionSize:
    """A portion has no more rows, nor characters but for those of its last row."""

    rows: int = 2_000
    characters: int = 2_000_000


class Portion(Protocol):
    """Some rows as they stand in a file, for whoever takes them up to understand.

    `share` in [0, 1]: how much of the file has been read once they are.
    """

    @property
    def share(self) -> float: ...

    def columns(self, rows: Rows) -> Columns: ...


def columns_of_messages(found: Iterable[RawMessage | Rejected]) -> Columns:
    """The columns of messages that were read one by one."""
    columns = Columns()
    for each in found:
        if isinstance(each, Rejected):
            columns.rejected.append(each)
        elif each.direction is not Direction.INBOUND:
            columns.rejected.append(_not_inbound(each))
        else:
            _append(columns, each)
    return columns


def columns_of_table(
    lines: Sequence[int], values: Values, rows: Rows, rejected: Sequence[Rejected] = ()
) -> Columns:
    """The columns of rows (n,) of which the used columns are given, each (n,), text among them.

    `rejected`: what was refused before, to be listed among the others by line.
    """
    stripped = {name: [each.strip() for each in column] for name, column in values.items()}
    odd = _remarkable(stripped, rows.reading)
    found = _ordinary(lines, stripped, rows.reading)
    if odd:
        single = [_one(stripped, lines, row, rows) for row in sorted(odd)]
        found = _merged(found, odd, columns_of_messages(single))
    if rejected:
        found.rejected = sorted([*rejected, *found.rejected], key=lambda each: each.line)
    return found


def _ordinary(lines: Sequence[int], values: Values, reading: Reading) -> Columns:
    """The columns as if no row was remarkable."""
    nothing = [""] * len(lines)
    return Columns(
        lines=list(lines),
        ids=list(values.get("id", nothing)),
        texts=list(values["text"]),
        subjects=list(values.get("subject", nothing)),
        languages=_each_once(values.get("lang", nothing), reading.language),
        channels=_each_once(values.get("channel", nothing), reading.channel_of),
    )


def _each_once(column: Sequence[str], function: Callable[[str], str]) -> list[str]:
    found = {value: function(value) for value in set(column)}
    return [found[value] for value in column]


def _remarkable(values: Values, reading: Reading) -> set[int]:
    """The rows that are to be looked at one by one: all that could not be used, and others."""
    found = {row for name, column in values.items() for row in _unclean(name, column, reading)}
    for name, is_plain in PLAIN.items():
        column = values.get(name, ())
        wrong = {value for value in set(column) if not is_plain(value)}
        if wrong:
            found.update(row for row, value in enumerate(column) if value in wrong)
    return found


def _unclean(name: str, column: Sequence[str], reading: Reading) -> Iterator[int]:
    """The rows whose value is long, or holds what cannot be stored."""
    limit = reading.max_bytes // BYTES_A_CHARACTER if name in LONG else MAX_SHORT
    if max(map(len, column), default=0) > limit:
        yield from (row for row, value in enumerate(column) if len(value) > limit)
    joined = "".join(column)
    if "\0" in joined or not _encodes(joined):
        yield from (row for row, value in enumerate(column) if "\0" in value or not _encodes(value))


def _encodes(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_date(written: str) -> bool:
    try:
        return not written or datetime.fromisoformat(written).year in YEARS
    except ValueError:
        return False


def _is_inbound(written: str) -> bool:
    return written in ("", Direction.INBOUND)


PLAIN: Final[Mapping[str, Callable[[str], bool]]] = {
    "text": bool,
    "direction": _is_inbound,
    "received_at": _is_date,
    "created_at": _is_date,
    **{name: partial(is_score, name) for name in SCORES},
}
"""What is certainly in order, by column; of the rest, `Rows` decides."""


def _one(values: Values, lines: Sequence[int], row: int, rows: Rows) -> RawMessage | Rejected:
    return rows.message({name: column[row] for name, column in values.items()}, lines[row])


def _merged(found: Columns, odd: set[int], single: Columns) -> Columns:
    """The ordinary rows, and in their places the remarkable ones that can be used after all."""
    of_line = {line: row for row, line in enumerate(single.lines)}
    merged = Columns(rejected=single.rejected)
    kept = [
        (single, of_line[line]) if row in odd else (found, row)
        for row, line in enumerate(found.lines)
        if row not in odd or line in of_line
    ]
    for name in ("lines", "ids", "texts", "subjects", "languages", "channels"):
        column = getattr(merged, name)
        column.extend(getattr(source, name)[row] for source, row in kept)
    return merged


def _append(columns: Columns, message: RawMessage) -> None:
    columns.lines.append(_place(message)[1])
    columns.ids.append(message.external_id or "")
    columns.texts.append(message.text)
    columns.subjects.append(message.subject)
    columns.languages.append(message.language or "")
    columns.channels.append(message.channel)


def _not_inbound(message: RawMessage) -> Rejected:
    file, line = _place(message)
    reason = f"{message.direction}: only inbound messages are classified"
    return Rejected(file, line, "direction", reason)


def _place(message: RawMessage) -> tuple[str, int]:
    """File and line of a message read from a file; its source is "file:line"."""
    file, _, line = message.source.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (message.source, 0)
