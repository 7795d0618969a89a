"""A report over a year of ten million messages: how long `GET /v1/drivers/weekly` takes.

    python -m tests.benchmarks.year [--database sqlite] [--write] [--json]

The database holds the sums of a year, and of the year before it for the comparison, as they would
have been summed from ten million messages a year: per day, model and recalibration, of primary
drivers and of mentions, for the whole, each channel, language, partner and product, and one pair.
They are written straight as rows: one week of messages is made up and summed by `volume_terms`, and
its rows are stored for every week anew (tests/benchmarks/test_year.py holds such rows to those of
`service.terms.refresh`). Of the year before it holds what the reports compare with. Messages that
count are left out, as no report reads them; those set aside, which it counts, are there.

The report is asked for in process, through the application, with the index that finds a slice's
terms and without it, in the same run.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Index

from service.app import create_app
from service.keys import create_key
from service.runtime import Runtime
from service.tables import TermRow
from service.weeks import shifted, weeks_between
from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.report import table, written
from tests.benchmarks.shared_data import ROOT
from tests.benchmarks.year.database import (
    PRODUCT,
    PRODUCTS,
    columns_of,
    databases,
    fill,
    installed,
    looked_at,
    product_of,
)
from tests.benchmarks.year.rows import made_up_week

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
ASIDE = 0.03
LAST = "2026-W46"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
INDEX: Final[Index] = next(i for i in TermRow.__table__.indexes if i.name == "ix_terms_slice")  # type: ignore[attr-defined]
GOAL: Final = 1.0
SECTION, TITLE = "year", "## A report over a year"
HOW: Final = """\
`python -m tests.benchmarks.year --write` writes this section. `GET /v1/drivers/weekly` over 52 \
weeks, asked in process through the application, on the terms of ten million messages a year: 40 \
drivers in eight groups, primary and mentions, a new model every four weeks, 6 channels, 5 \
languages, 10 partners, 100 products and partner by channel, a thousand answers a week; and of the \
year before, what every week is compared with. The terms are made up and stored as rows; a test \
holds such rows to those that summing makes. Median of five, after a first one; without the index \
that finds the terms of a slice, asked for once, in the same run. Processor seconds \
are of our own process, without a database server's."""


@dataclass(frozen=True)
class Took:
    """Seconds of the same report, asked for again and again; the first one apart. `processor` are
    those our own process used, whatever else the machine did."""

    database: str
    index: bool
    asked: str
    first: float
    seconds: tuple[float, ...]
    processor: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measured(
    runtime: Runtime, database: str, weeks: Sequence[str], runs: int, *, index: bool
) -> list[Took]:
    """How long each of the reports took over HTTP, in process."""
    reports = {"whole": {}} | {name: {PRODUCT: product_of(name)} for name in PRODUCTS}
    app = create_app(runtime.settings, runtime=runtime, clock=lambda: NOW)
    with runtime.writing() as session:
        key = create_key(session, name="year", scopes=["report"], now=NOW)
    found = []
    with TestClient(app, headers={"Authorization": f"Bearer {key}"}) as client:
        for name, only in reports.items():
            took = [_asked(client, weeks, only) for _ in range(runs)]
            (first, _), *others = took
            seconds, processor = zip(*(others or took), strict=True)
            found.append(Took(database, index, name, first, seconds, processor))
    return found


def _asked(
    client: TestClient, weeks: Sequence[str], only: Mapping[str, str]
) -> tuple[float, float]:
    """Seconds on the clock, and of the processor."""
    asked = {"from": weeks[0], "to": weeks[-1], **only}
    began = time.perf_counter(), time.process_time()
    answer = client.get("/v1/drivers/weekly", params=asked)
    seconds = time.perf_counter() - began[0], time.process_time() - began[1]
    found = answer.json()["weeks"]
    assert answer.status_code == 200
    assert len(found) == len(weeks)
    assert all(week["messages"] for week in found)
    return seconds


def both_ways(
    runtime: Runtime, database: str, weeks: Sequence[str], runs: int
) -> tuple[list[Took], float]:
    """The reports without the index, and with it; and the seconds it took to make."""
    without = measured(runtime, database, weeks, 1, index=False)
    began = time.perf_counter()
    INDEX.create(runtime.engine)
    making = time.perf_counter() - began
    looked_at(runtime.engine)
    print(f"{database}: indexed in {making:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
    return without + measured(runtime, database, weeks, runs + 1, index=True), making


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000_000, help="in a year")
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    weeks = weeks_between(shifted(LAST, 1 - options.weeks), LAST)
    found: list[Took] = []
    remarks: list[str] = []
    place = tempfile.TemporaryDirectory(prefix="waarom-year-")
    with place as folder, databases(options.database, Path(folder)) as each:
        for name, url in each:
            took, remark = of_database(name, url, Path(folder), weeks, options)
            found += took
            remarks.append(remark)
    if options.json:
        reports = [{**asdict(each), "median": each.median} for each in found]
        print(json.dumps({"reports": reports, "databases": remarks}))  # noqa: T201
        return
    said = document(found, remarks)
    print(said)  # noqa: T201
    if options.write:
        written(DOCUMENT, SECTION, said)


def of_database(
    name: str, url: str, folder: Path, weeks: Sequence[str], options: argparse.Namespace
) -> tuple[list[Took], str]:
    """What the reports took on one kind of database, and a sentence about what was in it."""
    with installed(url, folder, weeks) as runtime:
        days = made_up_week(columns_of(runtime), options.messages // 52)
        INDEX.drop(runtime.engine)
        aside = round(ASIDE * options.messages / 52)
        began = time.perf_counter()
        stored = fill(runtime.engine, days, weeks, aside)
        filling = time.perf_counter() - began
        looked_at(runtime.engine)
        print(f"{name}: {stored:,} rows in {filling:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
        took, making = both_ways(runtime, name, weeks, options.runs)
    return took, (
        f"{name}: {stored:,} rows of terms, {aside * len(weeks):,} messages set aside; the index "
        f"took {making:.0f} s to make."
    )


def document(found: Sequence[Took], remarks: Sequence[str]) -> str:
    """The section of docs/benchmarks.md."""
    without = {(each.database, each.asked): each.median for each in found if not each.index}
    rows = [
        [
            *(each.database, each.asked, f"{each.median:.2f}"),
            *(f"{min(each.seconds):.2f} – {max(each.seconds):.2f}", f"{each.first:.2f}"),
            f"{statistics.median(each.processor):.2f}",
            *_compared(each, without[each.database, each.asked]),
            "met" if each.median < GOAL else "missed",
        ]
        for each in found
        if each.index
    ]
    names = ["database", "report over a year", "s", "least – most", "first time"]
    names += ["processor s", "without the index", "ratio", f"goal: under {GOAL:.0f} s"]
    facts = machine()
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit(ROOT)}, on {facts['cores']} cores of "
        f"{facts['processor']}, {facts['memory']}. {HOW}"
    )
    return "\n\n".join([TITLE, about, table(names, rows), "\n".join(f"- {r}" for r in remarks)])


def _compared(each: Took, without: float) -> tuple[str, str]:
    return f"{without:.1f}", f"{without / each.median:.0f} ×"


if __name__ == "__main__":
    main()
