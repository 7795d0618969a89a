"""Work done side by side comes back in order, and nobody is left behind."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator

import pytest

from classifier.scoring.workers import WorkerLost, crew


def late(number: int) -> tuple[int, int]:
    """Takes longer for even numbers."""
    time.sleep(0.01 * (number % 2 == 0))
    return number, os.getpid()


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_what_is_done_side_by_side_comes_back_in_order(start: str) -> None:
    with crew(late, 2, start) as each:
        found = list(each(range(20)))
    assert [number for number, _ in found] == list(range(20))
    assert len({worker for _, worker in found} - {os.getpid()}) == 2


def test_one_job_is_done_here() -> None:
    with crew(late, 1) as each:
        assert {worker for _, worker in each(range(3))} == {os.getpid()}


def test_tasks_are_made_only_a_few_ahead() -> None:
    made: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    with crew(late, 2) as each:
        next(iter(each(tasks())))
        assert len(made) < 10


def test_what_a_task_raises_is_raised() -> None:
    def fail(number: int) -> int:
        return 1 // (number - 3)

    with crew(fail, 2) as each, pytest.raises(ZeroDivisionError):
        list(each(range(10)))
    assert not multiprocessing.active_children()


def test_a_killed_worker_is_missed() -> None:
    def die(number: int) -> int:
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with crew(die, 2) as each, pytest.raises(WorkerLost, match="goes on from where it was"):
        list(each(range(10)))


def test_workers_end_with_the_process_they_work_for() -> None:
    mine, theirs = multiprocessing.get_context("fork").Pipe()

    def lead() -> None:
        with crew(late, 2) as each:
            theirs.send({worker for _, worker in each(range(10))})
            time.sleep(60)

    leader = multiprocessing.get_context("fork").Process(target=lead)
    leader.start()
    workers = mine.recv()
    leader.kill()
    leader.join()
    until = time.monotonic() + 20
    while any(map(_is_alive, workers)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(map(_is_alive, workers))


def _is_alive(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
