"""Parquet files as other programs write them."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from classifier.errors import BadFile
from classifier.messages import Label, RawMessage, Rejected
from classifier.readers import PortionSize, Reading, Rows, read_messages, read_portions

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def written(folder: Path, columns: dict[str, Any], name: str = "in.parquet") -> Path:
    parquet.write_table(pyarrow.table(columns), folder / name, row_group_size=2)
    return folder / name


def test_values_of_any_kind_are_read_as_a_csv_file_would_hold_them(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
    path = written(
        tmp_path,
        {
            "ID": [1, 2, 3],
            "Text": pyarrow.array(["late", "broken", "late"]).dictionary_encode(),
            "received_at": pyarrow.array([moment, None, moment], pyarrow.timestamp("ns", "UTC")),
            "nps": [7.0, None, 11.0],
            "label": [["a", "b"], [], None],
            "vector": [[0.1], [0.2], [0.3]],
        },
    )
    first, second, third = read_messages(path, labels=True)
    assert isinstance(first, RawMessage)
    assert isinstance(second, RawMessage)
    assert (first.external_id, first.text, first.received_at) == ("1", "late", moment)
    assert (first.scores, first.label) == ({"nps": 7.0}, Label("a", ("b",)))
    assert (second.received_at, second.scores, second.label) == (None, {}, Label(None))
    assert isinstance(third, Rejected)
    assert (third.line, third.field) == (3, "nps")


def test_dates_and_local_times_are_read(tmp_path: Path) -> None:
    days = [date(2026, 11, 21), date(1800, 1, 1)]
    first, second = read_messages(written(tmp_path, {"text": ["a", "b"], "created_at": days}))
    assert isinstance(first, RawMessage)
    assert first.received_at == datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    assert isinstance(second, Rejected)


def test_a_batch_of_long_texts_is_cut_into_portions(tmp_path: Path) -> None:
    path = written(tmp_path, {"text": ["long " * 1000] * 10})
    size, reading = PortionSize(rows=10, characters=12_000), Reading()
    portions = list(read_portions(path, reading, size))
    assert max(len(each.columns(Rows(path, reading))) for each in portions) <= 3
    lines = [line for each in portions for line in each.columns(Rows(path, reading)).lines]
    assert lines == list(range(1, 11))
    assert portions[-1].share == 1.0


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"body": ["a"]}, "no column 'text'"),
        ({"text": [1]}, "must hold texts"),
        ({"text": ["a"], "id": [["b"]]}, "must hold single values"),
        ({"text": ["a"], "Text": ["b"]}, "occurs twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_at_once(
    tmp_path: Path, columns: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadFile, match=words):
        read_messages(written(tmp_path, columns))


def test_a_file_that_is_cut_off_or_something_else_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, {"text": ["a"] * 100})
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BadFile, match="not a whole Parquet file"):
        read_messages(path)
    with pytest.raises(BadFile, match="no such file"):
        read_messages(tmp_path / "none.parquet")
    with pytest.raises(BadFile, match="compressed inside"):
        read_messages(path.rename(tmp_path / "in.parquet.gz"))


def test_a_file_that_is_broken_further_on_is_said_to_be(tmp_path: Path) -> None:
    path = written(tmp_path, {"text": [f"text number {row}" for row in range(5000)]})
    content = bytearray(path.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 200] = b"\xff" * 200
    path.write_bytes(content)
    with pytest.raises(BadFile, match="broken or cut off"):
        list(read_messages(path))
