"""The promise as the store keeps it: what counts, what it takes, who goes up and what goes down."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom
from sqlalchemy import delete, select

from classifier.messages import Label, LabeledMessage, RawMessage, RedactedText
from classifier.model import Model
from classifier.promise import Reason, Rung, outcomes
from classifier.registry import promote, save
from classifier.taxonomy import Taxonomy
from service.errors import ClimbRefused, NotFound
from service.evidence import HELD_OUT, carried, evidence
from service.intake import receive
from service.rungs import thresholds_in_force
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.standings import WAAROM, check, follow, move
from service.tables import (
    CheckRow,
    DecisionRow,
    DrawRow,
    LabelRow,
    MessageRow,
    PredictionRow,
    StandingChangeRow,
    StandingRow,
    Table,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATE = "waar blijft mijn pakket, te laat en nog niet bezorgd"
REFUND = "geld terug, terugbetaling graag, bedrag retour geld"
RIGHT = {LATE: "delivery.late", REFUND: "payment.refund"}
WRONG = "payment.invoice"
FIRST = 10_000
"""The ids of messages made here, out of the way of those that arrive."""


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: the calls of the ladder are tested on both kinds of database."""
    return f"sqlite:///{tmp_path / 'waarom.db'}"


def answered(
    runtime: Runtime,
    rights: Sequence[bool],
    *,
    text: str = LATE,
    inclusion: float = 0.1,
    chosen: str = "audit",
    start: int = 0,
) -> None:
    """Messages with an answer each, right or not; picked to learn from, they do not count."""
    learning = chosen == "learning"
    with runtime.writing() as session:
        numbers = range(start, start + len(rights))
        session.add_all(_message(number, text) for number in numbers)
        session.flush()
        session.add_all(_draw(number, inclusion, drawn=not learning) for number in numbers)
        session.add_all(
            _label(number, RIGHT[text] if right else WRONG, chosen)
            for number, right in zip(numbers, rights, strict=True)
        )


def _message(number: int, text: str) -> MessageRow:
    return MessageRow(
        id=FIRST + number,
        external_id=f"m-{number}",
        content_hash="",
        channel="ticket",
        direction="inbound",
        counted=True,
        subject=RedactedText(""),
        text=RedactedText(f"{text} nummer {number}"),
        text_key=f"key {number}",
        holdout=False,
        language="nl",
        received_at=NOW,
        day=NOW.date(),
        week="2026-W47",
        attributes={},
        scores={},
        stored_at=NOW,
    )


def _draw(number: int, inclusion: float, *, drawn: bool) -> DrawRow:
    return DrawRow(
        message_id=FIRST + number,
        inclusion=inclusion,
        drawn=drawn,
        required=False,
        stratum="graded",
        uncertainty=0.1,
        made_at=NOW,
    )


def _label(number: int, driver: str, chosen: str) -> LabelRow:
    return LabelRow(
        message_id=FIRST + number,
        driver=driver,
        also=[],
        note=RedactedText(""),
        suggestion=RedactedText(""),
        person="An",
        door="review",
        door_ref=f"review-{number}",
        version="1",
        chosen=chosen,
        counts=chosen == "audit",
        current=True,
        origin="manual",
        taxonomy="",
        answered_at=NOW,
        stored_at=NOW,
    )


def standing(runtime: Runtime, queue: str = "logistics") -> StandingRow:
    with runtime.reading() as session:
        return session.get_one(StandingRow, queue)


def climb(runtime: Runtime, rung: Rung = Rung.AUTOMATE, queue: str = "logistics") -> StandingRow:
    with runtime.writing() as session:
        return move(session, runtime, queue, rung, person="An", now=NOW)


def look(runtime: Runtime) -> StandingRow:
    check(runtime, person="An", now=NOW)
    return standing(runtime)


def changes(runtime: Runtime) -> list[tuple[str, str, str, str]]:
    with runtime.reading() as session:
        rows = session.scalars(select(StandingChangeRow).order_by(StandingChangeRow.id))
        return [(row.before, row.rung, row.reason, row.person) for row in rows]


