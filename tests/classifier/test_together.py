import threading

import pytest
from threadpoolctl import threadpool_info

from classifier.together import together


@pytest.mark.parametrize("workers", [1, 3])
def test_what_comes_out_is_in_the_order_of_what_went_in(workers):
    assert together(str, range(50), workers) == [str(number) for number in range(50)]


def test_as_many_run_at_a_time_as_there_are_workers():
    """Each waits until the other has come: alone, none would go on."""
    barrier = threading.Barrier(2, timeout=20)
    assert sorted(together(lambda _: barrier.wait(), range(2), 2)) == [0, 1]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_task_has_one_core_for_its_linear_algebra_and_afterwards_all_is_as_before(workers):
    def threads():
        return [each["num_threads"] for each in threadpool_info()]

    before = threads()
    inside = together(lambda _: threads(), range(4), workers)
    assert all(set(each) <= {1} for each in inside)
    assert threads() == before


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_fails_fails_for_all(workers):
    with pytest.raises(ZeroDivisionError):
        together(lambda number: 1 // number, [1, 0, 2], workers)
