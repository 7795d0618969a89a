"""Files as bytes and as text: compressed or not, and in which encoding."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final, cast

from classifier.errors import BadFile

BLOCK: Final = 1 << 20
SPREADSHEET: Final = b"PK\x03\x04"
"""How every zip begins, and so every .xlsx and .ods."""
BLANK: Final = codecs.BOM_UTF8 + b" \r\n\t"
GZIP: Final = b"\x1f\x8b"
BROKEN: Final = (gzip.BadGzipFile, EOFError, zlib.error)


def format_of(path: Path) -> str:
    """The suffix that tells the format, without .gz."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The file's content, decompressed. Raises `BadFile` when it is missing or broken."""
    try:
        with _opened(path) as stream:
            yield stream
    except FileNotFoundError:
        raise BadFile(path, "there is no such file") from None
    except BROKEN:
        raise BadFile(path, "the .gz is broken or cut off; compress it again") from None
    except PermissionError:
        raise BadFile(path, "it may not be read; check its permissions") from None


def _opened(path: Path) -> IO[bytes]:
    if path.name.lower().endswith(".gz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


@contextmanager
def open_text(path: Path, encoding: str, newline: str | None = None) -> Iterator[TextIOWrapper]:
    """The file's content as text, line ends kept as `newline` says (see `io.TextIOWrapper`)."""
    with open_bytes(path) as stream:
        yield TextIOWrapper(stream, encoding=encoding, newline=newline)


def share_read(stream: TextIOWrapper, path: Path) -> float:
    """How much of the file, in [0, 1], was taken from disk, compressed or not."""
    source: Any = getattr(stream.buffer, "fileobj", stream.buffer)
    return float(min(source.tell() / max(path.stat().st_size, 1), 1.0))


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without a byte order mark), UTF-16 with one, or else Windows-1252.

    Reads the whole file once, in blocks. Raises `BadFile` for an empty file, for one that is in
    none of these encodings, and for a spreadsheet.
    """
    with open_bytes(path) as stream:
        start = stream.read(4)
    if not start.strip(BLANK):
        _refuse_if_blank(path)
    if start.startswith((SPREADSHEET, GZIP)):
        raise BadFile(path, "this is a spreadsheet or an archive; save it as CSV in UTF-8")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "cp1252"):
        if _decodes(path, encoding):
            return encoding
    raise BadFile(path, "neither UTF-8 nor Windows-1252 text; save it as UTF-8")


def _refuse_if_blank(path: Path) -> None:
    with open_bytes(path) as stream:
        while block := stream.read(BLOCK):
            if block.strip(BLANK):
                return
    raise BadFile(path, "the file is empty; it needs a header with a column text, and rows")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with open_bytes(path) as stream:
            while block := stream.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
