"""Calls that come while others are worked on are taken together, each with its own answer."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest

from service.gathering import MOST_WAITING, Gathering
from service.problems import Unavailable


class Work:
    """Answers every text by its capitals, "bad" by an error; holds the first group until told."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, texts: Sequence[str]) -> list[str | Exception]:
        self.groups.append(list(texts))
        self.begun.set()
        assert self.may_go_on.wait(20)
        if "crash" in texts:
            raise RuntimeError("the whole group")
        return [ValueError(text) if text == "bad" else text.upper() for text in texts]

    @property
    def sizes(self) -> list[int]:
        return [len(group) for group in self.groups]


@pytest.fixture
def work() -> Work:
    return Work()


Story = Callable[[Gathering[str, str]], Awaitable[None]]


def play(work: Work, story: Story, **options: object) -> None:
    async def whole() -> None:
        gathering = Gathering(work, **{"size": lambda _: 1, **options})
        await story(gathering)
        await gathering.finish()

    asyncio.run(asyncio.wait_for(whole(), 20))


async def held(gathering: Gathering[str, str], work: Work, *texts: str) -> list[asyncio.Task[str]]:
    """A first call that is being worked on, and others that came meanwhile."""
    tasks = [asyncio.create_task(gathering.join("first"))]
    assert await asyncio.to_thread(work.begun.wait, 20)
    tasks += [asyncio.create_task(gathering.join(text)) for text in texts]
    await asyncio.sleep(0)
    return tasks


def test_a_call_that_comes_alone_is_taken_alone(work):
    work.may_go_on.set()

    async def story(gathering):
        assert [await gathering.join(each) for each in ("a", "b", "c")] == ["A", "B", "C"]

    play(work, story)
    assert work.sizes == [1, 1, 1]


def test_calls_that_come_while_others_are_worked_on_are_taken_together(work):
    async def story(gathering):
        tasks = await held(gathering, work, *"abcdefgh")
        work.may_go_on.set()
        assert await asyncio.gather(*tasks) == ["FIRST", *"ABCDEFGH"]

    play(work, story)
    assert work.sizes == [1, 8]


def test_an_error_reaches_its_own_call_only(work):
    async def story(gathering):
        tasks = await held(gathering, work, "a", "bad", "b")
        work.may_go_on.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert found[1::2] == ["A", "B"]
        assert isinstance(found[2], ValueError)

    play(work, story)


def test_work_that_breaks_fails_its_group_and_not_the_next(work):
    async def story(gathering):
        tasks = await held(gathering, work, "crash", "a")
        work.may_go_on.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(each) for each in found] == [str, RuntimeError, RuntimeError]
        assert await gathering.join("b") == "B"

    play(work, story)


def test_a_group_is_no_larger_than_allowed_but_for_a_single_large_call(work):
    async def story(gathering):
        tasks = await held(gathering, work, "22", "333", "999999999", "1", "1")
        work.may_go_on.set()
        await asyncio.gather(*tasks)

    play(work, story, size=len, most=5)
    assert work.groups == [["first"], ["22", "333"], ["999999999"], ["1", "1"]]


def test_nobody_joins_once_too_many_wait(work):
    async def story(gathering):
        tasks = await held(gathering, work, *("x" for _ in range(MOST_WAITING)))
        with pytest.raises(Unavailable):
            await gathering.join("too many")
        work.may_go_on.set()
        await asyncio.gather(*tasks)
        assert await gathering.join("later") == "LATER"

    play(work, story)


def test_a_caller_who_has_gone_is_not_waited_for(work):
    async def story(gathering):
        tasks = await held(gathering, work, "a", "gone", "b")
        tasks[2].cancel()
        await asyncio.sleep(0)
        work.may_go_on.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [found[1], found[3]] == ["A", "B"]

    play(work, story)
    assert work.groups == [["first"], ["a", "b"]]


def test_what_was_taken_is_done_before_it_finishes(work):
    async def story(gathering):
        (task,) = await held(gathering, work)
        threading.Timer(0.2, work.may_go_on.set).start()
        await gathering.finish()
        assert await task == "FIRST"

    play(work, story)
