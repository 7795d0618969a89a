"""A file of messages in, a row each out: in order, whole, without a word of what was written."""

import csv
import gzip
import json
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.errors import BadFile
from classifier.language import detect_language
from classifier.messages import Predictions
from classifier.readers import PortionSize
from classifier.scoring import COLUMNS, Plan, Progress, classify_file, classify_lines
from classifier.taxonomy import Driver, Taxonomy

KEY = b"a secret only the tests know"
TAXONOMY = Taxonomy(
    (
        Driver(id="delivery", names={"en": "Delivery"}, queue="logistics"),
        Driver(id="payment", names={"en": "Payment"}, queue="=finance"),
    )
)


@dataclass
class WordModel:
    """Sure of a delivery when it reads "parcel", of a payment when "invoice"; else at a loss."""

    threshold: float = 0.8
    taxonomy: Taxonomy = TAXONOMY
    version: str = "2026-11-21.1"
    read: list[str] = field(default_factory=list)
    largest: int = 0

    def judge(self, texts: Sequence[str], /) -> Predictions:
        self.read = [*self.read, *texts][-50:]
        self.largest = max(self.largest, len(texts))
        found = np.array([self._delivery(text.lower()) for text in texts])
        unknown = np.where(found == 0.5, 0.6, 0.0)
        return Predictions(("delivery", "payment"), np.stack([found, 1 - found], axis=1), unknown)

    def _delivery(self, words: str) -> float:
        return 0.95 if "parcel" in words else 0.05 if "invoice" in words else 0.5


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


THREE = [
    {"id": "m3", "text": "Where is my parcel, it should have been here by now?", "lang": "en"},
    {"id": "m1", "text": "I was sent the same invoice twice this month", "lang": "en"},
    {"id": "m2", "text": "Do you also sell bicycles in your shop?", "lang": "en"},
]


