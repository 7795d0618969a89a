"""What files tell of their labels: read where it is understood, passed over where it is not."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from classifier.messages import GivenLabel, Label, RawMessage
from classifier.readers import read_messages

TOLD = {
    "chosen": "audit",
    "counts": "true",
    "inclusion": "0.25",
    "origin": "accepted",
    "person": "ann",
    "answered_at": "2026-11-02T10:00:00+01:00",
    "note": "let op",
    "suggestion": "spaarpunten",
    "personal_data": "TRUE",
}


def message(path: Path, **options: Any) -> RawMessage:
    (found,) = read_messages(path, **({"labels": True} | options))
    assert isinstance(found, RawMessage), found
    return found


def lines(tmp_path: Path, **row: Any) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"text": "kapot"} | row) + "\n", encoding="utf-8")
    return path


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "in.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("label", "also", "expected"),
    [
        ("a", "b|c", Label("a", ("b", "c"))),
        ("a|b", "b|c|a", Label("a", ("b", "c"))),
        ("", "b", Label(None, ("b",))),
        ("unknown", "unknown|b", Label(None, ("b",))),
        ("a", "", Label("a")),
        (None, None, Label(None)),
        (["a", "b"], ["c"], Label("a", ("b", "c"))),
    ],
)
def test_the_other_drivers_may_stand_in_a_column_of_their_own(
    tmp_path: Path, label: Any, also: Any, expected: Label
) -> None:
    assert message(lines(tmp_path, label=label, also=also)).label == expected


def test_how_a_message_was_chosen_is_read_with_its_label(tmp_path: Path) -> None:
    given = GivenLabel(
        label=Label("a"),
        person="ann",
        answered_at=datetime(2026, 11, 2, 9, tzinfo=UTC),
        chosen="audit",
        inclusion=0.25,
        origin="accepted",
        note="let op",
        suggestion="spaarpunten",
        personal_data=True,
    )
    assert message(lines(tmp_path, label="a", **TOLD)).given == (given,)
    assert message(lines(tmp_path, label="a", **TOLD), labels=False).given == ()
    assert message(lines(tmp_path, label="a")).given == ()


@pytest.mark.parametrize(
    ("counts", "inclusion", "expected"),
    [
        ("TRUE", "0,25", 0.25),
        (True, 1, 1.0),
        (False, 0.25, None),
        ("", "0.25", None),
        ("true", "0", None),
        ("true", "1.5", None),
        ("true", "nan", None),
        ("true", "vaak", None),
    ],
)
def test_a_probability_is_one_only_of_a_label_that_counts(
    tmp_path: Path, counts: Any, inclusion: Any, expected: float | None
) -> None:
    path = lines(tmp_path, label="a", chosen="x", counts=counts, inclusion=inclusion)
    assert message(path).given[0].inclusion == expected


@pytest.mark.parametrize("odd", ["x" * 20_000, "\0", {"a": 1}, [1], "Een hele zin.", None, 5])
def test_columns_of_these_names_in_files_of_others_keep_nothing_out(
    tmp_path: Path, odd: Any
) -> None:
    names = (*TOLD.keys() - {"note", "suggestion", "person"}, "attributes")
    found = message(lines(tmp_path, label="a", **dict.fromkeys(names, odd)))
    assert (found.label, found.given, found.attributes) == (Label("a"), (), {})
    assert message(lines(tmp_path, label="a", note=odd, person=odd)).label == Label("a")


def test_attributes_may_stand_together_in_one_column(tmp_path: Path) -> None:
    asked = {"shop": "nl", "n": 5, "leeg": ""}
    assert message(lines(tmp_path, label="a", attributes=asked)).attributes == {"shop": "nl"}
    path = lines(tmp_path, label="a", attributes=json.dumps(asked), product="lamp")
    assert message(path).attributes == {"shop": "nl", "product": "lamp"}


def test_an_apostrophe_before_a_formula_goes_in_our_own_export_only(tmp_path: Path) -> None:
    ours = table(tmp_path, "text,label,also,chosen,counts", "'=1+1,'-a,,audit,true")
    assert (message(ours).text, message(ours).label) == ("=1+1", Label("-a"))
    theirs = table(tmp_path, "text,label,chosen,counts", "'=1+1,'-a,audit,true")
    assert (message(theirs).text, message(theirs).label) == ("'=1+1", Label("'-a"))


def test_two_columns_of_one_of_these_names_do_not_matter(tmp_path: Path) -> None:
    path = table(tmp_path, "text,label,note,note", "kapot,a,een,twee")
    assert message(path).given[0].note == "twee"


def test_parquet_tells_the_same(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    columns = {"text": ["kapot"], "label": ["a"], "also": [["b"]], "chosen": ["audit"]}
    nested = {"person": [{"name": "ann"}], "counts": [True], "inclusion": [0.5]}
    pyarrow.parquet.write_table(pyarrow.table(columns | nested), path)
    found = message(path)
    assert found.label == Label("a", ("b",))
    assert found.given == (GivenLabel(label=found.label, chosen="audit", inclusion=0.5),)
