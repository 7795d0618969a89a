"""Decided messages as bytes that can be put one after the other: CSV, JSON lines, Parquet.

A .gz is made of a member for each portion, which decompressors read as one. Parquet has its
index at the end, so portions are kept as Arrow streams and become one file when all are there.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from classifier.cells import shielded
from classifier.decisions import EVERY_DOUBTS, Status
from classifier.errors import BadFile
from classifier.messages import Mention
from classifier.readers.parquet import arrow
from classifier.scoring.answering import Answers

SHOWN_DRIVERS: Final = 3
COLUMNS: Final = (
    *("id", "driver", "score", "unknown"),
    *("decision", "queue", "doubts", "language"),
)
ALSO: Final = "also"
"""The last column, where a model knows several drivers a message."""
DIGITS: Final = 6
LEVEL: Final = 6
"""What gzip compresses by itself."""
ROW_GROUP: Final = 50_000
Row = dict[str, Any]
Column = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Format:
    """How a result is written.

    `header`: what it begins with. `finish`: what makes the result, at the second path, of all
    that was written, at the first; None where that is the result.
    """

    name: str
    header: bytes
    encode: Callable[[Answers], bytes]
    zipped: bool = False
    finish: Callable[[Path, Path], None] | None = None

    def begun(self) -> bytes:
        """What stands before the first message."""
        return _zipped(self.header) if self.zipped else self.header

    def written(self, answers: Answers) -> bytes:
        """What messages add to the result."""
        if not len(answers):
            return b""
        return _zipped(self.encode(answers)) if self.zipped else self.encode(answers)


def format_named(out: Path, *, several: bool = False) -> Format:
    """By the name of the result: .csv, .jsonl (also .gz) or .parquet. Raises `BadFile`.

    `several`: the model knows several drivers a message.
    """
    zipped = out.suffix == ".gz"
    suffix = (out.with_suffix("") if zipped else out).suffix
    if suffix == ".csv":
        return Format(suffix, _csv_rows([_names(several)]), _csv, zipped)
    if suffix == ".jsonl":
        return Format(suffix, b"", _jsonl, zipped)
    if suffix == ".parquet" and not zipped:
        arrow(out)
        return Format(suffix, b"", _arrow_stream, finish=partial(_parquet, _names(several)))
    allowed = ".csv or .jsonl, optionally with .gz, or .parquet"
    raise BadFile(out, f"the result must be named {allowed}")


def _names(several: bool) -> tuple[str, ...]:
    return (*COLUMNS, ALSO) if several else COLUMNS


def rows(answers: Answers) -> Iterator[Row]:
    """What is said of each message: `COLUMNS` by name, and `drivers`, the likeliest ones.

    `score` is the probability that `driver` is right; an empty driver means that none of the
    drivers is likelier. Of a model that knows several drivers a message also `also`, the others
    it is about, and `mentions`, with the probability of each and where the sentences stand, in the
    text as it was read, that spoke for it.
    """
    columns = zip(*_columns(answers), strict=True)
    for number, (values, drivers) in enumerate(zip(columns, _drivers(answers), strict=True)):
        row = dict(zip(COLUMNS, values, strict=True))
        row["doubts"] = list(row["doubts"])
        row["drivers"] = [{"id": driver, "score": score} for driver, score in drivers]
        if answers.mentions is not None:
            row[ALSO] = list(answers.also[number])
            row["mentions"] = _mentions(answers.mentions[number])
        yield row


def _mentions(found: tuple[Mention, ...]) -> list[Row]:
    return [
        {
            "id": each.driver,
            "probability": round(each.probability, DIGITS),
            "chosen": each.chosen,
            "spans": [list(span) for span in each.spans],
        }
        for each in found
    ]


def _columns(answers: Answers) -> tuple[Column, ...]:
    """The columns (n,) named in `COLUMNS`; doubts are tuples."""
    found, decided = answers.predictions, answers.decisions
    drivers = (*decided.drivers, None)  # -1 is the last: none of them
    status = (str(Status.REVIEW), str(Status.AUTO))
    return (
        answers.ids,
        [drivers[each] for each in decided.driver.tolist()],
        [round(each, DIGITS) for each in decided.confidence.tolist()],
        [round(each, DIGITS) for each in found.unknown.tolist()],
        [status[each] for each in decided.auto.tolist()],
        [decided.queues[each] for each in decided.queue.tolist()],
        [EVERY_DOUBTS[each] for each in decided.doubts.tolist()],
        answers.languages,
    )


def _drivers(answers: Answers) -> Iterator[list[tuple[str, float]]]:
    """The likeliest drivers of each message, on the same scale as its score."""
    found = answers.predictions
    columns, probabilities = found.ranked(SHOWN_DRIVERS)
    known = (1.0 - found.unknown)[:, None] * probabilities
    for places, scores in zip(columns.tolist(), known.tolist(), strict=True):
        pairs = zip(places, scores, strict=True)
        yield [(found.drivers[place], round(score, DIGITS)) for place, score in pairs]


def _csv(answers: Answers) -> bytes:
    ids, drivers, *scores_and_status, queues, doubts, languages = _columns(answers)
    plain = (ids, drivers, queues, languages)
    ids, drivers, queues, languages = (_each_once(_cell, column) for column in plain)
    doubts = _each_once("|".join, doubts)
    columns = (ids, drivers, *scores_and_status, queues, doubts, languages, *_joined_also(answers))
    return _csv_rows(zip(*columns, strict=True))


def _joined_also(answers: Answers) -> tuple[Column, ...]:
    """The column `also` as a table holds it, where there is one."""
    if answers.mentions is None:
        return ()
    return (_each_once(lambda drivers: _cell("|".join(drivers)), answers.also),)


def _csv_rows(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return _bytes(text.getvalue())


def _cell(value: str | None) -> str:
    """A value as a spreadsheet may read it: never as a formula."""
    if value is None:
        return ""
    return shielded(value)


def _jsonl(answers: Answers) -> bytes:
    """A JSON object a line, as `json.dumps` would write each row of `rows`, in half the time."""
    ids, drivers, scores, unknown, status, queues, doubts, languages = _columns(answers)
    written = (
        *(map(_json, ids), _each_once(_json, drivers), scores, unknown),
        *(status, _each_once(_json, queues), _each_once(_json, doubts)),
        *(_each_once(_json, languages), _written(_drivers(answers))),
    )
    if answers.mentions is None:
        return _bytes("".join(map(LINE.__mod__, zip(*written, strict=True))))
    several = (_each_once(_json, answers.also), (_json(_mentions(e)) for e in answers.mentions))
    return _bytes("".join(map(LONG_LINE.__mod__, zip(*written, *several, strict=True))))


LINE: Final = (
    '{"id": %s, "driver": %s, "score": %r, "unknown": %r, "decision": "%s", "queue": %s, '
    '"doubts": %s, "language": %s, "drivers": [%s]}\n'
)
LONG_LINE: Final = LINE.replace("}\n", ', "also": %s, "mentions": %s}\n')


def _written(drivers: Iterable[list[tuple[str, float]]]) -> Iterator[str]:
    names: dict[str, str] = {}
    for each in drivers:
        for driver, _ in each:
            if driver not in names:
                names[driver] = '{"id": ' + _json(driver) + ', "score": '
        yield ", ".join([f"{names[driver]}{score!r}}}" for driver, score in each])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _each_once(function: Callable[[Any], str], column: Column) -> list[str]:
    """The function of each value; of equal values, once."""
    found = {value: function(value) for value in set(column)}
    return [found[value] for value in column]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _zipped(content: bytes) -> bytes:
    return gzip.compress(content, LEVEL, mtime=0) if content else b""


def _arrow_stream(answers: Answers) -> bytes:
    import pyarrow

    columns = [*_columns(answers), *_joined_also(answers)]
    columns[COLUMNS.index("doubts")] = _each_once("|".join, columns[COLUMNS.index("doubts")])
    schema = _schema(_names(answers.mentions is not None))
    arrays = [pyarrow.array(each, field.type) for each, field in zip(columns, schema, strict=True)]
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pyarrow.record_batch(arrays, schema=schema))
    return bytes(sink.getvalue().to_pybytes())


def _schema(names: Sequence[str]) -> Any:
    import pyarrow

    numbers = ("score", "unknown")
    kinds = [pyarrow.float64() if name in numbers else pyarrow.string() for name in names]
    return pyarrow.schema(list(zip(names, kinds, strict=True)))


def _parquet(names: Sequence[str], portions: Path, out: Path) -> None:
    """One Parquet file of Arrow streams that stand one after the other."""
    import pyarrow.parquet

    schema = _schema(names)
    with pyarrow.parquet.ParquetWriter(out, schema) as writer:
        for batches in _groups(_batches(portions)):
            writer.write_table(pyarrow.Table.from_batches(batches, schema))


def _batches(portions: Path) -> Iterator[Any]:
    import pyarrow.ipc

    end = portions.stat().st_size
    with portions.open("rb") as file:
        while file.tell() < end:
            with pyarrow.ipc.open_stream(file) as stream:
                yield from stream


def _groups(batches: Iterable[Any]) -> Iterator[list[Any]]:
    """Batches of at least so many rows together as make a row group."""
    group: list[Any] = []
    for batch in batches:
        group.append(batch)
        if sum(each.num_rows for each in group) >= ROW_GROUP:
            yield group
            group = []
    if group:
        yield group
