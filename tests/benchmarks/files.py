"""`waarom classify` of a million messages: rate, memory, what the time goes to.

    python -m tests.benchmarks.files [--rows 1000000] [--jobs N] [--format .csv ...] [--json]

Our own made-up messages, repeated under other ids, in every format; redacted already, and once as
customers wrote them. Beside it, in the same run, what the model alone does in one process. Rates
are of the clock; the ratio is also of processor time, which does not mind what else is running.
"""

import argparse
import csv
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from threadpoolctl import threadpool_limits

from classifier.messages import Direction
from classifier.redaction import redact
from classifier.registry import load_model, promote, save
from classifier.scoring.workers import cores
from classifier.training import TrainingConfig, train
from service.sample import generate
from tests.benchmarks.frontier.sets import SAMPLE, SAMPLE_KEY, SAMPLE_UNTIL, read_set
from tests.benchmarks.shared_data import ROOT

MAIN = "from service.cli import main; main()"
FORMATS = (".csv", ".jsonl", ".parquet", ".csv.gz")
DISTINCT = 6_000
BATCH = 10_000
COLUMNS = ("id", "text", "subject", "channel", "received_at", "lang", "product")
Row = dict[str, str]


@dataclass(frozen=True)
class Found:
    """Of one run: rows a second by the clock; what the model alone does in one process, and how
    many times that the file was done at, for each process; the same by processor time; the most
    memory of all processes together (what is shared counts once), in MB; shares of processor time.

    The model alone is timed before and after, because machines are not always as fast.
    """

    format: str
    redacted: bool
    rows: int
    jobs: int
    seconds: float
    rate: float
    alone: float
    of_model: float
    of_model_by_processor: float
    megabytes: float
    shares: dict[str, float]


def main() -> None:
    """Print a table, or JSON."""
    asked = _asked()
    with tempfile.TemporaryDirectory(prefix="waarom-files-") as name, threadpool_limits(1):
        folder = Path(name)
        _model(folder / "models")
        written, redacted = _messages()
        texts = [row["text"] for row in redacted]
        if not asked.json:
            print(HEADING)  # noqa: T201
        every = []
        for rows, is_redacted, suffix in _runs(written, redacted, asked.format):
            path = folder / f"messages{suffix}"
            _write(path, islice(_repeated(rows), asked.rows))
            every.append(_run(path, asked, texts, redacted=is_redacted))
            path.unlink()
            if not asked.json:
                print(_line(every[-1]), flush=True)  # noqa: T201
        if asked.json:
            print(json.dumps([asdict(each) for each in every], indent=2))  # noqa: T201


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--format", nargs="*", default=FORMATS, choices=FORMATS)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _runs(
    written: list[Row], redacted: list[Row], formats: Sequence[str]
) -> Iterator[tuple[list[Row], bool, str]]:
    for suffix in formats:
        yield redacted, True, suffix
    yield written, False, formats[0]


def _model(folder: Path) -> None:
    messages = read_set(SAMPLE)
    trained = train(messages.train, messages.taxonomy, config=TrainingConfig(search=False))
    promote(folder, save(trained.model, folder, today=SAMPLE_UNTIL, card=""))


def _messages() -> tuple[list[Row], list[Row]]:
    """Rows as customers wrote them, and without personal data."""
    made = generate(until=SAMPLE_UNTIL, messages=DISTINCT)
    written = [_row(each.raw) for each in made if each.raw.direction is Direction.INBOUND]
    names = ("text", "subject")
    redacted = [
        row | {name: redact(row[name], key=SAMPLE_KEY) for name in names} for row in written
    ]
    return written, redacted


def _row(raw: Any) -> Row:
    said = (raw.text, raw.subject, raw.channel, raw.received_at.isoformat(), raw.language)
    values = ("", *said, raw.attributes.get("product", ""))
    return dict(zip(COLUMNS, values, strict=True))


def _repeated(rows: list[Row]) -> Iterator[Row]:
    for number in count():
        yield rows[number % len(rows)] | {"id": f"message-{number:07d}"}