def test_a_row_for_each_message_with_its_id_in_the_same_order(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    report = classify_file(written(tmp_path / "in.csv", THREE), out, WordModel(), key=KEY)
    rows = table(out)
    assert tuple(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == ["m3", "m1", "m2"]
    assert [row["driver"] for row in rows] == ["delivery", "payment", ""]
    assert [row["decision"] for row in rows] == ["auto", "auto", "review"]
    assert [row["score"] for row in rows] == ["0.95", "0.95", "0.2"]
    assert rows[2]["queue"] == "triage"
    assert rows[2]["doubts"] == "low_confidence|unknown_driver|narrow_margin"
    assert (report.rows, report.rejected, report.rejected_file) == (3, 0, None)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_jsonl_adds_the_likeliest_drivers_on_the_same_scale_as_the_score(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl.gz"
    classify_file(written(tmp_path / "in.csv", THREE), out, WordModel(), key=KEY)
    rows = [json.loads(line) for line in gzip.decompress(out.read_bytes()).splitlines()]
    assert set(rows[0]) == {*COLUMNS, "drivers"}
    assert [each["score"] for each in rows[2]["drivers"]] == [0.2, 0.2]
    assert rows[2]["unknown"] + 0.2 + 0.2 == pytest.approx(1.0)
    assert rows[2]["driver"] is None
    assert rows[2]["doubts"] == ["low_confidence", "unknown_driver", "narrow_margin"]


def test_gzipped_jsonl_is_read_directly(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in THREE).encode()))
    out = tmp_path / "out.csv"
    assert classify_file(path, out, WordModel(), key=KEY).rows == 3


def test_no_cell_can_be_a_formula(tmp_path: Path) -> None:
    rows = [{**THREE[1], "id": each} for each in ("=1+1", "+x", "-x", "@x", "x=1")]
    out = tmp_path / "out.csv"
    classify_file(written(tmp_path / "in.csv", rows), out, WordModel(), key=KEY)
    assert [row["id"] for row in table(out)] == ["'=1+1", "'+x", "'-x", "'@x", "x=1"]
    assert {row["queue"] for row in table(out)} == {"'=finance"}


def test_the_model_reads_redacted_text_only_and_no_text_is_written(tmp_path: Path) -> None:
    rows = [{"id": "jan@example.nl", "text": "My parcel never came, mail me at jan@example.nl"}]
    source, model = written(tmp_path / "in.csv", rows), WordModel()
    out = tmp_path / "out.jsonl"
    classify_file(source, out, model, key=KEY)
    assert model.read == ["My parcel never came, mail me at [email]"]
    said = out.read_text(encoding="utf-8")
    assert "parcel" not in said
    assert "jan" not in said
    again = tmp_path / "again.jsonl"
    classify_file(source, again, model, key=KEY)
    assert lines(out)[0]["id"] == lines(again)[0]["id"]


def test_text_that_is_redacted_already_is_left_as_it_is(tmp_path: Path) -> None:
    model = WordModel()
    rows = [{"id": "m1", "text": "the parcel for anna@example.nl is late"}]
    classify_file(
        written(tmp_path / "in.csv", rows), tmp_path / "o.csv", model, key=KEY, redacted=True
    )
    assert model.read == ["the parcel for anna@example.nl is late"]


def test_the_subject_is_read_before_the_text(tmp_path: Path) -> None:
    model = WordModel()
    rows = [{"id": "m1", "subject": "Wrong invoice", "text": "Please look at it again today"}]
    classify_file(written(tmp_path / "in.csv", rows), tmp_path / "out.csv", model, key=KEY)
    assert model.read == ["Wrong invoice\nPlease look at it again today"]


def test_a_message_without_an_id_is_named_by_its_line(tmp_path: Path) -> None:
    rows = [{"text": "where is the parcel"}, {"text": "the invoice is wrong"}]
    out = tmp_path / "out.csv"
    classify_file(written(tmp_path / "in.csv", rows), out, WordModel(), key=KEY)
    assert [row["id"] for row in table(out)] == ["2", "3"]


def test_rejected_rows_are_listed_by_place_and_reason_never_by_content(tmp_path: Path) -> None:
    rows = [
        {"id": "m1", "text": "where is the parcel", "received_at": "2026-11-20"},
        {"id": "m2", "text": "a secret about a parcel", "received_at": "the day before"},
        {"id": "m3", "text": "the invoice is wrong", "received_at": ""},
    ]
    out = tmp_path / "out.csv"
    report = classify_file(written(tmp_path / "in.csv", rows), out, WordModel(), key=KEY)
    assert [row["id"] for row in table(out)] == ["m1", "m3"]
    assert (report.rows, report.rejected) == (2, 1)
    assert report.rejected_file == tmp_path / "out.csv.rejected.jsonl"
    (refused,) = lines(report.rejected_file)
    assert (refused["line"], refused["field"]) == (3, "received_at")
    assert "secret" not in json.dumps(refused)
    assert "day before" not in json.dumps(refused)


def test_outbound_messages_are_not_classified_and_said_to_be_so(tmp_path: Path) -> None:
    rows = [
        {"id": "m1", "text": "we sent your parcel", "direction": "outbound"},
        {"id": "m2", "text": "where is my parcel", "direction": "inbound"},
    ]
    out = tmp_path / "out.csv"
    report = classify_file(written(tmp_path / "in.csv", rows), out, WordModel(), key=KEY)
    assert [row["id"] for row in table(out)] == ["m2"]
    assert report.rejected_file is not None
    (refused,) = lines(report.rejected_file)
    assert (refused["line"], refused["field"]) == (2, "direction")


def test_a_run_without_rejections_clears_the_list_of_the_run_before(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    old = tmp_path / "out.csv.rejected.jsonl"
    old.write_text("{}\n")
    classify_file(written(tmp_path / "in.csv", THREE), out, WordModel(), key=KEY)
    assert not old.exists()


def test_a_failure_halfway_leaves_the_old_result_and_what_was_done(tmp_path: Path) -> None:
    class Failing(WordModel):
        def judge(self, texts: Sequence[str], /) -> Predictions:
            if len(self.read) >= 50:
                raise MemoryError
            return super().judge(texts)

    source = written(tmp_path / "in.csv", THREE * 500)
    out = tmp_path / "out.csv"
    out.write_text("the old result")
    plan = Plan(size=PortionSize(rows=1000))
    with pytest.raises(MemoryError):
        classify_file(source, out, Failing(), key=KEY, redacted=True, plan=plan)
    assert out.read_text() == "the old result"
    kept = sorted(each.name for each in tmp_path.iterdir())
    assert kept == [".out.csv.part", "in.csv", "out.csv"]
    classify_file(source, out, WordModel(), key=KEY, redacted=True, plan=plan)
    assert [row["id"] for row in table(out)] == ["m3", "m1", "m2"] * 500


def test_a_failure_at_once_leaves_the_old_result_and_nothing_else(tmp_path: Path) -> None:
    class Failing(WordModel):
        def judge(self, texts: Sequence[str], /) -> Predictions:
            raise MemoryError

    source, out = written(tmp_path / "in.csv", THREE), tmp_path / "out.csv"
    out.write_text("the old result")
    with pytest.raises(MemoryError):
        classify_file(source, out, Failing(), key=KEY)
    assert out.read_text() == "the old result"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("out.xlsx", "named .csv"), ("no/out.csv", "folder"), ("in.csv", "overwrite")],
)
def test_a_result_that_cannot_be_written_is_refused_at_once(
    tmp_path: Path, name: str, words: str
) -> None:
    source = written(tmp_path / "in.csv", THREE)
    with pytest.raises(BadFile, match=words):
        classify_file(source, tmp_path / name, WordModel(), key=KEY)
    assert table(source) == THREE


