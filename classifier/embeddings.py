"""Embeddings kept on disk, so that no text is encoded twice by the same encoder.

A table of a keyed hash and an embedding: without the key nobody can tell whose text is in it, and
the text itself is not there. What is kept can be made again at any time, so a file that cannot be
read is thrown away, and one that cannot be written is done without.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from classifier.encoder import Encoder

FILE: Final = "embeddings.sqlite"
MOST: Final = 200_000
"""Embeddings kept, 300 MB of width 384; the oldest go first."""

AT_A_TIME: Final = 512
"""Texts encoded before what came of them is kept: an interruption costs no more than these."""

ASKED: Final = 500
"""Keys in one query; SQLite takes at least 999."""

PATIENCE: Final = 30.0
"""Seconds to wait for another process that is writing."""

SCHEMA: Final = "CREATE TABLE IF NOT EXISTS embedding (key BLOB PRIMARY KEY, found BLOB NOT NULL)"
LOOK: Final = "SELECT key, found FROM embedding WHERE key IN ({})"
KEEP: Final = "INSERT OR REPLACE INTO embedding VALUES (?, ?)"
DROP: Final = "DELETE FROM embedding WHERE rowid <= (SELECT max(rowid) FROM embedding) - ?"
FORGET: Final = "DELETE FROM embedding WHERE key = ?"

NOT_NOW: Final = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
        sqlite3.SQLITE_IOERR,
    }
)
"""What is wrong with the place and not with the file."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class CachedEncoder:
    """An encoder that looks in a file first; threads and processes may share the file.

    `secret` keys the hashes of the texts: with another one nothing is found. `most`: embeddings
    kept, of all encoders together.
    """

    encoder: Encoder
    file: Path
    secret: bytes
    most: int = MOST

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As the encoder's own `encode`, number for number."""
        keys = [self._key(text) for text in texts]
        known = self._kept(keys)
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        for some in _parts(fresh.items(), AT_A_TIME):
            found = self.encoder.encode([text for _, text in some])
            made = dict(zip((key for key, _ in some), found, strict=True))
            known |= made
            self._keep(made)
        if not keys:
            return self.encoder.encode([])
        return np.stack([known[key] for key in keys])

    def forget(self, texts: Iterable[str]) -> None:
        """Keep nothing of these texts (n,) any longer."""
        gone = [(self._key(text),) for text in texts]
        _done(self.file, lambda table: table.executemany(FORGET, gone))

    def _key(self, text: str) -> bytes:
        """Of the text as it is encoded, and by whom."""
        hashed = hashlib.blake2b(key=hashlib.sha256(self.secret).digest(), digest_size=16)
        hashed.update(self.encoder.digest.encode("ascii"))
        hashed.update(text.encode("utf-8", "replace"))
        return hashed.digest()

    def _kept(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        found: dict[bytes, NDArray[np.float32]] = {}

        def look(table: sqlite3.Connection) -> None:
            for some in _parts(dict.fromkeys(keys), ASKED):
                for key, written in table.execute(LOOK.format(",".join("?" * len(some))), some):
                    read = _read(key, written, self.encoder.width)
                    if read is not None:
                        found[key] = read

        _done(self.file, look)
        return found

    def _keep(self, made: dict[bytes, NDArray[np.float32]]) -> None:
        rows = [(key, _written(key, found)) for key, found in made.items()]

        def keep(table: sqlite3.Connection) -> None:
            table.executemany(KEEP, rows)
            table.execute(DROP, (self.most,))

        _done(self.file, keep)


def _done(file: Path, work: Callable[[sqlite3.Connection], object]) -> None:
    """Do it, whole or not at all. A file that is no such table, or no longer, is removed, and the
    next one starts anew; one that cannot be used just now is done without."""
    try:
        with closing(_connected(file)) as table, table:
            work(table)
    except sqlite3.DatabaseError as error:
        if _cause(error) not in NOT_NOW:
            for name in (file, file.with_name(f"{file.name}-journal")):
                name.unlink(missing_ok=True)
    except OSError:
        return


def _connected(file: Path) -> sqlite3.Connection:
    """A connection to the table, made for its owner's eyes only where there was none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    table = sqlite3.connect(file, timeout=PATIENCE)
    try:
        table.execute("PRAGMA synchronous = OFF")
        table.execute(SCHEMA)
    except sqlite3.DatabaseError:
        table.close()
        raise
    return table


def _cause(error: sqlite3.DatabaseError) -> int:
    """SQLite's primary result code; an error of Python's own module has none."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _written(key: bytes, found: NDArray[np.float32]) -> bytes:
    """An embedding and a checksum over it and its key: SQLite has none of its own."""
    content = found.astype("<f4").tobytes()
    return content + crc32(key + content).to_bytes(4, "little")


def _read(key: bytes, written: object, width: int) -> NDArray[np.float32] | None:
    """The embedding as it was written; None when it is not."""
    if not isinstance(written, bytes) or len(written) != 4 * width + 4:
        return None
    content, checksum = written[:-4], written[-4:]
    if crc32(key + content).to_bytes(4, "little") != checksum:
        return None
    return np.frombuffer(content, dtype="<f4").astype(np.float32)


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(items)
    while part := list(islice(left, size)):
        yield part
