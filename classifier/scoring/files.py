"""A file of messages in, a file of drivers out, by as many processes as there are cores."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from classifier import language, redaction
from classifier.errors import BadFile
from classifier.messages import Rejected
from classifier.pseudonyms import pseudonym
from classifier.readers import (
    Columns,
    Portion,
    PortionSize,
    Reading,
    Rows,
    mail_files,
    read_portions,
)
from classifier.redaction import redact
from classifier.scoring.answering import Clock, Handling, Predictor, Seconds, answers, knows_several
from classifier.scoring.formats import Format, format_named
from classifier.scoring.journal import (
    BETWEEN,
    FORMAT,
    Journal,
    Progress,
    finished,
    open_journal,
    rejected_of,
)
from classifier.scoring.workers import FORK, cores, crew, start_method

BIG: Final = 2_000_000
"""Bytes from which on it pays to have a worker a core; a fifth of it where they are compressed."""
SMALL: Final = 50_000
"""Bytes below which the compiled scorer is not worth waiting for."""
COMPRESSED: Final = (".gz", ".parquet")
EDGE: Final = 1 << 16
"""Bytes at either end of a file by which it is known again."""

Work = Callable[[Portion], "Answered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the work is divided.

    `jobs`: processes; None takes one, or for a big file as many as there are cores. `load` gives
    a process that shares no memory with this one its own model; without it, and where processes
    cannot share, there is one. `start`: how processes begin, "fork" or "spawn", instead of what
    the system does best. `size`: of portions. `between`: seconds between entries in the journal.
    """

    jobs: int | None = None
    load: Callable[[], Predictor] | None = None
    start: str | None = None
    size: PortionSize = field(default_factory=PortionSize)
    between: float = BETWEEN


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """Messages classified, rows that could not be (listed in `rejected_file`), how long it took
    and what the processors did in that time; `resumed`: rows an earlier run had done."""

    rows: int
    rejected: int
    seconds: float
    rejected_file: Path | None = None
    resumed: int = 0
    jobs: int = 1
    spent: Seconds = field(default_factory=Seconds)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a portion gives: bytes for both files, and counts."""

    result: bytes
    refused: bytes
    rows: int
    rejected: int
    share: float
    spent: Seconds


def classify_file(
    path: Path,
    out: Path,
    model: Predictor,
    *,
    key: bytes,
    redacted: bool = False,
    channel: str | None = None,
    progress: Callable[[Progress], None] = lambda at: None,
    notice: Callable[[str], None] = lambda sentence: None,
    plan: Plan | None = None,
) -> ScoreReport:
    """Classify the messages of a file (any that `read_messages` reads) into `out`, in order.

    `out` ends in .csv or .jsonl, optionally followed by .gz, or in .parquet; it appears when all
    is done, whole. What a run was killed over, the next with the same input, model and options
    goes on with; `notice` is told so, or why not. Rows keep their id (a pseudonym where the id
    holds personal data, the line number where there is none). `redacted` says that personal data
    is out already. Rows that cannot be used go to `<out>.rejected.jsonl` by file, line, field and
    reason. `progress` is told how far it is after each portion. Raises `BadFile`.
    """
    began, plan = time.perf_counter(), plan or Plan()
    format_ = _format(path, out, model)
    reading, handling = Reading(channel=channel), Handling(key, redacted)
    portions = read_portions(path, reading, plan.size)
    task = _task(path, model, reading, handling, format_, plan.size)
    if done := finished(out, task):
        return _report(done, out, began, resumed=done.rows + done.rejected)
    jobs, start = _division(path, model, plan)
    if jobs > 1 or not _is_small(path):
        _warm(model, handling)
    if jobs > 1:
        language.warm_up()
    shared = model if jobs == 1 or start == FORK else None
    work = _Work(path, reading, handling, format_, shared, plan.load)
    with open_journal(out, task, format_.begun(), between=plan.between) as (journal, changed):
        resumed = _announced(journal.at, changed, notice)
        with crew(work, jobs, start) as each:
            spent = _all(each, portions, journal, progress, alone=jobs == 1)
        journal.finish(format_.finish)
    return replace(_report(journal.at, out, began, resumed=resumed), jobs=jobs, spent=spent)


@dataclass
class _Work:
    """What is done with a portion, by whichever process. Rows of a bad kind are listed."""

    path: Path
    reading: Reading
    handling: Handling
    format: Format
    model: Predictor | None
    load: Callable[[], Predictor] | None

    def __call__(self, portion: Portion) -> Answered:
        clock = Clock()
        if self.model is None and self.load is not None:
            self.model = self.load()
            _warm(self.model, self.handling)
        found = portion.columns(Rows(self.path, self.reading))
        answered = answers(found, _there(self.model), self.handling, clock)
        result = self.format.written(answered)
        refused = "".join(_refusal(each, self.handling.key) for each in found.rejected)
        clock.lap("writing")
        counts = (len(found), len(found.rejected))
        return Answered(result, refused.encode(), *counts, portion.share, clock.seconds)


def _there(model: Predictor | None) -> Predictor:
    if model is None:
        raise ValueError("a process that shares no memory needs to be told how to load the model")
    return model


def _refusal(rejected: Rejected, key: bytes) -> str:
    row = asdict(rejected) | {"file": redact(rejected.file, key=key)}
    return json.dumps(row, ensure_ascii=False) + "\n"


def _all(
    each: Callable[[Iterator[Portion]], Iterator[Answered]],
    portions: Iterator[Portion],
    journal: Journal,
    progress: Callable[[Progress], None],
    *,
    alone: bool,
) -> Seconds:
    """Have every portion answered that is not yet, and written down; the processor time of it."""
    clock, theirs = Clock(), Seconds()
    progress(journal.at)
    for found in each(islice(portions, journal.at.portions, None)):
        clock.lap("reading")
        journal.add(found.result, found.refused, _after(journal.at, found))
        theirs += found.spent
        progress(journal.at)
        clock.lap("writing")
    mine = clock.seconds
    if alone:  # what was answered here was taken for reading
        mine = replace(mine, reading=max(mine.reading - sum(asdict(theirs).values()), 0.0))
    return mine + theirs


def _after(at: Progress, found: Answered) -> Progress:
    return replace(
        at,
        portions=at.portions + 1,
        rows=at.rows + found.rows,
        rejected=at.rejected + found.rejected,
        share=found.share,
    )


def _announced(at: Progress, changed: str | None, notice: Callable[[str], None]) -> int:
    """How many rows are done already."""
    done = at.rows + at.rejected
    if changed:
        notice(f"starting anew: {changed} changed since the run that was interrupted")
    elif at.portions:
        notice(f"resuming at row {done + 1:,}")
    return done


def _report(at: Progress, out: Path, began: float, *, resumed: int) -> ScoreReport:
    refused = rejected_of(out) if at.rejected else None
    return ScoreReport(at.rows, at.rejected, time.perf_counter() - began, refused, resumed)


def _format(path: Path, out: Path, model: Predictor) -> Format:
    format_ = format_named(out, several=knows_several(model))
    if not out.parent.is_dir():
        raise BadFile(out, "its folder does not exist")
    if out.exists() and path.exists() and out.samefile(path):
        raise BadFile(out, "the result would overwrite the file that is read")
    return format_


def _division(path: Path, model: Predictor, plan: Plan) -> tuple[int, str]:
    """How many processes, and how they begin. Threads of an encoder do not survive a fork, and
    keep all cores busy as it is."""
    encodes = getattr(model, "meaning", None) is not None
    start = plan.start or ("spawn" if encodes else start_method())
    if start != FORK and plan.load is None:
        return 1, start
    few = encodes or not _is_big(path)
    return plan.jobs or (1 if few else cores()), start


def _is_big(path: Path) -> bool:
    if path.is_dir():
        return False
    limit = BIG // 5 if path.suffix.lower() in COMPRESSED else BIG
    return path.stat().st_size >= limit


def _is_small(path: Path) -> bool:
    return path.suffix.lower() not in COMPRESSED and path.stat().st_size < SMALL


def _warm(model: Predictor, handling: Handling) -> None:
    """Load what is loaded when first used, here and for all who will share it.

    And have the compiled scorer from the first message on: it and the pipeline may differ in the
    last digit, and a result must not depend on where it was interrupted.
    """
    if not handling.redacted:
        redaction.warm_up()
    warm_up = getattr(model, "warm_up", None)
    if warm_up is not None:
        warm_up()
    one = Columns([1], ["1"], ["Waar blijft bestelling 1234567?"], [""], [""], ["email"])
    answers(one, model, handling, Clock())


def _task(
    path: Path,
    model: Predictor,
    reading: Reading,
    handling: Handling,
    format_: Format,
    size: PortionSize,
) -> Mapping[str, Any]:
    """All that a result depends on, in words; none of it tells what is in the file."""
    manifest = getattr(model, "manifest", {})
    return {
        "the input": _known_again_by(path),
        "the model": [model.version, manifest.get("digest", ""), repr(model.threshold)],
        "the options": {
            "redacted": handling.redacted,
            "channel": reading.channel,
            "format": [format_.name, format_.zipped],
            "portions": asdict(size),
        },
        "the secret": pseudonym("classify", key=handling.key, kind="journal"),
        "this program": FORMAT,
    }


def _known_again_by(path: Path) -> list[Any]:
    """Bytes, time of the last change, and a digest of both ends of a file; of a folder, a digest
    of all that of its mails."""
    if path.is_dir():
        every = [_known_again_by(file) for file in mail_files(path)]
        return [hashlib.sha256(json.dumps(every).encode()).hexdigest()]
    facts = path.stat()
    with path.open("rb") as file:
        head = file.read(EDGE)
        file.seek(max(facts.st_size - EDGE, 0))
        digest = hashlib.sha256(head + file.read(EDGE)).hexdigest()
    return [facts.st_size, facts.st_mtime_ns, digest]
