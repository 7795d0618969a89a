"""Sure of the parent only: such a message is routed there, and is found, counted and corrected."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from classifier.messages import Label, LabeledMessage, RawMessage, RedactedText
from classifier.model import Model
from classifier.promise import outcomes
from classifier.registry import promote, save
from classifier.taxonomy import Driver, Taxonomy
from service.evidence import carried, evidence
from service.intake import receive
from service.labels import Answer, record, withdraw
from service.looks import routing_of
from service.messages import decisions_after, examples_of, view
from service.queues import overview
from service.rungs import drivers_of, thresholds_in_force
from service.runtime import Runtime
from service.standings import queues_of
from service.tables import StandingRow

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BETWEEN = "doos te laat, pakket kapot"
SURE = "waar blijft mijn pakket, te laat en nog niet bezorgd"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'waarom.db'}"


def send(runtime: Runtime, text: str = BETWEEN, name: str = "a") -> int:
    with runtime.writing() as session:
        message = RawMessage(text=text, external_id=name)
        (receipt,) = receive(session, runtime, [message], now=NOW)
        return receipt.message_id


def routed(runtime: Runtime, message: int) -> tuple[str, str | None, str, Sequence[str]]:
    with runtime.reading() as session:
        found = view(session, message).decision
        assert found is not None
        return found.status, found.driver, found.queue, found.doubts


def test_a_message_between_two_children_goes_to_the_queue_of_their_parent(
    trained_runtime: Runtime, model: Model
) -> None:
    message = send(trained_runtime)
    assert model.predict([BETWEEN])[0].confidence < 0.7 < model.threshold
    assert routed(trained_runtime, message) == ("auto", "delivery", "logistics", [])
    with trained_runtime.reading() as session:
        ((decision, _),) = decisions_after(session, 0, 10)
        found = {each.name: (each.meant, each.routed) for each in _queues(trained_runtime)}
    assert decision.driver == "delivery"
    assert found["logistics"] == (1, 1)


def _queues(runtime: Runtime):
    with runtime.reading() as session:
        return overview(session, runtime).queues


def test_where_the_queue_only_recommends_a_parent_routes_nothing_either(
    trained_runtime: Runtime,
) -> None:
    with trained_runtime.writing() as session:
        row = {"drivers": [], "target": 0.95, "level": 0.95, "labels": 0, "evidence": 0}
        session.add(_standing("logistics", "recommend", **row))
    status, driver, queue, doubts = routed(trained_runtime, send(trained_runtime))
    assert (status, queue, doubts[0]) == ("review", "triage", "only_recommends")
    assert driver == "delivery.late", "the proposal is a leaf, which a person can answer"


def test_examples_of_a_parent_are_those_that_stopped_there_and_those_below(
    trained_runtime: Runtime, taxonomy: Taxonomy
) -> None:
    between, sure = send(trained_runtime), send(trained_runtime, SURE, "b")

    def examples(driver: str) -> set[int]:
        with trained_runtime.reading() as session:
            shown = {"week": None, "channel": None, "before": None, "limit": 10}
            return {row.id for row, _ in examples_of(session, taxonomy, driver, **shown)}

    assert examples("delivery") == {between, sure}
    assert examples("delivery.late") == {sure}
    assert examples("payment") == set()


def test_a_persons_answer_takes_a_message_from_the_parent_to_a_leaf_and_back_when_withdrawn(
    trained_runtime: Runtime,
) -> None:
    message = send(trained_runtime)
    answer = Answer(
        message_id=message,
        label=Label("payment.refund"),
        person="anna",
        door="correction",
        door_ref="1",
        answered_at=NOW,
    )
    with trained_runtime.writing() as session:
        record(session, trained_runtime, [answer], now=NOW)
    assert routed(trained_runtime, message)[:3] == ("person", "payment.refund", "finance")
    with trained_runtime.writing() as session:
        withdraw(session, trained_runtime, "correction", ["1"], now=NOW)
    assert routed(trained_runtime, message)[:3] == ("auto", "delivery", "logistics")


def test_a_promise_is_of_the_parents_too_and_lapses_where_other_leaves_count_for_them(
    trained_runtime: Runtime, model: Model, taxonomy: Taxonomy
) -> None:
    drivers = drivers_of("logistics", model, taxonomy)
    assert drivers == [
        "delivery.damaged",
        "delivery.late",
        "delivery: delivery.damaged delivery.late",
    ]
    without = [each for each in drivers if ":" not in each]
    apart = _without_parents(taxonomy)
    assert drivers_of("logistics", model, apart) == without
    assert routing_of(model, apart) != routing_of(model, taxonomy)
    with trained_runtime.writing() as session:
        row = {"target": 0.95, "level": 0.95, "labels": 60, "evidence": 60, "threshold": 0.2}
        session.add(_standing("logistics", "automate", model=model.version, drivers=without, **row))
        session.flush()
        assert thresholds_in_force(session, model, apart).by_queue == {"logistics": 0.2}
        assert thresholds_in_force(session, model, taxonomy).by_queue == {}, "promised of leaves"


def _standing(queue: str, rung: str, **fields) -> StandingRow:
    return StandingRow(queue=queue, rung=rung, errors=0, lower=0.0, changed_at=NOW, **fields)


def _without_parents(taxonomy: Taxonomy) -> Taxonomy:
    """The same leaves and queues, and nothing above them."""
    leaves = (taxonomy.by_id[each] for each in taxonomy.leaves)
    return Taxonomy(
        tuple(replace(each, parent=None, queue=taxonomy.queue(each.id)) for each in leaves)
    )


def held_out(model: Model, taxonomy: Taxonomy) -> dict[str, bytes]:
    held = [
        LabeledMessage(text=RedactedText(f"{BETWEEN} regel {row}"), label=Label("delivery.late"))
        for row in range(60)
    ]
    return carried(outcomes(model, held, drawn=False, taxonomy=taxonomy))


def test_what_a_version_carries_counts_where_it_knows_the_parents_in_use(
    tmp_path: Path, model: Model, taxonomy: Taxonomy
) -> None:
    """One made before messages could stop at parents says nothing of those that would."""
    flat, folder = _without_parents(taxonomy), tmp_path / "models"
    for written, counting in ((taxonomy, 60), (flat, 0)):
        extra = held_out(model, written)
        version = save(model, folder, today=NOW.date(), card="# Small\n", extra=extra)
        promote(folder, version)
        found = evidence([], replace(model, version=version), taxonomy, folder=folder, key=b"")
        assert found.counts.sum() == counting
        moved = evidence([], replace(model, version=version), flat, folder=folder, key=b"")
        assert moved.counts.sum() == 0, "the parents of the model's own taxonomy are others"


def test_a_queue_that_only_a_parent_names_is_none_that_messages_go_to() -> None:
    drivers = (
        Driver(id="parcel", names={"en": "Parcel"}, queue="nobody"),
        Driver(id="parcel.late", parent="parcel", names={"en": "Late"}, queue="logistics"),
    )
    assert queues_of(Taxonomy(drivers)) == ["logistics"]
