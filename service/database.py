"""Opening the database, bringing it up to date, and handing out numbers without gaps."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, func, insert, select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session

from service.tables import CounterRow

MIGRATIONS = Path(__file__).parent / "migrations"
TURN = 0x576161726F6D
"""The lock that writers of messages and labels take on PostgreSQL."""
Item = TypeVar("Item")


def open_database(url: str) -> Engine:
    """An engine for SQLite (WAL, safe against power loss) or PostgreSQL.

    A `postgresql://` address uses the pg8000 driver; `?host=/folder` is a socket in that folder.
    Errors do not show the values of a statement: they would end in a log.
    """
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        return _open_postgres(address)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, connect_args={"timeout": 60}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_postgres(address: URL) -> Engine:
    arguments = {}
    folder = address.query.get("host")
    if isinstance(folder, str) and folder.startswith("/"):
        arguments["unix_sock"] = f"{folder}/.s.PGSQL.{address.port or 5432}"
        address = address.difference_update_query(["host"])
    address = address.set(drivername="postgresql+pg8000")
    return create_engine(address, connect_args=arguments, pool_pre_ping=True, hide_parameters=True)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    """Writers take the lock at once: a deferred one can fail half-way when another came first."""
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def read_only(engine: Engine) -> Engine:
    """The same database for transactions that only read, and so never wait for a writer."""
    return engine.execution_options(reading=True)


def migrate(engine: Engine) -> None:
    """Bring the database to the newest version; does nothing when it is there already."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def numbers(session: Session, name: str, count: int) -> range:
    """`count` numbers after the last one handed out under this name.

    The row stays locked until the transaction ends, so a reader who has seen number n has seen
    every number below it.
    """
    if count == 0:
        return range(0)
    bump = (
        update(CounterRow)
        .where(CounterRow.name == name)
        .values(value=CounterRow.value + count)
        .returning(CounterRow.value)
    )
    last = session.execute(bump).scalar_one_or_none()
    if last is None:
        take_turn(session)
        last = session.execute(bump).scalar_one_or_none()
    if last is None:
        session.execute(insert(CounterRow).values(name=name, value=count))
        last = count
    return range(last - count + 1, last + 1)


def take_turn(session: Session) -> None:
    """Write messages, labels and terms one transaction at a time, until this one ends.

    Whether a message is known, counts or was answered is read before it is written; two writers
    at once would both read "no". SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(TURN)))


def chunks(items: Sequence[Item], size: int = 500) -> Iterator[Sequence[Item]]:
    """The items in runs that fit in one IN (…) of either database."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def latest_number(session: Session, name: str) -> int:
    """The last number handed out under this name, 0 when none was."""
    return session.scalar(select(CounterRow.value).where(CounterRow.name == name)) or 0
