"""Why volumes go by first answers: what counting labels that the model doubted would do to them."""

from functools import cache

from tests.benchmarks.corrected_labels import run
from tests.benchmarks.second_opinions import Tally
from tests.benchmarks.volumes.simulated import CONFUSED


@cache
def tallies(kind: str) -> dict[str, Tally]:
    return run(kind, n=10_000, budget=0.05, weeks=25)


def bias(kind: str, by: str, which: str = "believed", **columns: object) -> float:
    return tallies(kind)[by].bias(which, **columns)


def test_corrected_labels_mend_little_where_people_err_at_random() -> None:
    given, corrected = (bias("differently", by) for by in ("as given", "corrected"))
    assert given < corrected < 0.7 * given < 0


def test_second_opinions_then_correct_what_was_corrected_already() -> None:
    given, corrected = (bias("differently", by, "corrected") for by in ("as given", "corrected"))
    assert abs(given) < 0.5
    assert corrected - given > 0.2


def test_where_people_err_with_the_model_corrected_labels_are_farther_off() -> None:
    given, corrected = (
        bias("as the model", by, columns=[CONFUSED]) for by in ("as given", "corrected")
    )
    assert corrected < given < 0
