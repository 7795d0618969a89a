"""What a task tells beside its message, in the language of the project: fields of its data.

All of it shows what a model thinks, but for `disagreement`: none of it is for blind questions.
"""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten
from typing import Any, Final

from classifier.messages import Prediction
from classifier.taxonomy import Taxonomy
from labeling.interface.controls import ANOTHER, ANOTHER_HOTKEY, HOTKEYS, MOST_BUTTONS, MOST_LIKELY
from labeling.interface.names import definition_of, literal, named_leaves, path_of, printable
from labeling.interface.words import WORDS, Language

Json = dict[str, Any]
MOST_SENTENCES: Final = 3
"""More sentences than these that spoke for one driver are not quoted."""
MOST_CHARACTERS: Final = 160
"""Of one sentence; the message itself stands above it."""


def uses_tree(taxonomy: Taxonomy) -> bool:
    """Whether drivers are picked from a searchable tree instead of buttons."""
    return len(taxonomy.leaves) > MOST_BUTTONS


def likeliest(
    prediction: Prediction, taxonomy: Taxonomy, *, language: Language = "nl"
) -> tuple[Json, ...]:
    """The likeliest drivers as choices with a key each, then the one that opens the tree.

    At most `MOST_LIKELY`, the likeliest first. Empty where all drivers have a button of their own,
    and where the likeliest is no leaf of this taxonomy.
    """
    if not uses_tree(taxonomy) or prediction.driver not in taxonomy.leaves:
        return ()
    names = named_leaves(taxonomy, language)
    ranked = [driver for driver, _ in prediction.ranked(len(prediction.drivers)) if driver in names]
    chosen = zip(ranked[:MOST_LIKELY], HOTKEYS, strict=False)
    listed = [
        _choice(driver, names[driver], key)
        | {"hint": literal(definition_of(taxonomy.by_id[driver], language))}
        for driver, key in chosen
    ]
    return (*listed, _choice(ANOTHER, WORDS[language]["another"], ANOTHER_HOTKEY))


def _choice(alias: str, name: str, key: str) -> Json:
    return {"value": literal(name), "alias": alias, "hotkey": key}


def drivers_listed(listed: Iterable[Json]) -> tuple[str, ...]:
    """The drivers among what `likeliest` made."""
    aliases = [str(each.get("alias", "")) for each in listed]
    return tuple(each for each in aliases if each != ANOTHER)


def because(words: Sequence[str], *, language: Language = "nl") -> str:
    """The line that says which words made a model think of the driver; empty without words."""
    if not words:
        return ""
    return WORDS[language]["because"].format(words=printable(", ".join(words)))


def disagreement(
    drivers: Sequence[str | None], taxonomy: Taxonomy, *, language: Language = "nl"
) -> str:
    """The line of a third look: what two people said, None for none of the drivers."""
    words = WORDS[language]
    names = [
        path_of(taxonomy, each, language) if each and each in taxonomy else words["unknown"]
        for each in drivers
    ]
    return words["disagreement"].format(*names)


def sentences(
    said: Mapping[str, Sequence[str]], taxonomy: Taxonomy, *, language: Language = "nl"
) -> str:
    """A line a driver: what it is called on its button, and the sentences that spoke for it.

    `said` maps driver ids to sentences; those without any, and those that are no leaves of this
    taxonomy (which cannot be pre-filled either), have no line.
    """
    shown = {driver: quoted for driver, quoted in said.items() if quoted}
    names = named_leaves(taxonomy, language) if shown else {}
    return "\n".join(
        f"• {printable(names[driver])}: {' '.join(map(_quoted, quoted[:MOST_SENTENCES]))}"
        for driver, quoted in shown.items()
        if driver in names
    )


def _quoted(sentence: str) -> str:
    return f"“{shorten(printable(sentence), MOST_CHARACTERS, placeholder=' …')}”"
