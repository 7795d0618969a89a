"""Weekly volumes lived through on real messages, beside what one would do instead.

    python -m tests.benchmarks.volumes [--only "banking77 30,clinc150 all"] [--quick] [--json]
                                       [--replays 2] [--fresh] [--out FILE] [--cache DIR]
                                       [--processes 2]

Models trained as `waarom train` does judge messages they never saw; weeks are drawn from those, and
live through the project's own sampling, recalibration and estimation. `--quick`: the model of 30
labels a driver of BANKING77, weeks of 500 and 2,000 messages, two replays. Prints tables, or with
`--json` one line of JSON; the whole run writes them into docs/benchmarks.md. The texts are read
from ../shared, or from the folder WAAROM_SHARED_DATA names. Models' probabilities and replays are
kept in .cache/benchmarks until the code they came from changes.
"""

import argparse
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import Any

from tests.benchmarks.frontier.machine import commit, installed, machine
from tests.benchmarks.frontier.report import written
from tests.benchmarks.shared_data import ROOT, shared
from tests.benchmarks.volumes.jobs import PROCESSES, all_done, log, planned
from tests.benchmarks.volumes.pools import SOURCES, Pool, kept_pool
from tests.benchmarks.volumes.report import figures, markdown, weeks_of

SECTION = "volumes"
DOCUMENT = ROOT / "docs" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    sources = options.only.split(",")
    if not (shared() / "data").is_dir():
        raise SystemExit(f"no real messages in {shared()}: set WAAROM_SHARED_DATA")
    began = time.perf_counter()
    jobs = planned(sources, quick=options.quick, replays=options.replays)
    found = all_done(jobs, options.cache, fresh=options.fresh, processes=options.processes)
    said = figures(found)
    said["about"] = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(ROOT),
        "quick": options.quick,
        "replays": options.replays,
        "weeks": weeks_of(found),
        "machine": machine() | {"ppi-python": installed("ppi-python")},
        "accuracy": {name: _accuracy(name, options.cache) for name in sources},
    }
    log(f"{time.perf_counter() - began:.0f} s")
    text = markdown(said)
    print(json.dumps(without_nan(said)) if options.json else text)  # noqa: T201
    whole = set(sources) == set(SOURCES) and not options.quick
    if out := options.out or (DOCUMENT if whole else None):
        written(out, SECTION, text)


def without_nan(said: Any) -> Any:
    """What is not a number is null in JSON."""
    if isinstance(said, dict):
        return {name: without_nan(each) for name, each in said.items()}
    if isinstance(said, list | tuple):
        return [without_nan(each) for each in said]
    return None if isinstance(said, float) and isnan(said) else said


def _accuracy(name: str, cache: Path) -> dict[str, float]:
    found = Pool.load(kept_pool(SOURCES[name], cache))
    known, unknown = found.truth < found.unseen, found.mistyped_unknown
    none = unknown > (1 - unknown) * found.mistyped_drivers.max(axis=1)
    return {
        "as it is": found.accuracy(),
        "mistyped": found.accuracy(mistyped=True),
        "mistyped, for none": float(none[known].mean()),
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", help=", ".join(SOURCES))
    parser.add_argument("--quick", action="store_true", help="one small model, few weeks")
    parser.add_argument("--replays", type=int, help="no more than so many of each setting")
    parser.add_argument("--fresh", action="store_true", help="live again what was kept")
    parser.add_argument("--json", action="store_true", help="no tables")
    parser.add_argument("--out", type=Path, help="the document to write the tables into")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "benchmarks")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    options = parser.parse_args(arguments)
    options.only = options.only or (next(iter(SOURCES)) if options.quick else ",".join(SOURCES))
    if unknown := set(options.only.split(",")) - set(SOURCES):
        parser.error(f"no {', '.join(sorted(unknown))}; there are {', '.join(SOURCES)}")
    return options


if __name__ == "__main__":
    main()