def test_every_queue_begins_on_select_and_needs_so_many_labels(trained_runtime: Runtime) -> None:
    found = look(trained_runtime)
    assert (found.rung, found.threshold, found.labels, found.needed) == ("select", None, 0, 59)


def test_enough_answers_to_drawn_questions_let_a_person_automate(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [True] * 60)
    found = look(trained_runtime)
    assert (found.rung, found.evidence, found.errors) == ("select", 60, 0)
    assert found.threshold is not None
    assert found.lower >= 0.95
    row = climb(trained_runtime)
    assert row.rung == "automate"
    assert changes(trained_runtime) == [("select", "automate", "as_asked", "An")]


def test_without_enough_it_is_refused_with_the_number_that_is_missing(
    trained_runtime: Runtime,
) -> None:
    with pytest.raises(ClimbRefused, match="takes up to 72 answers"):
        climb(trained_runtime)
    answered(trained_runtime, [True] * 40)
    look(trained_runtime)
    with pytest.raises(ClimbRefused, match=r"needs 19 more answers .* 40 of 40 are right so far"):
        climb(trained_runtime)
    assert changes(trained_runtime) == []


def test_at_a_poor_rate_no_number_of_answers_will_do(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [number % 5 > 0 for number in range(100)])
    look(trained_runtime)
    with pytest.raises(ClimbRefused, match="80 of 100 are right so far; at that rate no number"):
        climb(trained_runtime)


def test_learning_picks_do_not_count(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [True] * 300, chosen="learning")
    found = look(trained_runtime)
    assert (found.labels, found.threshold, found.needed) == (0, None, 59)


def test_a_correction_does_not_take_its_drawn_answer_out_of_the_evidence(
    trained_runtime: Runtime,
) -> None:
    answered(trained_runtime, [True] * 60)
    with trained_runtime.writing() as session:
        later = _label(3, WRONG, "correction")
        later.door, later.answered_at = "api", NOW + timedelta(days=1)
        session.add(later)
    assert look(trained_runtime).labels == 60


def test_answers_the_model_was_trained_on_do_not_count(
    trained_runtime: Runtime, model: Model
) -> None:
    answered(trained_runtime, [True] * 60)
    with trained_runtime.writing() as session:
        row = session.get_one(MessageRow, FIRST)
        row.text = RedactedText("te laat en te laat vraag 1")
        assert model.trained_on([row.text]).all()
    assert look(trained_runtime).labels == 59


def test_answers_are_thinned_to_equal_probability(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [True] * 400, inclusion=1.0)
    answered(trained_runtime, [True] * 100, inclusion=0.1, start=400)
    assert 110 <= look(trained_runtime).labels <= 175


def test_a_promise_holds_for_two_queues_at_once(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [True] * 71)
    answered(trained_runtime, [True] * 71, text=REFUND, start=71)
    check(trained_runtime, person="An", now=NOW)
    kept = [standing(trained_runtime, queue).threshold for queue in ("logistics", "finance")]
    assert kept.count(None) == 1, "72 each for two"


def test_on_automate_the_promised_threshold_routes(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [True] * 60)
    look(trained_runtime)
    climb(trained_runtime)
    with trained_runtime.writing() as session:
        session.get_one(StandingRow, "logistics").threshold = 1.0
    assert routed(trained_runtime, LATE) == ("review", "triage", ["low_confidence"])
    assert routed(trained_runtime, REFUND) == ("auto", "finance", [])
    with trained_runtime.writing() as session:
        session.get_one(StandingRow, "logistics").threshold = 0.2
    assert routed(trained_runtime, LATE) == ("auto", "logistics", [])
    with trained_runtime.reading() as session:
        logged = list(session.scalars(select(PredictionRow.threshold)))
    assert 1.0 in logged
    assert 0.2 in logged


def test_on_recommend_a_person_decides_every_message(trained_runtime: Runtime) -> None:
    climb(trained_runtime, Rung.RECOMMEND)
    assert routed(trained_runtime, LATE) == ("review", "triage", ["only_recommends"])
    assert routed(trained_runtime, REFUND) == ("auto", "finance", [])
    climb(trained_runtime, Rung.AUTOMATE)
    assert changes(trained_runtime)[-1] == ("recommend", "select", "one_rung_at_a_time", "An")
    assert routed(trained_runtime, LATE)[0] == "auto"


