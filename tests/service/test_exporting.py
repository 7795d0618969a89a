"""Labels out of the store and back: the same labels, and how they came to be."""

import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.json
import pytest
from sqlalchemy import select, update

from classifier.messages import Label, RawMessage, RedactedText
from classifier.readers import read_messages
from service import reviews
from service.exporting import FORMATS, ExportedLabel, Picked, export_file, exported
from service.importing import ImportOptions, ImportReport, import_files, import_messages
from service.intake import receive
from service.labels import Answer, record
from service.leaks import leaks
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.tables import DrawRow, LabelRow, MessageRow, RejectRow
from service.training_rows import training_set

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LABELED = ImportOptions(labels=True)
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"
READABLE = tuple(FORMATS)


def stored(runtime: Runtime, *messages: RawMessage, now: datetime = NOW) -> list[int]:
    with runtime.writing() as session:
        return [each.message_id for each in receive(session, runtime, messages, now=now)]


def corrected(
    runtime: Runtime, message: int, label: Label, *, now: datetime = NOW, **more: Any
) -> None:
    answer = Answer(
        message_id=message,
        label=label,
        person="helpdesk",
        door="correction",
        door_ref=f"{message}-{now.isoformat()}",
        answered_at=now,
        **more,
    )
    with runtime.writing() as session:
        record(session, runtime, [answer], now=now)


def answered(runtime: Runtime, label: Label, *, person: str = "ann", now: datetime = NOW) -> None:
    """The next question, answered."""
    with runtime.writing() as session:
        question = reviews.claim(session, runtime, person=person, now=now)
        assert question is not None
        reviews.answer(
            session, runtime, review_id=question.review.id, label=label, person=person, now=now
        )


def found(runtime: Runtime, picked: Picked | None = None, **page: int) -> list[ExportedLabel]:
    with runtime.reading() as session:
        return list(exported(session, runtime, picked or Picked(), **page))


def written(runtime: Runtime, form: str, path: Path, picked: Picked | None = None) -> Path:
    export_file(runtime, path, FORMATS[form], picked or Picked())
    return path


def imported(runtime: Runtime, path: Path, now: datetime = NOW) -> ImportReport:
    return import_files(runtime, [path], LABELED, now=now)


def labels(runtime: Runtime) -> dict[str, Label]:
    with runtime.reading() as session:
        return {row.message.message_id: row.message.label for row in training_set(session)}


def rows(runtime: Runtime, table: type[Any]) -> Sequence[Any]:
    with runtime.reading() as session:
        return session.scalars(select(table).order_by(*table.__table__.primary_key)).all()


@pytest.fixture
def other(settings: Settings, tmp_path: Path) -> Any:
    """Another installation, empty, without a model."""
    address = f"sqlite:///{tmp_path / 'other.db'}"
    opened = open_runtime(
        settings.model_copy(update={"database_url": address, "home": tmp_path / "elsewhere"})
    )
    yield opened
    opened.close()


def test_a_label_is_told_with_how_its_message_was_chosen_and_what_the_model_thought(
    trained_runtime: Runtime,
) -> None:
    runtime = trained_runtime
    message = RawMessage(
        text=DOUBTFUL,
        subject="Vraag",
        external_id="zd-1",
        channel="email",
        received_at=NOW - timedelta(days=1),
        attributes={"product": "lamp", "shop": "nl"},
    )
    stored(runtime, message)
    answered(runtime, Label("payment.refund", ("delivery.late",)))
    (each,) = found(runtime)
    assert (each.external_id, each.channel, each.language) == ("zd-1", "email", "nl")
    assert (each.text, each.subject) == (DOUBTFUL, "Vraag")
    assert each.attributes == {"product": "lamp", "shop": "nl"}
    assert each.label == Label("payment.refund", ("delivery.late",))
    assert (each.chosen, each.inclusion, each.counts) == ("required", 1.0, True)
    assert (each.asked, each.door, each.answered_at) == ("pre-filled", "review", NOW)
    model = runtime.current_model()
    assert model is not None
    assert each.model == model.version
    assert each.prediction is not None
    assert each.person is None


def test_only_the_newest_answer_of_a_message_is_exported(trained_runtime: Runtime) -> None:
    (message, second) = stored(
        trained_runtime,
        RawMessage(text=SURE, external_id="1"),
        RawMessage(text=SURE, external_id="2"),
    )
    later = NOW + timedelta(hours=1)
    corrected(trained_runtime, message, Label("payment.refund"), now=later)
    corrected(trained_runtime, message, Label("payment.invoice"))
    corrected(trained_runtime, second, Label(None))
    assert {each.external_id: each.label for each in found(trained_runtime)} == {
        "1": Label("payment.refund"),
        "2": Label(None),
    }
    assert labels(trained_runtime)["1"] == Label("payment.refund")


