import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from service.sync.ahead import ahead


def test_everything_comes_in_order():
    assert list(ahead(iter(range(5)))) == [0, 1, 2, 3, 4]
    assert list(ahead(iter(()))) == []


def test_the_next_is_made_while_the_one_before_is_worked_on():
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    with closing(ahead(items())) as coming:
        assert next(coming) == 1
        assert made.wait(10)
        assert list(coming) == [2]


def test_what_goes_wrong_is_raised_after_what_came_before():
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("gone")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(LookupError, match="gone"):
        next(coming)


def test_closed_it_makes_no_more():
    began: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            began.append(number)
            yield number

    with closing(ahead(items())) as coming:
        next(coming)
    assert began == [0, 1]
