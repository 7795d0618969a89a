"""Work in two places at once: what comes next is fetched or made while this is sent or stored."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterator[Item]) -> Generator[Item]:
    """The same items, none of which may be None; the next one is asked for, in a thread of its own,
    while the one before is worked on. What it raises is raised where the item would have come.

    To be closed: it then waits for the item that is being made.
    """
    with ThreadPoolExecutor(1, "ahead") as beside:
        coming = beside.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = beside.submit(next, items, None)
            yield item
