"""The labeling interface as XML: the message, what a model thinks of it, and the controls.

primary        the driver: one. Up to 15 leaves are buttons with a key each, else a tree to search
likely         with a tree: the likeliest drivers, which the task brings along, with a key each;
               choosing one hides the tree, choosing "another" shows it
also           the other drivers: any number
unknown        a tick: the main reason is none of the drivers; hides `primary` and `likely`
suggestion     what the missing driver should be called; shown when `unknown` is ticked
personal_data  a tick: the message still holds some
note           anything else

Why the tree is not what is pre-filled: one that may hold a single driver takes no click on another
until the first is taken out.

What is stored is a choice's alias, and an alias is a driver's id: renaming a driver, translating
the interface or switching from buttons to a tree loses nothing.
"""

from collections.abc import Iterable
from typing import Final
from xml.etree import ElementTree

from classifier.messages import UNKNOWN
from classifier.taxonomy import Driver, Taxonomy
from labeling.interface.controls import (
    ALSO,
    HOTKEYS,
    LIKELY,
    NOTE,
    PERSONAL_DATA,
    PERSONAL_DATA_HOTKEY,
    PRIMARY,
    SUGGESTION,
    TEXT,
    UNKNOWN_HOTKEY,
)
from labeling.interface.names import (
    definition_of,
    distinct,
    literal,
    name_of,
    named_leaves,
    printable,
)
from labeling.interface.told import uses_tree
from labeling.interface.words import WORDS, Language

# Side by side where there is room. No ">", "&" or quotes: Label Studio escapes them, and a style
# sheet is not unescaped. A gray that lets the background through does in the light and in the dark.
STYLE: Final = """
.waarom { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start }
.waarom-message, .waarom-answer { flex: 1 1 24rem; min-width: 0; max-width: 46rem }
.waarom-text { border: 1px solid #8886; border-radius: 6px; padding: 0.5rem;
  margin: 0.5rem 0 0.75rem; line-height: 1.5; overflow-wrap: anywhere }
.waarom-part { margin-bottom: 0.75rem }
.waarom .lsf-choices { margin: 0.25rem 0 0.5rem }
.waarom .ant-checkbox-wrapper { height: auto; min-height: 0; line-height: 1.6 }
"""
HEADING: Final = "margin: 0"
QUESTION: Final = "font-size: 1rem; font-weight: 600; line-height: 1.4; margin: 0 0 0.25rem"
# Smaller than the message, and not in the way of it; a line break in the field is one on screen.
ASIDE: Final = "font-size: 0.9rem; font-weight: 400; line-height: 1.45; white-space: pre-line"


def labeling_interface(taxonomy: Taxonomy, *, language: Language = "nl") -> str:
    """The labeling interface as XML; the same taxonomy and language give the same bytes.

    It shows the task's fields `subject`, `facts`, `text`, `because` and `sentences` and, with a
    tree, `likeliest` (see `labeling.tasks`). The last three are empty for a blind question, and
    then take no place.
    """
    view = _element("View", className="waarom")
    style = _element("Style")
    style.text = STYLE
    view.append(style)
    view.append(_message(language))
    view.append(_answer(taxonomy, language))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode")


def _message(language: Language) -> ElementTree.Element:
    leak = WORDS[language]["personal_data"]
    return _view(
        "waarom-message",
        _element("Header", value="$subject", size="4", style=HEADING),
        _element("Header", value="$facts", size="5", style=ASIDE),
        _view("waarom-text", _element("Text", name=TEXT, value="$text")),
        _element("Header", value="$because", size="5", style=ASIDE),
        _element("Header", value="$sentences", size="5", style=ASIDE),
        _tick(PERSONAL_DATA, leak, PERSONAL_DATA_HOTKEY),
    )


def _answer(taxonomy: Taxonomy, language: Language) -> ElementTree.Element:
    words = WORDS[language]
    return _view(
        "waarom-answer",
        _main(taxonomy, language),
        _question(
            _tick(UNKNOWN, words["unknown"], UNKNOWN_HOTKEY), _suggestion(words["suggestion"])
        ),
        _question(_header(words["also"]), _picker(taxonomy, language, ALSO, one=False)),
        _question(_header(words["note"]), _text_area(NOTE)),
    )


