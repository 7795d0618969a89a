"""Rows read as columns, in portions, are the rows read one by one."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.messages import Direction, RawMessage, Rejected
from classifier.readers import PortionSize, Reading, Rows, read_messages, read_portions

NAMES = ("id", "text", "subject", "lang", "channel", "received_at", "direction", "nps", "product")
WORDS = st.text(st.characters(exclude_characters="\r"), max_size=12)
VALUES = {
    "text": st.one_of(WORDS, st.sampled_from(["", " ", "where\nis it", "a\0b", "half \ud800 one"])),
    "subject": st.sampled_from(["", "Re: parcel", "\0"]),
    "lang": st.sampled_from(["", "nl", "NL-be", "en_US"]),
    "channel": st.sampled_from(["", "Email", "survey"]),
    "received_at": st.sampled_from(["", "2026-11-21", "1800-01-01", "soon", "2026-11-21T10:00Z"]),
    "direction": st.sampled_from(["", "inbound", "OUTBOUND", "up"]),
    "nps": st.sampled_from(["", "7", "11", "many"]),
    "product": st.sampled_from(["", "bike", "x" * 1001]),
    "id": st.one_of(st.just(""), WORDS),
}
ROWS = st.lists(st.fixed_dictionaries({name: VALUES[name] for name in NAMES}), max_size=12)


def one_by_one(path: Path) -> tuple[list[Any], list[Rejected]]:
    """Of every inbound message what classification needs, and the rows refused."""
    found = list(read_messages(path))
    inbound = [
        (
            *(each.source.rpartition(":")[2], each.external_id or ""),
            *(each.text, each.subject, each.language or "", each.channel),
        )
        for each in found
        if isinstance(each, RawMessage) and each.direction is Direction.INBOUND
    ]
    return inbound, [each for each in found if isinstance(each, Rejected)]


def by_column(path: Path, rows: int) -> tuple[list[Any], list[Rejected]]:
    reading = Reading()
    inbound: list[Any] = []
    refused: list[Rejected] = []
    for portion in read_portions(path, reading, PortionSize(rows=rows)):
        found = portion.columns(Rows(path, reading))
        columns = (found.ids, found.texts, found.subjects, found.languages, found.channels)
        inbound += zip(map(str, found.lines), *columns, strict=True)
        refused += [each for each in found.rejected if "only inbound" not in each.reason]
    return inbound, refused


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    rows = [{name: row[name] for name in NAMES} for row in rows]
    if path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n\n" for row in rows) + "[1]\n{\n{}\n")
        return path
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        table = csv.DictWriter(file, NAMES)
        table.writeheader()
        table.writerows(rows)
        file.write('one,two\r\n\r\n"a ""quoted"" text"\n')
    return path


@pytest.mark.parametrize("name", ["in.csv", "in.jsonl"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, size=st.integers(1, 5))
def test_columns_hold_what_messages_hold(
    tmp_path: Path, name: str, rows: list[dict[str, str]], size: int
) -> None:
    path = written(tmp_path / name, rows)
    assert by_column(path, size) == one_by_one(path)


def test_a_portion_has_no_more_rows_than_asked_and_the_last_ends_the_file(tmp_path: Path) -> None:
    row = dict.fromkeys(NAMES, "") | {"text": "where is it"}
    path = written(tmp_path / "in.csv", [row] * 10)
    portions = list(read_portions(path, Reading(), PortionSize(rows=4)))
    lines = [len(portion.columns(Rows(path, Reading())).lines) for portion in portions]
    assert lines == [4, 4, 2, 0]
    assert portions[-1].share == 1.0
