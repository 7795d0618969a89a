"""As right as the best, with few labels, and how truly it says how sure it is: beside the peers.

    python -m tests.benchmarks.frontier [--only banking77,clinc150] [--parts A,B,D] [--fresh]
                                        [--models Waarom,fastText] [--quick] [--json]
                                        [--out FILE] [--cache DIR] [--processes 2]

Prints tables, then one line of JSON (`--json`: that only), and writes the tables into
docs/benchmarks.md (with `--quick`, or for some of the sets, parts or models, only where `--out`
says). The texts are read from ../shared, or from the folder WAAROM_SHARED_DATA names. What was
computed is kept in .cache/benchmarks until the code it came from changes, so that an interrupted
run goes on where it was.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.frontier import figures
from tests.benchmarks.frontier.goals import outcomes
from tests.benchmarks.frontier.jobs import PROCESSES, Result, Workshop, all_done, encoder_folder
from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.plan import MODELS, PARTS, planned
from tests.benchmarks.frontier.report import markdown, written
from tests.benchmarks.frontier.sets import SOURCES
from tests.benchmarks.shared_data import ROOT, shared

CONFIGURATIONS = 200
"""Configurations of Waarom that were tried, about: what it reads, strengths, how its parts are
weighed, what counts as strange. Count on when another is tried."""

SECTION = "accuracy"
DOCUMENT = ROOT / "docs" / "benchmarks.md"


def document(results: list[Result], parts: list[str], workshop: Workshop, quick: bool) -> Any:
    """Every figure of the parts, with the goals, the date and the machine."""
    found: dict[str, list[dict[str, Any]]] = {
        "accuracy": figures.accuracies(results) if "A" in parts else [],
        "languages": figures.languages(results) if "A" in parts else [],
        "few labels": figures.few_labels(results) if "B" in parts else [],
        "calibration": figures.calibrations(results) if "D" in parts else [],
        "routing": figures.routings(results) if "D" in parts else [],
        "promise": figures.promises(results) if "D" in parts else [],
        "unknown": figures.unknowns(results) if "D" in parts else [],
    }
    about = {
        "date": workshop.today.isoformat(),
        "commit": commit(ROOT),
        "configurations": CONFIGURATIONS,
        "encoder": workshop.encoder.name if workshop.encoder else "none",
        "quick": quick,
    }
    return {"about": about, "machine": machine(), **found, "goals": outcomes(found)}


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    sets, parts = options.only.split(","), options.parts.split(",")
    if not (shared() / "data").is_dir():
        raise SystemExit(f"no real messages in {shared()}: set WAAROM_SHARED_DATA")
    workshop = Workshop(options.cache, encoder_folder(), datetime.now(UTC).date())
    jobs = planned(parts, sets, options.models.split(","), quick=options.quick)
    results = all_done(jobs, workshop, fresh=options.fresh, processes=options.processes)
    said = document(results, parts, workshop, options.quick)
    if not options.json:
        print(markdown(said), end="\n\n")  # noqa: T201
    print(json.dumps(said))  # noqa: T201
    if out := options.out or (DOCUMENT if _is_whole(options) else None):
        written(out, SECTION, markdown(said))
    if failed := figures.failures(results):
        raise SystemExit(f"failed: {', '.join(failed)}")


def _is_whole(options: argparse.Namespace) -> bool:
    """Whether everything was asked for."""
    asked = ((options.only, SOURCES), (options.parts, PARTS), (options.models, MODELS))
    return not options.quick and all(set(said.split(",")) == set(every) for said, every in asked)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(SOURCES), help="sets, by name")
    parser.add_argument("--parts", default=",".join(PARTS), help="A sets, B few labels, D routing")
    parser.add_argument("--models", default=",".join(MODELS), help="Waarom, and peers by name")
    parser.add_argument("--fresh", action="store_true", help="measure anew what was kept")
    parser.add_argument("--quick", action="store_true", help="a fifth of the messages")
    parser.add_argument("--json", action="store_true", help="no tables")
    parser.add_argument("--out", type=Path, help="the document to write the tables into")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "benchmarks")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