def test_labels_come_in_pages_in_the_order_in_which_they_were_stored(runtime: Runtime) -> None:
    messages = [
        RawMessage(text=f"ok {n}", external_id=str(n), label=Label("payment.refund"))
        for n in range(1203)
    ]
    import_messages(runtime, messages, LABELED, now=NOW)
    every = found(runtime)
    assert [each.external_id for each in every] == [str(n) for n in range(1203)]
    first = found(runtime, limit=700)
    rest = found(runtime, after=first[-1].number)
    assert [each.number for each in first + rest] == [each.number for each in every]
    assert found(runtime, limit=0) == []


def test_a_day_and_what_counts_narrow_it_down(trained_runtime: Runtime) -> None:
    first, _ = stored(
        trained_runtime,
        RawMessage(text=SURE, external_id="1"),
        RawMessage(text=DOUBTFUL, external_id="2"),
    )
    corrected(trained_runtime, first, Label("payment.refund"), now=NOW - timedelta(days=2))
    answered(trained_runtime, Label("payment.invoice"))
    since = Picked(since=NOW - timedelta(days=1))
    assert [each.external_id for each in found(trained_runtime, since)] == ["2"]
    assert [each.external_id for each in found(trained_runtime, Picked(counts=True))] == ["2"]
    assert len(found(trained_runtime)) == 2


def test_a_message_holds_personal_data_until_it_comes_again_without_whoever_says_so(
    trained_runtime: Runtime,
) -> None:
    texts = {"a": SURE, "b": f"{SURE} graag"}
    first, _ = stored(
        trained_runtime, *(RawMessage(text=text, external_id=each) for each, text in texts.items())
    )
    leaking = Picked(personal_data=True)
    corrected(trained_runtime, first, Label("payment.refund"), personal_data=True)
    corrected(trained_runtime, first, Label("payment.invoice"), now=NOW + timedelta(hours=1))
    (each,) = found(trained_runtime, leaking)
    assert (each.external_id, each.label) == ("a", Label("payment.invoice"))
    assert [each.personal_data for each in found(trained_runtime)] == [True]
    with trained_runtime.reading() as session:
        assert leaks(session) == 1
    with trained_runtime.writing() as session:
        again = RawMessage(text=f"{SURE} hoor", external_id="a")
        receive(session, trained_runtime, [again], now=NOW, revise=True)
        assert leaks(session) == 0
    assert found(trained_runtime, leaking) == []


def test_the_model_is_the_one_that_had_spoken_when_the_answer_was_given(
    trained_runtime: Runtime,
) -> None:
    (message,) = stored(trained_runtime, RawMessage(text=SURE, external_id="1"))
    corrected(trained_runtime, message, Label("payment.refund"), now=NOW + timedelta(hours=1))
    changed = RawMessage(text="factuur btw rekening bon", external_id="1")
    with trained_runtime.writing() as session:
        later = NOW + timedelta(hours=2)
        receive(session, trained_runtime, [changed], now=later, revise=True)
    (each,) = found(trained_runtime)
    assert each.prediction is not None
    assert each.prediction.driver == "delivery.late"


def test_people_are_named_only_when_asked_and_by_a_pseudonym(trained_runtime: Runtime) -> None:
    stored(trained_runtime, RawMessage(text=DOUBTFUL), RawMessage(text=DOUBTFUL + " ja"))
    answered(trained_runtime, Label("payment.refund"), person="Ann de Vries")
    answered(trained_runtime, Label("payment.refund"), person="Ann de Vries")
    assert [each.person for each in found(trained_runtime)] == [None, None]
    named = [each.person or "" for each in found(trained_runtime, Picked(people=True))]
    assert len(set(named)) == 1
    assert named[0]
    assert "Ann" not in named[0]


ODD = (
    "=SUM(A1:A9) doet het niet",
    '\'=1+1 met een komma, en "aanhalingstekens"',
    "-10% korting; waar?\nTweede regel | met een streep\ten een tab",
    "+31 bel mij niet\u2028maar mail 😀 é ﬁ",
    "@iemand 'hallo'",
)
SETS = (
    Label("delivery.late"),
    Label("payment.refund", ("delivery.late", "payment.invoice")),
    Label(None),
    Label(None, ("delivery.damaged",)),
    Label("delivery.damaged", ("payment.refund",)),
)