def _write(path: Path, rows: Iterator[Row]) -> None:
    if path.suffix == ".parquet":
        _write_parquet(path, rows)
        return
    opened: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    options = {"compresslevel": 1} if path.suffix == ".gz" else {}
    with opened(path, "wt", encoding="utf-8", newline="", **options) as file:
        if ".jsonl" in path.suffixes:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerows(rows)


def _write_parquet(path: Path, rows: Iterator[Row]) -> None:
    schema = pyarrow.schema([(name, pyarrow.string()) for name in COLUMNS])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        while batch := list(islice(rows, 10 * BATCH)):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema))


def _alone(models: Path, texts: list[str]) -> float:
    """Seconds of processor time a message takes the model in memory."""
    model = load_model(models)
    if model.warming is not None:
        model.warming.warm_up()
    portions = [texts[start : start + 2000] for start in range(0, len(texts), 2000)]
    return _seconds(lambda: [model.judge(each) for each in portions]) / len(texts)


def _seconds(work: Callable[[], object]) -> float:
    took = []
    for _ in range(7):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return sorted(took)[len(took) // 2]


def _run(path: Path, asked: argparse.Namespace, texts: list[str], *, redacted: bool) -> Found:
    """One `waarom classify`, from one kind of file to the same."""
    out = path.with_name("drivers" + "".join(path.suffixes))
    command = [sys.executable, "-c", MAIN, "classify", str(path), "-o", str(out)]
    command += ["--models-dir", str(path.parent / "models"), "--jobs", str(asked.jobs), "--json"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment |= {"PYTHONPATH": str(ROOT)}
    alone = _alone(path.parent / "models", texts)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [*command, *(["--redacted"] if redacted else [])],
        **{"stdout": subprocess.PIPE, "start_new_session": True, "cwd": path.parent},
        env=environment,
        text=True,
    )
    megabytes = _most_memory(process)
    said = json.loads(process.communicate()[0])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    alone = (alone + _alone(path.parent / "models", texts)) / 2
    if said["rows"] != asked.rows or process.returncode:
        raise RuntimeError(f"{said['rows']} rows of {asked.rows} came out of {path.name}")
    out.unlink()
    shutil.rmtree(path.parent / ".waarom", ignore_errors=True)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    spent = said["processor_seconds"]
    rate = asked.rows / said["seconds"]
    return Found(
        *("".join(path.suffixes), redacted, asked.rows, said["jobs"], said["seconds"], rate),
        alone=1 / alone,
        of_model=rate * alone / said["jobs"],
        of_model_by_processor=alone * asked.rows / processor,
        megabytes=megabytes,
        shares={name: took / sum(spent.values()) for name, took in spent.items()},
    )


def _most_memory(process: "subprocess.Popen[str]") -> float:
    most = 0
    while process.poll() is None:
        most = max(most, sum(map(_kilobytes, _session(process.pid))))
        time.sleep(0.25)
    return most / 1000


def _session(leader: int) -> Iterator[int]:
    """The processes of a session, by their number."""
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            with suppress(OSError, IndexError):
                behind_name = (each / "stat").read_text().rpartition(")")[2].split()
                if int(behind_name[3]) == leader:
                    yield int(each.name)


def _kilobytes(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


HEADING = (
    "\n| | processes | seconds | messages/s | model alone/s | × model (by processor time) | MB "
    "| shares |\n|---|---|---|---|---|---|---|---|"
)


def _line(found: Found) -> str:
    shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in found.shares.items())
    return (
        f"| {found.format}{' --redacted' if found.redacted else ''} | {found.jobs} "
        f"| {found.seconds:.1f} | {found.rate:,.0f} | {found.alone:,.0f} "
        f"| {found.of_model:.2f} ({found.of_model_by_processor:.2f}) | {found.megabytes:.0f} "
        f"| {shares} |"
    )


if __name__ == "__main__":
    main()
