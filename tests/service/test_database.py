"""Both kinds of database come up to date, hand out numbers without gaps, and keep UTC."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from service.database import MIGRATIONS, chunks, migrate, numbers, open_database
from service.tables import BookmarkRow, KeyRow, LabelRow, PredictionRow, StaleWeekRow, Table


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """Migrations begin with nothing."""
    return empty_database_url


@pytest.fixture
def engine(database_url: str):
    opened = open_database(database_url)
    migrate(opened)
    yield opened
    opened.dispose()


def test_migrations_build_exactly_the_tables(engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Table.metadata) == []


def test_migrating_twice_changes_nothing(engine) -> None:
    with Session(engine) as session, session.begin():
        session.add(BookmarkRow(name="here", value={"n": 1}))
    migrate(engine)
    with Session(engine) as session:
        assert session.get_one(BookmarkRow, "here").value == {"n": 1}


@pytest.mark.parametrize(
    ("before", "after", "tables"),
    [
        pytest.param("0001", "0002", {"standings", "standing_changes", "checks"}, id="ladder"),
        pytest.param("0005", "0006", {"publications"}, id="publications"),
        pytest.param("0006", "0007", {"bridges"}, id="bridges"),
    ],
)
def test_tables_come_and_go_with_their_migration(
    database_url: str, before: str, after: str, tables: set[str]
) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = open_database(database_url)
    for version, there in ((after, True), (before, False), (after, True)):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            (command.upgrade if there else command.downgrade)(config, version)
        with engine.connect() as connection:
            assert tables.issubset(inspect(connection).get_table_names()) is there
    engine.dispose()


OLD_MESSAGE = """
INSERT INTO messages (id, external_id, content_hash, channel, direction, counted, subject, text,
  text_key, holdout, language, received_at, day, week, attributes, scores, stored_at)
VALUES (1, 'a', '', 'ticket', 'inbound', true, '', 'x', '', false, 'nl', :now, :day, '2026-W46',
  '{}', '{}', :now)
"""
OLD_PREDICTION = """
INSERT INTO predictions (id, message_id, first, model, recalibration, taxonomy, top, rest, unknown,
  confidence, made_at)
VALUES (1, 1, true, 'm', 'none', 't', '[]', 0, 0, 0.5, :now)
"""

OLD_LABEL = """
INSERT INTO labels (id, message_id, also, note, suggestion, person, door, door_ref, version, chosen,
  counts, current, origin, taxonomy, answered_at, stored_at)
VALUES (1, 1, '[]', '', '', 'anna', 'review', 'r', '1', 'audit', true, true, 'manual', 't', :now,
  :now)
"""


def test_predictions_made_before_mentions_have_none_and_every_week_is_summed_anew(
    database_url: str,
) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = open_database(database_url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        when = {"now": "2026-11-10 09:00:00", "day": "2026-11-10"}
        for statement in (OLD_MESSAGE, OLD_PREDICTION):
            connection.execute(text(statement), when)
        command.upgrade(config, "0004")
    with Session(engine) as session:
        assert session.scalars(select(PredictionRow.mentions)).all() == [[]]
        assert session.scalars(select(StaleWeekRow.week)).all() == ["2026-W46"]
    for version in ("0003", "0004"):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            (command.upgrade if version == "0004" else command.downgrade)(config, version)
    with engine.connect() as connection:
        key = inspect(connection).get_pk_constraint("terms")["constrained_columns"]
    assert "kind" in key
    engine.dispose()


def test_terms_summed_before_the_plain_count_are_summed_anew(database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = open_database(database_url)
    when = {"now": "2026-11-10 09:00:00", "day": "2026-11-10"}
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.execute(text(OLD_MESSAGE), when)
        command.upgrade(config, "0005")
        assert connection.scalars(select(StaleWeekRow.week)).all() == ["2026-W46"]
        command.downgrade(config, "0004")
        columns = {each["name"] for each in inspect(connection).get_columns("terms")}
        assert "likeliest" not in columns
        assert "weighted_spread" in columns
        command.upgrade(config, "0005")
        assert connection.scalars(select(StaleWeekRow.week)).all() == ["2026-W46"]
    engine.dispose()


def test_answers_given_before_anybody_was_asked_about_personal_data_say_no(
    database_url: str,
) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = open_database(database_url)
    when = {"now": "2026-11-10 09:00:00", "day": "2026-11-10"}
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        for statement in (OLD_MESSAGE, OLD_LABEL):
            connection.execute(text(statement), when)
        command.upgrade(config, "0009")
        assert connection.scalars(select(LabelRow.personal_data)).all() == [False]
        command.downgrade(config, "0008")
        columns = {each["name"] for each in inspect(connection).get_columns("labels")}
        assert "personal_data" not in columns
    engine.dispose()


def test_numbers_have_no_gaps_and_a_rollback_gives_them_back(engine) -> None:
    with Session(engine) as session, session.begin():
        assert list(numbers(session, "n", 3)) == [1, 2, 3]
    with Session(engine) as session:
        numbers(session, "n", 5)
        session.rollback()
    with Session(engine) as session, session.begin():
        assert list(numbers(session, "n", 2)) == [4, 5]
        assert list(numbers(session, "n", 0)) == []


def test_numbers_of_writers_at_once_are_all_different(engine) -> None:
    with Session(engine) as session, session.begin():
        numbers(session, "n", 1)

    def take(_: int) -> list[int]:
        with Session(engine) as session, session.begin():
            return list(numbers(session, "n", 2))

    with ThreadPoolExecutor(4) as pool:
        taken = [number for some in pool.map(take, range(20)) for number in some]
    assert sorted(taken) == list(range(2, 42))


def test_moments_come_back_aware_and_naive_ones_are_refused(engine) -> None:
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    with Session(engine) as session, session.begin():
        session.add(KeyRow(name="a", hash="h", scopes=[], made_at=moment))
    with Session(engine) as session:
        assert session.scalars(select(KeyRow.made_at)).one() == moment
        session.add(KeyRow(name="b", hash="i", scopes=[], made_at=moment.replace(tzinfo=None)))
        with pytest.raises(StatementError, match="without a time zone"):
            session.flush()


def test_chunks_hold_everything_in_order() -> None:
    assert [list(some) for some in chunks([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