@pytest.mark.parametrize("form", READABLE)
@pytest.mark.parametrize("zipped", ["", ".gz"])
def test_what_is_exported_is_imported_elsewhere_as_the_same_labels(
    trained_runtime: Runtime, other: Runtime, tmp_path: Path, form: str, zipped: str
) -> None:
    names = [f"=odd|{n}~2" for n in range(len(ODD))]
    messages = [
        RawMessage(text=text, external_id=name, attributes={"product": "=lamp", "shop": "a|b"})
        for text, name in zip(ODD, names, strict=True)
    ]
    for message, label in zip(stored(trained_runtime, *messages), SETS, strict=True):
        note = RedactedText("=let op")
        corrected(trained_runtime, message, label, note=note, personal_data=label.primary is None)
    path = written(trained_runtime, form, tmp_path / f"out{FORMATS[form].suffix}{zipped}")
    report = imported(other, path)
    assert (report.stored, report.labels, report.rejected) == (len(ODD), len(ODD), 0)
    assert labels(other) == dict(zip(names, SETS, strict=True))
    before, after = found(trained_runtime), found(other)
    for name in ("text", "subject", "channel", "received_at", "language", "attributes", "label"):
        assert [getattr(e, name) for e in after] == [getattr(e, name) for e in before], name
    assert [each.note for each in after] == ["=let op"] * len(ODD)
    assert [each.personal_data for each in after] == [each.primary is None for each in SETS]
    assert {each.chosen for each in after} == {"import:correction"}
    assert [each.answered_at for each in after] == [each.answered_at for each in before]
    assert imported(other, path, NOW + timedelta(hours=1)).labels == 0


def test_a_file_cannot_say_that_its_answers_were_drawn_here(
    trained_runtime: Runtime, other: Runtime, tmp_path: Path
) -> None:
    stored(trained_runtime, RawMessage(text=DOUBTFUL, external_id="1"))
    answered(trained_runtime, Label("payment.refund"))
    with trained_runtime.writing() as session:
        session.execute(update(DrawRow).values(inclusion=0.25))
    path = written(trained_runtime, "csv", tmp_path / "out.csv")
    assert imported(other, path).labels == 1
    (label,), (draw,) = rows(other, LabelRow), rows(other, DrawRow)
    assert (label.chosen, label.door, label.person) == ("import:required", "import", "import")
    assert (draw.inclusion, draw.stratum, draw.required) == (1.0, "labeled", False)
    (raw,) = read_messages(path, labels=True)
    assert isinstance(raw, RawMessage)
    assert (raw.given[0].chosen, raw.given[0].inclusion) == ("required", 0.25)


def test_what_comes_back_as_it_was_exported_is_known_and_changes_nothing(
    trained_runtime: Runtime, tmp_path: Path
) -> None:
    private = RawMessage(text="Bel mij op 06-12345678, groet", external_id="1")
    (message,) = stored(trained_runtime, private)
    corrected(trained_runtime, message, Label("payment.refund"))
    path = written(trained_runtime, "csv", tmp_path / "out.csv")
    assert "12345678" not in path.read_text()
    report = imported(trained_runtime, path, NOW + timedelta(days=1))
    assert (report.known, report.conflicts, report.labels) == (1, 0, 0)
    assert len(rows(trained_runtime, LabelRow)) == 1
    assert rows(trained_runtime, RejectRow) == []


def test_a_label_changed_in_an_exported_file_corrects_the_one_that_holds(
    trained_runtime: Runtime, tmp_path: Path
) -> None:
    stored(trained_runtime, RawMessage(text=DOUBTFUL + " 06-12345678", external_id="1"))
    answered(trained_runtime, Label("payment.refund"))
    path = written(trained_runtime, "csv", tmp_path / "out.csv")
    path.write_text(path.read_text().replace("payment.refund", "payment.invoice", 1))
    report = imported(trained_runtime, path, NOW + timedelta(days=1))
    assert (report.known, report.labels) == (1, 1)
    assert labels(trained_runtime) == {"1": Label("payment.invoice")}
    said = [(row.driver, row.chosen, row.counts) for row in rows(trained_runtime, LabelRow)]
    assert said == [("payment.refund", "required", True), ("payment.invoice", "correction", False)]


