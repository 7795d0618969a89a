"""Jobs: a model on a set, in a process of its own, its result kept until what made it changes."""

import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tests.benchmarks.frontier import ours, peers
from tests.benchmarks.frontier.embeddings import KeptEncoder
from tests.benchmarks.frontier.judged import Judged
from tests.benchmarks.frontier.machine import machine
from tests.benchmarks.frontier.sets import (
    SOURCES,
    MessageSet,
    drawn,
    read_set,
    with_training,
)
from tests.benchmarks.shared_data import ROOT, shared

WAAROM, EMBEDDINGS = "Waarom", "embeddings"
PROCESSES = 2
FAILED = "failed"
OUR_CODE = ("classifier", "service/sample")
THEIR_CODE = ("classifier/encoder.py", "classifier/folds.py", "service/sample")
BENCHMARK_CODE = ("sets.py", "judged.py", "embeddings.py")


@dataclass(frozen=True)
class Job:
    """A model (or Waarom's two) on a set; of few labels: so many a driver, drawn by a seed, with
    or without the taxonomy's own words."""

    data: str
    model: str
    quick: bool = False
    labels: int | None = None
    seed: int = 0
    seeded: bool = False

    @property
    def name(self) -> str:
        few = "" if self.labels is None else f" {self.labels} labels, draw {self.seed}"
        seeded = ", own words" if self.seeded else ""
        return f"{self.data} {self.model}{few}{seeded}{' (a fifth)' if self.quick else ''}"


@dataclass(frozen=True)
class Result:
    """What came of a job: by model and part ("test", "folds") what was said; none if the peer is
    not installed or failed. `seconds` is the processor time it took, `measured` the day or
    "failed"."""

    job: Job
    found: dict[str, dict[str, Judged]]
    seconds: float
    measured: str

    def to_dict(self) -> dict[str, Any]:
        found = {
            model: {part: each.to_dict() for part, each in parts.items()}
            for model, parts in self.found.items()
        }
        return {"found": found, "seconds": self.seconds, "measured": self.measured}

    @classmethod
    def from_dict(cls, job: Job, data: dict[str, Any]) -> "Result":
        found = {
            model: {part: Judged.from_dict(each) for part, each in parts.items()}
            for model, parts in data["found"].items()
        }
        return cls(job, found, data["seconds"], data["measured"])


@dataclass(frozen=True)
class Workshop:
    """Where jobs are done: the folder of kept results, the encoder's folder if there is one.

    `ours` and `theirs` stand for the code behind the results as it is when a run begins.
    """

    cache: Path
    encoder: Path | None
    today: date
    ours: str = field(default_factory=lambda: digest(OUR_CODE, "ours.py", "fits.py"))
    theirs: str = field(default_factory=lambda: digest(THEIR_CODE, "peers.py"))

    def done(self, job: Job) -> Result | None:
        """What was kept of a job, if what made it is still the same."""
        path = self._path(job)
        if not path.exists():
            return None
        return Result.from_dict(job, json.loads(path.read_text(encoding="utf-8")))

    def do(self, job: Job) -> Result:
        """Do a job and keep its result."""
        began = time.process_time()
        found = self._found(job)
        result = Result(job, found, time.process_time() - began, self.today.isoformat())
        path = self._path(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(result.to_dict()), encoding="utf-8")
        part.replace(path)
        return result

    def forget(self, job: Job) -> None:
        self._path(job).unlink(missing_ok=True)

    def _found(self, job: Job) -> dict[str, dict[str, Judged]]:
        if job.model in peers.PEERS and not peers.is_installed(job.model):
            return {}
        messages, encoder = _messages(job), self._encoder(job)
        if job.model == EMBEDDINGS:
            _embed(messages, encoder)
            return {}
        if job.model == WAAROM and job.labels is not None:
            return ours.judged_few(messages, encoder, seeded=job.seeded)
        if job.model == WAAROM:
            return ours.judged_waarom(messages, encoder)
        if job.model == peers.MINILM and encoder is None:
            return {}
        return {job.model: {"test": peers.judged_peer(job.model, messages, encoder)}}

    def _encoder(self, job: Job) -> KeptEncoder | None:
        """The encoder for a set in English; it knows nothing else."""
        if self.encoder is None or SOURCES[job.data].language != "en":
            return None
        return KeptEncoder(self.encoder, self.cache / "embeddings", job.data)

    def _path(self, job: Job) -> Path:
        theirs = job.model in peers.PEERS or job.model == EMBEDDINGS
        code = self.theirs if theirs else self.ours
        kept = f"{job.name} {peers.is_installed(job.model)} {self.encoder} {machine()}"
        name = hashlib.sha256(kept.encode()).hexdigest()[:12]
        return self.cache / code / f"{job.data}-{name}.json"


def digest(folders: Iterable[str], *own: str) -> str:
    """12 hex digits of the source text of folders (or files) and of the benchmark's own part."""
    here = Path(__file__).parent
    paths = [ROOT / folder for folder in folders]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    files += [here / name for name in (*BENCHMARK_CODE, *own)]
    found = hashlib.sha256()
    for file in sorted(each for each in files if each.suffix in (".py", ".toml")):
        found.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return found.hexdigest()[:12]


def all_done(
    jobs: Sequence[Job], workshop: Workshop, *, fresh: bool = False, processes: int = PROCESSES
) -> list[Result]:
    """Do what is not kept yet, in two processes of one thread each; in the order of the jobs.

    Embeddings come first, for the others read them; of those the first jobs given start first.
    """
    for job in jobs if fresh else ():
        workshop.forget(job)
    results: dict[Job, Result] = {}
    for job in jobs:
        if kept := workshop.done(job):
            results[job] = kept
    missing = [job for job in jobs if job not in results]
    log(f"{len(jobs)} jobs, {len(results)} of them kept from before")
    for first in (True, False):
        batch = [job for job in missing if (job.model == EMBEDDINGS) == first]
        for result in _in_processes(batch, workshop, processes):
            results[result.job] = result
    return [results[job] for job in jobs]


def _in_processes(jobs: Sequence[Job], workshop: Workshop, processes: int) -> Iterator[Result]:
    """Results as they come; with one process, in this one."""
    if processes == 1:
        yield from (workshop.do(job) for job in jobs)
    elif jobs:
        os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=context) as pool:
            doing = {pool.submit(workshop.do, job): job for job in jobs}
            for number, each in enumerate(as_completed(doing), start=1):
                result = _result(doing[each], each)
                said = f"{result.seconds:.0f} s" if result.seconds else result.measured
                log(f"{number} of {len(jobs)}: {result.job.name}, {said}")
                yield result


def _result(job: Job, future: Future[Result]) -> Result:
    """What a job came to; one that failed says why on stderr, and the others go on."""
    if error := future.exception():
        log(f"{job.name}: {error!r}")
        return Result(job, {}, 0.0, FAILED)
    return future.result()


def log(line: str) -> None:
    """A line on stderr, with the time."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


def encoder_folder() -> Path | None:
    """The encoder at hand, if any."""
    folder = shared() / "encoders" / "minilm-l6-int8"
    return folder if (folder / "model.onnx").exists() else None


def _messages(job: Job) -> MessageSet:
    messages = read_set(job.data, quick=job.quick)
    if job.labels is None:
        return messages
    return with_training(messages, drawn(messages.train, job.labels, job.seed))


def _embed(messages: MessageSet, encoder: KeptEncoder | None) -> None:
    if encoder is not None:
        encoder.encode([message.text for message in (*messages.train, *messages.test)])
        encoder.save()