def routed(runtime: Runtime, text: str) -> tuple[str, str, list[str]]:
    """What becomes of one more message."""
    with runtime.writing() as session:
        message = RawMessage(text=text, received_at=NOW)
        (receipt,) = receive(session, runtime, [message], now=NOW)
        query = select(DecisionRow).where(DecisionRow.message_id == receipt.message_id)
        row = session.scalars(query).one()
        return row.status, row.queue, row.doubts


def test_a_queue_no_driver_goes_to_is_not_found(trained_runtime: Runtime) -> None:
    with pytest.raises(NotFound):
        climb(trained_runtime, queue="no such queue")


@pytest.fixture
def own_models(tmp_path: Path, settings: Settings, model: Model) -> Callable[[], Runtime]:
    """An installation whose models folder gets one more version of the small model, in use."""
    folder = tmp_path / "own models"

    def renew() -> Runtime:
        promote(folder, save(model, folder, today=date(2026, 11, 2), card="# Small\n"))
        return open_runtime(settings.model_copy(update={"models_dir": folder}))

    return renew


def test_a_new_model_must_hold_the_promise_anew(
    own_models: Callable[[], Runtime], caplog: pytest.LogCaptureFixture
) -> None:
    runtime = own_models()
    answered(runtime, [True] * 60)
    look(runtime)
    climb(runtime)
    own_models().close()
    with runtime.writing() as session:
        session.get_one(StandingRow, "logistics").threshold = 1.0
    assert routed(runtime, LATE)[0] == "auto", "until it is checked, as on select"
    with runtime.writing() as session:
        session.execute(delete(LabelRow).where(LabelRow.id > 30))
    with caplog.at_level(logging.WARNING):
        found = follow(runtime, now=NOW)
    assert found is not None
    assert found.fallen == ("logistics",)
    assert standing(runtime).rung == "select"
    assert changes(runtime)[-1] == ("automate", "select", str(Reason.NEW_MODEL), WAAROM)
    assert "Queue logistics went from automate to select" in caplog.text
    assert follow(runtime, now=NOW) is None
    runtime.close()


def test_a_new_model_that_holds_the_promise_stays_automated(
    own_models: Callable[[], Runtime],
) -> None:
    runtime = own_models()
    answered(runtime, [True] * 60)
    look(runtime)
    climb(runtime)
    before = standing(runtime).model
    own_models().close()
    assert follow(runtime, now=NOW) is not None
    assert (standing(runtime).rung, standing(runtime).model != before) == ("automate", True)
    runtime.close()


def test_labels_that_no_longer_bear_the_promise_out_take_it_down(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [True] * 60)
    look(trained_runtime)
    climb(trained_runtime)
    answered(trained_runtime, [False] * 40, start=60)
    assert look(trained_runtime).rung == "select"
    assert changes(trained_runtime)[-1][2] == str(Reason.EVIDENCE_LOST)


def test_a_promise_made_is_not_lost_to_a_stricter_second_look(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [True] * 60)
    look(trained_runtime)
    climb(trained_runtime)
    answered(trained_runtime, [False, *[True] * 31], start=60)
    found = look(trained_runtime)
    assert (found.rung, found.labels) == ("automate", 92)


def test_looking_again_takes_more_answers_and_half_the_error(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [True] * 58 + [False] * 2)
    first = check(trained_runtime, person="An", now=NOW)
    assert (first.look, first.level, first.wait) == (1, 0.95, 0)
    assert check(trained_runtime, person="An", now=NOW) == first, "the same labels, no other look"
    answered(trained_runtime, [True] * 10, start=60)
    waiting = check(trained_runtime, person="An", now=NOW)
    assert (waiting.look, waiting.wait) == (1, 20)
    answered(trained_runtime, [True] * 20, start=70)
    second = check(trained_runtime, person="An", now=NOW)
    assert (second.look, second.level, second.wait) == (2, 0.975, 0)
    with trained_runtime.reading() as session:
        assert len(list(session.scalars(select(CheckRow)))) == 2


