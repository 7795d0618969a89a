"""`waarom label pick` and what `waarom label status` says of the day."""

from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def archive(waarom, tmp_path):
    """An installation without a model, and 60 messages of half a year ago."""
    waarom("init")
    day = datetime.now(UTC) - timedelta(days=180)
    rows = ["id,text,received_at"] + [
        f"m-{n},vraag nummer {n} over mijn pakket,{day - timedelta(days=n % 20):%Y-%m-%dT%H:%M:%SZ}"
        for n in range(60)
    ]
    path = tmp_path / "messages.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    waarom("import", path)
    return waarom


def test_a_day_is_filled_up_and_told(archive):
    before = archive("label", "status").out.splitlines()
    assert before[1] == "Today: 0 answered; done for today"
    dry = archive("label", "pick", "--dry-run")
    assert dry.out.strip() == "The day lacked 40 questions; 40 would be picked (40 first)"
    assert archive("label", "status", "--json").document["today"]["left"] == 0
    picked = archive("label", "pick", "--json").document
    assert (picked["lacked"], picked["picked"], picked["why"]) == (40, 40, {"first": 40})
    assert archive("label", "pick").out.startswith("The day lacked 0 questions")
    after = archive("label", "status").out.splitlines()
    assert after[1] == "Today: 0 answered; 40 left, 40 of them picks"


def test_nothing_is_picked_where_the_setting_says_so(archive, monkeypatch):
    monkeypatch.setenv("WAAROM_QUESTIONS_A_DAY", "0")
    assert archive("label", "pick", "--json").document["picked"] == 0
