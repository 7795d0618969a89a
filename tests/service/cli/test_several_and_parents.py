"""What is said of a model where messages have several drivers, and drivers have parents."""

import pytest

TAXONOMY = """
fallback_queue = "triage"
[[drivers]]
id = "delivery"
names = { en = "Delivery" }
queue = "logistics"
[[drivers]]
id = "delivery.late"
parent = "delivery"
names = { en = "Late" }
[[drivers]]
id = "delivery.broken"
parent = "delivery"
names = { en = "Broken" }
[[drivers]]
id = "refund"
names = { en = "Refund" }
queue = "finance"
"""
WORDS = {
    "delivery.late": "waar blijft mijn pakket",
    "delivery.broken": "de doos is kapot",
    "refund": "ik wil geld terug",
}


@pytest.fixture
def several(tmp_path):
    """90 messages about one driver or two of three, and the taxonomy they are of."""
    rows = ["text,label"]
    names = list(WORDS)
    for number in range(90):
        some = [names[number % 3]] + ([names[(number + 1) % 3]] if number % 2 else [])
        rows.append(f"{' en '.join(WORDS[each] for each in some)} nr {number},{'|'.join(some)}")
    (tmp_path / "several.csv").write_text("\n".join(rows))
    (tmp_path / "taxonomy.toml").write_text(TAXONOMY)
    return tmp_path / "several.csv"


def test_what_is_said_of_sets_and_parents_is_in_the_json_the_text_and_the_card(
    waarom, several, tmp_path
):
    made = waarom("train", "--labels", several, "--json").document
    card = (tmp_path / made["card"]).read_text()
    assert "## Several drivers in a message" in card
    assert "## Drivers and their parents" in card
    asked = ("evaluate", "--data", several, "--allow-training-rows")
    found = waarom(*asked, "--json").document
    assert found["several"]["several"] == 45
    assert found["several"]["micro_f1"] == found["micro_f1"]
    assert found["parents"]["driver_right"]["value"] == found["accuracy"]
    text = waarom(*asked).out
    for name in ("exact drivers ", "micro F1 ", "other drivers ", "right parent ", "stopped at p"):
        assert f"\n{name}" in text


def test_of_one_driver_a_message_without_parents_there_is_nothing_more_to_say(waarom, labeled_file):
    found = waarom("evaluate", "--data", labeled_file, "--cv", "3", "--json").document
    assert (found["several"], found["parents"]) == (None, None)
    waarom("train", "--labels", labeled_file)
    text = waarom("evaluate", "--data", labeled_file, "--allow-training-rows").out
    assert "exact drivers" not in text
    assert "parent" not in text
