"""What the models are worth on real labeled messages, in how long and in how much memory.

    python -m tests.benchmarks.accuracy [NAME …] [--json]

Each set is trained and judged by the command line, in a process and a folder of its own. Where
labels have several drivers, what is said of a message is judged as a set of them, too. The texts
are read from ../shared, or from the folder WAAROM_SHARED_DATA names.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.shared_data import ROOT, shared

DATA = shared() / "data"
SECRET = "a secret for benchmarks only"  # the hold-out, and so the figures, are the same each time
MODULE = "tests.benchmarks.accuracy"
MAIN = "from service.cli import main; main()"


@dataclass(frozen=True)
class Set:
    """Messages to judge by: a training and a test file, or one file in five folds.

    `least_accuracy` is what a model must reach, as a fraction of 1.
    """

    name: str
    train: str
    test: str | None = None
    options: tuple[str, ...] = ()
    least_accuracy: float = 0.0


MOST_MB = 3000
"""What training on the largest set may take."""

SETS = (
    Set("banking77", "train.csv", "test.csv", least_accuracy=0.91),
    Set("clinc150", "train.csv", "test.csv", ("--unknown-label", "oos")),
    Set("hint3_sofmattress", "train.csv", "test.csv", ("--unknown-label", "oos")),
    Set("banking77_oos", "train.csv", "test.csv", ("--unknown-label", "oos")),
    Set("nlupp_banking", "all.csv", None, ("--unknown-label", "none")),
    Set("dekamer_nl", "train.csv"),
    Set("nhs_fft_phase1", "all.csv"),
    Set("cfpb_loans", "train.csv"),
    Set("it_tickets", "all.csv.gz"),
)

COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "set": lambda row: row["set"],
    "how": lambda row: row["how"],
    "n": lambda row: f"{row['n']:,}",
    "accuracy": lambda row: _percent(row["accuracy"]),
    "95 %": lambda row: "-".join(_percent(end) for end in row["accuracy_interval"]),
    "macro F1": lambda row: _percent(row["macro_f1"]),
    "ECE": lambda row: _percent(row["ece"]),
    "auto share": lambda row: _percent(row["auto"]["share"]),
    "precision": lambda row: _percent(row["auto"]["precision"]),
    "sets, micro F1": lambda row: _percent((row["several"] or {}).get("micro_f1")),
    "exact": lambda row: _percent((row["several"] or {"exact": {}})["exact"].get("value")),
    "unknown AUROC": lambda row: _three(row["unknown"]["auroc"]),
    "seconds": lambda row: f"{row['seconds']:.0f}",
    "peak MB": lambda row: f"{row['peak_mb']:,.0f}",
}


def run(arguments: Sequence[str], folder: Path) -> dict[str, Any]:
    """The JSON document a command prints when run in a folder."""
    environment = {name: each for name, each in os.environ.items() if name[:7] != "WAAROM_"}
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments, "--json"],
        cwd=folder,
        env={**environment, "WAAROM_SECRET": SECRET, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def measure(chosen: Set) -> dict[str, Any]:
    """Train and judge one set. Meant for a process of its own: memory is that of its children."""
    source, began = DATA / chosen.name, time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if chosen.test:
            run(["train", "--labels", str(source / chosen.train), *chosen.options], folder)
            data, how = source / chosen.test, ["--data"]
        else:
            data, how = source / chosen.train, ["--cv", "5", "--data"]
        found = run(["evaluate", *how, str(data), *chosen.options], folder)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    seconds = time.perf_counter() - began
    return found | {
        "set": chosen.name,
        "how": "test" if chosen.test else "5 folds",
        "seconds": seconds,
        "peak_mb": peak,
    }


def apart(chosen: Set) -> dict[str, Any]:
    """`measure` in a process of its own, so that one set's memory is not another's."""
    done = subprocess.run(
        [sys.executable, "-m", MODULE, "--one", chosen.name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def table(rows: Sequence[dict[str, Any]]) -> str:
    cells = [list(COLUMNS), *([show(row) for show in COLUMNS.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _three(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main() -> None:
    names = [each.name for each in SETS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", choices=names, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(SETS[names.index(arguments.one)])))  # noqa: T201
        return
    wanted = [each for each in SETS if not arguments.sets or each.name in arguments.sets]
    if not DATA.is_dir():
        raise SystemExit(f"no real messages in {DATA}: set WAAROM_SHARED_DATA")
    rows = [apart(each) for each in wanted]
    print(json.dumps(rows, indent=1) if arguments.json else table(rows))  # noqa: T201
    failures = [said for pair in zip(wanted, rows, strict=True) for said in falls_short(*pair)]
    if failures:
        raise SystemExit("\n".join(failures))


def falls_short(chosen: Set, row: dict[str, Any]) -> list[str]:
    """What a set promises and does not keep."""
    said = []
    if row["accuracy"] < chosen.least_accuracy:
        said.append(
            f"{chosen.name}: accuracy is {row['accuracy']:.4f}, not {chosen.least_accuracy}"
        )
    if row["peak_mb"] > MOST_MB:
        said.append(f"{chosen.name}: {row['peak_mb']:,.0f} MB of memory, more than {MOST_MB:,}")
    return said


if __name__ == "__main__":
    main()
