"""Files and lines of any size: a driver and a decision per message, a chunk at a time.

Nothing written here holds message text, and a file appears whole or not at all.
"""

import csv
import gzip
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeVar, cast

from classifier.cleaning import clean
from classifier.decisions import decide
from classifier.errors import BadFile
from classifier.language import detect_language
from classifier.messages import Direction, Prediction, RawMessage, RedactedText, Rejected
from classifier.pseudonyms import pseudonym
from classifier.readers import read_messages
from classifier.redaction import redact
from classifier.taxonomy import Taxonomy

CHUNK: Final = 1000
SHOWN_DRIVERS: Final = 3
COLUMNS: Final = (
    *("id", "driver", "score", "unknown"),
    *("decision", "queue", "doubts", "language"),
)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Item = TypeVar("Item")
Row = dict[str, Any]


class Predictor(Protocol):
    """What scoring needs of a model."""

    @property
    def threshold(self) -> float: ...

    @property
    def taxonomy(self) -> Taxonomy: ...

    def predict(self, texts: Sequence[RedactedText], /) -> list[Prediction]: ...


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """Messages classified, rows that could not be (listed in `rejected_file`), and how long."""

    rows: int
    rejected: int
    seconds: float
    rejected_file: Path | None = None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A message of which only what may be kept is left."""

    id: str
    text: RedactedText
    language: str


def classify_file(
    path: Path,
    out: Path,
    model: Predictor,
    *,
    key: bytes,
    redacted: bool = False,
    channel: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ScoreReport:
    """Classify the messages of a CSV or JSONL file (also .gz) into `out`, in the same order.

    `out` ends in .csv or .jsonl, optionally followed by .gz; it is replaced only when all went
    well. Rows keep their id (a pseudonym where the id holds personal data, the line number where
    there is none). `score` is the probability that `driver` is right; an empty driver means that
    none of the drivers is likelier. `redacted` says that personal data is out already. Rows that
    cannot be used go to `<out>.rejected.jsonl` by file, line, field and reason. `progress` is
    called with the number of messages done. Raises `BadFile`.
    """
    _check_out(path, out)
    began = time.perf_counter()
    refused = out.with_name(out.name + ".rejected.jsonl")
    with ExitStack() as files:
        rejections = _Rejections(files.enter_context(_replacing(refused)), key)
        usable = rejections.sifted(read_messages(path, channel=channel))
        prepared = (_prepared(each, key, redacted=redacted) for each in usable)
        write = _writer(files.enter_context(_replacing(out)), out)
        rows = 0
        for chunk in _chunks(prepared, CHUNK):
            write(_rows(chunk, model))
            rows += len(chunk)
            if progress:
                progress(rows)
    if not rejections.count:
        refused.unlink()
    seconds = time.perf_counter() - began
    return ScoreReport(rows, rejections.count, seconds, refused if rejections.count else None)


def classify_lines(
    lines: Iterable[str],
    model: Predictor,
    *,
    key: bytes,
    redacted: bool = False,
    chunk: int = CHUNK,
) -> Iterator[Row]:
    """Classify one message a line: a row a line, in order, `id` being the line number from 1.

    Rows are as in a JSONL file of `classify_file`. Up to `chunk` lines are read before the first
    row comes out.
    """
    raw = (
        clean(RawMessage(text=line.rstrip("\r\n"), external_id=str(number)))
        for number, line in enumerate(lines, start=1)
    )
    prepared = (_prepared(each, key, redacted=redacted) for each in raw)
    for each in _chunks(prepared, chunk):
        yield from _rows(each, model)


class _Rejections:
    """Writes what is refused to a file on its way past, and counts it."""

    def __init__(self, file: IO[str], key: bytes) -> None:
        self.count = 0
        self._file, self._key = file, key

    def sifted(self, found: Iterable[RawMessage | Rejected]) -> Iterator[RawMessage]:
        """The cleaned inbound messages; everything else is written down."""
        for each in found:
            message = each if isinstance(each, Rejected) else clean(each)
            if isinstance(message, Rejected):
                self._write(message)
            elif message.direction is not Direction.INBOUND:
                self._write(_not_inbound(message))
            else:
                yield message

    def _write(self, rejected: Rejected) -> None:
        self.count += 1
        row = asdict(rejected) | {"file": redact(rejected.file, key=self._key)}
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _not_inbound(message: RawMessage) -> Rejected:
    reason = f"{message.direction}: only inbound messages are classified"
    file, line = _place(message)
    return Rejected(file, line, "direction", reason)


def _place(message: RawMessage) -> tuple[str, int]:
    """File and line of a message read from a file; its source is "file:line"."""
    file, _, line = message.source.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (message.source, 0)


def _prepared(message: RawMessage, key: bytes, *, redacted: bool) -> _Prepared:
    subject = message.subject if message.subject != message.text else ""
    words = f"{subject}\n{message.text}" if subject else message.text
    text = RedactedText(words) if redacted else redact(words, key=key)
    language = message.language or detect_language(text)
    return _Prepared(_safe_id(message, key), text, language)


def _safe_id(message: RawMessage, key: bytes) -> str:
    written = message.external_id or str(_place(message)[1])
    if redact(written, key=key) == written:
        return written
    return "p-" + pseudonym(written, key=key, kind="external_id")


def _rows(chunk: Sequence[_Prepared], model: Predictor) -> list[Row]:
    predictions = model.predict([each.text for each in chunk])
    return [_row(each, found, model) for each, found in zip(chunk, predictions, strict=True)]


def _row(message: _Prepared, prediction: Prediction, model: Predictor) -> Row:
    decision = decide(prediction, model.taxonomy, threshold=model.threshold, text=message.text)
    known = 1.0 - prediction.unknown
    return {
        "id": message.id,
        "driver": decision.driver,
        "score": round(prediction.confidence, 6),
        "unknown": round(prediction.unknown, 6),
        "decision": str(decision.status),
        "queue": decision.queue,
        "doubts": [str(doubt) for doubt in decision.doubts],
        "language": message.language,
        "drivers": [
            {"id": driver, "score": round(known * probability, 6)}
            for driver, probability in prediction.ranked(SHOWN_DRIVERS)
        ],
    }


def _check_out(path: Path, out: Path) -> None:
    if _format(out) not in {".csv", ".jsonl"}:
        raise BadFile(out, "the result must be named .csv or .jsonl, optionally with .gz")
    if not out.parent.is_dir():
        raise BadFile(out, "its folder does not exist")
    if out.exists() and path.exists() and out.samefile(path):
        raise BadFile(out, "the result would overwrite the file that is read")


def _format(out: Path) -> str:
    return (out.with_suffix("") if out.suffix == ".gz" else out).suffix


def _writer(file: IO[str], out: Path) -> Callable[[Iterable[Row]], None]:
    if _format(out) == ".jsonl":
        return lambda rows: file.writelines(
            json.dumps(row, ensure_ascii=False) + "\n" for row in rows
        )
    table = csv.writer(file)
    table.writerow(COLUMNS)
    return lambda rows: table.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)


def _cell(value: object) -> str:
    """A value as a spreadsheet may read it: never as a formula."""
    if isinstance(value, list):
        return "|".join(value)
    written = "" if value is None else str(value)
    return f"'{written}" if isinstance(value, str) and written.startswith(FORMULA) else written


@contextmanager
def _replacing(path: Path) -> Iterator[IO[str]]:
    """A text file that takes its name when closed without an error, and vanishes otherwise."""
    half = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _opened(half, zipped=path.suffix == ".gz") as file:
            yield file
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def _opened(path: Path, *, zipped: bool) -> IO[str]:
    options: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    if zipped:
        return cast(IO[str], gzip.open(path, "wt", compresslevel=6, **options))
    return cast(IO[str], path.open("w", **options))


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
