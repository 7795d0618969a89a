"""Terms are summed again whenever what they sum has changed."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from classifier.messages import RawMessage
from service.intake import receive
from service.runtime import Runtime
from service.terms import is_stale, refresh

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def arrive(runtime: Runtime, external_id: str) -> None:
    with runtime.writing() as session:
        message = RawMessage(text="waar blijft mijn pakket", external_id=external_id)
        receive(session, runtime, [message], now=NOW)


def stale(runtime: Runtime) -> bool:
    with runtime.reading() as session:
        return is_stale(session)


def test_a_week_is_stale_from_a_message_until_it_is_summed(runtime: Runtime) -> None:
    assert not stale(runtime)
    arrive(runtime, "one")
    arrive(runtime, "two")
    assert stale(runtime)
    with runtime.writing() as session:
        assert refresh(session, runtime) == ["2026-W47"]
    assert not stale(runtime)


def test_a_message_that_arrives_while_its_week_is_summed_makes_it_stale_again(
    runtime: Runtime,
) -> None:
    arrive(runtime, "one")
    with ThreadPoolExecutor(1) as pool:
        with runtime.writing() as session:
            refresh(session, runtime)
            arriving = pool.submit(arrive, runtime, "two")
            time.sleep(0.5)
        arriving.result(timeout=30)
    assert stale(runtime)


def test_two_who_sum_at_once_do_not_stumble_over_each_other(runtime: Runtime) -> None:
    arrive(runtime, "one")

    def sum_all() -> list[str]:
        with runtime.writing() as session:
            found = refresh(session, runtime)
            time.sleep(0.2)
            return found

    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(sum_all) for _ in range(3)]
    assert sorted(each.result() for each in done) == [[], [], ["2026-W47"]]
