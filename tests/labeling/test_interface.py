import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from classifier.messages import UNKNOWN, Prediction
from classifier.taxonomy import Driver, Taxonomy
from labeling.interface import (
    ALSO,
    ANOTHER,
    LIKELY,
    MOST_BUTTONS,
    MOST_CHARACTERS,
    MOST_LIKELY,
    MOST_SENTENCES,
    NOTE,
    PERSONAL_DATA,
    PRIMARY,
    SUGGESTION,
    because,
    drivers_listed,
    instructions,
    labeling_interface,
    likeliest,
    sentences,
)

NASTY = "<script>alert(\"x\")</script> & '$text' ]]> \x00\x1b"


def parsed(taxonomy: Taxonomy, language="en") -> ElementTree.Element:
    return ElementTree.fromstring(labeling_interface(taxonomy, language=language))


def control(tree: ElementTree.Element, name: str) -> ElementTree.Element:
    (found,) = [element for element in tree.iter() if element.get("name") == name]
    return found


def flat(size: int) -> Taxonomy:
    return Taxonomy(tuple(Driver(id=f"d{n}", names={"en": f"Driver {n}"}) for n in range(size)))


def nasty() -> Taxonomy:
    return Taxonomy(
        (
            Driver(
                id="a",
                names={"en": NASTY},
                definition={"en": NASTY},
                examples=(NASTY,),
            ),
            Driver(id="b", names={"en": "plain"}),
        )
    )


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_same_taxonomy_gives_the_same_bytes(large, language):
    copy = Taxonomy.from_dict(large.to_dict())
    assert labeling_interface(copy, language=language) == labeling_interface(
        large, language=language
    )


def test_languages_differ_in_words_and_not_in_what_is_stored(large):
    dutch, english = parsed(large, "nl"), parsed(large, "en")

    def aliases(tree):
        return [choice.get("alias") for choice in tree.iter("Choice")]

    assert aliases(dutch) == aliases(english)
    assert [c.get("value") for c in dutch.iter("Choice")] != [
        c.get("value") for c in english.iter("Choice")
    ]


@pytest.mark.parametrize("name", [PRIMARY, LIKELY, ALSO, UNKNOWN, SUGGESTION, PERSONAL_DATA, NOTE])
def test_every_control_has_its_name_and_is_about_the_text(small, large, name):
    for taxonomy in (small, large):
        assert control(parsed(taxonomy), name).get("toName") == "text"


def test_up_to_fifteen_leaves_are_buttons_with_a_key_each():
    primary = control(parsed(flat(MOST_BUTTONS)), PRIMARY)
    assert (primary.tag, primary.get("choice")) == ("Choices", "single-radio")
    keys = [choice.get("hotkey") for choice in primary]
    assert len(set(keys)) == MOST_BUTTONS
    assert None not in keys
    ticks = [control(parsed(flat(MOST_BUTTONS)), name)[0] for name in (UNKNOWN, PERSONAL_DATA)]
    assert len({*keys, *(tick.get("hotkey") for tick in ticks)}) == MOST_BUTTONS + len(ticks)


def test_more_leaves_are_a_tree_of_which_only_leaves_can_be_chosen():
    primary = control(parsed(flat(MOST_BUTTONS + 1)), PRIMARY)
    assert (primary.tag, primary.get("leafsOnly")) == ("Taxonomy", "true")
    assert primary.get("maxUsages") == "1"
    assert control(parsed(flat(MOST_BUTTONS + 1)), ALSO).get("maxUsages") is None


def test_each_language_asks_about_personal_data_in_its_own_words(small):
    said = {lang: control(parsed(small, lang), PERSONAL_DATA)[0] for lang in ("nl", "en")}
    assert said["nl"].get("value") == "In het bericht staan nog persoonsgegevens"
    assert said["en"].get("value") == "The message still holds personal data"
    assert {each.get("alias") for each in said.values()} == {PERSONAL_DATA}


def test_a_tree_is_hidden_once_one_of_the_likeliest_is_chosen_and_by_nothing_else(large):
    tree = parsed(large)
    (around,) = [view for view in tree.iter("View") if view.get("whenTagName") == LIKELY]
    assert control(around, PRIMARY).tag == "Taxonomy"
    assert around.get("visibleWhen") == "choice-unselected"
    assert around.get("whenChoiceValue").split(",") == list(large.leaves)
    assert control(tree, LIKELY).get("value") == "$likeliest"
    assert control(tree, LIKELY).find("Choice") is None


def test_what_answers_in_a_tree_used_stays_behind_the_buttons_out_of_sight(small):
    """Label Studio refuses an interface that lacks a control, or its type, once it was used."""
    (hidden,) = [view for view in parsed(small).iter("View") if view.get("style")]
    assert hidden.get("style") == "display: none"
    assert control(hidden, LIKELY).tag == "Choices"
    assert [each.get("required") for each in hidden.iter("Taxonomy")] == [None]


def test_every_control_has_a_choice_of_its_own_and_what_is_no_choice_is_neither_seen_nor_reached(
    small, large
):
    """Without any, a task that lacks the field of `likely` cannot be submitted. The page does not
    mind how its name is written; the server does, which would know no other choice then."""
    for tree in (parsed(small), parsed(large)):
        controls = [*tree.iter("Choices"), *tree.iter("Taxonomy")]
        assert all(len(each) for each in controls)
        assert {each.tag.lower() for control in controls for each in control} == {"choice"}
        nothing = [each for each in tree.iter() if each.get("alias") == "-"]
        assert nothing
        assert {each.get("style") for each in nothing} == {"display: none"}
        assert min(len(each.get("hotkey")) for each in nothing) > 1


