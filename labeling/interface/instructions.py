"""What every driver means, as HTML for the project's instructions."""

from collections.abc import Iterable
from html import escape

from classifier.taxonomy import Driver, Taxonomy
from labeling.interface.controls import (
    ANOTHER_HOTKEY,
    PERSONAL_DATA_HOTKEY,
    UNKNOWN_HOTKEY,
)
from labeling.interface.names import definition_of, name_of, printable
from labeling.interface.told import uses_tree
from labeling.interface.words import WORDS, Language


def instructions(taxonomy: Taxonomy, language: Language = "nl") -> str:
    """How to answer, and what every driver means: definitions and examples."""
    words = WORDS[language]
    said = [words["intro"].format(unknown=words["unknown"], key=UNKNOWN_HOTKEY)]
    if uses_tree(taxonomy):
        said.append(words["listed"].format(another=ANOTHER_HOTKEY))
    said.append(
        words["leak"].format(personal_data=words["personal_data"], key=PERSONAL_DATA_HOTKEY)
    )
    intro = "\n".join(f"<p>{escape(each)}</p>" for each in said)
    roots = [driver for driver in taxonomy.drivers if driver.parent is None]
    listing = _listing(taxonomy, roots, language)
    return f"{intro}\n<h3>{words['drivers']}</h3>\n{listing}"


def _listing(taxonomy: Taxonomy, drivers: Iterable[Driver], language: Language) -> str:
    items = []
    for driver in drivers:
        name = escape(name_of(taxonomy, driver.id, language))
        children = [each for each in taxonomy.drivers if each.parent == driver.id]
        below = _listing(taxonomy, children, language)
        items.append(f"<li><b>{name}</b>{_meaning(driver, language)}{below}</li>")
    return "<ul>\n" + "\n".join(items) + "\n</ul>" if items else ""


def _meaning(driver: Driver, language: Language) -> str:
    definition = escape(definition_of(driver, language))
    examples = "; ".join(f"“{escape(printable(each))}”" for each in driver.examples)
    said = f"<br><i>{WORDS[language]['example']}: {examples}</i>" if examples else ""
    return (f": {definition}" if definition else "") + said
