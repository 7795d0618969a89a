"""`waarom queues`, from an empty folder to a refusal that says what is missing."""

import pytest


@pytest.fixture
def shop(waarom, labeled_file):
    """An installation with a model made from a file, and no labels of its own."""
    waarom("init")
    waarom("train", "--labels", labeled_file)
    return waarom


def test_without_a_model_there_is_nothing_to_check(waarom):
    waarom("init")
    assert "waarom train" in waarom("queues", "check", code=1).err
    assert waarom("queues", "list", "--json").document["model"] is None


def test_a_queue_goes_down_and_up_again(waarom):
    waarom("init")
    (first, *_) = waarom("queues", "list", "--json").document["queues"]
    assert first["rung"] == "select"
    down = waarom("queues", "fall", first["name"], "--why", "a test", "--json").document
    assert down == {"queue": first["name"], "before": "select", "rung": "recommend"}
    assert waarom("queues", "fall", first["name"]).out.endswith("stays on recommend.\n")
    assert "recommend → select" in waarom("queues", "climb", first["name"]).out
    changes = waarom("queues", "list", "--json").document["changes"]
    assert [each["why"] for each in changes] == ["", "a test"]
    assert {each["person"] for each in changes} == {"command line"}


def test_climbing_without_evidence_is_refused(shop):
    document = shop("queues", "check", "--json").document
    assert (document["answers"], document["look"], document["wait"]) == (0, 0, 0)
    (first, *_) = shop("queues", "list", "--json").document["queues"]
    said = shop("queues", "climb", first["name"], code=1)
    assert said.out == ""
    assert "cannot be automated yet" in said.err


def test_a_queue_that_is_none_is_named(waarom):
    waarom("init")
    assert "There is no queue nowhere" in waarom("queues", "climb", "nowhere", code=1).err


def test_the_list_says_what_automation_takes(waarom):
    waarom("init")
    said = waarom("queues", "list").out
    assert "That takes 59 labels, all right, for one queue" in said
    assert "select" in said
