"""How long training takes, the first time and again, and in how much memory.

    python -m tests.benchmarks.training [NAME …] [--json]

Each set is trained by the command line, in a process of its own: all of it, then again once there
are 200 more labels. Seconds of CPU are compared with what the plainest thing takes in the same
run, three folds of TF-IDF and a linear support vector machine: that ratio hardly depends on the
machine, or on what else it does. The accuracy is that of the folds of training messages.
"""

import argparse
import csv
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from tests.benchmarks.shared_data import ROOT, shared

MODULE = "tests.benchmarks.training"
MAIN = "from service.cli import main; main()"
SECRET = "a secret for benchmarks only"  # the hold-out, and so the figures, are the same each time
MORE = 200
"""Labels that come between the first training and the second."""


@dataclass(frozen=True)
class Set:
    """Labeled messages to train on; the goals, if any, are seconds on two idle cores, and
    megabytes."""

    name: str
    file: str
    most_seconds: int | None = None
    most_mb: int = 3000


SETS = (
    Set("banking77", "train.csv", most_seconds=60),
    Set("clinc150", "train.csv"),
    Set("it_tickets", "all.csv.gz", most_seconds=300),
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one training took, and what folds say of the model; `plain`: CPU seconds of the plainest
    thing, on the same messages in the same run."""

    set: str
    what: str
    messages: int
    seconds: float
    cpu: float
    plain: float
    peak_mb: float
    accuracy: float
    kept: bool
    goal: str = ""

    def row(self) -> tuple[str, ...]:
        return (
            self.set,
            self.what,
            f"{self.messages:,}",
            f"{self.seconds:.0f}",
            f"{self.cpu:.0f}",
            f"{self.cpu / self.plain:.1f}",
            f"{self.peak_mb:,.0f}",
            f"{100 * self.accuracy:.1f}",
            "kept" if self.kept else "made",
            self.goal,
        )


COLUMNS = (
    *("set", "training", "labels", "seconds", "CPU seconds", "x plain", "peak MB"),
    *("CV accuracy %", "choice", "goal"),
)


def labels_of(each: Set) -> list[dict[str, str]]:
    path = shared() / "data" / each.name / each.file
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        rows = [{"text": row["text"], "label": row["label"]} for row in csv.DictReader(file)]
    known = [row for row in rows if row["label"] != "oos"]
    random.Random(0).shuffle(known)  # a file may be in order of its labels
    return known


def runs(each: Set) -> Iterator[Run]:
    """The first training, on all labels but 200, and the second, on all of them."""
    rows = labels_of(each)
    plain = _plain(rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, some in (("full", rows[:-MORE]), ("retrain", rows)):
            yield _run(each, what, some, plain, folder)


def _run(each: Set, what: str, rows: Sequence[dict[str, str]], plain: float, folder: Path) -> Run:
    _write(folder / "labels.csv", rows)
    began = time.monotonic()
    took = _measured(["train", "--labels", "labels.csv", "--models-dir", "models"], folder)
    seconds = time.monotonic() - began
    manifest = json.loads((folder / "models" / took["version"] / "manifest.json").read_text())
    line = list(manifest["choice"]["rounds"].values())[-1]
    return Run(
        set=each.name,
        what=what,
        messages=len(rows),
        seconds=seconds,
        cpu=took["cpu"],
        plain=plain,
        peak_mb=took["peak_mb"],
        accuracy=line["figures"][line["taken"]],
        kept=bool(manifest["choice"]["kept_from"]),
        goal=_goal(each, seconds, took["peak_mb"]),
    )


def _goal(each: Set, seconds: float, peak_mb: float) -> str:
    if each.most_seconds is None:
        return ""
    met = seconds <= each.most_seconds and peak_mb <= each.most_mb
    return f"{'met' if met else 'NOT MET'} (≤ {each.most_seconds} s, ≤ {each.most_mb:,} MB)"


def _measured(arguments: Sequence[str], folder: Path) -> dict[str, Any]:
    """The version a command makes, run by a process that counts its child's seconds and memory."""
    inside = f"import {MODULE} as b; b.child({list(arguments)!r})"
    environment = {name: each for name, each in os.environ.items() if name[:7] != "WAAROM_"}
    done = subprocess.run(
        [sys.executable, "-c", inside],
        cwd=folder,
        env=environment
        | {
            "PYTHONPATH": str(ROOT),
            "WAAROM_SECRET": SECRET,
            "OMP_NUM_THREADS": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(arguments: Sequence[str]) -> None:
    """Run a command and print its version, CPU seconds and peak memory."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    document = {
        "version": json.loads(done.stdout)["version"],
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
    }
    print(json.dumps(document))  # noqa: T201


def _plain(rows: Sequence[dict[str, str]]) -> float:
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LinearSVC(random_state=0))
    folds = KFold(3, shuffle=True, random_state=0)
    texts, labels = [row["text"] for row in rows], [row["label"] for row in rows]
    began = time.process_time()
    cross_val_score(pipeline, texts, labels, cv=folds)
    return time.process_time() - began


def _write(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = []
    if not asked.json:
        _print_row(COLUMNS)
        _print_row(["---"] * len(COLUMNS))
    for each in SETS:
        if not asked.names or each.name in asked.names:
            for run in runs(each):
                found.append(run)
                if not asked.json:
                    _print_row(run.row())
    if asked.json:
        print(json.dumps([asdict(run) for run in found], ensure_ascii=False))  # noqa: T201


def _print_row(cells: Sequence[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
