"""What drivers are called on the page, as Label Studio can show and tell apart."""

import re
from collections import Counter
from typing import Final

from classifier.taxonomy import Driver, Taxonomy
from labeling.interface.words import Language

# What XML 1.0 cannot carry at all, escaped or not.
_UNPRINTABLE: Final = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def name_of(taxonomy: Taxonomy, driver_id: str, language: Language) -> str:
    return printable(taxonomy.name(driver_id, language))


def path_of(taxonomy: Taxonomy, driver_id: str, language: Language) -> str:
    """Its name behind those of its parents."""
    return " / ".join(taxonomy.path(driver_id, language))


def named_leaves(taxonomy: Taxonomy, language: Language) -> dict[str, str]:
    """Every driver that can be chosen, by id, with what it is called where it stands alone."""
    return dict(distinct([(leaf, path_of(taxonomy, leaf, language)) for leaf in taxonomy.leaves]))


def distinct(named: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Two drivers with one name get their id behind it: Label Studio tells choices by name."""
    times = Counter(name for _, name in named)
    return [(key, f"{name} ({key})" if times[name] > 1 else name) for key, name in named]


def definition_of(driver: Driver, language: Language) -> str:
    texts = driver.definition
    return printable(texts.get(language) or next(iter(texts.values()), ""))


def literal(text: str) -> str:
    """Label Studio fills in task fields where a choice says `$name`: a word joiner prevents it."""
    return text.replace("$", "$\u2060")


def printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text)
