"""Files in: one module per format, one function to read them all."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from classifier.errors import BadFile
from classifier.messages import UNKNOWN, RawMessage, Rejected
from classifier.readers.csv_files import read_csv
from classifier.readers.eml import read_eml, read_folder
from classifier.readers.jsonl import read_jsonl
from classifier.readers.rows import MAX_BYTES, TIMEZONE, Reading
from classifier.readers.sources import format_of

__all__ = ["MAX_BYTES", "Reading", "read_messages"]

READERS: Final = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".eml": read_eml,
}


def read_messages(
    path: Path,
    *,
    channel: str | None = None,
    unknown_label: str = UNKNOWN,
    labels: bool = False,
    timezone: str = TIMEZONE,
    max_bytes: int = MAX_BYTES,
    attributes: Sequence[str] = ("product", "partner"),
) -> Iterator[RawMessage | Rejected]:
    """Read .csv, .tsv, .txt (delimited, with a header), .jsonl, .eml, each also as .gz, or a
    folder of .eml; a row at a time, so that a file may be larger than memory.

    `channel` overrules the file's own channel; without either it is "ticket" ("email" for mail).
    With `labels` every row needs a label: `a|b` (the first is primary), empty or `unknown_label`
    for none of the drivers. Dates without an offset are local time in `timezone`. Texts over
    `max_bytes` of UTF-8 are rejected. Columns named in `attributes` are kept, others ignored.

    Raises `BadFile` at once for a file that cannot be read at all: missing, empty, of an unknown
    format, in an unknown encoding, without a needed column.
    """
    reading = Reading(
        channel=channel,
        unknown_label=unknown_label,
        labels=labels,
        timezone=timezone,
        max_bytes=max_bytes,
        attributes=tuple(attributes),
    )
    if path.is_dir():
        return read_folder(path, reading)
    suffix = format_of(path)
    if suffix not in READERS:
        raise BadFile(
            path, f"not a format that can be read; use {', '.join(READERS)} or .gz of one"
        )
    return READERS[suffix](path, reading)
