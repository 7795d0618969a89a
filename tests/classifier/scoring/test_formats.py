"""The same answers in every format, and in processes that share nothing."""

import csv
import gzip
import json
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from classifier.errors import BadFile
from classifier.model import Model
from classifier.readers import PortionSize
from classifier.registry import load_model, save
from classifier.scoring import COLUMNS, Plan, classify_file

KEY = b"a secret only the tests know"
Messages = Callable[[str, int], Path]


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a result, as a table would hold them."""
    if path.suffix == ".parquet":
        found = pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()
    elif ".jsonl" in path.suffixes:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as file:
            found = [json.loads(line) for line in file]
        found = [{**row, "doubts": "|".join(row["doubts"])} for row in found]
    else:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
    return [{name: str(row[name] or "") for name in COLUMNS} for row in found]


@pytest.mark.parametrize("source", ["in.csv", "in.csv.gz", "in.jsonl", "in.jsonl.gz", "in.parquet"])
def test_every_kind_of_file_gives_the_same_rows(
    messages: Messages, tmp_path: Path, trained: Model, source: str
) -> None:
    plan = Plan(size=PortionSize(rows=30))
    expected, out = tmp_path / "expected.csv", tmp_path / "out.csv"
    classify_file(messages("expected-in.csv", 100), expected, trained, key=KEY, plan=plan)
    report = classify_file(messages(source, 100), out, trained, key=KEY, plan=plan)
    assert (report.rows, report.rejected) == (95, 5)
    assert out.read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("result", ["out.csv.gz", "out.jsonl", "out.jsonl.gz", "out.parquet"])
def test_every_kind_of_result_has_the_same_columns(
    messages: Messages, tmp_path: Path, trained: Model, result: str
) -> None:
    path, plan = messages("in.csv", 100), Plan(size=PortionSize(rows=30))
    expected, out = tmp_path / "expected.csv", tmp_path / result
    classify_file(path, expected, trained, key=KEY, plan=plan)
    classify_file(path, out, trained, key=KEY, plan=plan)
    scores = ("score", "unknown")
    assert [{**row, **{name: float(row[name] or 0) for name in scores}} for row in read(out)] == [
        {**row, **{name: float(row[name] or 0) for name in scores}} for row in read(expected)
    ]


def test_processes_that_share_no_memory_say_the_same(
    messages: Messages, tmp_path: Path, trained: Model
) -> None:
    version = tmp_path / save(trained, tmp_path, today=date(2026, 11, 22), card="")
    model = load_model(version)
    path, outs = messages("in.csv", 100), [tmp_path / name for name in ("a.csv", "b.csv")]
    plans = [
        Plan(jobs=2, start="fork", size=PortionSize(rows=30)),
        Plan(jobs=2, start="spawn", size=PortionSize(rows=30), load=partial(load_model, version)),
    ]
    jobs = [
        classify_file(path, out, model, key=KEY, plan=plan).jobs
        for out, plan in zip(outs, plans, strict=True)
    ]
    assert jobs == [2, 2]
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_parquet_without_pyarrow_says_what_to_install(
    messages: Messages, tmp_path: Path, trained: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = messages("in.parquet", 10)
    for name in ("pyarrow", "pyarrow.compute", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(BadFile, match=r"waarom\[parquet\]"):
        classify_file(path, tmp_path / "out.csv", trained, key=KEY)
    with pytest.raises(BadFile, match=r"waarom\[parquet\]"):
        classify_file(messages("in.csv", 10), tmp_path / "out.parquet", trained, key=KEY)
    assert not (tmp_path / ".out.parquet.part").exists()
