"""A taxonomy as a Label Studio labeling interface and as the instructions beside it. Pure.

Five controls, whose names never change because answers are stored under them:

primary      the driver: one. Radio buttons with a key each up to 15 leaves, else a searchable tree
also         the other drivers: any number
unknown      a tick: the main reason is none of the drivers; hides `primary`
suggestion   what the missing driver should be called; shown when `unknown` is ticked
note         anything else

What is stored is a choice's alias, and an alias is a driver's id: renaming a driver, translating
the interface or switching from buttons to a tree loses nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from textwrap import shorten
from typing import Final, Literal
from xml.etree import ElementTree

from classifier.messages import UNKNOWN
from classifier.taxonomy import Driver, Taxonomy

Language = Literal["nl", "en"]

PRIMARY: Final = "primary"
ALSO: Final = "also"
SUGGESTION: Final = "suggestion"
NOTE: Final = "note"
TEXT: Final = "text"
MOST_BUTTONS: Final = 15
HOTKEYS: Final = "1234567890qwert"
UNKNOWN_HOTKEY: Final = "u"
MOST_SENTENCES: Final = 3
"""More sentences than these that spoke for one driver are not quoted."""
MOST_CHARACTERS: Final = 160
"""Of one sentence; the message itself stands above it."""
# Smaller than the message, and not in the way of it; a line break in the field is one on screen.
ASIDE: Final = "font-size: 0.9rem; font-weight: 400; line-height: 1.4; white-space: pre-line"

# What XML 1.0 cannot carry at all, escaped or not.
_UNPRINTABLE = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_WORDS: Final = {
    "nl": {
        "primary": "Waarom neemt deze klant contact op? De belangrijkste reden",
        "also": "Ook nog over (mag leeg blijven)",
        "unknown": "De belangrijkste reden staat er niet bij",
        "suggestion": "Hoe zou je deze reden noemen?",
        "note": "Opmerking (mag leeg blijven)",
        "replace": "(klik op × om te wissen en kies dan een andere)",
        "missing": "Kies de belangrijkste reden, of vink aan dat die er niet bij staat.",
        "search": "Typ om te zoeken",
        "drivers": "Contactredenen",
        "intro": (
            "Kies de belangrijkste reden waarom de klant contact opneemt, en daarna wat er nog "
            "meer speelt. Past geen enkele als belangrijkste, vink dan “{unknown}” aan ({key})."
        ),
        "example": "Bijvoorbeeld",
        "because": "Vanwege: {words}",
        "disagreement": "Twee mensen zijn het niet eens: de een zegt “{}”, de ander “{}”.",
    },
    "en": {
        "primary": "Why does this customer get in touch? The main reason",
        "also": "Also about (may stay empty)",
        "unknown": "The main reason is not in the list",
        "suggestion": "What would you call this reason?",
        "note": "Note (may stay empty)",
        "replace": "(click × to clear it, then choose another)",
        "missing": "Choose the main reason, or tick that it is not in the list.",
        "search": "Type to search",
        "drivers": "Reasons for contact",
        "intro": (
            "Choose the main reason why the customer gets in touch, then what else it is about. "
            "If none fits as the main one, tick “{unknown}” ({key})."
        ),
        "example": "For example",
        "because": "Because of: {words}",
        "disagreement": "Two people do not agree: one says “{}”, the other “{}”.",
    },
}


def uses_tree(taxonomy: Taxonomy) -> bool:
    """Whether drivers are picked from a searchable tree instead of buttons."""
    return len(taxonomy.leaves) > MOST_BUTTONS


def labeling_interface(taxonomy: Taxonomy, *, language: Language = "nl") -> str:
    """The labeling interface as XML; the same taxonomy and language give the same bytes.

    It shows the task's fields `subject`, `facts`, `text`, `because` and `sentences` (see
    `labeling.tasks`). The last two are empty for a blind question, and then take no place.
    """
    words = _WORDS[language]
    view = _element("View")
    view.append(_element("Header", value="$subject", size="4"))
    view.append(_element("Header", value="$facts", size="6", style=ASIDE))
    message = _element("View", style="border-left: 4px solid #8886; margin: 1em 0")
    message.append(_element("Text", name=TEXT, value="$text"))
    view.append(message)
    view.append(_element("Header", value="$because", size="6", style=ASIDE))
    view.append(_element("Header", value="$sentences", size="6", style=ASIDE))
    # A hidden control is not required, so a ticked `unknown` is a complete answer.
    main = _element("View", visibleWhen="choice-unselected", whenTagName=UNKNOWN)
    # A full tree ignores a click on another driver, so it must be emptied first: say so.
    replace = f" {words['replace']}" if uses_tree(taxonomy) else ""
    main.append(_header(words["primary"] + replace))
    main.append(_picker(taxonomy, language, PRIMARY, one=True))
    view.append(main)
    view.append(_unknown(words["unknown"]))
    view.append(_suggestion(words["suggestion"]))
    view.append(_header(words["also"]))
    view.append(_picker(taxonomy, language, ALSO, one=False))
    view.append(_header(words["note"]))
    view.append(_text_area(NOTE))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode")


def because(words: Sequence[str], *, language: Language = "nl") -> str:
    """The line that says which words made a model think of the driver; empty without words."""
    if not words:
        return ""
    return _WORDS[language]["because"].format(words=_printable(", ".join(words)))


def disagreement(
    drivers: Sequence[str | None], taxonomy: Taxonomy, *, language: Language = "nl"
) -> str:
    """The line of a third look: what two people said, None for none of the drivers."""
    words = _WORDS[language]
    names = [
        " / ".join(taxonomy.path(each, language)) if each and each in taxonomy else words["unknown"]
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
    names = dict(_named_leaves(taxonomy, language))
    return "\n".join(
        f"• {_printable(names[driver])}: {' '.join(map(_quoted, quoted[:MOST_SENTENCES]))}"
        for driver, quoted in said.items()
        if quoted and driver in names
    )


def instructions(taxonomy: Taxonomy, language: Language = "nl") -> str:
    """What every driver means, as HTML for the project's instructions: definitions, examples."""
    words = _WORDS[language]
    intro = words["intro"].format(unknown=words["unknown"], key=UNKNOWN_HOTKEY)
    roots = [driver for driver in taxonomy.drivers if driver.parent is None]
    listing = _listing(taxonomy, roots, language)
    return f"<p>{escape(intro)}</p>\n<h3>{words['drivers']}</h3>\n{listing}"