def _main(taxonomy: Taxonomy, language: Language) -> ElementTree.Element:
    # A hidden control is not required, so a ticked `unknown` is a complete answer.
    main = _question(_header(WORDS[language]["primary"]))
    main.attrib |= {"visibleWhen": "choice-unselected", "whenTagName": UNKNOWN}
    picker = _picker(taxonomy, language, PRIMARY, one=True)
    if not uses_tree(taxonomy):
        main.extend((picker, _once_a_tree()))
        return main
    # One of the likeliest was chosen, which is not "another": then there is nothing to search.
    drivers = ",".join(taxonomy.leaves)
    rest = _view("waarom-tree", picker, _replace(WORDS[language]["replace"]))
    rest.attrib |= {
        "visibleWhen": "choice-unselected",
        "whenTagName": LIKELY,
        "whenChoiceValue": drivers,
    }
    main.append(_likely(value="$likeliest"))
    main.append(rest)
    return main


def _replace(text: str) -> ElementTree.Element:
    view = _view("waarom-aside", _element("Header", value=text, size="5", style=ASIDE))
    view.attrib |= {"visibleWhen": "choice-selected", "whenTagName": PRIMARY}
    return view


def _likely(**field: str) -> ElementTree.Element:
    likely = _element("Choices", name=LIKELY, toName=TEXT, choice="single-radio", **field)
    # In small letters the page knows it and the server does not, which would otherwise refuse
    # predictions of anything but this.
    likely.append(_nothing("choice" if field else "Choice"))
    return likely


def _once_a_tree() -> ElementTree.Element:
    """Out of sight: once answers were given in a tree, the server refuses an interface without."""
    tree = _element("Taxonomy", name="tree", toName=TEXT)
    tree.append(_nothing("Choice"))
    hidden = _view("waarom-hidden", _likely(), tree)
    hidden.set("style", "display: none")
    return hidden


def _nothing(tag: str) -> ElementTree.Element:
    """A choice nobody sees or reaches: without any of its own, a control whose field a task lacks
    breaks the page, and nothing can be submitted. Without a key it would be given one."""
    return _element(tag, value="-", alias="-", style="display: none", hotkey="ctrl+alt+shift+f12")


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
        **_required(one, language),
    )
    named = named_leaves(taxonomy, language).items()
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
        placeholder=WORDS[language]["search"],
        minWidth="100%",
        **({"maxUsages": "1"} if one else {}),
        **_required(one, language),
    )
    roots = [driver for driver in taxonomy.drivers if driver.parent is None]
    _grow(tree, taxonomy, roots, language)
    return tree


def _grow(
    under: ElementTree.Element, taxonomy: Taxonomy, drivers: Iterable[Driver], language: Language
) -> None:
    named = [(driver.id, name_of(taxonomy, driver.id, language)) for driver in drivers]
    for driver_id, text in distinct(named):
        branch = _choice(taxonomy.by_id[driver_id], text, language)
        children = [driver for driver in taxonomy.drivers if driver.parent == driver_id]
        _grow(branch, taxonomy, children, language)
        under.append(branch)


def _choice(driver: Driver, text: str, language: Language, **more: str) -> ElementTree.Element:
    definition = definition_of(driver, language)
    hint = {"hint": literal(definition)} if definition else {}
    return _element("Choice", value=literal(text), alias=driver.id, **hint, **more)


def _tick(name: str, text: str, hotkey: str) -> ElementTree.Element:
    # Several may be chosen of this one: that is what makes it a tick one can take back.
    choices = _element("Choices", name=name, toName=TEXT, choice="multiple")
    choices.append(_element("Choice", value=text, alias=name, hotkey=hotkey))
    return choices


def _suggestion(question: str) -> ElementTree.Element:
    view = _view("waarom-suggestion", _header(question), _text_area(SUGGESTION))
    view.attrib |= {"visibleWhen": "choice-selected", "whenTagName": UNKNOWN}
    return view


def _text_area(name: str) -> ElementTree.Element:
    # What was typed is sent along with the answer: there is nothing to press before.
    return _element(
        "TextArea",
        name=name,
        toName=TEXT,
        rows="2",
        maxSubmissions="1",
        editable="true",
        showSubmitButton="false",
    )


def _question(*parts: ElementTree.Element) -> ElementTree.Element:
    return _view("waarom-part", *parts)


def _view(name: str, *parts: ElementTree.Element) -> ElementTree.Element:
    view = _element("View", className=name)
    view.extend(parts)
    return view


def _header(text: str) -> ElementTree.Element:
    return _element("Header", value=text, size="5", style=QUESTION)


def _required(one: bool, language: Language) -> dict[str, str]:
    return {"required": "true", "requiredMessage": WORDS[language]["missing"]} if one else {}


def _element(tag: str, /, **attributes: str) -> ElementTree.Element:
    return ElementTree.Element(tag, {key: printable(text) for key, text in attributes.items()})