def test_aliases_are_the_drivers_ids(small, large):
    buttons = control(parsed(small), PRIMARY)
    assert tuple(choice.get("alias") for choice in buttons) == small.leaves
    tree = control(parsed(large), PRIMARY)
    assert [c.get("alias") for c in tree.iter("Choice")] == [d.id for d in large.drivers]


def test_definitions_are_hints(small):
    hints = {c.get("alias"): c.get("hint") for c in control(parsed(small), PRIMARY)}
    assert hints["billing.refund"] == "It is about refund."


def test_text_from_the_taxonomy_stays_text():
    interface = labeling_interface(nasty(), language="en")
    tree = ElementTree.fromstring(interface)
    choice = control(tree, PRIMARY)[0]
    assert '<script>alert("x")</script> & ' in choice.get("value")
    assert "$text" not in choice.get("value")
    assert "$text" not in choice.get("hint")
    assert "\x00" not in interface


def test_two_drivers_with_one_name_can_be_told_apart():
    twins = Taxonomy(tuple(Driver(id=each, names={"en": "Same"}) for each in ("a", "b")))
    values = [choice.get("value") for choice in control(parsed(twins), PRIMARY)]
    assert len(set(values)) == 2


def test_the_line_of_words_is_a_field_of_the_task_and_no_text_of_the_interface(small):
    """So that the interface of a blind question is the same, and says nothing."""
    shown = [element.get("value") for element in parsed(small).iter("Header")]
    assert {"$because", "$sentences"} <= set(shown)
    assert "Because of" not in labeling_interface(small, language="en")


def likely(*drivers: str) -> Prediction:
    """Each of them half as likely as the one before."""
    shares = 0.5 ** np.arange(1, len(drivers) + 1)
    return Prediction(drivers, shares / shares.sum(), 0.1)


def test_the_likeliest_of_a_tree_have_a_key_each_and_the_last_opens_it(large):
    ranked = large.leaves[::-1][: MOST_LIKELY + 1]
    listed = likeliest(likely(ranked[0], "gone", *ranked[1:]), large, language="en")
    assert drivers_listed(listed) == ranked[:MOST_LIKELY]
    assert [each["hotkey"] for each in listed] == ["1", "2", "3", "4", "5", "0"]
    assert (listed[0]["value"], listed[0]["hint"]) == ("Service / Rude", "It is about rude.")
    assert (listed[-1]["value"], listed[-1]["alias"]) == ("Another reason", ANOTHER)
    tree = labeling_interface(large)
    assert not {each["hotkey"] for each in listed} & set(re.findall(r'hotkey="(.)"', tree))


def test_buttons_list_no_likeliest_and_neither_does_a_likeliest_without_a_leaf(small, large):
    assert likeliest(likely("delivery.late"), small) == ()
    assert likeliest(likely("gone", "delivery.late"), large) == ()


def test_names_of_the_likeliest_are_text_too():
    drivers = [Driver(id=f"d{n}", names={"en": "costs $text"}) for n in range(MOST_BUTTONS + 1)]
    listed = likeliest(likely("d1"), Taxonomy(tuple(drivers)), language="en")
    assert "$text" not in listed[0]["value"]
    assert listed[0]["value"].endswith("(d1)")


def test_words_are_listed_in_the_language_of_the_project():
    assert because(["pakket", "gisteren"], language="nl") == "Vanwege: pakket, gisteren"
    assert because(["parcel"], language="en") == "Because of: parcel"
    assert because(["{words}", "\x00a"], language="en") == "Because of: {words}, a"
    assert because([]) == ""


def test_each_driver_has_a_line_with_the_sentences_that_spoke_for_it(small):
    said = {"delivery.late": ["It is late.", "Still nothing!"], "billing.refund": ["My money?"]}
    assert sentences(said, small, language="en").splitlines() == [
        "• Delivery / Late: “It is late.” “Still nothing!”",
        "• Billing / Refund: “My money?”",
    ]
    assert sentences(said, small, language="nl").startswith("• Delivery / late (nl): ")


def test_a_driver_without_sentences_or_without_a_button_has_no_line(small):
    said = {"delivery.late": [], "delivery": ["a parent"], "gone": ["another taxonomy"]}
    assert sentences(said, small) == ""
    assert sentences({}, small) == ""


def test_a_long_sentence_is_cut_and_stays_on_one_line(small):
    line = sentences({"delivery.late": ["late\n\x00again " * 100] * 9}, small)
    assert line.count("\n") == 0
    assert line.count("“late again") == MOST_SENTENCES
    assert len(line) < MOST_SENTENCES * (MOST_CHARACTERS + 3) + 40


def test_drivers_of_one_name_are_told_apart_in_sentences_as_on_buttons():
    twins = Taxonomy(tuple(Driver(id=each, names={"en": "Same"}) for each in ("a", "b")))
    buttons = [choice.get("value") for choice in control(parsed(twins), PRIMARY)]
    lines = sentences({"a": ["x"], "b": ["x"]}, twins, language="en").splitlines()
    assert lines == [f"• {button}: “x”" for button in buttons]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_instructions_hold_every_definition_and_example(large):
    text = read(instructions(large, "en")).text
    assert all(driver.definition.get("en", "") in text for driver in large.drivers)
    assert "something rude" in text


def test_instructions_hold_no_markup_of_the_taxonomys_own():
    reader = read(instructions(nasty(), "en"))
    assert "script" not in reader.tags
    assert '<script>alert("x")</script>' in reader.text
