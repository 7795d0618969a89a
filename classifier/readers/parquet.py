"""Parquet: the columns a CSV file would have, a batch of rows at a time. Needs pyarrow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classifier.errors import BadFile
from classifier.messages import RawMessage, Rejected
from classifier.readers import given
from classifier.readers.columns import Columns, PortionSize, columns_of_table
from classifier.readers.rows import LONG, Reading, Rows

BUFFER: Final = 1 << 20
"""Bytes of a column read at a time; without it all that a row group has of it is."""


@dataclass(frozen=True, slots=True)
class ParquetPortion:
    """Rows of a Parquet file, as an Arrow stream; `first`: the number of the first, from 1."""

    share: float
    first: int
    content: bytes

    def columns(self, rows: Rows) -> Columns:
        values = _values(self.content)
        lines = range(self.first, self.first + len(values["text"]))
        return columns_of_table(lines, values, rows)


def arrow(path: Path) -> Any:
    """The pyarrow package, for the file at `path`. Raises `BadFile` where it is not installed."""
    try:
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise BadFile(path, "Parquet needs pyarrow: pip install 'waarom[parquet]'") from None
    return pyarrow


def read_parquet(path: Path, reading: Reading) -> Iterator[RawMessage | Rejected]:
    """Messages from a Parquet file; `line` is the number of the row. Raises `BadFile` at once."""
    return _rows(path, reading, parquet_portions(path, reading, PortionSize()))


def parquet_portions(path: Path, reading: Reading, size: PortionSize) -> Iterator[ParquetPortion]:
    """The same rows in portions. Raises `BadFile` at once."""
    file = _opened(path)
    names = _names(path, file.schema_arrow, reading)
    return _portions(path, file, names, size)


def _rows(
    path: Path, reading: Reading, portions: Iterator[ParquetPortion]
) -> Iterator[RawMessage | Rejected]:
    rows = Rows(path, reading)
    for portion in portions:
        values = _values(portion.content)
        for place, row in enumerate(zip(*values.values(), strict=True)):
            yield rows.message(dict(zip(values, row, strict=True)), portion.first + place)


def _opened(path: Path) -> Any:
    if path.name.lower().endswith(".gz"):
        raise BadFile(path, "a Parquet file is compressed inside already; decompress it once")
    pyarrow = arrow(path)
    try:
        return pyarrow.parquet.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
    except FileNotFoundError:
        raise BadFile(path, "there is no such file") from None
    except PermissionError:
        raise BadFile(path, "it may not be read; check its permissions") from None
    except (pyarrow.ArrowException, OSError):
        raise BadFile(path, "not a whole Parquet file; export it again") from None


def _names(path: Path, schema: Any, reading: Reading) -> Mapping[str, str]:
    """The file's own names of the columns that are used. Raises `BadFile`."""
    found = [(name.strip().lower(), name) for name in schema.names]
    columns = [name for name, _ in found]
    for needed in reading.needed:
        if needed not in columns:
            there = ", ".join(columns)[:200]
            raise BadFile(path, f"there is no column {needed!r}; the columns are: {there}")
    for name in sorted(reading.used - given.HINTS):
        if columns.count(name) > 1:
            raise BadFile(path, f"column {name!r} occurs twice; rename one of them")
    nested = arrow(path).types.is_nested
    used = {
        name: own
        for name, own in found
        if name in reading.used and not (name in given.HINTS and nested(schema.field(own).type))
    }
    for name, own in used.items():
        _check_type(path, name, schema.field(own).type)
    return used


def _check_type(path: Path, name: str, kind: Any) -> None:
    types = arrow(path).types
    plain = kind.value_type if types.is_dictionary(kind) else kind
    if name in ("label", given.ALSO) and (types.is_list(plain) or types.is_large_list(plain)):
        return
    if name in (*LONG, "label") and not (_is_text(types, plain) or types.is_null(plain)):
        raise BadFile(path, f"column {name!r} holds {kind}; it must hold texts")
    if types.is_nested(plain):
        raise BadFile(path, f"column {name!r} holds {kind}; it must hold single values")


def _is_text(types: Any, kind: Any) -> bool:
    return any((types.is_string(kind), types.is_large_string(kind), types.is_string_view(kind)))


def _portions(
    path: Path, file: Any, names: Mapping[str, str], size: PortionSize
) -> Iterator[ParquetPortion]:
    first, total = 1, max(file.metadata.num_rows, 1)
    with file:
        try:
            batches = file.iter_batches(size.rows, columns=list(names.values()), use_threads=False)
            for batch in batches:
                for part in _within(batch, size.characters):
                    last = first + part.num_rows
                    yield ParquetPortion((last - 1) / total, first, _stream(path, part, names))
                    first = last
        except (arrow(path).ArrowException, OSError):
            raise BadFile(path, "broken or cut off; export it again") from None


def _within(batch: Any, limit: int) -> Iterator[Any]:
    """The rows of a batch in parts of about `limit` bytes, a single row at least."""
    parts = min(-(-batch.nbytes // max(limit, 1)) or 1, max(batch.num_rows, 1))
    rows = max(-(-batch.num_rows // parts), 1)
    yield from (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))


def _stream(path: Path, batch: Any, names: Mapping[str, str]) -> bytes:
    """The used columns of some rows as texts, under our names, as an Arrow stream."""
    pyarrow = arrow(path)
    columns = [_as_text(pyarrow, batch.column(own)) for own in names.values()]
    plain = pyarrow.record_batch(columns, names=list(names))
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, plain.schema) as stream:
        stream.write_batch(plain)
    return bytes(sink.getvalue().to_pybytes())


def _as_text(pyarrow: Any, column: Any) -> Any:
    """Values as a CSV file would hold them; several labels are joined by a bar."""
    compute, text = pyarrow.compute, pyarrow.string()
    if pyarrow.types.is_list(column.type) or pyarrow.types.is_large_list(column.type):
        column = compute.binary_join(column.cast(pyarrow.list_(text)), "|")
    return compute.fill_null(column.cast(text), "")


def _values(content: bytes) -> dict[str, Sequence[str]]:
    import pyarrow.ipc

    with pyarrow.ipc.open_stream(content) as stream:
        batch = stream.read_next_batch()
    return {name: batch.column(name).to_pylist() for name in batch.schema.names}
