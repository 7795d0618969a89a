"""What somebody who reads nothing else of a card should know, in plain sentences."""

from collections.abc import Iterator

from classifier.card.tables import code
from classifier.evaluation import Evaluation, Parents, Rate, Remedy, Several

FEW = 200
"""Judged on fewer messages, an interval is so wide that it deserves a sentence."""


def summary_section(evaluation: Evaluation) -> str:
    """How often it is right, what it may do alone, and what would make it better."""
    return "## In short\n\n" + "\n".join(f"- {each}" for each in _sentences(evaluation))


def _sentences(evaluation: Evaluation) -> Iterator[str]:
    accuracy = evaluation.accuracy
    if accuracy.value is not None:
        yield f"Of 100 messages about a driver it knows, it is right about {_of(accuracy)}."
    yield from _several(evaluation.several)
    yield _routing(evaluation)
    yield from _parents(evaluation.parents)
    if evaluation.n < FEW:
        yield (
            f"Only {evaluation.n:,} messages judged it, so the ranges are wide; more labels narrow "
            "them."
        )
    if evaluation.learning:
        yield evaluation.learning.sentence()
    yield from _hardest(evaluation)


def _routing(evaluation: Evaluation) -> str:
    auto = evaluation.auto
    if auto.to_dict()["threshold"] is None:
        return (
            f"It has not shown that {auto.target:.0%} of what it would route is right, so every "
            "message goes to a person."
        )
    if auto.precision.value is None:
        return "It is sure enough of none of the judging messages to route it without a person."
    return (
        f"Of 100 messages it is sure enough of {_of(auto.share)} to need no person; of 100 of "
        f"those, {_of(auto.precision)} are right (the aim is {100 * auto.target:g})."
    )


def _several(found: Several | None) -> Iterator[str]:
    if found is None:
        return
    exact = f"Of 100 messages it says exactly the drivers people do of {_of(found.exact)}"
    if found.others_recall.value is None or found.others_precision.value is None:
        yield f"{exact}."
        return
    yield (
        f"{exact}; of 100 drivers they name beside the first it finds {_of(found.others_recall)}, "
        f"and of 100 it adds itself {_of(found.others_precision)} are right."
    )


def _parents(found: Parents | None) -> Iterator[str]:
    if found is None or found.parent.value is None:
        return
    right = f"Of 100 messages it is right about the parent of {_of(found.parent)}"
    if found.right_at_parent.value is None:
        yield f"{right}; it stops none there."
    else:
        yield (
            f"{right}; it stops {_of(found.at_parent)} there, unsure of the driver, and of 100 of "
            f"those {_of(found.right_at_parent)} are right."
        )


def _hardest(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.confusable:
        yield from _most_confused(evaluation)
        return
    pair = evaluation.confusable[0]
    names = f"{code(pair.first)} and {code(pair.second)}"
    if pair.remedy is Remedy.MERGE:
        yield f"People do not tell {names} apart: make them one, or define them more clearly."
    elif pair.remedy is Remedy.LABELS:
        yield f"It mixes up {names} most, and people do not: label more of the scarcer one."
    else:
        yield f"It mixes up {names} most: ask a second person whether people do, too."


def _most_confused(evaluation: Evaluation) -> Iterator[str]:
    """Where no pair of drivers is surely hard to tell apart: what happened most, if it did."""
    support = {each.driver: each.support for each in evaluation.drivers}
    for each in evaluation.confusions[:1]:
        if each.count > 1 and each.label in support:
            names = f"{code(each.label)} for {code(each.predicted)}"
            yield f"It takes {names} most: {each.count:,} of {support[each.label]:,} messages."


def _of(found: Rate) -> str:
    """So many of 100, and the range that is 95 % sure."""
    return f"{100 * (found.value or 0):.0f} ({100 * found.low:.0f}–{100 * found.high:.0f})"
