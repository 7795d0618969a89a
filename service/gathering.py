"""Calls that wait are taken together: while one group is worked on, the next one gathers.

A call that comes alone is taken at once. The more come, the larger the groups, so that what a
group costs, a transaction above all, is shared by many just when there are many.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import anyio
from anyio import to_thread

from service.problems import Unavailable

MOST_TOGETHER: Final = 128
"""Messages in a group: more make nothing cheaper, and the others wait longer."""

MOST_WAITING: Final = 2_000
"""Messages that wait before a call is turned away: some seconds of work."""

Call = TypeVar("Call")
Answer = TypeVar("Answer")


class Gathering(Generic[Call, Answer]):
    """Brings calls together for `work`, which gets a group and gives for each call its answer or
    its error, in order. `size` is how many messages a call brings, one if not said.

    `work` runs in a thread of its own, one group at a time; all the rest happens in the event
    loop that this was made in.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Call]], Sequence[Answer | Exception]],
        *,
        size: Callable[[Call], int] = lambda _: 1,
        most: int = MOST_TOGETHER,
    ) -> None:
        self.most = most
        self._work, self._size = work, size
        self._waiting: list[tuple[Call, asyncio.Future[Answer]]] = []
        self._worker: asyncio.Task[None] | None = None
        self._thread = anyio.CapacityLimiter(1)

    async def join(self, call: Call) -> Answer:
        """The answer to a call. Raises its error, or `Unavailable` where too many wait."""
        if sum(self._size(each) for each, _ in self._waiting) >= MOST_WAITING:
            raise Unavailable
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((call, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work_off())
        return await future

    async def finish(self) -> None:
        """Wait until all that was taken is done."""
        if self._worker is not None:
            await self._worker

    async def _work_off(self) -> None:
        while group := self._next():
            answers = await to_thread.run_sync(
                self._answers, [call for call, _ in group], limiter=self._thread
            )
            for (_, future), answer in zip(group, answers, strict=True):
                _tell(future, answer)
        self._worker = None

    def _next(self) -> list[tuple[Call, asyncio.Future[Answer]]]:
        """Those who have waited longest, without the ones who no longer do."""
        waiting = [each for each in self._waiting if not each[1].done()]
        size, count = 0, 0
        for call, _ in waiting:
            size += self._size(call)
            if count and size > self.most:
                break
            count += 1
        self._waiting = waiting[count:]
        return waiting[:count]

    def _answers(self, calls: Sequence[Call]) -> Sequence[Answer | Exception]:
        try:
            return self._work(calls)
        except Exception as error:
            return [error] * len(calls)


def _tell(future: asyncio.Future[Answer], answer: Answer | Exception) -> None:
    if future.done():  # the caller has gone
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
