"""Labels that look wrong are asked of somebody else, once, and what is said then holds."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from classifier.errors import ModelNotFound
from classifier.messages import Label, RawMessage
from service.cli import app
from service.intake import receive
from service.labels import Answer, record
from service.learning import Source, train_version
from service.questions import open_questions
from service.reviews import answer, claim, question, release
from service.rounds import SUSPECT
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.suspects import SuspectLabel, ask_suspects, suspect_labels
from service.tables import LabelRow, MessageRow, ReviewRow
from service.training_rows import training_set

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
WORDS = {
    "delivery.late": "pakket te laat",
    "delivery.damaged": "doos kapot",
    "payment.refund": "geld terug",
    "payment.invoice": "factuur met btw",
}
WRONG = 4
ANN = "ann"


def message(driver: str, number: int) -> RawMessage:
    """One of thirty of a driver; each comes in and is answered by Ann."""
    text = f"{WORDS[driver]}, vraag {number}"
    return RawMessage(text=text, external_id=f"{driver}-{number}", received_at=NOW)


def fill(runtime: Runtime) -> dict[str, Label]:
    """Answers of Ann to 120 messages, of which four late deliveries are said to be invoices."""
    said = {f"{driver}-{n}": Label(driver) for driver in WORDS for n in range(30)}
    said |= {f"delivery.late-{n}": Label("payment.invoice") for n in range(WRONG)}
    messages = [message(driver, n) for driver in WORDS for n in range(30)]
    with runtime.writing() as session:
        receive(session, runtime, messages, now=NOW)
        asked = session.execute(select(ReviewRow, MessageRow).join(MessageRow)).all()
        record(
            session,
            runtime,
            [_said(row, found, said[found.external_id]) for row, found in asked],
            now=NOW,
        )
    return said


def _said(review: ReviewRow, found: MessageRow, label: Label, person: str = ANN) -> Answer:
    return Answer(
        message_id=found.id,
        label=label,
        person=person,
        door="label_studio",
        door_ref=f"{review.id} of {person}",
        answered_at=NOW,
        review_id=review.id,
        chosen=review.purpose,
    )


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory, taxonomy_file: Path) -> Path:
    """The models folder of an installation that was trained on those answers."""
    home = tmp_path_factory.mktemp("learned")
    settings = Settings(
        home=home,
        models_dir=home / "models",
        taxonomy=taxonomy_file,
        secret="a secret for tests only",  # type: ignore[arg-type]
        warm_up=False,
        suspects_a_week=3,
    )
    runtime = open_runtime(settings)
    fill(runtime)
    made = train_version(settings, Source(), promote=True, now=NOW)
    asked = rows(runtime)
    runtime.close()
    assert any("3 labels that look wrong" in each for each in made.remarks)
    assert [row.purpose for row in asked] == [SUSPECT] * 3
    return settings.models_dir


def rows(runtime: Runtime) -> Sequence[ReviewRow]:
    query = select(ReviewRow).where(ReviewRow.purpose == SUSPECT).order_by(ReviewRow.id)
    with runtime.reading() as session:
        return session.scalars(query).all()


@pytest.fixture
def shop(settings: Settings, learned: Path) -> Iterator[Runtime]:
    """The same answers in a store of each kind, with that model in use; two suspects a week."""
    chosen = settings.model_copy(update={"models_dir": learned, "suspects_a_week": 2})
    runtime = open_runtime(chosen.model_copy(update={"models_dir": learned / "none"}))
    fill(runtime)
    yield replace(runtime, settings=chosen)
    runtime.close()


def doubted(runtime: Runtime) -> list[SuspectLabel]:
    with runtime.reading() as session:
        return suspect_labels(session, runtime)


def say(runtime: Runtime, review: ReviewRow, driver: str, person: str, at: datetime) -> None:
    with runtime.writing() as session:
        answer(session, runtime, review_id=review.id, label=Label(driver), person=person, now=at)


def test_the_most_doubtful_labels_are_asked_blind_and_so_many_a_week(shop: Runtime) -> None:
    found = doubted(shop)
    kept = {each.message_id for each in found}
    assert 3 <= len(kept) <= WRONG  # one may be held out
    assert {each.found.label for each in found} == {"payment.invoice"}
    assert {each.found.believed for each in found} == {"delivery.late"}
    assert ask_suspects(shop, now=NOW) == 2
    assert [row.message_id for row in rows(shop)] == [each.message_id for each in found[:2]]
    assert [each.open for each in doubted(shop)] == [True, True] + [False] * (len(found) - 2)
    with shop.reading() as session:
        first, second = open_questions(session, shop, [row.id for row in rows(shop)])
        asked = question(session, rows(shop)[0].id)
    assert (first.asked.kind, first.asked.prediction, first.asked.disagreement) == (
        SUSPECT,
        None,
        "",
    )
    assert first.asked.priority > second.asked.priority
    assert (asked.review.blind, asked.prediction, asked.opinions) == (True, None, ())
    assert ask_suspects(shop, now=NOW) == ask_suspects(shop, now=NOW + WEEK) == 0
    for row in rows(shop):
        say(shop, row, "delivery.late", "bob", NOW + WEEK)
    assert ask_suspects(shop, now=NOW + 2 * WEEK) == len(found) - 2


def test_a_confirmed_label_is_not_asked_about_until_it_changes(shop: Runtime) -> None:
    ask_suspects(shop, now=NOW)
    review = rows(shop)[0]
    say(shop, review, "payment.invoice", "bob", NOW + timedelta(hours=1))
    assert review.message_id not in {each.message_id for each in doubted(shop)}
    with shop.writing() as session:
        kept = session.get_one(MessageRow, review.message_id)
        asked = select(ReviewRow).where(ReviewRow.message_id == kept.id)
        first = session.scalars(asked.order_by(ReviewRow.round)).first()
        assert first is not None
        later = replace(
            _said(first, kept, Label("payment.refund")),
            version="2",
            answered_at=NOW + timedelta(hours=2),
        )
        record(session, shop, [later], now=NOW + timedelta(hours=2))
    assert review.message_id in {each.message_id for each in doubted(shop)}


def test_a_changed_label_trains_as_drawn_and_volumes_keep_the_first(shop: Runtime) -> None:
    ask_suspects(shop, now=NOW)
    review = rows(shop)[0]
    say(shop, review, "delivery.late", "bob", NOW + timedelta(hours=1))
    with shop.reading() as session:
        name = session.get_one(MessageRow, review.message_id).external_id
        (held,) = (row for row in training_set(session) if row.message.message_id == name)
        counting = session.scalars(
            select(LabelRow).where(
                LabelRow.message_id == review.message_id, LabelRow.counts, LabelRow.current
            )
        ).one()
    assert held.message.label == Label("delivery.late")
    assert held.message.inclusion == 1.0
    assert (counting.driver, counting.person) == ("payment.invoice", ANN)


def test_who_gave_a_label_is_not_asked_about_it_unless_nobody_else_answers(shop: Runtime) -> None:
    ask_suspects(shop, now=NOW)
    with shop.writing() as session:
        alone = claim(session, shop, person=ANN, now=NOW)
    assert alone is not None
    with shop.writing() as session:
        release(session, shop, review_id=alone.review.id, person=ANN, now=NOW)
    say(shop, alone.review, "delivery.late", "bob", NOW)
    with shop.writing() as session:
        assert claim(session, shop, person=ANN, now=NOW) is None
        assert claim(session, shop, person="cas", now=NOW) is not None


def test_the_hold_out_is_left_alone_and_so_are_all_at_0_a_week_or_without_a_model(
    shop: Runtime,
) -> None:
    none = replace(shop, settings=shop.settings.model_copy(update={"suspects_a_week": 0}))
    assert ask_suspects(none, now=NOW) == 0
    empty = shop.settings.model_copy(update={"models_dir": shop.settings.home / "none"})
    bare = replace(shop, settings=empty)
    assert ask_suspects(bare, now=NOW) == 0
    with pytest.raises(ModelNotFound):
        doubted(bare)
    with shop.writing() as session:
        for row in session.scalars(select(MessageRow)):
            row.holdout = True
    assert doubted(shop) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_command_lists_them_with_reasons_and_asks_nobody(
    shop: Runtime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("home", "models_dir", "taxonomy", "database_url"):
        monkeypatch.setenv(f"WAAROM_{name.upper()}", str(getattr(shop.settings, name)))
    monkeypatch.setenv("WAAROM_SECRET", "a secret for tests only")

    def said(*words: str) -> str:
        found = CliRunner().invoke(app, ["label", "suspects", *words])
        assert found.exit_code == 0, found.output
        return found.output

    text = said("--most", "1")
    assert "payment.invoice, or delivery.late?" in text
    assert "sure of delivery.late, as it is of messages labeled so" in text
    document = json.loads(said("--json"))
    assert document["found"] == len(document["suspects"]) >= 3
    assert {each["why"] for each in document["suspects"]} == {"sure"}
    file = tmp_path / "suspects.csv"
    said("-o", str(file))
    with file.open(encoding="utf-8", newline="") as opened:
        listed = list(csv.DictReader(opened))
    assert [row["id"] for row in listed] == [each["id"] for each in document["suspects"]]
    assert ANN not in text + file.read_text(encoding="utf-8") + json.dumps(document)
    assert rows(shop) == []
