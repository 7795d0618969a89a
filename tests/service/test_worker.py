"""Background jobs: they go on whatever happens, and look at once when there is a hint."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from classifier.messages import RawMessage
from service.intake import receive
from service.runtime import Runtime
from service.sync import hint, hinted, setup, take_hints
from service.tables import OutboxRow, StaleWeekRow
from service.worker import run_once, work

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOBODY = {
    "label_studio_url": "http://127.0.0.1:9",
    "label_studio_api_key": SecretStr("f" * 40),
}


def changed(runtime: Runtime, **settings: object) -> Runtime:
    return Runtime(runtime.settings.model_copy(update=settings), runtime.engine, runtime.secret)


def stale_weeks(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        return list(session.scalars(select(StaleWeekRow.week)))


def waiting(runtime: Runtime) -> int:
    with runtime.reading() as session:
        return len(session.scalars(select(OutboxRow).where(OutboxRow.done_at.is_(None))).all())


def arrives(runtime: Runtime, external_id: str) -> None:
    with runtime.writing() as session:
        receive(session, runtime, [RawMessage(text="hallo", external_id=external_id)], now=NOW)


class TestARound:
    def test_sums_the_weeks_that_changed(self, trained_runtime):
        arrives(trained_runtime, "m-1")
        assert stale_weeks(trained_runtime) == ["2026-W47"]
        assert run_once(trained_runtime) == []
        assert stale_weeks(trained_runtime) == []

    def test_does_the_other_jobs_when_label_studio_is_down(self, trained_runtime):
        away = changed(trained_runtime, **NOBODY)
        arrives(away, "m-1")
        problems = run_once(away)
        assert len(problems) == 2
        assert all("cannot be reached" in each for each in problems)
        assert stale_weeks(away) == []

    def test_survives_what_nobody_foresaw_without_quoting_it(self, trained_runtime):
        arrives(trained_runtime, "m-1")
        with trained_runtime.engine.begin() as connection:
            connection.execute(text("ALTER TABLE terms RENAME TO gone"))
        (problem,) = run_once(trained_runtime)
        assert problem.startswith("summing volumes failed and is tried again: ")
        assert "gone" not in problem
        assert "terms" not in problem

    def test_takes_a_hint_before_it_collects(self, trained_runtime):
        away = changed(trained_runtime, **NOBODY)
        with away.writing() as session:
            hint(session, now=NOW)
        run_once(away)
        with away.reading() as session:
            assert not hinted(session)


class TestHints:
    def test_are_one_until_taken(self, runtime):
        with runtime.writing() as session:
            hint(session, now=NOW)
            hint(session, now=NOW)
        with runtime.writing() as session:
            assert len(session.scalars(select(OutboxRow)).all()) == 1
            take_hints(session)
            assert not hinted(session)


class TestWorking:
    @pytest.fixture
    def start(self) -> Iterator[object]:
        """Start a worker; it is stopped when the test ends."""
        stop, threads = threading.Event(), []

        def start(runtime: Runtime) -> threading.Event:
            threads.append(threading.Thread(target=work, args=(runtime, stop)))
            threads[-1].start()
            return stop

        yield start
        stop.set()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()

    @pytest.mark.studio
    @pytest.mark.parametrize("cause", ["question", "hint"])
    def test_a_question_or_a_hint_ends_the_rest(self, trained_runtime, start, studio_server, cause):
        patient = changed(
            trained_runtime,
            worker_seconds=600.0,
            label_studio_url=studio_server.url,
            label_studio_api_key=SecretStr(studio_server.token),
            label_studio_project="Worker",
        )
        setup(patient, now=NOW)
        start(patient)
        time.sleep(3)
        with patient.writing() as session:
            if cause == "hint":
                hint(session, now=NOW)
            else:
                receive(session, patient, [RawMessage(text="hallo", external_id=cause)], now=NOW)
        until = time.monotonic() + 20
        while waiting(patient) and time.monotonic() < until:
            time.sleep(0.1)
        assert waiting(patient) == 0

    def test_a_problem_does_not_make_it_restless(self, trained_runtime, start):
        away = changed(trained_runtime, worker_seconds=600.0, **NOBODY)
        start(away)
        time.sleep(3)
        with away.writing() as session:
            hint(session, now=NOW)
        time.sleep(3)
        assert waiting(away) == 1

    def test_stops_at_once_when_told(self, trained_runtime, start):
        stop = start(changed(trained_runtime, worker_seconds=600.0))
        time.sleep(0.5)
        stop.set()

    def test_says_a_problem_once_while_it_lasts(self, trained_runtime, start, caplog):
        caplog.set_level(logging.WARNING, "service.worker")
        with trained_runtime.engine.begin() as connection:
            connection.execute(text("ALTER TABLE stale_weeks RENAME TO gone"))
        start(changed(trained_runtime, worker_seconds=0.05))
        time.sleep(1)
        assert sum("summing volumes failed" in line for line in caplog.messages) == 1
