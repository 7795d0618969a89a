"""Files by a model that knows several drivers a message: every driver, in every format."""

import csv
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.messages import Label, LabeledMessage, Mention, Predictions, RedactedText
from classifier.readers import PortionSize
from classifier.scoring import COLUMNS, Plan, classify_file, classify_lines
from classifier.taxonomy import Driver, Taxonomy, flat_taxonomy
from classifier.training import TrainingConfig, train

KEY = b"a secret only the tests know"
WORDS = {"delivery": "parcel", "payment": "invoice", "=sum": "total"}
TAXONOMY = Taxonomy(
    tuple(Driver(id=driver, names={"en": word}, queue="desk") for driver, word in WORDS.items())
)
TEXTS = {
    "m1": "Where is my parcel. The invoice is wrong. The total too",
    "m2": "Nothing but a parcel in here",
    "m3": "Do you also sell bicycles in your shop?",
    "m4": "Here the invoice comes before the parcel",
}
ALSO = {"m1": ["payment", "=sum"], "m2": [], "m3": [], "m4": ["payment"]}


@dataclass(frozen=True)
class WordModel:
    """It is about every driver whose word is in it, about the first of them most."""

    threshold: float = 0.4
    taxonomy: Taxonomy = TAXONOMY
    version: str = "2026-11-22.1"
    mentions: str | None = "knows several"

    def judge(self, texts: Sequence[str], /) -> Predictions:
        found = np.array([[word in text.lower() for word in WORDS.values()] for text in texts])
        shares = found * np.array([3.0, 2.0, 1.0]) + 1e-9
        unknown = np.where(found.any(axis=1), 0.0, 1.0)
        return Predictions(tuple(WORDS), shares / shares.sum(axis=1, keepdims=True), unknown)

    def mentioned(
        self, texts: Sequence[str], predictions: Predictions, /
    ) -> list[tuple[Mention, ...]]:
        assert len(texts) == len(predictions)
        return [tuple(self._mentions(text)) for text in texts]

    def _mentions(self, text: str) -> Any:
        for driver, word in WORDS.items():
            start = text.lower().find(word)
            if start >= 0:
                yield Mention(driver, 0.91234567, True, ((start, start + len(word)),))
            else:
                yield Mention(driver, 0.03, False)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("id", "text", "lang"), *((k, t, "en") for k, t in TEXTS.items())]
        )
    return path


def classified(source: Path, name: str, model: WordModel, rows: int = 3) -> Path:
    out = source.with_name(name)
    classify_file(source, out, model, key=KEY, plan=Plan(size=PortionSize(rows=rows)))
    return out


def table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        found: list[dict[str, Any]] = (
            pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()
        )
        return found
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_table_has_a_last_column_of_the_other_drivers(source: Path, name: str) -> None:
    rows = table(classified(source, name, WordModel()))
    assert tuple(rows[0]) == (*COLUMNS, "also")
    assert {row["id"]: row["also"].split("|") if row["also"] else [] for row in rows} == ALSO


def test_a_driver_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("text\nthe total of the parcel\n")
    (row,) = table(classified(path, "out.csv", WordModel()))
    assert row["also"] == "'=sum"


def test_json_lines_hold_every_mention_and_where_it_stands(source: Path) -> None:
    out = classified(source, "out.jsonl", WordModel())
    rows = {row["id"]: row for row in map(json.loads, out.read_text().splitlines())}
    assert {name: row["also"] for name, row in rows.items()} == ALSO
    first, second, _ = rows["m1"]["mentions"]
    assert first == {"id": "delivery", "probability": 0.912346, "chosen": True, "spans": [[12, 18]]}
    assert TEXTS["m1"][slice(*second["spans"][0])] == "invoice"
    assert rows["m3"]["mentions"][0]["chosen"] is False
    assert "parcel" not in out.read_text()


def test_lines_say_what_a_file_says(source: Path) -> None:
    path = classified(source, "out.jsonl", WordModel())
    written = [json.loads(line) for line in path.read_text().splitlines()]
    said = list(classify_lines(TEXTS.values(), WordModel(), key=KEY, chunk=2))
    assert [{**row, "id": "", "language": ""} for row in said] == [
        {**row, "id": "", "language": ""} for row in written
    ]


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.csv.gz"])
def test_in_portions_of_one_it_is_the_same(source: Path, name: str) -> None:
    whole = classified(source, f"whole-{name}", WordModel(), rows=100).read_bytes()
    parts = classified(source, f"parts-{name}", WordModel(), rows=1).read_bytes()
    if name.endswith(".gz"):
        whole, parts = gzip.decompress(whole), gzip.decompress(parts)
    assert parts == whole


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_a_model_of_one_driver_a_message_writes_none_of_it(source: Path, name: str) -> None:
    single = classified(source, f"single-{name}", WordModel(mentions=None)).read_text()
    assert "also" not in single
    assert "mentions" not in single


def test_a_trained_model_writes_what_it_predicts(tmp_path: Path) -> None:
    words = {"late": ("parcel", "late", "waiting"), "refund": ("money", "refund", "paid")}
    single = [
        LabeledMessage(text=RedactedText(f"{one} and {two} again"), label=Label(driver))
        for driver, some in words.items()
        for one in some
        for two in some
    ]
    both = [
        LabeledMessage(text=RedactedText(f"My {one}. The {two}."), label=Label("late", ("refund",)))
        for one in words["late"]
        for two in words["refund"]
    ]
    config = TrainingConfig(search=False, folds=2)
    model = train([*single, *both], flat_taxonomy(words), config=config).model
    texts = [each.text for each in (*single, *both)]
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    classify_file(path, out, model, key=KEY, redacted=True, plan=Plan(size=PortionSize(rows=10)))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    for row, said in zip(rows, model.predict(texts), strict=True):
        assert row["also"] == (list(said.also) if row["driver"] else [])
        assert [each["id"] for each in row["mentions"]] == [each.driver for each in said.mentions]
        assert [each["probability"] for each in row["mentions"]] == pytest.approx(
            [each.probability for each in said.mentions], abs=1e-4
        )
    assert any(row["also"] for row in rows[len(single) :])
    assert not all(row["also"] for row in rows[: len(single)])