def _listing(taxonomy: Taxonomy, drivers: Iterable[Driver], language: Language) -> str:
    items = []
    for driver in drivers:
        name = escape(_name(taxonomy, driver.id, language))
        below = _listing(taxonomy, _children(taxonomy, driver.id), language)
        items.append(f"<li><b>{name}</b>{_meaning(driver, language)}{below}</li>")
    return "<ul>\n" + "\n".join(items) + "\n</ul>" if items else ""


def _meaning(driver: Driver, language: Language) -> str:
    definition = escape(_definition(driver, language))
    examples = "; ".join(f"“{escape(_printable(each))}”" for each in driver.examples)
    said = f"<br><i>{_WORDS[language]['example']}: {examples}</i>" if examples else ""
    return (f": {definition}" if definition else "") + said


def _picker(taxonomy: Taxonomy, language: Language, name: str, *, one: bool) -> ElementTree.Element:
    if uses_tree(taxonomy):
        return _tree(taxonomy, language, name, one=one)
    return _buttons(taxonomy, language, name, one=one)


def _buttons(
    taxonomy: Taxonomy, language: Language, name: str, *, one: bool
) -> ElementTree.Element:
    buttons = _element(
        "Choices",
        name=name,
        toName=TEXT,
        choice="single-radio" if one else "multiple",
        showInline="true",
        **_required(one, language),
    )
    named = _named_leaves(taxonomy, language)
    for (leaf, text), hotkey in zip(named, HOTKEYS, strict=False):
        key = {"hotkey": hotkey} if one else {}
        buttons.append(_choice(taxonomy.by_id[leaf], text, language, **key))
    return buttons


