"""Tabs of a real Label Studio: what is in them, in which order, and how they are repaired."""

from itertools import count

import pytest

from classifier.messages import Label, RedactedText
from labeling.interface import labeling_interface
from labeling.tasks import Kind, StudioQuestion, annotation_result, task_data
from labeling.views import View, ensure_views, missing_views, views

pytestmark = pytest.mark.studio

numbers = count(1)
# As words they would come in another order.
PRIORITIES = {"first": -0.5, "second": -2.25, "third": -10.5, "last": -1_000_000.0}


@pytest.fixture
def project(studio, small):
    return studio.ensure_project(f"Tabs {next(numbers)}", labeling_interface(small))


@pytest.fixture
def asked(studio, project, small):
    """Task numbers by external id: four questions, and one of each other kind."""
    questions = [question(name, priority=PRIORITIES[name]) for name in sorted(PRIORITIES)]
    questions += [question(str(kind), kind=kind) for kind in Kind if kind is not Kind.QUESTION]
    ids = studio.upload(project.id, [task_data(each, small) for each in questions])
    return dict(zip([each.external_id for each in questions], ids, strict=True))


def question(external_id, **more):
    return StudioQuestion(external_id=external_id, text=RedactedText("Where is it?"), **more)


def shown(studio, tab: int) -> list[str]:
    params = {"view": tab, "fields": "all", "include": "id,data"}
    tasks = studio.connection.again("GET", "/api/tasks/", params=params)["tasks"]
    return [task["data"]["external_id"] for task in tasks]


def test_each_question_is_in_one_tab_and_the_most_urgent_comes_first(studio, project, asked):
    tabs = ensure_views(studio.connection, project.id, views("en"))
    assert shown(studio, tabs["Today's questions"]) == list(PRIORITIES)
    assert shown(studio, tabs["Second opinion"]) == [Kind.SECOND_OPINION]
    assert shown(studio, tabs["Disagreements"]) == [Kind.DISAGREEMENT]
    assert shown(studio, tabs["Suspect labels"]) == [Kind.SUSPECT]


def test_labeling_the_tab_serves_its_questions_in_its_order(studio, project, asked, small):
    tab = ensure_views(studio.connection, project.id, views("en"))["Today's questions"]
    params = {"id": "next_task", "project": project.id, "tabID": tab}
    served = []
    for _ in PRIORITIES:
        body = View("Today's questions", Kind.QUESTION).data() | {"selectedItems": {"all": True}}
        task = studio.connection.once("POST", "/api/dm/actions", params=params, json=body)
        served.append(task["data"]["external_id"])
        studio.annotate(task["id"], annotation_result(Label("billing.refund"), small))
    assert served == list(PRIORITIES)


def test_what_was_answered_or_skipped_leaves_its_tab(studio, project, asked, small):
    tab = ensure_views(studio.connection, project.id, views("en"))["Today's questions"]
    studio.annotate(asked["first"], annotation_result(Label("billing.refund"), small))
    path = f"/api/tasks/{asked['third']}/annotations/"
    studio.connection.once("POST", path, json={"result": [], "was_cancelled": True})
    assert shown(studio, tab) == ["second", "last"]


def test_a_tab_begins_with_what_can_be_read_and_keeps_the_columns_people_choose(
    studio, project, asked
):
    connection = studio.connection

    def seen(tab: int) -> set[str]:
        said = connection.again("GET", "/api/dm/columns/", params={"project": project.id})
        known = {
            f"tasks:{each['parent']}.{each['id']}" if "parent" in each else f"tasks:{each['id']}"
            for each in said["columns"]
            if not each.get("children")
        }
        data = connection.again("GET", f"/api/dm/views/{tab}/")["data"]
        return known - set(data["hiddenColumns"]["explore"])

    tab = ensure_views(connection, project.id, views("en"))["Today's questions"]
    assert seen(tab) == {
        f"tasks:data.{each}" for each in ("external_id", "subject", "facts", "text")
    }
    data = connection.again("GET", f"/api/dm/views/{tab}/")["data"]
    mine = data | {"hiddenColumns": {"explore": ["tasks:id"], "labeling": []}, "ordering": []}
    body = {"project": project.id, "data": mine}
    connection.again("PATCH", f"/api/dm/views/{tab}/", json=body)
    assert "tasks:inner_id" in seen(
        ensure_views(connection, project.id, views("en"))["Today's questions"]
    )


def test_tabs_are_made_once_repaired_and_those_of_people_left_alone(studio, project):
    connection = studio.connection
    mine = {"project": project.id, "data": {"title": "My own"}}
    connection.once("POST", "/api/dm/views/", json=mine)
    first = ensure_views(connection, project.id, views("nl"))
    assert ensure_views(connection, project.id, views("nl")) == first
    assert missing_views(connection, project.id, views("nl")) == ()
    number = first["Vragen van vandaag"]
    wrong = {"project": project.id, "data": {"title": "Vragen van vandaag", "ordering": []}}
    connection.again("PATCH", f"/api/dm/views/{number}/", json=wrong)
    connection.again("DELETE", f"/api/dm/views/{first['Onenigheid']}/")
    assert missing_views(connection, project.id, views("nl")) == (
        "Vragen van vandaag",
        "Onenigheid",
    )
    again = ensure_views(connection, project.id, views("nl"))
    assert again["Vragen van vandaag"] == number
    assert missing_views(connection, project.id, views("nl")) == ()
    listed = connection.again("GET", "/api/dm/views/", params={"project": project.id})
    assert sorted(each["data"]["title"] for each in listed) == sorted(
        ["My own", "Vragen van vandaag", "Tweede mening", "Onenigheid", "Verdachte labels"]
    )