def test_a_file_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        classify_file(tmp_path / "none.csv", tmp_path / "out.csv", WordModel(), key=KEY)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_messages_and_portions_bound_the_memory(tmp_path: Path) -> None:
    words = "the parcel " + "and so on " * 100
    rows = [{"id": f"m{row}", "text": f"{words} {row}", "lang": "en"} for row in range(4_500)]
    source = written(tmp_path / "in.csv", rows)
    del rows
    seen: list[Progress] = []
    model, plan = WordModel(), Plan(jobs=1, size=PortionSize(rows=1000))
    detect_language("What it knows of languages is loaded once, whatever the file.")
    tracemalloc.start()
    classify_file(
        source, tmp_path / "o.csv", model, key=KEY, redacted=True, progress=seen.append, plan=plan
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [at.rows for at in seen] == [0, 1000, 2000, 3000, 4000, 4500]
    assert [round(at.share, 1) for at in seen] == [0.0, 0.2, 0.4, 0.7, 0.9, 1.0]
    assert model.largest == 1000
    assert peak < source.stat().st_size  # 4.6 MB


def test_a_portion_of_long_texts_has_fewer_rows(tmp_path: Path) -> None:
    rows = [{"id": f"m{row}", "text": "the parcel " * 1000} for row in range(25)]
    model, plan = WordModel(), Plan(size=PortionSize(characters=100_000))
    source = written(tmp_path / "in.csv", rows)
    out = tmp_path / "o.csv"
    classify_file(source, out, model, key=KEY, redacted=True, plan=plan)
    assert model.largest == 10
    assert [row["id"] for row in table(out)] == [row["id"] for row in rows]


def test_lines_are_messages_numbered_from_one() -> None:
    rows = list(classify_lines(["my parcel\n", "\n", "the invoice\r\n"], WordModel(), key=KEY))
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert [row["driver"] for row in rows] == ["delivery", None, "payment"]
    assert rows[1]["decision"] == "review"
    assert json.loads(json.dumps(rows)) == rows


def test_lines_come_out_a_chunk_at_a_time() -> None:
    asked: list[int] = []

    def endless() -> Any:
        while True:
            asked.append(1)
            yield "my parcel\n"

    answers = classify_lines(endless(), WordModel(), key=KEY, chunk=2)
    next(answers)
    assert len(asked) == 2
