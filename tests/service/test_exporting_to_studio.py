"""Labels through a real Label Studio and back, from our project and from one of others."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from classifier.messages import Label, PassedOver, RawMessage
from classifier.readers import read_messages
from classifier.taxonomy import Taxonomy
from labeling.interface import labeling_interface
from labeling.studio import Studio
from labeling.tasks import annotation_result
from service.exporting import FORMATS, Picked, export_file
from service.importing import ImportOptions, import_files, import_messages
from service.runtime import Runtime
from service.tables import LabelRow

pytestmark = pytest.mark.studio

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LABELED = ImportOptions(labels=True)
SETS = (
    Label("delivery.late"),
    Label("payment.refund", ("delivery.late", "payment.invoice")),
    Label(None),
)
titles = (f"Doors {number}" for number in count(1))

THEIRS = """
<View>
  <Text name="body" value="$body"/>
  <Choices name="reason" toName="body" choice="multiple">
    <Choice value="Late"/><Choice value="Broken"/>
  </Choices>
  <Taxonomy name="place" toName="body">
    <Choice value="Home"><Choice value="Door"/></Choice>
  </Taxonomy>
</View>
"""


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'waarom.db'}"


def exported(studio: Studio, project: int, path: Path) -> Path:
    """The project as its users would export it."""
    parameters = {"exportType": "JSON", "download_all_tasks": "true"}
    said = studio._again("GET", f"/api/projects/{project}/export", params=parameters)
    path.write_text(json.dumps(said), encoding="utf-8")
    return path


def test_labels_that_went_through_label_studio_untouched_are_known_and_changes_come_back(
    trained_runtime: Runtime, taxonomy: Taxonomy, studio: Studio, tmp_path: Path
) -> None:
    runtime = trained_runtime
    messages = [
        RawMessage(text=f"=bericht {n}", external_id=f"zd-{n}", label=label)
        for n, label in enumerate(SETS)
    ]
    import_messages(runtime, messages, LABELED, now=NOW)
    path = tmp_path / "out.json"
    export_file(runtime, path, FORMATS["label-studio"], Picked())
    project = studio.ensure_project(next(titles), labeling_interface(taxonomy)).id
    first, *_ = studio.upload(project, json.loads(path.read_text()))
    back = exported(studio, project, tmp_path / "back.json")
    found = [each for each in read_messages(back, labels=True) if isinstance(each, RawMessage)]
    assert {each.external_id: each.label for each in found} == {
        each.external_id: each.label for each in messages
    }
    report = import_files(runtime, [back], LABELED, now=NOW + timedelta(days=1))
    assert (report.known, report.labels, report.rejected) == (3, 0, 0)

    studio.annotate(first, annotation_result(Label("payment.invoice"), taxonomy, note="toch wel"))
    back = exported(studio, project, tmp_path / "again.json")
    report = import_files(runtime, [back], LABELED, now=NOW + timedelta(days=1))
    assert (report.known, report.labels, report.rejected) == (3, 1, 0)
    with runtime.reading() as session:
        newest = session.scalars(select(LabelRow).order_by(LabelRow.id.desc())).first()
    assert newest is not None
    assert (newest.driver, newest.note, newest.counts) == ("payment.invoice", "toch wel", False)


def test_a_project_of_others_is_read_by_its_own_controls(studio: Studio, tmp_path: Path) -> None:
    project = studio.ensure_project(next(titles), THEIRS).id
    tasks = [{"data": {"body": f"kapot {n}", "title": "x"}} for n in range(4)]
    one, two, three, _ = studio.upload(project, tasks)

    def chosen(control: str, kind: str, *values: Any) -> dict[str, Any]:
        value = {kind: list(values)}
        return {"from_name": control, "to_name": "body", "type": kind, "value": value}

    door = chosen("place", "taxonomy", ["Home", "Door"])
    studio.annotate(one, [chosen("reason", "choices", "Late", "Broken"), door])
    studio.annotate(two, [door])
    skip: dict[str, Any] = {"result": [], "was_cancelled": True}
    studio._once("POST", f"/api/tasks/{three}/annotations/", json=skip)
    path = exported(studio, project, tmp_path / "theirs.json")
    by_reason = list(read_messages(path, labels=True, label_from="reason"))
    (message,) = (each for each in by_reason if isinstance(each, RawMessage))
    assert (message.text, message.label) == ("kapot 0", Label("Late", ("Broken",)))
    passed = [each.reason for each in by_reason if isinstance(each, PassedOver)]
    assert sorted(passed) == ["not labeled", "skipped", "without an answer"]
    by_place = list(read_messages(path, labels=True, label_from="place"))
    labels = [each.label for each in by_place if isinstance(each, RawMessage)]
    assert labels == [Label("Home.Door")] * 2
