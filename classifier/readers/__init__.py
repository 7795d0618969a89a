"""Files in: one module per format, and two ways to read them all.

`read_messages` gives a message at a time; `read_portions` gives rows nobody looked at yet, to be
read by others at the same time, as columns.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from classifier.errors import BadFile
from classifier.messages import UNKNOWN, RawMessage, Rejected
from classifier.readers.columns import Columns, Portion, PortionSize
from classifier.readers.csv_files import csv_portions, read_csv
from classifier.readers.eml import mail_files, mail_portions, read_eml, read_folder
from classifier.readers.jsonl import jsonl_portions, read_jsonl
from classifier.readers.label_studio import read_label_studio
from classifier.readers.parquet import parquet_portions, read_parquet
from classifier.readers.rows import MAX_BYTES, TIMEZONE, Reading, Rows
from classifier.readers.sources import format_of

__all__ = [
    "MAX_BYTES",
    "Columns",
    "Portion",
    "PortionSize",
    "Reading",
    "Rows",
    "mail_files",
    "read_messages",
    "read_portions",
]


class _Reader(NamedTuple):
    """How a format is read: by message, and by portion where files of it can be large."""

    messages: Callable[[Path, Reading], Iterator[RawMessage | Rejected]]
    portions: Callable[[Path, Reading, PortionSize], Iterator[Any]] | None


CSV: Final = _Reader(read_csv, csv_portions)
JSONL: Final = _Reader(read_jsonl, jsonl_portions)
READERS: Final = {
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
    ".jsonl": JSONL,
    ".ndjson": JSONL,
    ".parquet": _Reader(read_parquet, parquet_portions),
    ".eml": _Reader(read_eml, mail_portions),
    ".json": _Reader(read_label_studio, None),
}
FOLDER: Final = _Reader(read_folder, mail_portions)


def read_messages(
    path: Path,
    *,
    channel: str | None = None,
    unknown_label: str = UNKNOWN,
    labels: bool = False,
    label_from: str | None = None,
    timezone: str = TIMEZONE,
    max_bytes: int = MAX_BYTES,
    attributes: Sequence[str] = ("product", "partner"),
) -> Iterator[RawMessage | Rejected]:
    """Read .csv, .tsv, .txt (delimited, with a header), .jsonl, .eml, .json (an export of Label
    Studio), each also as .gz, .parquet, or a folder of .eml; a row at a time, so that a file may be
    larger than memory.

    `channel` overrules the file's own channel; without either it is "ticket" ("email" for mail).
    With `labels` every row needs a label: `a|b` (the first is primary), empty or `unknown_label`
    for none of the drivers. In an export of Label Studio they are what was chosen in the control
    `label_from`; without it, in the only one there is. Dates without an offset are local time in
    `timezone`. Texts over `max_bytes` of UTF-8 are rejected. Columns named in `attributes` are
    kept, others ignored.

    Raises `BadFile` at once for a file that cannot be read at all: missing, empty, of an unknown
    format, in an unknown encoding, without a needed column.
    """
    reading = Reading(
        channel=channel,
        unknown_label=unknown_label,
        labels=labels,
        label_from=label_from,
        timezone=timezone,
        max_bytes=max_bytes,
        attributes=tuple(attributes),
    )
    return _reader(path).messages(path, reading)


def read_portions(
    path: Path, reading: Reading, size: PortionSize | None = None
) -> Iterator[Portion]:
    """The rows of the same files in portions of some thousand, which may be sent to another
    process; in each time the same portions, as long as the file and the size are.

    Raises `BadFile` as `read_messages` does, and later for a .gz or .parquet broken further on.
    """
    portions = _reader(path).portions
    if portions is None:
        raise BadFile(path, "an export of Label Studio; `waarom import` and `train` read it")
    return portions(path, reading, size or PortionSize())


def _reader(path: Path) -> _Reader:
    if path.is_dir():
        return FOLDER
    suffix = format_of(path)
    if suffix not in READERS:
        raise BadFile(
            path, f"not a format that can be read; use {', '.join(READERS)} or .gz of one"
        )
    return READERS[suffix]
