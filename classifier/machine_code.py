"""Functions as machine code."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function as machine code, made once on a machine and kept on disk.

    It holds no lock while it runs. Numbers in it behave as in C: integers overflow silently.
    """
    made = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(function)
    return cast(Callable[Parameters, Result], made)
