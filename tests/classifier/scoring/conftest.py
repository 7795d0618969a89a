"""A small model, really trained, and some thousand messages with a bad row here and there."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.model import Model
from classifier.scorer import Warming
from classifier.scoring import classify_lines
from classifier.taxonomy import flat_taxonomy
from classifier.training import TrainingConfig, train

WORDS = {
    "late": ("parcel", "late", "where", "still waiting", "delivery"),
    "refund": ("money", "back", "refund", "paid", "amount"),
    "broken": ("box", "broken", "torn", "damaged", "scratch"),
}
Messages = Callable[[str, int], Path]


@pytest.fixture(scope="session")
def trained() -> Model:
    """A model of three drivers, its scorer compiled."""
    messages = [
        LabeledMessage(text=RedactedText(f"{one} and {two} again"), label=Label(driver))
        for driver, words in WORDS.items()
        for one in words
        for two in words
    ]
    config = TrainingConfig(search=False, folds=2)
    model = train(messages, flat_taxonomy(WORDS), config=config).model
    object.__setattr__(model, "warming", Warming(model.pipeline))
    model.warming.warm_up()
    assert list(classify_lines(["mail kees@example.nl"], model, key=b"warm"))
    return model


@pytest.fixture
def messages(tmp_path: Path) -> Messages:
    """`messages("in.csv.gz", 1000)`: a file of so many rows, each twentieth of which is bad."""

    def made(name: str, count: int) -> Path:
        path = tmp_path / name
        rows = [_row(number) for number in range(count)]
        if name.endswith(".parquet"):
            pyarrow = pytest.importorskip("pyarrow")
            pytest.importorskip("pyarrow.parquet").write_table(
                pyarrow.Table.from_pylist(rows), path, row_group_size=1000
            )
            return path
        opened = gzip.open if name.endswith(".gz") else open
        with opened(path, "wt", encoding="utf-8", newline="") as file:
            if ".jsonl" in name:
                file.writelines(json.dumps(row) + "\n" for row in rows)
            else:
                table = csv.DictWriter(file, list(rows[0]))
                table.writeheader()
                table.writerows(rows)
        return path

    return made


def _row(number: int) -> dict[str, str]:
    words = [word for each in WORDS.values() for word in each]
    said = f"{words[number % 15]}, {words[number // 15 % 15]}\nand number {number}"
    id_ = f"kees{number}@example.nl" if number % 50 == 7 else f"m{number}"
    day = "yesterday" if number % 20 == 3 else "2026-11-20"
    return {"id": id_, "text": said, "received_at": day, "lang": "en" if number % 3 else ""}
