"""What a model would have said of messages that were answered before it came into use."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Row, func, select

from classifier.errors import BadModel
from classifier.fold_predictions import FOLDS, read_folds
from classifier.model import Model
from classifier.registry import verify
from service.answered import ReadBy, drawn_answers
from service.importing import ImportOptions, import_files
from service.learning import Source, train_version
from service.recalibrations import begin_week
from service.runtime import Runtime, taxonomy_in_use
from service.settings import Settings
from service.tables import MessageRow, PredictionRow, RecalibrationRow
from service.terms import Columns, Logged, classified_text

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
BEFORE, THIS = "2026-W46", "2026-W47"
DRIVERS = {
    "delivery.late": ("pakket te laat", "nog niet bezorgd"),
    "delivery.damaged": ("doos kapot", "deuk erin"),
    "payment.refund": ("geld terug", "bedrag teruggestort"),
    "payment.invoice": ("factuur met btw", "rekening kwijt"),
}


@pytest.fixture
def answered_week(runtime: Runtime, tmp_path: Path) -> Path:
    """A week of 160 labeled messages, every fourth with a label that nothing in it explains."""
    names = list(DRIVERS)
    lines = ["id,text,label"]
    for place, (driver, words) in enumerate(DRIVERS.items()):
        for number in range(40):
            label = names[(place + 1 + number % 3) % 4] if number % 4 == 0 else driver
            said = " ".join(f"woord{letter}" for letter in f"{place}{number}".translate(LETTERS))
            lines.append(f"{driver}-{number},{words[number % 2]} {said},{label}")
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    import_files(runtime, [path], ImportOptions(labels=True), now=NOW - WEEK)
    return path


LETTERS = str.maketrans("0123456789", "abcdefghij")


def trained(settings: Settings, source: Source) -> str:
    return train_version(settings, source, promote=True, now=NOW, search=False).version


def in_use(runtime: Runtime) -> Model:
    model = runtime.current_model()
    assert model is not None
    return model


def stored(runtime: Runtime, model: str) -> Sequence[Row[Any]]:
    with runtime.reading() as session:
        columns = Columns.of(taxonomy_in_use(session, runtime))
        return drawn_answers(session, BEFORE, columns, model).rows


def test_what_it_was_trained_on_is_read_as_folds_did_and_the_rest_by_itself(
    settings: Settings, runtime: Runtime, answered_week: Path
) -> None:
    version = trained(settings, Source())
    model, rows = in_use(runtime), stored(runtime, version)
    folds = read_folds(settings.models_dir / version / FOLDS)
    texts = [classified_text(row.subject, row.text) for row in rows]
    seen, kept = model.trained_on(texts), folds.find(texts)
    assert 100 < seen.sum() < len(rows) == 160
    assert [each is not None for each in kept] == seen.tolist()
    found = ReadBy(model, settings.models_dir).logged(rows)
    expected = [old or new for old, new in zip(kept, model.predict(texts), strict=True)]
    assert found == [Logged.of(each, version) for each in expected]


def test_a_new_model_begins_its_week_with_what_folds_teach(
    settings: Settings, runtime: Runtime, answered_week: Path
) -> None:
    """Also in the middle of one, and not as if it had known the answers beforehand."""
    assert begin_week(runtime, now=NOW) is None
    first = trained(settings, Source())
    assert begin_week(runtime, now=NOW) == f"{THIS}/provisional/{first}"
    version = trained(settings, Source())
    made = begin_week(runtime, now=NOW + timedelta(hours=1))
    assert made == f"{THIS}/provisional/{version}" != f"{THIS}/provisional/{first}"
    with runtime.reading() as session:
        parameters = session.get_one(RecalibrationRow, made).parameters
    assert parameters["q"] != pytest.approx(0.9 * np.array(parameters["q_base"]) + 0.1 / 7)
    assert parameters["epsilon"] >= 0.1, "a quarter of the labels cannot be foretold"


def test_a_model_trained_from_a_file_knows_the_same_messages_in_the_store(
    settings: Settings, runtime: Runtime, answered_week: Path
) -> None:
    version = trained(settings, Source(answered_week))
    rows = stored(runtime, version)
    texts = [classified_text(row.subject, row.text) for row in rows]
    found = read_folds(settings.models_dir / version / FOLDS).find(texts)
    assert [each is not None for each in found] == in_use(runtime).trained_on(texts).tolist()


def test_what_a_model_predicted_when_it_came_stays_what_it_said(
    settings: Settings, runtime: Runtime, answered_week: Path
) -> None:
    version = trained(settings, Source())
    said = {"model": version, "recalibration": "none", "taxonomy": "t", "confidence": 0.5}
    logged = {"top": [["delivery.late", 0.4]], "rest": 0.6, "unknown": 0.1, "mentions": []}
    with runtime.writing() as session:
        first = session.scalar(select(func.min(MessageRow.id)))
        made = PredictionRow(message_id=first, first=True, made_at=NOW, **said, **logged)
        session.add(made)
    found = ReadBy(in_use(runtime), settings.models_dir).logged(stored(runtime, version))
    assert found[0] == Logged(version, [["delivery.late", 0.4]], 0.6, 0.1)


def test_a_version_without_folds_teaches_by_messages_it_never_saw(
    settings: Settings, runtime: Runtime, answered_week: Path
) -> None:
    version = trained(settings, Source())
    model, rows = in_use(runtime), stored(runtime, version)
    found = ReadBy(model, settings.models_dir / "elsewhere").logged(rows)
    seen = model.trained_on([classified_text(row.subject, row.text) for row in rows])
    assert [each is None for each in found] == seen.tolist()
    with runtime.reading() as session:
        columns = Columns.of(taxonomy_in_use(session, runtime))
        week = drawn_answers(session, BEFORE, columns, version)
    read = week.read_by(ReadBy(model, settings.models_dir / "elsewhere"))
    assert len(read.logged) == len(read.labels) == len(read.inclusion) == (~seen).sum()


def test_the_folds_in_a_version_are_verified_before_they_are_read(
    settings: Settings, runtime: Runtime, answered_week: Path
) -> None:
    version = trained(settings, Source())
    path = settings.models_dir / version / FOLDS
    assert FOLDS in verify(path.parent)["files"]
    model = in_use(runtime)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BadModel, match=FOLDS):
        ReadBy(model, settings.models_dir).logged(stored(runtime, version))
