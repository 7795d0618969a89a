"""What must never be in the database, whichever way a message or an answer came in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from classifier.messages import Label, RawMessage
from service import reviews
from service.importing import ImportOptions, import_files
from service.intake import receive
from service.reports import up_to_date
from service.runtime import Runtime
from service.tables import DrawRow, LabelRow, PredictionRow, Table

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NAME, EMAIL, IBAN = "Wilhelmina Vandersteen", "wil.vandersteen@example.nl", "NL91ABNA0417164300"
BSN, PHONE = "111222333", "06-12345678"
SENTENCE = f"Mijn naam is {NAME}, mail {EMAIL} of bel {PHONE}. Mijn IBAN is {IBAN}, BSN {BSN}."
FORBIDDEN = ("wilhelmina", "vandersteen", "0417164300", "111222333", "12345678")


def everything(runtime: Runtime) -> str:
    """Every column of every table, as one lower-case text."""
    with runtime.engine.connect() as connection:
        rows = [
            repr(tuple(row))
            for table in Table.metadata.sorted_tables
            for row in connection.execute(select(table))
        ]
    return "\n".join(rows).lower()


def leaks(runtime: Runtime) -> list[str]:
    content = everything(runtime)
    assert "[email]" in content, "the dump shows texts, so an absence means something"
    return [word for word in FORBIDDEN if word in content]


@pytest.mark.parametrize("channel", ["email", "ticket", EMAIL])
def test_no_personal_data_of_a_message_is_stored(trained_runtime: Runtime, channel: str) -> None:
    trained_runtime.settings.label_studio_url = "http://127.0.0.1:1"
    everywhere = RawMessage(
        text=f"Beste,\n\n{SENTENCE}\nWaar blijft mijn pakket?",
        subject=SENTENCE,
        external_id=f"ticket-{EMAIL}",
        channel=channel,
        customer=SENTENCE,
        conversation_id=f"<{EMAIL}>",
        language=SENTENCE,
        attributes={"product": SENTENCE, EMAIL: "x"},
    )
    known = RawMessage(text=SENTENCE, external_id=PHONE)
    revised = RawMessage(text=f"{SENTENCE} Bis.", external_id=PHONE)
    with trained_runtime.writing() as session:
        receive(session, trained_runtime, [everywhere, known], now=NOW)
        receive(session, trained_runtime, [revised], now=NOW, revise=True)
    up_to_date(trained_runtime)
    assert leaks(trained_runtime) == []


def test_no_personal_data_of_an_answer_is_stored(runtime: Runtime) -> None:
    with runtime.writing() as session:
        receive(session, runtime, [RawMessage(text=SENTENCE, external_id="a")], now=NOW)
        asked = reviews.claim(session, runtime, person="anna", now=NOW)
        assert asked is not None
        reviews.answer(
            session,
            runtime,
            review_id=asked.review.id,
            label=Label("payment.refund"),
            person="anna",
            now=NOW,
            note=SENTENCE,
            suggestion=SENTENCE,
        )
    assert leaks(runtime) == []


@pytest.mark.parametrize("taxonomy_file_exists", [True, False])
def test_no_content_of_rejected_rows_is_stored(
    runtime: Runtime, tmp_path: Path, taxonomy_file_exists: bool
) -> None:
    """Also when somebody took the column of the texts for the labels."""
    if not taxonomy_file_exists:
        runtime.settings.taxonomy = tmp_path / "none.toml"
    path = tmp_path / f"{EMAIL}.csv"
    path.write_text(
        "id,text,label,received_at,channel\n"
        f'1,"{SENTENCE}","{SENTENCE}",2026-11-16,web\n'
        f'2,"{SENTENCE}",payment.refund,"{SENTENCE}",web\n'
        f'3,"{SENTENCE}",payment.refund,2026-11-16,web\n',
        encoding="utf-8",
    )
    report = import_files(runtime, [path], ImportOptions(labels=True), now=NOW)
    assert (report.rejected, report.stored) == (2, 1)
    assert leaks(runtime) == []


def test_every_label_names_its_person_its_door_and_how_its_message_was_chosen(
    trained_runtime: Runtime,
) -> None:
    message = RawMessage(text="zomaar iets anders", external_id="a")
    with trained_runtime.writing() as session:
        receive(session, trained_runtime, [message], now=NOW)
        asked = reviews.claim(session, trained_runtime, person="anna", now=NOW)
        assert asked is not None
        reviews.answer(
            session,
            trained_runtime,
            review_id=asked.review.id,
            label=Label(None),
            person="anna",
            now=NOW,
        )
    with trained_runtime.reading() as session:
        label = session.scalars(select(LabelRow)).one()
        assert (label.person, label.door, label.chosen) == ("anna", "review", "required")
        assert label.counts


def test_every_prediction_names_its_model_recalibration_and_taxonomy(
    trained_runtime: Runtime,
) -> None:
    with trained_runtime.writing() as session:
        receive(session, trained_runtime, [RawMessage(text="waar blijft het")], now=NOW)
    model, taxonomy = trained_runtime.current_model(), trained_runtime.taxonomy_file()
    assert model is not None
    assert taxonomy is not None
    with trained_runtime.reading() as session:
        row = session.scalars(select(PredictionRow)).one()
        made_by = (row.model, row.recalibration, row.taxonomy)
        assert made_by == (model.version, "none", taxonomy.version)
        assert session.scalars(select(DrawRow)).one().inclusion > 0
