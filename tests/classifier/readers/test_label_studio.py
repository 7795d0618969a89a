"""Label Studio's export: whatever the control is called, nothing lost, nothing made up."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from classifier.errors import BadFile
from classifier.messages import GivenLabel, Label, PassedOver, RawMessage, Rejected
from classifier.readers import label_studio, read_messages, read_portions
from classifier.readers.json_arrays import elements
from classifier.readers.rows import Reading
from labeling import interface

SAMPLES = Path(__file__).parents[2] / "samples" / "label_studio"
Json = dict[str, Any]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(*tasks: Any, indent: int | None = None) -> Path:
        path = tmp_path / "project.json"
        path.write_text(json.dumps(tasks, indent=indent), encoding="utf-8")
        return path

    return written


def chosen(*paths: Any, control: str = "reason", kind: str = "choices") -> Json:
    return {"from_name": control, "to_name": "body", "type": kind, "value": {kind: list(paths)}}


def wrote(control: str, text: str) -> Json:
    return {"from_name": control, "type": "textarea", "value": {"text": [text]}}


def annotation(*result: Json, number: int = 1, person: Any = 1, day: int = 1, **more: Any) -> Json:
    at = f"2026-11-{day:02}T10:00:00.000000Z"
    return {
        "id": number,
        "result": list(result),
        "completed_by": person,
        "was_cancelled": False,
        "created_at": at,
        "updated_at": at,
        **more,
    }


def task(*annotations: Json, number: int = 7, data: Json | None = None, **more: Any) -> Json:
    data = {"text": "waar blijft mijn pakket"} if data is None else data
    return {"id": number, "data": data, "annotations": list(annotations), "project": 3, **more}


def read(path: Path, **options: Any) -> tuple[list[RawMessage], list[Rejected]]:
    found = list(read_messages(path, labels=True, **options))
    messages = [each for each in found if isinstance(each, RawMessage)]
    return messages, [each for each in found if isinstance(each, Rejected)]


def test_the_controls_are_called_as_the_interface_calls_them() -> None:
    for name in ("PRIMARY", "ALSO", "NOTE", "SUGGESTION"):
        assert getattr(label_studio, name) == getattr(interface, name)


@pytest.mark.parametrize("name", ["buttons.json", "tree.json"])
def test_what_a_real_server_exported_is_read(name: str) -> None:
    messages, passed = read(SAMPLES / name)
    labels = {each.external_id: each.label for each in messages}
    assert labels["accepted"] == Label("delivery.late")
    assert all(each.label is not None and each.given for each in messages)
    assert {type(each) for each in passed} <= {PassedOver}
    assert len(labels) == len(messages)


@pytest.mark.parametrize(
    ("result", "label"),
    [
        (chosen("Late"), Label("Late")),
        (chosen("Late", "Broken", "Late"), Label("Late", ("Broken",))),
        (chosen(["Billing", "Refund"], kind="taxonomy"), Label("Billing.Refund")),
        (
            chosen(["Billing", "Refund"], ["Late"], kind="taxonomy"),
            Label("Billing.Refund", ("Late",)),
        ),
        (chosen("unknown"), Label(None)),
        (chosen("a|b"), Label("a|b")),
    ],
)
def test_a_project_of_others_has_its_only_control_read(
    write: Write, result: Json, label: Label
) -> None:
    ((message,), passed) = read(write(task(annotation(result, wrote("remark", "x")))))
    assert (message.label, passed) == (label, [])
    assert (message.external_id, message.source) == ("label-studio-3-7", "project.json:7")
    assert message.given[0].note == ""


def test_of_several_controls_one_must_be_named(write: Write) -> None:
    both = annotation(chosen("Late"), chosen("angry", control="mood"))
    path = write(task(both))
    with pytest.raises(BadFile, match=r"mood, reason; name one with --label-from"):
        read(path)
    ((message,), _) = read(path, label_from="mood")
    assert message.label == Label("angry")
    with pytest.raises(BadFile, match="'size', only in: mood, reason"):
        read(path, label_from="size")


def test_our_own_controls_are_read_together(write: Write) -> None:
    full = annotation(
        chosen("delivery.late", control="primary"),
        chosen("payment.refund", "delivery.late", control="also"),
        wrote("note", "let op"),
    )
    none = annotation(
        chosen("delivery.late", control="primary"),
        chosen("unknown", control="unknown"),
        chosen("payment.refund", control="also"),
        wrote("suggestion", "spaarpunten"),
    )
    tree = annotation(chosen(["delivery", "delivery.late"], control="primary", kind="taxonomy"))
    messages, _ = read(write(task(full), task(none, number=8), task(tree, number=9)))
    assert [each.label for each in messages] == [
        Label("delivery.late", ("payment.refund",)),
        Label(None, ("payment.refund",)),
        Label("delivery.late"),
    ]
    assert messages[0].given[0].note == "let op"
    assert messages[1].given[0].suggestion == "spaarpunten"


def test_one_of_the_likeliest_holds_unless_the_tree_was_opened_for_another(write: Write) -> None:
    tree = chosen(["delivery", "delivery.late"], control="primary", kind="taxonomy")
    another, listed, gone = (
        chosen(each, control="likely") for each in ("another driver", "payment.refund", "a.gone")
    )
    leak = chosen("personal_data", control="personal_data")
    said = [(listed, leak), (listed, tree), (another, tree), (gone, tree), (gone,)]
    tasks = [task(annotation(*items), number=n) for n, items in enumerate(said)]
    for each in tasks:
        each["data"]["likeliest"] = [{"alias": "payment.refund"}, {"alias": "another driver"}]
    messages, _ = read(write(*tasks))
    refund, late, older = Label("payment.refund"), Label("delivery.late"), Label("a.gone")
    assert [each.label for each in messages] == [refund, refund, late, late, older]
    assert [each.given[0].personal_data for each in messages] == [True, *[False] * 4]


def test_the_newest_annotation_holds_and_the_others_come_along(write: Write) -> None:
    said = [
        annotation(chosen("Late"), number=1, person=4, day=3),
        annotation(chosen("Broken"), number=2, person={"id": 5, "email": "ann@x.nl"}, day=9),
        annotation(chosen("Refund"), number=3, person=4, day=5),
    ]
    ((message,), passed) = read(write(task(*said)))
    assert message.label == Label("Broken")
    assert [(each.person, each.name, each.label.primary) for each in message.given] == [
        ("4", "1", "Late"),
        ("4", "3", "Refund"),
        ("ann@x.nl", "2", "Broken"),
    ]
    assert message.given[-1].answered_at == datetime(2026, 11, 9, 10, tzinfo=UTC)
    assert passed == []


def test_skips_drafts_and_empty_answers_are_passed_over_and_each_is_counted(write: Write) -> None:
    path = write(
        task(annotation(chosen("Late"), was_cancelled=True), number=1),
        task(annotation(chosen("Late"), was_postponed=False), number=2),
        task(annotation(), number=3),
        task(number=4, drafts=[5, 6]),
        task(number=5),
        task(annotation(chosen("Late")), annotation(was_cancelled=True), number=6),
    )
    messages, passed = read(path)
    assert [each.source for each in messages] == ["project.json:6"]
    assert [(each.line, each.reason) for each in passed] == [
        (1, "skipped"),
        (2, "a draft that was not submitted"),
        (3, "without an answer"),
        (4, "a draft that was not submitted"),
        (4, "a draft that was not submitted"),
        (5, "not labeled"),
        (6, "skipped"),
    ]
    assert {type(each) for each in passed} == {PassedOver}


def test_without_labels_every_task_is_a_message(write: Write) -> None:
    path = write(task(number=1), task(annotation(chosen("Late")), number=2))
    found = list(read_messages(path))
    assert [(type(each), getattr(each, "label", "")) for each in found] == [(RawMessage, None)] * 2


def test_the_message_is_read_whatever_its_field_is_called(write: Write) -> None:
    late = annotation(chosen("Late"))
    data = {"body": "kapot", "title": "Vraag"}
    path = write(
        task(late, number=1, data=data),
        task(late, number=2, data={"review": "kapot"}),
        task(late, number=3, data={"one": "a", "two": "b"}),
        task(late, number=4, data={"text": "", "subject": ""}),
    )
    messages, rejected = read(path)
    assert [each.text for each in messages] == ["kapot", "kapot"]
    assert [(each.line, each.field) for each in rejected] == [(3, "text"), (4, "text")]
    assert not isinstance(rejected[0], PassedOver)


def test_the_fields_of_a_message_are_taken_from_the_data(write: Write) -> None:
    data = {
        "text": "kapot",
        "Subject": "Lamp",
        "external_id": "zd-1~2",
        "channel": "Email",
        "language": "nl",
        "received_at": "2026-11-03T09:00:00+01:00",
        "product": "lamp",
        "facts": "",
        "taxonomy": "",
        "priority": 0.5,
    }
    ((message,), _) = read(write(task(annotation(chosen("Late")), data=data)))
    assert (message.external_id, message.subject, message.channel) == ("zd-1", "Lamp", "email")
    assert message.received_at == datetime(2026, 11, 3, 8, tzinfo=UTC)
    assert (message.language, message.attributes) == ("nl", {"product": "lamp"})


def test_what_is_no_task_is_rejected_by_its_place_and_the_rest_goes_on(write: Write) -> None:
    flat = {"id": 1, "text": "geheim", "reason": "Late", "annotator": 1}
    messages, rejected = read(write(flat, 5, None, task(annotation(chosen("Late")))))
    assert len(messages) == 1
    assert [(each.line, each.field) for each in rejected] == [(n, "task") for n in (1, 2, 3)]
    assert "geheim" not in str(rejected)


@pytest.mark.parametrize(
    "content",
    ['{"text": "a"}', '[{"id": 1, "data": {"text"', "[[[", "nothing", "[" * 100_000],
)
def test_a_file_that_is_no_export_is_refused_at_once(tmp_path: Path, content: str) -> None:
    path = tmp_path / "in.json"
    path.write_text(content)
    with pytest.raises(BadFile):
        read_messages(path, labels=True)


@pytest.mark.parametrize(
    "strange",
    [
        {"annotations": None},
        {"annotations": [1, "x", None]},
        {"annotations": [{"result": None}]},
        {"annotations": [{"result": [5, {"value": 3}, {"value": {"choices": "a"}}]}]},
        {"annotations": [{"result": [{"from_name": "x", "value": {"choices": [[]]}}]}]},
        {"data": {"text": {"a": 1}}},
        {"meta": 5, "drafts": 5},
        {"meta": {"waarom": {"number": 1, "chosen": ["x"], "inclusion": {}}}},
    ],
)
def test_a_malformed_task_never_stops_the_reader(write: Write, strange: Json) -> None:
    good = task(annotation(chosen("Late")))
    messages, _ = read(write(task(annotation(chosen("Late")), number=1) | strange, good))
    assert messages[-1].source == "project.json:7"


def test_an_array_is_read_in_pieces_wherever_a_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [{"n": n, "text": "é" * n, "list": [n, "a]b,{"]} for n in range(40)]
    path = tmp_path / "in.json"
    for indent in (None, 2):
        path.write_text(json.dumps(tasks, indent=indent, ensure_ascii=False), encoding="utf-8")
        for block in (1, 2, 7, 100):
            monkeypatch.setattr("classifier.readers.json_arrays.BLOCK", block)
            assert list(elements(path, "utf-8")) == tasks
    path.write_text(" [ ] \n")
    assert list(elements(path, "utf-8")) == []


def test_it_is_no_file_to_classify(write: Write) -> None:
    with pytest.raises(BadFile, match="waarom import"):
        read_portions(write(task()), Reading())


def test_an_answer_we_exported_comes_back_as_it_was_until_somebody_changes_it(
    write: Write,
) -> None:
    told = {"number": 5, "chosen": "audit", "counts": True, "inclusion": 0.2, "origin": "accepted"}
    told |= {"answered_at": "2026-10-01T08:00:00.000001+00:00", "note": "x"}
    meta = {"waarom": told}
    late = chosen("a.late", control="primary")
    ours = task(annotation(late, number=5), number=1, meta=meta)
    through = task(annotation(late, number=99, import_id=5), number=2, meta=meta)
    edited = annotation(late, number=99, import_id=5)
    edited["updated_at"] = "2026-11-02T10:00:00.000000Z"
    messages, _ = read(write(ours, through, task(edited, number=3, meta=meta)))
    as_it_was = GivenLabel(
        label=Label("a.late"),
        answered_at=datetime(2026, 10, 1, 8, 0, 0, 1, tzinfo=UTC),
        chosen="audit",
        inclusion=0.2,
        origin="accepted",
        note="x",
    )
    assert messages[0].given == messages[1].given == (as_it_was,)
    (changed,) = messages[2].given
    assert (changed.name, changed.person) == ("99", "1")
    assert changed.answered_at == datetime(2026, 11, 2, 10, tzinfo=UTC)