def test_a_look_at_too_few_labels_to_test_anything_costs_nothing(trained_runtime: Runtime) -> None:
    answered(trained_runtime, [True] * 30)
    assert check(trained_runtime, person="An", now=NOW).look == 0
    answered(trained_runtime, [True] * 29, start=30)
    assert check(trained_runtime, person="An", now=NOW).level == 0.95
    assert standing(trained_runtime).threshold is not None


REPLAYS = 40


def test_in_replays_through_the_store_the_promise_is_kept(
    tmp_path: Path, models_dir: Path, taxonomy_file: Path
) -> None:
    """Drawn answers say the truth, just too often wrong; learning picks are all right."""
    settings = Settings(home=tmp_path, taxonomy=taxonomy_file, models_dir=models_dir)
    runtime = open_runtime(settings)
    broken = 0
    for seed in range(REPLAYS):
        random = np.random.default_rng([seed, 3])
        _empty(runtime)
        answered(runtime, list(random.random(150) < 0.945))
        answered(runtime, [True] * 150, chosen="learning", start=150)
        broken += look(runtime).threshold is not None
    runtime.close()
    assert broken <= binom.ppf(0.999, REPLAYS, 0.05)


def _empty(runtime: Runtime) -> None:
    kept = {"taxonomies", "models", "alembic_version"}
    with runtime.writing() as session:
        for table in reversed(Table.metadata.sorted_tables):
            if table.name not in kept:
                session.execute(delete(table))


@pytest.fixture
def from_a_file(tmp_path: Path, settings: Settings, model: Model) -> Iterator[Runtime]:
    """A model that carries along what the random hold-out of its file showed."""
    held = [_held(number) for number in range(60)]
    folder = tmp_path / "from a file"
    extra = carried(outcomes(model, held, drawn=False))
    version = save(model, folder, today=date(2026, 11, 2), card="# Small\n", extra=extra)
    promote(folder, version)
    runtime = open_runtime(settings.model_copy(update={"models_dir": folder}))
    yield runtime
    runtime.close()


def _held(number: int) -> LabeledMessage:
    text = RedactedText(f"{LATE} regel {number}")
    return LabeledMessage(text=text, label=Label("delivery.late"), message_id=f"f-{number}")


def test_the_random_hold_out_of_a_file_counts_until_the_store_has_more(
    from_a_file: Runtime,
) -> None:
    assert look(from_a_file).evidence == 60
    assert climb(from_a_file).rung == "automate"
    answered(from_a_file, [True] * 50)
    assert check(from_a_file, person="An", now=NOW).answers == 60
    answered(from_a_file, [False] * 60, start=50)
    assert (look(from_a_file).labels, standing(from_a_file).rung) == (110, "select")


def test_a_carried_hold_out_holds_no_message_and_not_for_other_queues(
    from_a_file: Runtime, taxonomy: Taxonomy
) -> None:
    folder, model = from_a_file.settings.models_dir, from_a_file.current_model()
    assert model is not None
    written = (folder / model.version / HELD_OUT).read_text()
    assert "pakket" not in written
    assert "f-1" not in written
    moved = Taxonomy(tuple(replace(each, queue="one desk") for each in taxonomy.drivers))
    found = evidence([], model, moved, folder=folder, key=b"")
    assert found.counts.sum() == 0


def test_a_queue_that_gets_another_driver_has_to_be_promised_anew(
    trained_runtime: Runtime, model: Model, taxonomy: Taxonomy
) -> None:
    answered(trained_runtime, [True] * 60)
    look(trained_runtime)
    climb(trained_runtime)
    with trained_runtime.writing() as session:
        row = session.get_one(StandingRow, "logistics")
        row.threshold = 0.2
        assert thresholds_in_force(session, model, taxonomy).by_queue == {"logistics": 0.2}
        moved = Taxonomy(tuple(replace(each, queue="logistics") for each in taxonomy.drivers))
        assert thresholds_in_force(session, model, moved).by_queue == {}
