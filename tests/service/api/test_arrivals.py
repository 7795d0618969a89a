"""Messages that arrive at once share a transaction, and nothing else."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from classifier.messages import RawMessage
from service.api.arrivals import Arrival, store_together
from service.database import take_turn
from service.errors import ContentConflict, KeyReused
from service.idempotency import attempt_of
from service.intake import prepare
from service.keys import create_key
from service.runtime import Runtime, open_runtime
from service.schemas.messages import BatchOut, Classified
from service.serving import in_background
from service.tables import DecisionRow, IdempotencyRow, MessageRow

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"

Brings = Callable[..., Arrival]


@pytest.fixture
def brings(trained_runtime: Runtime) -> Brings:
    """A call that brings messages by their external ids, all with the same text."""

    def make(*ids: str, key: str | None = None, text: str = SURE, **options: object) -> Arrival:
        messages = [RawMessage(text=text, external_id=each) for each in ids]
        rows = [prepare(each, trained_runtime, now=NOW) for each in messages]
        sent = attempt_of(b"secret", key, "POST", "/v1/classify", f"{text} {ids}".encode())
        return Arrival(rows, sent, 1, NOW, **options)  # type: ignore[arg-type]

    return make


@contextmanager
def counted_commits(runtime: Runtime) -> Iterator[list[None]]:
    """Grows by one with each transaction that is committed by a writer while the block lasts."""
    seen: list[None] = []

    def note(connection: object) -> None:
        if not connection.get_execution_options().get("reading"):  # type: ignore[attr-defined]
            seen.append(None)

    event.listen(runtime.engine, "commit", note)
    yield seen
    event.remove(runtime.engine, "commit", note)


@contextmanager
def writer_in_the_way(runtime: Runtime) -> Iterator[None]:
    """Nobody else can write while the block lasts."""
    with runtime.writing() as session:
        take_turn(session)
        session.connection()
        yield


def stored_ids(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        return list(session.scalars(select(MessageRow.external_id).order_by(MessageRow.id)))


def external_ids(answers: Sequence[object]) -> list[object]:
    return [each.external_id if isinstance(each, Classified) else type(each) for each in answers]


class TestStoredTogether:
    def test_in_one_transaction_each_with_its_own_answer(self, trained_runtime, brings):
        calls = [brings("a"), brings("b", "c", batch=True), brings("d")]
        with counted_commits(trained_runtime) as commits:
            first, batch, last = store_together(trained_runtime, calls)
        assert len(commits) == 1
        assert external_ids([first, last]) == ["a", "d"]
        assert isinstance(batch, BatchOut)
        assert external_ids([each.answer for each in batch.results]) == ["b", "c"]
        assert stored_ids(trained_runtime) == ["a", "b", "c", "d"]

    def test_as_they_would_be_one_by_one(self, trained_runtime, brings):
        names = [f"together-{number}" for number in range(5)]
        texts = [SURE, "factuur en btw", "geld terug", "hallo daar", "doos kapot"]
        some = zip(names, texts, strict=True)
        together = store_together(trained_runtime, [brings(n, text=t) for n, t in some])
        for name, text, one in zip(names, texts, together, strict=True):
            (alone,) = store_together(trained_runtime, [brings(f"alone-{name}", text=text)])
            for same in ("driver", "decision", "queue", "doubts", "language", "model"):
                assert getattr(one, same) == getattr(alone, same)

    def test_the_feed_has_no_gap(self, trained_runtime, brings):
        store_together(trained_runtime, [brings(each) for each in "abc"])
        store_together(trained_runtime, [brings("d")])
        with trained_runtime.reading() as session:
            positions = session.scalars(select(DecisionRow.position)).all()
        assert sorted(positions) == [1, 2, 3, 4]


class TestABadNeighbor:
    @pytest.mark.parametrize("wrong", [{"text": None}, {"stored_at": datetime(2026, 11, 20)}])  # noqa: DTZ001
    def test_fails_alone(self, trained_runtime, brings, wrong):
        bad = brings("bad")
        for name, value in wrong.items():
            setattr(bad.rows[0], name, value)
        found = store_together(trained_runtime, [brings("a"), bad, brings("b", key="1")])
        assert external_ids([found[0], found[2]]) == ["a", "b"]
        assert isinstance(found[1], Exception)
        assert stored_ids(trained_runtime) == ["a", "b"]

    def test_with_known_content_is_a_conflict_of_its_own(self, trained_runtime, brings):
        store_together(trained_runtime, [brings("a")])
        other = brings("a", text="iets anders", key="1")
        with counted_commits(trained_runtime) as commits:
            found = store_together(trained_runtime, [brings("b"), other, brings("c")])
        assert external_ids(found) == ["b", ContentConflict, "c"]
        assert len(commits) == 1
        with trained_runtime.reading() as session:
            assert session.scalars(select(IdempotencyRow)).all() == []

    def test_may_revise_while_the_others_do_not(self, trained_runtime, brings):
        store_together(trained_runtime, [brings("a"), brings("b")])
        revised = brings("a", text="de doos is kapot en gescheurd, een deuk", revise=True)
        refused = brings("b", text="de doos is kapot en gescheurd, een deuk")
        found = store_together(trained_runtime, [revised, refused])
        assert external_ids(found) == ["a", ContentConflict]
        assert found[0].driver == "delivery.damaged"

    def test_is_not_tried_alone_where_the_database_is_out_of_reach(
        self, settings, models_dir, tmp_path: Path
    ):
        place = {"database_url": f"sqlite:///{tmp_path}/busy.db", "models_dir": models_dir}
        runtime = open_runtime(settings.model_copy(update=place))
        tried: list[object] = []
        messages = [RawMessage(text="hallo", external_id=each) for each in "abcd"]
        rows = [prepare(each, runtime, now=NOW) for each in messages]
        attempt = attempt_of(b"s", None, "POST", "/", b"")
        calls = [Arrival([row], attempt, 1, NOW) for row in rows]
        with writer_in_the_way(runtime):
            event.listen(
                *(runtime.engine, "connect"),
                lambda connection, _: connection.execute("PRAGMA busy_timeout=50"),
            )
            event.listen(runtime.engine, "handle_error", tried.append)
            found = store_together(runtime, calls)
        assert [type(each) for each in found] == [OperationalError] * 4
        assert len(tried) == 1
        runtime.close()


class TestTheSameKeyAtOnce:
    def test_is_done_once_and_answered_twice(self, trained_runtime, brings):
        first, again = brings("a", key="1"), brings("a", key="1")
        found = store_together(trained_runtime, [first, brings("b"), again])
        assert found[0] == found[2]
        assert stored_ids(trained_runtime) == ["a", "b"]

    def test_with_another_request_is_refused(self, trained_runtime, brings):
        found = store_together(trained_runtime, [brings("a", key="1"), brings("b", key="1")])
        assert external_ids(found) == ["a", KeyReused]
        assert stored_ids(trained_runtime) == ["a"]

    def test_later_gets_the_answer_that_was_given(self, trained_runtime, brings):
        call, batch = brings("a", key="1"), brings("b", "c", key="2", batch=True)
        before = store_together(trained_runtime, [call, batch])
        again = [brings("a", key="1"), brings("d"), brings("b", "c", key="2", batch=True)]
        after = store_together(trained_runtime, again)
        assert [after[0], after[2]] == before
        assert stored_ids(trained_runtime) == ["a", "b", "c", "d"]


class TestOverHttp:
    @pytest.fixture
    def sending(self, client: TestClient, key) -> Iterator[Callable[[dict], Future]]:
        headers = key("classify")
        with ThreadPoolExecutor(24) as pool:
            yield lambda sent: pool.submit(client.post, "/v1/classify", json=sent, headers=headers)

    def test_what_waits_for_a_writer_is_stored_in_one_transaction(
        self, trained_runtime, client, sending
    ):
        with counted_commits(trained_runtime) as commits:
            with writer_in_the_way(trained_runtime):
                replies = [sending({"text": SURE, "external_id": "first"})]
                time.sleep(1)
                replies += [sending({"text": SURE, "external_id": str(n)}) for n in range(20)]
                replies.append(sending({"text": ""}))
                until = time.monotonic() + 20
                while len(client.app.state.arrivals._waiting) < 20 and time.monotonic() < until:
                    time.sleep(0.05)
            answers = [each.result() for each in replies]
        assert [each.status_code for each in answers] == [200] * 21 + [422]
        assert len(commits) == 3  # the writer in the way, the first call, all the others
        assert sorted(stored_ids(trained_runtime)) == sorted(["first", *map(str, range(20))])

    def test_what_was_begun_is_stored_and_answered_when_the_service_ends(self, trained_runtime):
        anywhere = trained_runtime.settings.model_copy(update={"port": 0})
        runtime = Runtime(anywhere, trained_runtime.engine, trained_runtime.secret)
        with runtime.writing() as session:
            made = create_key(session, name="k", scopes=["classify"], now=NOW)
        headers = {"Authorization": f"Bearer {made}"}
        with ThreadPoolExecutor(6) as pool, in_background(runtime) as url:

            def send(number: int) -> int:
                sent = {"text": SURE, "external_id": str(number)}
                address = f"{url}/v1/classify"
                with httpx.Client(trust_env=False, timeout=30) as one:
                    return one.post(address, json=sent, headers=headers).status_code

            held = writer_in_the_way(runtime)
            held.__enter__()
            replies = [pool.submit(send, number) for number in range(6)]
            time.sleep(2)
            Timer(1, held.__exit__, (None, None, None)).start()
            # The block ends here, and with it the service, while nothing is stored yet.
            assert stored_ids(runtime) == []
        assert [each.result() for each in replies] == [200] * 6
        assert len(stored_ids(runtime)) == 6
