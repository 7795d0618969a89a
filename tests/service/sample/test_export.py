import csv
from datetime import date, datetime
from pathlib import Path

from classifier.messages import Direction, Label
from service.sample import generate, write_csv


def test_a_csv_holds_every_inbound_message_with_its_label(tmp_path: Path) -> None:
    messages = generate(until=date(2026, 11, 21), messages=500)
    write_csv(messages, tmp_path / "sample.csv")
    with (tmp_path / "sample.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    inbound = [m for m in messages if m.raw.direction is Direction.INBOUND]
    assert len(rows) == 500
    for row, message in zip(rows, inbound, strict=True):
        assert row["text"] == message.raw.text
        assert Label.parse(row["label"]) == message.truth
        assert datetime.fromisoformat(row["received_at"]) == message.raw.received_at
        assert (row["score"] != "") == (row["channel"] == "survey")