def test_a_label_changed_in_a_spreadsheet_counts_whatever_that_made_of_the_text(
    trained_runtime: Runtime, tmp_path: Path
) -> None:
    (message,) = stored(trained_runtime, RawMessage(text="één pakket te laat", external_id="1"))
    corrected(trained_runtime, message, Label("payment.refund"))
    path = written(trained_runtime, "csv", tmp_path / "out.csv")
    text = path.read_text(encoding="utf-8").replace("é", "Ã©")
    path.write_text(text.replace("payment.refund", "payment.invoice", 1), encoding="utf-8")
    report = imported(trained_runtime, path, NOW + timedelta(days=1))
    assert (report.known, report.conflicts, report.labels) == (1, 0, 1)
    assert labels(trained_runtime) == {"1": Label("payment.invoice")}
    assert [row.text for row in rows(trained_runtime, MessageRow)] == ["één pakket te laat"]


def test_a_file_that_is_older_than_what_was_said_since_does_not_win(
    trained_runtime: Runtime, tmp_path: Path
) -> None:
    (message,) = stored(trained_runtime, RawMessage(text=SURE, external_id="1"))
    corrected(trained_runtime, message, Label("payment.refund"))
    path = written(trained_runtime, "csv", tmp_path / "out.csv")
    corrected(trained_runtime, message, Label("payment.invoice"), now=NOW + timedelta(hours=1))
    assert imported(trained_runtime, path, NOW + timedelta(hours=2)).labels == 0
    path.write_text(path.read_text().replace("payment.refund", "delivery.damaged", 1))
    imported(trained_runtime, path, NOW + timedelta(hours=2))
    assert labels(trained_runtime) == {"1": Label("payment.invoice")}