def _tree(taxonomy: Taxonomy, language: Language, name: str, *, one: bool) -> ElementTree.Element:
    tree = _element(
        "Taxonomy",
        name=name,
        toName=TEXT,
        leafsOnly="true",
        showFullPath="true",
        pathSeparator=" / ",
        placeholder=_WORDS[language]["search"],
        **({"maxUsages": "1"} if one else {}),
        **_required(one, language),
    )
    roots = [driver for driver in taxonomy.drivers if driver.parent is None]
    _grow(tree, taxonomy, roots, language)
    return tree


def _grow(
    under: ElementTree.Element, taxonomy: Taxonomy, drivers: Iterable[Driver], language: Language
) -> None:
    named = [(driver.id, _name(taxonomy, driver.id, language)) for driver in drivers]
    for driver_id, text in _distinct(named):
        branch = _choice(taxonomy.by_id[driver_id], text, language)
        _grow(branch, taxonomy, _children(taxonomy, driver_id), language)
        under.append(branch)


def _choice(driver: Driver, text: str, language: Language, **more: str) -> ElementTree.Element:
    definition = _definition(driver, language)
    hint = {"hint": _literal(definition)} if definition else {}
    return _element("Choice", value=_literal(text), alias=driver.id, **hint, **more)


def _unknown(text: str) -> ElementTree.Element:
    # Several may be chosen of this one: that is what makes it a tick one can take back.
    choices = _element("Choices", name=UNKNOWN, toName=TEXT, choice="multiple", showInline="true")
    choices.append(_element("Choice", value=text, alias=UNKNOWN, hotkey=UNKNOWN_HOTKEY))
    return choices


def _suggestion(question: str) -> ElementTree.Element:
    view = _element("View", visibleWhen="choice-selected", whenTagName=UNKNOWN)
    view.append(_header(question))
    view.append(_text_area(SUGGESTION))
    return view


def _text_area(name: str) -> ElementTree.Element:
    return _element(
        "TextArea", name=name, toName=TEXT, rows="2", maxSubmissions="1", editable="true"
    )


def _header(text: str) -> ElementTree.Element:
    return _element("Header", value=text, size="5")


def _required(one: bool, language: Language) -> dict[str, str]:
    return {"required": "true", "requiredMessage": _WORDS[language]["missing"]} if one else {}


def _element(tag: str, /, **attributes: str) -> ElementTree.Element:
    return ElementTree.Element(tag, {key: _printable(text) for key, text in attributes.items()})


def _children(taxonomy: Taxonomy, parent: str) -> list[Driver]:
    return [driver for driver in taxonomy.drivers if driver.parent == parent]


def _name(taxonomy: Taxonomy, driver_id: str, language: Language) -> str:
    return _printable(taxonomy.name(driver_id, language))


def _path(taxonomy: Taxonomy, driver_id: str, language: Language) -> str:
    return " / ".join(taxonomy.path(driver_id, language))


def _named_leaves(taxonomy: Taxonomy, language: Language) -> list[tuple[str, str]]:
    return _distinct([(leaf, _path(taxonomy, leaf, language)) for leaf in taxonomy.leaves])


def _quoted(sentence: str) -> str:
    return f"“{shorten(_printable(sentence), MOST_CHARACTERS, placeholder=' …')}”"


def _definition(driver: Driver, language: Language) -> str:
    texts = driver.definition
    return _printable(texts.get(language) or next(iter(texts.values()), ""))


def _distinct(named: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Two drivers with one name get their id behind it: Label Studio tells choices by name."""
    names = [name for _, name in named]
    return [(key, f"{name} ({key})" if names.count(name) > 1 else name) for key, name in named]


def _literal(text: str) -> str:
    """Label Studio fills in task fields where a choice says `$name`: a word joiner prevents it."""
    return text.replace("$", "$\u2060")


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text)
