"""A taxonomy is checked when it is read, and knows its leaves, queues and names."""

from pathlib import Path

import pytest

from classifier.errors import BadTaxonomy
from classifier.taxonomy import Driver, Taxonomy, flat_taxonomy, load_taxonomy

SMALL = """
fallback_queue = "sorting"

[[drivers]]
id = "delivery"
names = { nl = "Bezorging", en = "Delivery" }
queue = "logistics"
owner = "Jo"

[[drivers]]
id = "delivery.late"
parent = "delivery"
names = { nl = "Te laat" }

[[drivers]]
id = "delivery.lost"
parent = "delivery"
names = { en = "Lost" }
queue = "claims"

[[drivers]]
id = "praise"
names = { en = "Praise" }
"""


@pytest.fixture
def write(tmp_path: Path):
    def to_file(content: str) -> Path:
        path = tmp_path / "taxonomy.toml"
        path.write_text(content, encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def small(write) -> Taxonomy:
    return load_taxonomy(write(SMALL))


def test_every_parent_has_an_other_after_its_children(small: Taxonomy) -> None:
    assert small.leaves == ("delivery.late", "delivery.lost", "delivery.other", "praise")
    assert small.parents == ("delivery",)


def test_an_other_that_is_written_down_is_kept(write) -> None:
    row = '[[drivers]]\nid = "delivery.other"\nparent = "delivery"\nnames = { en = "Else" }\n'
    taxonomy = load_taxonomy(write(SMALL + row))
    assert taxonomy.leaves.count("delivery.other") == 1
    assert taxonomy.name("delivery.other") == "Else"


def test_what_a_driver_leaves_out_it_inherits(small: Taxonomy) -> None:
    assert small.queue("delivery.late") == "logistics"
    assert small.queue("delivery.lost") == "claims"
    assert small.inherited("delivery.lost", "owner") == "Jo"
    assert small.inherited("delivery.lost", "pillar") == ""


def test_nothing_is_routed_nowhere(small: Taxonomy) -> None:
    assert small.queue(None) == small.queue("praise") == small.queue("gone") == "sorting"


def test_a_name_in_another_language_is_better_than_none(small: Taxonomy) -> None:
    assert small.name("delivery.late", "en") == "Te laat"
    assert small.name("gone") == "gone"
    assert small.path("delivery.late", "nl") == ("Bezorging", "Te laat")
    assert small.path("gone") == ("gone",)


def test_leaves_under_a_driver(small: Taxonomy) -> None:
    assert small.leaves_under("delivery") == ("delivery.late", "delivery.lost", "delivery.other")
    assert small.leaves_under("praise") == ("praise",)


def test_the_version_follows_the_content(small: Taxonomy, write) -> None:
    assert load_taxonomy(write(SMALL)).version == small.version
    assert load_taxonomy(write(SMALL.replace("claims", "refunds"))).version != small.version
    assert load_taxonomy(write(SMALL.replace("sorting", "triage"))).version != small.version


def test_plain_data_reads_back_as_the_same_taxonomy(small: Taxonomy) -> None:
    assert Taxonomy.from_dict(small.to_dict()) == small


def row(driver_id: str, **more: str) -> str:
    fields = {"id": f'"{driver_id}"', "names": '{ en = "x" }', **more}
    return "[[drivers]]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (row("a") + row("a"), "'a' occurs twice"),
        (row("a", parent='"b"') + row("b", parent='"a"'), "'a' is its own ancestor"),
        (row("a", parent='"a"'), "'a' is its own ancestor"),
        (row("a", parent='"nobody"'), "its parent 'nobody' is not in the file"),
        (row("Late Delivery"), "lower-case words joined by dots"),
        (row("unknown"), "not 'unknown'"),
        (row("a", names="{}"), "it needs names"),
        (row("a", pillar='"magic"'), "pillar must be one of prevent, self-service, human"),
        (row("a", quue='"q"'), "unknown field 'quue'"),
        ("[[drivers]\n", "not valid TOML"),
        ('title = "empty"\n', "no [[drivers]] in it"),
    ],
)
def test_a_problem_is_named(write, content: str, problem: str) -> None:
    with pytest.raises(BadTaxonomy) as raised:
        load_taxonomy(write(content))
    assert problem in str(raised.value)
    assert "taxonomy.toml" in str(raised.value)


def test_every_problem_is_named_at_once(write) -> None:
    with pytest.raises(BadTaxonomy) as raised:
        load_taxonomy(write(row("a") + row("a") + row("B") + row("c", parent='"d"')))
    assert len(raised.value.problems) == 3


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(BadTaxonomy, match="waarom init"):
        load_taxonomy(tmp_path / "none.toml")


def test_labels_alone_make_a_flat_taxonomy() -> None:
    taxonomy = flat_taxonomy(["card_arrival", "Couldn't be improved", "card_arrival"])
    assert taxonomy.leaves == ("Couldn't be improved", "card_arrival")
    assert taxonomy.name("card_arrival") == "card arrival"
    assert taxonomy.drivers[0] == Driver(
        id="Couldn't be improved",
        names={"en": "Couldn't be improved"},
        queue="Couldn't be improved",
    )