def test_no_cell_is_a_formula(trained_runtime: Runtime, tmp_path: Path) -> None:
    messages = [RawMessage(text=text, external_id=f"={text[:1]}") for text in ODD]
    for message in stored(trained_runtime, *messages):
        corrected(trained_runtime, message, Label("payment.refund"), note=RedactedText("@note"))
    text = written(trained_runtime, "csv", tmp_path / "out.csv").read_text(encoding="utf-8")
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_every_line_for_hugging_face_has_one_type_a_column_and_no_null(
    trained_runtime: Runtime, tmp_path: Path
) -> None:
    """The reader `datasets` uses infers a schema from the first block it sees."""
    bare = RawMessage(text="ok", external_id="0", label=Label(None))
    import_messages(trained_runtime, [bare], LABELED, now=NOW)
    full = RawMessage(
        text=DOUBTFUL, external_id="1", subject="Vraag", attributes={"product": "a", "x": "b"}
    )
    stored(trained_runtime, full)
    answered(trained_runtime, Label("payment.refund", ("delivery.late",)))
    path = written(trained_runtime, "huggingface", tmp_path / "out.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    schemas = [pyarrow.json.read_json(io.BytesIO(line.encode())).schema for line in lines]
    assert schemas[0] == schemas[1]
    table = pyarrow.json.read_json(path)
    assert table.schema == schemas[0]
    kinds = {str(field.type) for field in table.schema}
    assert kinds == {"string", "double", "bool"}
    assert table["also"].to_pylist() == ["", "delivery.late"]


def test_a_file_appears_whole_or_not_at_all(
    trained_runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (message,) = stored(trained_runtime, RawMessage(text=SURE, external_id=str(number)))
        corrected(trained_runtime, message, Label("payment.refund"))
    path = tmp_path / "out.csv"
    path.write_text("what was there")

    def stop(labels: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_file(trained_runtime, path, FORMATS["csv"], Picked(), progress=stop)
    assert path.read_text() == "what was there"
    assert [each.name for each in tmp_path.iterdir() if "out.csv" in each.name] == ["out.csv"]


def test_an_empty_store_gives_a_file_without_rows(runtime: Runtime, tmp_path: Path) -> None:
    for form in FORMATS.values():
        path = written(runtime, form.name, tmp_path / f"{form.name}{form.suffix}")
        if form.name == "label-studio":
            assert json.loads(path.read_text()) == []
        else:
            assert len(path.read_text().splitlines()) == (form.name == "csv")


def test_memory_does_not_grow_with_the_number_of_labels(runtime: Runtime, tmp_path: Path) -> None:
    def many(first: int, last: int) -> None:
        some = [
            RawMessage(text=f"{n} " + "woord " * 60, external_id=str(n), label=Label(None))
            for n in range(first, last)
        ]
        import_messages(runtime, some, LABELED, now=NOW)

    def peak() -> int:
        tracemalloc.start()
        written(runtime, "jsonl", tmp_path / "out.jsonl.gz")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    many(0, 1000)
    peak()
    few = peak()
    many(1000, 3000)
    assert peak() < 1.5 * few
    with gzip.open(tmp_path / "out.jsonl.gz") as lines:
        assert sum(1 for _ in lines) == 3000


def studio_file(path: Path, *tasks: dict[str, Any]) -> Path:
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def studio_task(number: int, *said: tuple[str, int, int], text: str = "kapot") -> dict[str, Any]:
    """`said`: the driver, the person and the day of each answer."""
    annotations = [
        {
            "id": 100 * number + place,
            "result": [{"from_name": "reason", "value": {"choices": [driver]}}],
            "completed_by": person,
            "updated_at": f"2026-11-{day:02}T10:00:00Z",
        }
        for place, (driver, person, day) in enumerate(said)
    ]
    return {"id": number, "project": 3, "data": {"text": text}, "annotations": annotations}


def test_the_answers_of_a_label_studio_project_are_kept_by_person_and_version(
    runtime: Runtime, tmp_path: Path
) -> None:
    late, refund, invoice = "delivery.late", "payment.refund", "payment.invoice"
    path = studio_file(
        tmp_path / "project.json",
        studio_task(1, (late, 4, 3), (refund, 5, 4), (invoice, 4, 5)),
        studio_task(2, (late, 4, 3), text="te laat"),
        studio_task(3, ("delivery.lost", 4, 3), text="weg"),
        studio_task(4, text="nooit gelezen"),
    )
    report = imported(runtime, path)
    assert (report.stored, report.labels, report.rejected, report.passed_over) == (2, 4, 1, 1)
    of_first = [row for row in rows(runtime, LabelRow) if row.message_id == 1]
    by_person = {row.person for row in of_first}
    assert len(by_person) == 2
    assert all(person.startswith("import:") and len(person) > 20 for person in by_person)
    assert [(row.driver, row.current, row.counts) for row in of_first] == [
        (late, False, True),
        (invoice, True, True),
        (refund, True, False),
    ]
    assert labels(runtime) == {"label-studio-3-1": Label(invoice), "label-studio-3-2": Label(late)}
    (reject,) = rows(runtime, RejectRow)
    assert (reject.file, reject.line, reject.field) == ("project.json", 3, "label")
    assert "taxonomy" in reject.reason
    again = imported(runtime, path, NOW + timedelta(days=1))
    assert (again.stored, again.known, again.labels, again.passed_over) == (0, 2, 0, 1)
    assert len(rows(runtime, RejectRow)) == 1


def test_an_annotation_edited_since_is_a_new_version_of_the_same_answer(
    runtime: Runtime, tmp_path: Path
) -> None:
    path = tmp_path / "project.json"
    imported(runtime, studio_file(path, studio_task(1, ("delivery.late", 4, 3))))
    report = imported(runtime, studio_file(path, studio_task(1, ("payment.refund", 4, 9))))
    assert (report.known, report.labels) == (1, 1)
    said = [(row.driver, row.current, row.counts) for row in rows(runtime, LabelRow)]
    assert said == [("delivery.late", False, True), ("payment.refund", True, True)]


def test_labels_of_a_taxonomy_that_is_gone_are_left_out_of_label_studio_and_counted(
    runtime: Runtime, tmp_path: Path
) -> None:
    messages = [
        RawMessage(text=f"ok {n}", external_id=str(n), label=Label("payment.refund"))
        for n in range(2)
    ]
    import_messages(runtime, messages, LABELED, now=NOW)
    with runtime.writing() as session:
        session.execute(update(LabelRow).where(LabelRow.id == 1).values(driver="old.driver"))
    path = tmp_path / "out.json"
    done = export_file(runtime, path, FORMATS["label-studio"], Picked())
    assert (done.labels, done.left_out) == (1, 1)
    (task,) = json.loads(path.read_text())
    assert task["data"]["external_id"] == "1"


def test_an_older_answer_that_names_no_driver_of_ours_is_set_aside_alone(
    runtime: Runtime, tmp_path: Path
) -> None:
    task = studio_task(1, ("delivery.lost", 4, 3), ("payment.refund", 5, 4))
    report = imported(runtime, studio_file(tmp_path / "project.json", task))
    assert (report.stored, report.labels, report.rejected) == (1, 1, 1)
    assert labels(runtime) == {"label-studio-3-1": Label("payment.refund")}
    ((line, field),) = [(row.line, row.field) for row in rows(runtime, RejectRow)]
    assert (line, field) == (1, "label")
