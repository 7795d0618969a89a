"""From labels to a model version in use."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from classifier.errors import BadFile, TooFewLabels
from classifier.messages import Label
from classifier.registry import current_version, list_versions, load_model
from service.importing import ImportOptions, import_files
from service.labels import Answer, record
from service.learning import Source, gather, train_version
from service.tables import MessageRow
from service.versions import load_version, read_card

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DRIVERS = {
    "delivery.late": "pakket te laat",
    "delivery.damaged": "doos kapot",
    "payment.refund": "geld terug",
    "payment.invoice": "factuur met btw",
}


def quiet(line):
    pass


@pytest.fixture
def labels(tmp_path):
    rows = [
        f'{driver}-{number},"{words}, vraag {number}",{driver}'
        for driver, words in DRIVERS.items()
        for number in range(30)
    ]
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["id,text,label", *rows]))
    return path


@pytest.fixture
def many_labels(tmp_path):
    rows = [
        f'{driver}-{number},"{words}, vraag {number}",{driver}'
        for driver, words in DRIVERS.items()
        for number in range(95)
    ]
    path = tmp_path / "many.csv"
    path.write_text("\n".join(["id,text,label", *rows]))
    return path


def train(settings, source, *, promote=False):
    return train_version(settings, source, promote=promote, now=NOW)


def test_labels_in_the_store_and_in_a_file_train_the_same_model(settings, runtime, labels):
    import_files(runtime, [labels], ImportOptions(labels=True), now=NOW)
    stored = gather(settings, Source(), quiet)
    filed = gather(settings, Source(labels), quiet)
    assert stored.taxonomy.version == filed.taxonomy.version

    def rows(found):
        return sorted((row.message.text, str(row.message.label), row.holdout) for row in found.rows)

    assert rows(stored) == rows(filed)


def test_the_first_version_is_in_use_and_a_later_one_when_it_is_not_worse(settings, labels):
    first, second = train(settings, Source(labels)), train(settings, Source(labels))
    assert (first.promoted, second.promoted) == (True, True)
    assert list_versions(settings.models_dir) == [first.version, second.version]
    assert current_version(settings.models_dir) == second.version
    assert first.card.read_text().startswith(f"# Model {first.version}\n")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_retrain_keeps_the_choice_until_asked_to_search(settings, many_labels):
    def choice(**asked):
        made = train_version(settings, Source(many_labels), promote=False, now=NOW, **asked)
        found = load_model(settings.models_dir / made.version).manifest["choice"]
        assert any(found["name"] in remark for remark in made.remarks)
        assert found["name"] in made.card.read_text()
        return made.version, found

    version, first = choice()
    assert first["kept_from"] == ""
    assert choice()[1] == first | {"kept_from": version}
    assert choice()[1]["kept_from"] == version
    assert choice(search=True)[1] == first
    assert choice(search=False)[1]["tried"] == 0


def test_a_model_in_use_that_cannot_be_read_is_no_hindrance(settings, labels):
    first = train(settings, Source(labels))
    (settings.models_dir / first.version / "manifest.json").write_text("{}")
    assert train(settings, Source(labels)).promoted


def test_held_out_messages_never_train(settings, labels):
    made = train(settings, Source(labels))
    model = load_version(settings.models_dir, made.version)
    rows = gather(settings, Source(labels), quiet).rows
    held = [row.message.text for row in rows if row.holdout]
    assert held
    assert not any(model.trained_on(held))


def test_other_drivers_wait_to_be_promoted(settings, labels, tmp_path):
    first = train(settings, Source(labels))
    fewer = tmp_path / "fewer.csv"
    fewer.write_text(
        "\n".join(each for each in labels.read_text().splitlines() if "payment.refund" not in each)
    )
    made = train(settings, Source(fewer))
    assert not made.promoted
    assert "--promote" in made.reason
    assert current_version(settings.models_dir) == first.version
    asked = train(settings, Source(fewer), promote=True)
    assert asked.promoted
    assert "because you asked" in asked.reason


def test_a_label_outside_the_taxonomy_is_refused_before_training(settings, labels):
    labels.write_text(labels.read_text() + "\n9,iets anders,lost\n8,nog iets,delivery")
    with pytest.raises(BadFile, match=r"2 labels .*\(delivery, lost\)"):
        train(settings, Source(labels))
    assert list_versions(settings.models_dir) == []


def test_labels_of_another_subject_make_a_taxonomy_of_their_own(settings, tmp_path):
    path = tmp_path / "weather.csv"
    path.write_text("text,label\nzon vandaag,sun\nregen morgen,rain\n")
    found = gather(settings, Source(path), quiet)
    assert found.taxonomy.leaves == ("rain", "sun")
    assert "knows none of these labels" in found.remarks[0]
    with pytest.raises(BadFile, match="2 labels"):
        gather(settings, Source(path, taxonomy=settings.taxonomy), quiet)


def test_rows_that_cannot_be_used_are_said(settings, labels):
    labels.write_text(labels.read_text() + "\n7,,delivery.late\n")
    assert "1 of its rows could not be used" in gather(settings, Source(labels), quiet).remarks[0]


def test_a_message_larger_than_the_settings_allow_does_not_train(settings, labels):
    labels.write_text(labels.read_text() + f"\n7,{'x' * 300},delivery.late\n")
    small = settings.model_copy(update={"max_message_bytes": 200})
    found = gather(small, Source(labels), quiet)
    assert len(found.rows) == 120
    assert "larger than 200 bytes" in found.remarks[0]


def test_answers_of_two_people_to_one_message_are_second_opinions(settings, runtime, labels):
    import_files(runtime, [labels], ImportOptions(labels=True), now=NOW)
    with runtime.writing() as session:
        ids = list(session.scalars(select(MessageRow.id).order_by(MessageRow.id).limit(4)))
        same, other = Label("delivery.late"), Label("delivery.damaged")
        record(
            session,
            runtime,
            [
                said_of(ids[0], same, person="ann", chosen="audit"),
                said_of(ids[1], other, person="ann", chosen="audit"),
                said_of(ids[2], other, person="ann", chosen="correction"),
                said_of(ids[3], Label(None), person="ann", chosen="audit"),
            ],
            now=NOW,
        )
    opinions = gather(settings, Source(), quiet).opinions
    assert sorted(opinions) == [
        ("delivery.late", "delivery.damaged", 1.0),
        ("delivery.late", "delivery.late", 1.0),
    ]


def said_of(message_id, label, *, person, chosen):
    return Answer(
        message_id=message_id,
        label=label,
        person=person,
        door="test",
        door_ref=f"{person}-{message_id}",
        answered_at=NOW,
        chosen=chosen,
    )


def test_a_card_shows_the_learning_curve_of_its_training_messages(settings, tmp_path):
    words = {driver: [f"{driver[:5]}{n}" for n in range(60)] for driver in DRIVERS}
    rows = [
        f"{said[number % 60]} vraag {number},{driver}"
        for driver, said in words.items()
        for number in range(80)
    ]
    path = tmp_path / "many.csv"
    path.write_text("\n".join(["text,label", *rows]))
    made = train(settings, Source(path))
    assert made.evaluation["learning_curve"]["labels"] > 200
    assert "200 more labels are worth about" in made.card.read_text()
    assert (made.card.parent / "learning.svg").exists()
    assert load_version(settings.models_dir).manifest["learning_curve"]["extra"] == 200


def test_without_labels_the_words_of_the_taxonomy_make_a_model_that_routes_nothing(
    settings, runtime
):
    made = train(settings, Source())
    model = load_model(settings.models_dir)
    assert (made.promoted, made.evaluation, model.threshold) == (True, None, float("inf"))
    assert set(DRIVERS) <= set(model.drivers)


def test_without_labels_and_taxonomy_the_next_step_is_said(settings, runtime, tmp_path):
    settings.taxonomy = tmp_path / "none.toml"
    with pytest.raises(TooFewLabels, match="waarom import FILE --labels"):
        train(settings, Source())


def test_a_card_belongs_to_its_version(settings, labels):
    made = train(settings, Source(labels))
    card, manifest = read_card(settings.models_dir)
    assert card == made.card.read_text()
    assert manifest["files"].keys() >= {"model.joblib", "card.md"}
    assert load_model(settings.models_dir).version == made.version
