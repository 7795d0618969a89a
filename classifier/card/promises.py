"""What may be routed without a person, queue by queue, and what is still needed."""

from collections.abc import Iterable

from classifier.card.tables import code, table
from classifier.promise import QueuePromise, faultless_labels

COLUMNS = ("queue", "may be", "from confidence", "labels", "right", "surely", "more labels needed")


def promise_section(promises: Iterable[QueuePromise], *, level: float = 0.95) -> str:
    """The promise, the queues it is made for, and the labels the others need."""
    found = sorted(promises, key=lambda each: (not each.kept, -each.evidence, each.queue))
    if not found:
        return ""
    target = found[0].target
    kept = sum(each.kept for each in found)
    what = (
        f"The promise: of the messages routed automatically to a queue at least {target:.1%} are "
        f"right, with {level:.0%} confidence for all such queues at once. {_made(kept, len(found))}"
        " Only labels drawn with a known probability, or a random hold-out, count for it, thinned "
        "to equal probability; exact binomial tests go down a grid of thresholds fixed beforehand. "
        f"{_fewest(len(found), target, level)} It holds for one look at the labels. Every queue "
        "begins on select, which goes by the model's own threshold and promises nothing of one "
        "queue; a person decides which is automated."
    )
    return "\n\n".join(["## Promise", what, table(COLUMNS, map(_row, found))])


def _made(kept: int, queues: int) -> str:
    if not kept:
        return f"None of {queues:,} has shown it yet."
    return f"{kept:,} of {queues:,} {'has' if kept == 1 else 'have'} shown it."


def _fewest(queues: int, target: float, level: float) -> str:
    one, each = (faultless_labels(n, target=target, level=level) for n in (1, queues))
    if queues == 1:
        return f"That takes at least {one} labels, all right."
    return (
        f"That takes at least {one} labels, all right, for one queue, and {each} for each of "
        f"{queues:,}."
    )


def _row(each: QueuePromise) -> tuple[str, ...]:
    right = "not measured" if each.precision is None else f"{each.precision:.1%}"
    more = "no number would do at this rate" if each.needed is None else f"{each.needed:,}"
    return (
        code(each.queue),
        each.rung.value,
        f"{each.tested:.3f}" if each.kept else f"none ({each.tested:.3f} was tried)",
        f"{each.evidence:,} of {each.labels:,}",
        right,
        f"≥ {each.lower:.1%}",
        more,
    )
