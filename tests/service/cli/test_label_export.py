"""`waarom label export`, and the way back through import and train."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.messages import Label, RawMessage
from classifier.readers import read_messages
from service.importing import ImportOptions, import_messages
from service.labeled_files import read_labeled
from service.runtime import open_runtime
from service.settings import read_settings
from service.training_rows import training_set

Waarom = Any
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def filled(waarom: Waarom, tmp_path: Path) -> Path:
    """A folder with four labeled messages."""
    waarom("init")
    (tmp_path / "taxonomy.toml").unlink()
    rows = [
        {"id": "1", "text": "pakket te laat", "label": "late", "product": "lamp"},
        {"id": "2", "text": "=doos kapot; geld terug", "label": "broken|refund"},
        {"id": "3", "text": "hallo, bel 06-12345678", "label": ""},
        {"id": "4", "text": "geld terug", "label": "refund", "received_at": "2026-11-02"},
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    waarom("import", path, "--labels")
    return tmp_path


def labels_of(path: Path) -> dict[str | None, Label | None]:
    found = read_messages(path, labels=True)
    return {each.external_id: each.label for each in found if isinstance(each, RawMessage)}


EXPECTED = {
    "1": Label("late"),
    "2": Label("broken", ("refund",)),
    "3": Label(None),
    "4": Label("refund"),
}


@pytest.mark.parametrize(
    ("name", "options", "form"),
    [
        ("out.csv", [], "csv"),
        ("out.csv.gz", [], "csv"),
        ("out.jsonl", [], "jsonl"),
        ("out.json", [], "label-studio"),
        ("out.jsonl.gz", ["--format", "huggingface"], "huggingface"),
    ],
)
def test_the_labels_are_written_as_the_file_is_named_or_as_asked(
    waarom: Waarom, filled: Path, name: str, options: list[str], form: str
) -> None:
    said = waarom("label", "export", "-o", name, *options, "--json")
    assert said.document == {"labels": 4, "left_out": 0, "format": form, "output": name}
    assert labels_of(filled / name) == EXPECTED


def test_without_a_file_the_rows_go_to_stdout(waarom: Waarom, filled: Path) -> None:
    rows = list(csv.DictReader(waarom("label", "export").out.splitlines()))
    assert [row["label"] for row in rows] == ["late", "broken", "", "refund"]
    assert rows[1]["text"] == "'=doos kapot; geld terug"
    assert rows[1]["also"] == "refund"
    assert "12345678" not in rows[2]["text"]
    assert {(row["chosen"], row["inclusion"], row["counts"]) for row in rows} == {
        ("import", "1.0", "true")
    }
    assert "person" not in rows[0]


def test_what_is_asked_for_narrows_it_down(waarom: Waarom, filled: Path) -> None:
    one = waarom("label", "export", "-o", "out.csv", "--since", "2026-11-03", "--json")
    assert one.document["labels"] == 3
    counted = waarom("label", "export", "-o", "out.csv", "--counts-only", "--json")
    assert counted.document["labels"] == 4
    waarom("label", "export", "-o", "people.csv", "--with-people")
    with (filled / "people.csv").open() as lines:
        assert all(row["person"] for row in csv.DictReader(lines))


@pytest.mark.parametrize(
    "wrong",
    [
        ["--json"],
        ["--format", "xlsx"],
        ["--since", "gisteren"],
        ["-o", "nowhere/out.csv"],
    ],
)
def test_what_cannot_be_is_refused(waarom: Waarom, filled: Path, wrong: list[str]) -> None:
    waarom("label", "export", *wrong, code=2)


@pytest.mark.parametrize("form", ["csv", "jsonl", "huggingface", "label-studio"])
def test_it_trains_and_imports_as_the_store_would(
    waarom: Waarom, labeled_file: Path, tmp_path: Path, form: str
) -> None:
    waarom("import", labeled_file, "--labels")
    suffix = "json" if form == "label-studio" else form.replace("huggingface", "jsonl")
    out = tmp_path / f"out.{suffix}"
    waarom("label", "export", "-o", out, "--format", form)
    runtime = open_runtime(read_settings())
    with runtime.reading() as session:
        stored = {row.message.message_id: row for row in training_set(session)}
    read = read_labeled(runtime.settings, out, "unknown", progress=lambda line: None)
    runtime.close()
    assert read.remarks == ()
    assert {row.message.message_id: row for row in read.rows} == stored
    again = waarom("import", out, "--labels", "--json").document
    assert (again["known"], again["labels"], again["rejected"]) == (124, 0, 0)


def test_a_project_of_another_label_studio_is_imported_by_the_control_that_is_named(
    waarom: Waarom, tmp_path: Path
) -> None:
    waarom("init")
    (tmp_path / "taxonomy.toml").unlink()

    def chosen(control: str, value: str) -> dict[str, Any]:
        return {"from_name": control, "to_name": "body", "value": {"choices": [value]}}

    tasks = [
        {
            "id": number,
            "data": {"body": f"kapot {number}"},
            "annotations": [
                {"id": number, "result": [chosen("reason", "broken"), chosen("mood", "angry")]},
                {"id": 100 + number, "was_cancelled": True, "result": []},
            ],
        }
        for number in range(3)
    ]
    (tmp_path / "project.json").write_text(json.dumps(tasks))
    asked = waarom("import", "project.json", "--labels", code=1)
    assert "mood, reason; name one with --label-from" in asked.err
    said = waarom("import", "project.json", "--label-from", "reason", "--json").document
    assert (said["stored"], said["labels"], said["passed_over"]) == (3, 3, 3)
    assert "3 skipped answers" in waarom("import", "project.json", "--label-from", "reason").out
    waarom("label", "export", "-o", "out.csv")
    assert set(labels_of(tmp_path / "out.csv").values()) == {Label("broken")}


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="|"),
    min_size=1,
    max_size=12,
).filter(lambda name: name == name.strip() and name != "unknown")
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=40)


@given(
    st.lists(
        st.tuples(WORDS, st.lists(NAMES, unique=True, max_size=3), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_and_any_set_of_drivers_come_back_the_same(
    waarom: Waarom, tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    messages = [
        RawMessage(
            text=f"a{text}",
            external_id=f"{'=' if formula else 'm'}{number}",
            label=Label(names[0] if names else None, tuple(names[1:])),
        )
        for number, (text, names, formula) in enumerate(rows)
    ]
    base = read_settings().model_copy(
        update={"home": folder, "database_url": f"sqlite:///{folder / 'a.db'}", "secret": None}
    )
    drivers = {driver for each in messages if each.label for driver in each.label.drivers}
    source = _opened(base, drivers)
    import_messages(source, messages, ImportOptions(labels=True), now=NOW)
    from service.exporting import FORMATS, Picked, export_file

    with source.reading() as session:
        stored = {row.message.message_id: row.message.label for row in training_set(session)}
    assert len(stored) == len(messages)
    for form in ("csv", "jsonl", "huggingface", "label-studio"):
        path = folder / f"{form}{FORMATS[form].suffix}"
        assert export_file(source, path, FORMATS[form], Picked()).labels == len(messages)
        assert labels_of(path) == stored, form
        again = import_messages(
            source, read_messages(path, labels=True), ImportOptions(labels=True), now=NOW
        )
        assert (again.known, again.labels) == (len(messages), 0), form
    source.close()


def _opened(base: Any, drivers: set[str]) -> Any:
    from classifier.taxonomy import flat_taxonomy
    from service.runtime import use_taxonomy

    runtime = open_runtime(base)
    with runtime.writing() as session:
        use_taxonomy(session, flat_taxonomy(drivers or {"some"}), now=NOW)
    return runtime
