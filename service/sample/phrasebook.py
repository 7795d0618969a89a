"""The hand-written phrasings, per driver and language, and the order they are used in."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from types import MappingProxyType

from classifier.messages import UNKNOWN

PHRASINGS = Path(__file__).with_name("phrasings")
LATE_PART = 4
"""One in so many phrasings of each driver is kept for the weeks after training."""
FAMILIAR_COPIES = 2
"""In those weeks each familiar phrasing is used this often for every use of a late one."""

Phrasebook = Mapping[tuple[str, str], tuple[str, ...]]
"""(driver id or "unknown", language) -> phrasings."""


@dataclass(frozen=True, slots=True)
class Phrasing:
    """A sentence or three with slots such as {product}; `late` ones never train a model."""

    text: str
    late: bool


@lru_cache(maxsize=4)
def load_phrasebook(folder: Path = PHRASINGS) -> Phrasebook:
    """Read `<parent>.toml` files with a table per leaf, each with a list for nl and for en."""
    book: dict[tuple[str, str], tuple[str, ...]] = {}
    for file in sorted(folder.glob("*.toml")):
        for leaf, by_language in tomllib.loads(file.read_text(encoding="utf-8")).items():
            driver = UNKNOWN if file.stem == UNKNOWN else f"{file.stem}.{leaf}"
            book |= {(driver, lang): tuple(texts) for lang, texts in by_language.items()}
    return MappingProxyType(book)


class Deck:
    """Deals one driver's phrasings in one language, evenly and in a seeded order.

    `hand`: who deals. Decks of the same key have the same late phrasings, and each hand its order.
    """

    def __init__(self, texts: tuple[str, ...], key: str, *, hand: str = "") -> None:
        self._rng = Random(f"deck:{key}")  # noqa: S311 (sample data)
        shuffled = self._rng.sample(texts, len(texts))
        first_late = len(shuffled) - len(shuffled) // LATE_PART
        self._all = [Phrasing(text, at >= first_late) for at, text in enumerate(shuffled)]
        self._left: dict[bool, list[Phrasing]] = {True: [], False: []}
        if hand:
            self._rng.seed(f"deck:{key}:{hand}")

    def deal(self, *, late: bool, brief: bool = False) -> Phrasing:
        """The next phrasing; the late ones are in the deck if `late`.

        `brief` takes the shorter of the next two, the other one stays for the next deal.
        """
        left = self._left[late]
        if not left:
            familiar = [each for each in self._all if not each.late]
            left += familiar * FAMILIAR_COPIES if late else familiar
            left += (each for each in self._all if late and each.late)
            self._rng.shuffle(left)
        next_two = left[-2:] if brief else left[-1:]
        dealt = min(next_two, key=lambda each: len(each.text))
        left.remove(dealt)
        return dealt
