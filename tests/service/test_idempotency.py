"""Answers are kept for as long as a call may be made again, and no longer."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import inspect, select

from service.errors import KeyReused
from service.idempotency import KEPT, attempt_of, forget, once
from service.runtime import Runtime
from service.tables import IdempotencyRow
from service.worker import run_once

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def ask(runtime: Runtime, key: str, *, now: datetime = NOW, body: bytes = b"") -> int:
    """The number of calls that were done, as the answer tells."""
    attempt = attempt_of(b"secret", key, "POST", "/", body)

    def work(session):
        return {"done": len(session.scalars(select(IdempotencyRow)).all())}

    return once(runtime, attempt, work, api_key_id=1, now=now)["done"]


def kept(runtime: Runtime) -> int:
    with runtime.reading() as session:
        return len(session.scalars(select(IdempotencyRow)).all())


def test_an_answer_is_forgotten_once_it_is_old_and_not_before(runtime: Runtime) -> None:
    ask(runtime, "old")
    ask(runtime, "young", now=NOW + timedelta(hours=1))
    forget(runtime, now=NOW + KEPT)
    assert kept(runtime) == 2
    forget(runtime, now=NOW + KEPT + timedelta(minutes=1))
    assert kept(runtime) == 1
    assert ask(runtime, "young", now=NOW + KEPT) == 1


def test_a_forgotten_key_is_free(runtime: Runtime) -> None:
    ask(runtime, "a")
    with pytest.raises(KeyReused):
        ask(runtime, "a", body=b"another request")
    forget(runtime, now=NOW + 2 * KEPT)
    assert ask(runtime, "a", body=b"another request") == 0


def test_the_worker_forgets(runtime: Runtime) -> None:
    ask(runtime, "a")
    assert run_once(runtime, now=lambda: NOW + 2 * KEPT) == []
    assert kept(runtime) == 0


def test_old_answers_are_found_by_an_index(runtime: Runtime) -> None:
    with runtime.engine.connect() as connection:
        indexes = inspect(connection).get_indexes("idempotency")
    assert [each["column_names"] for each in indexes] == [["made_at"]]
