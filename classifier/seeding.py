"""What the taxonomy says of its drivers, as training text until labels outweigh it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classifier.messages import UNKNOWN, LabeledMessage
from classifier.taxonomy import OTHER, Driver, Taxonomy
from classifier.text import normalized

NAME_WEIGHT = 1.0
"""How many labels a driver's name, definition or example is worth while there is none."""

HALF = 20
"""At so many labels of a driver its seeds weigh half as much as without any."""

LEAST = 0.05
"""Seeds that would weigh less are left out altogether."""

FIRST_LABELS = 100
"""So many answers tell how right a model is within ten points, whatever it is; no fewer do."""

LABELS_A_DRIVER = 5
"""So many of each say more of a driver than its own words do."""

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
SIGNS = re.compile(r"[_.\-/]+")


@dataclass(frozen=True, slots=True)
class Seed:
    """A text that stands for a driver. Never a message: it is not counted, and judges nothing."""

    driver: str
    text: str
    weight: float = 1.0


def seeds_of(taxonomy: Taxonomy) -> tuple[Seed, ...]:
    """Names, definitions and examples of the leaves, in file order, each text once a driver.

    A name made of signs and capitals, like `card_arrival` or `cardArrival`, is read as words. The
    implicit `<parent>.other` says what a message is not, so it has no seeds unless it has a
    definition or examples.
    """
    return tuple(
        Seed(leaf, text)
        for leaf in taxonomy.leaves
        for text in dict.fromkeys(_texts(taxonomy.by_id[leaf]))
        if any(character.isalnum() for character in text)
    )


def unlike(seeds: Iterable[Seed], texts: Iterable[str]) -> list[Seed]:
    """The seeds that say what none of the texts says: what judges a model must not train it."""
    said = {normalized(text) for text in texts}
    return [seed for seed in seeds if normalized(seed.text) not in said]


def weighed(seeds: Iterable[Seed], messages: Sequence[LabeledMessage]) -> list[Seed]:
    """The seeds that still count beside the labeled messages (n), with their weights.

    A driver's seeds weigh `NAME_WEIGHT` without labels, half of it at `HALF` labels, and fade as
    the square beyond; under `LEAST` they are left out.
    """
    labels = Counter(message.label.primary for message in messages)
    found = [Seed(s.driver, s.text, _faded(labels[s.driver])) for s in seeds]
    return [seed for seed in found if seed.weight >= LEAST]


def labeled_drivers(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The drivers a model learned from labels; what it knows by words alone is not among them.

    By the counts in its manifest; of a model whose manifest counts nothing, none.
    """
    counted = manifest.get("counts", {}).get("per_driver", {})
    return frozenset(driver for driver, labels in counted.items() if labels) - {UNKNOWN}


def seed_remarks(seeds: Sequence[Seed], messages: Sequence[LabeledMessage]) -> Iterable[str]:
    """What a person should know of a model that leans on its taxonomy, a sentence each."""
    named = {seed.driver for seed in seeds}
    labeled = {message.label.primary for message in messages} - {None}
    if not labeled:
        yield _without_labels(len(named))
    elif named - labeled:
        yield (
            "Without a label, known by their names, definitions and examples only: "
            f"{', '.join(sorted(named - labeled))}."
        )


def _without_labels(drivers: int) -> str:
    first = max(FIRST_LABELS, LABELS_A_DRIVER * drivers)
    return (
        f"There is not a single label: this model knows {drivers} drivers by their names, "
        "definitions and examples only. How right it is cannot be measured without labels; a guess "
        f"would be right once in {drivers} times. It routes nothing: every message goes to a "
        f"person. Label the first {first:,} messages as they come, then train again."
    )


def _faded(labels: int) -> float:
    return NAME_WEIGHT / (1.0 + (labels / HALF) ** 2)


def _texts(driver: Driver) -> Iterable[str]:
    """The driver's own words; its id's last part where it has no name."""
    is_other = driver.id.rpartition(".")[2] == OTHER
    if not is_other:
        names = driver.names.values() or (driver.id.rpartition(".")[2],)
        yield from (as_words(name) for name in names)
    yield from driver.definition.values()
    yield from driver.examples


def as_words(name: str) -> str:
    """A name as a person would say it: `card_arrival` and `cardArrival` are `card arrival`."""
    return " ".join(SIGNS.sub(" ", CAMEL.sub(" ", name)).split())
