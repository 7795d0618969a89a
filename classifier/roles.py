"""What part a driver plays in an answer: it is about it, also about it, or may be about it."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from math import prod

from classifier.messages import Mention
from classifier.taxonomy import Taxonomy


class Role(StrEnum):
    """Primary: what it is about. Also: said of it, too. Candidate: likely, but not said of it."""

    PRIMARY = "primary"
    ALSO = "also"
    CANDIDATE = "candidate"


def also_beside(
    primary: str | None, mentions: Sequence[Mention], taxonomy: Taxonomy
) -> tuple[str, ...]:
    """The chosen drivers beside a primary one, in the order of `mentions`.

    None of them without a primary driver. Where that is a parent, the drivers below it are part
    of what it says and not beside it.
    """
    if primary is None or not mentions:
        return ()
    inside = leaves_of(primary, taxonomy)
    return tuple(each.driver for each in mentions if each.chosen and each.driver not in inside)


def leaves_of(driver: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """The drivers a message may be about when it is about this one: those below a parent; itself,
    where there are none or the taxonomy does not know it."""
    return taxonomy.leaves_under(driver) if driver in taxonomy.parents else (driver,)


def any_of(probabilities: Iterable[float]) -> float:
    """The probability of one or more of independent events in [0, 1]; 0 of none.

    At least the likeliest of them, also where rounding says less.
    """
    each = tuple(probabilities)
    return max(1.0 - prod(1.0 - one for one in each), *each, 0.0)
