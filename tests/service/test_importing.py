"""Files into the store: what is good goes through, what is bad is kept aside, twice is once."""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from classifier.errors import BadFile
from classifier.messages import RawMessage
from service.importing import ImportOptions, ImportReport, import_files, import_messages
from service.reports import up_to_date, weekly_reports, weeks_with_messages
from service.runtime import Runtime, taxonomy_in_use
from service.tables import DrawRow, LabelRow, MessageRow, RejectRow, ReviewRow
from service.weeks import week_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "cfpb_loans" / "train.csv"
LABELED = ImportOptions(labels=True)


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, name: str = "messages.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def load(
    runtime: Runtime, *paths: Path, options: ImportOptions | None = None, now: datetime = NOW
) -> ImportReport:
    return import_files(runtime, paths, options or ImportOptions(), now=now)


def rows(runtime: Runtime, table: type[Any]) -> Sequence[Any]:
    with runtime.reading() as session:
        return session.scalars(select(table).order_by(*table.__table__.primary_key)).all()


def rejects(runtime: Runtime) -> list[tuple[str, int, str, str]]:
    return [(row.file, row.line, row.field, row.reason) for row in rows(runtime, RejectRow)]


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return (report.stored, report.known, report.conflicts, report.rejected, report.set_aside)


def test_a_message_larger_than_the_settings_allow_is_kept_aside(
    runtime: Runtime, file: Callable[..., Path]
) -> None:
    limit = runtime.settings.max_message_bytes
    too_large = "é" * (limit // 2 + 1)
    path = file("id,text", "1,waar blijft mijn pakket", f"2,{too_large}", f"3,{'a' * limit}")
    assert counts(load(runtime, path)) == (2, 0, 0, 1, 0)
    ((_, line, field, reason),) = rejects(runtime)
    assert (line, field) == (3, "text")
    assert "larger than 1,000,000 bytes" in reason


def test_good_rows_go_through_and_bad_ones_are_kept_aside_by_place_and_reason(
    runtime: Runtime, file: Callable[..., Path]
) -> None:
    path = file(
        "id,text,received_at,direction",
        "1,waar blijft mijn pakket,2026-11-16,",
        "2,geheime tekst,gisteren,",
        "3,,2026-11-16,",
        "4,ik ben met vakantie,2026-11-16,auto_reply",
        "5,te,veel,velden,hier",
        "6,mijn factuur,2026-11-17,",
    )
    report = load(runtime, path)
    assert counts(report) == (2, 0, 0, 3, 1)
    assert [row.external_id for row in rows(runtime, MessageRow)] == ["1", "4", "6"]
    places = [(name, line, field) for name, line, field, _ in rejects(runtime)]
    assert places == [
        ("messages.csv", 3, "received_at"),
        ("messages.csv", 4, "text"),
        ("messages.csv", 6, "row"),
    ]
    written = " ".join(reason for *_, reason in rejects(runtime))
    assert all(reason for *_, reason in rejects(runtime))
    for content in ("geheime", "gisteren", "velden,hier"):
        assert content not in written


def test_importing_a_file_twice_changes_nothing(
    runtime: Runtime, file: Callable[..., Path]
) -> None:
    path = file(
        "id,text,label",
        "1,waar blijft mijn pakket,delivery.late",
        "2,vreemd,delivery.lost",
        "3,mijn factuur,",
    )
    first = load(runtime, path, options=LABELED)
    again = load(runtime, path, options=LABELED, now=NOW.replace(hour=13))
    assert (counts(first), first.labels) == ((2, 0, 0, 1, 0), 2)
    assert (counts(again), again.labels) == ((0, 2, 0, 1, 0), 0)
    assert len(rows(runtime, LabelRow)) == 2
    assert len(rejects(runtime)) == 1


def test_a_label_that_is_no_driver_is_rejected_and_can_be_imported_once_it_is_right(
    runtime: Runtime, file: Callable[..., Path]
) -> None:
    wrong = file("id,text,label", "1,waar blijft mijn pakket,delivery", "2,kapot,delivery.damaged")
    report = load(runtime, wrong, options=LABELED)
    assert counts(report) == (1, 0, 0, 1, 0)
    ((name, line, field, reason),) = rejects(runtime)
    assert (name, line, field) == ("messages.csv", 2, "label")
    assert "taxonomy" in reason
    right = file(
        "id,text,label", "1,waar blijft mijn pakket,delivery.late", "2,kapot,delivery.damaged"
    )
    report = load(runtime, right, options=LABELED)
    assert (counts(report), report.labels) == ((1, 1, 0, 0, 0), 1)
    labels = {row.door_ref: (row.driver, row.counts) for row in rows(runtime, LabelRow)}
    assert labels == {"1": ("delivery.late", True), "2": ("delivery.damaged", True)}


def test_a_corrected_label_replaces_the_one_imported_before_and_back_again(
    runtime: Runtime, file: Callable[..., Path]
) -> None:
    for hour, label in enumerate(("delivery.late", "payment.refund", "delivery.late")):
        path = file("id,text,label", f"1,waar blijft mijn pakket,{label}")
        load(runtime, path, options=LABELED, now=NOW.replace(hour=hour))
    labels = rows(runtime, LabelRow)
    assert [(row.driver, row.current) for row in labels] == [
        ("delivery.late", False),
        ("payment.refund", False),
        ("delivery.late", True),
    ]
    assert all(row.counts for row in labels)


def test_the_same_id_with_other_content_keeps_what_was_stored_and_says_so(
    runtime: Runtime, file: Callable[..., Path]
) -> None:
    load(runtime, file("id,text,label", "1,eerste tekst,delivery.late"), options=LABELED)
    other = file("id,text,label", "1,andere tekst,payment.refund", name="other.csv")
    report = load(runtime, other, options=LABELED)
    assert (counts(report), report.labels) == ((0, 0, 1, 0, 0), 0)
    assert [row.text for row in rows(runtime, MessageRow)] == ["eerste tekst"]
    ((name, line, field, reason),) = rejects(runtime)
    assert (name, line, field) == ("other.csv", 2, "id")
    assert "andere" not in reason


def test_rows_without_ids_are_all_stored_and_only_once(
    runtime: Runtime, file: Callable[..., Path]
) -> None:
    lines = ("text,received_at", "pakket te laat,2026-11-16", "ok,2026-11-16", "ok,2026-11-16")
    path = file(*lines)
    assert counts(load(runtime, path)) == (3, 0, 0, 0, 0)
    assert counts(load(runtime, path)) == (0, 3, 0, 0, 0)
    longer = file(*lines, "ok,2026-11-16", "ok,2026-11-17", name="longer.csv")
    assert counts(load(runtime, longer)) == (2, 3, 0, 0, 0)


def test_files_that_overlap_are_the_same_together_as_one_by_one(
    runtime: Runtime, file: Callable[..., Path]
) -> None:
    first = file("text,received_at", "ok,2026-11-16", "hoi,2026-11-16", name="first.csv")
    second = file("text,received_at", "ok,2026-11-16", "dag,2026-11-16", name="second.csv")
    assert counts(load(runtime, first, second)) == (3, 1, 0, 0, 0)


def test_more_rows_than_a_batch(runtime: Runtime) -> None:
    seen = []
    messages = [RawMessage(text="ok", source=f"f.csv:{number}") for number in range(2300)]
    report = import_messages(runtime, messages, ImportOptions(), now=NOW, progress=seen.append)
    assert (report.stored, seen) == (2300, [1000, 1000, 300])


def test_a_file_that_breaks_half_way_keeps_what_came_before_and_is_finished_later(
    runtime: Runtime,
) -> None:
    messages = [RawMessage(text=f"ok {number % 7}") for number in range(2500)]

    def breaking() -> Any:
        yield from messages[:1700]
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        import_messages(runtime, breaking(), ImportOptions(), now=NOW)
    assert len(rows(runtime, MessageRow)) == 1000
    report = import_messages(runtime, messages, ImportOptions(), now=NOW)
    assert (report.stored, report.known) == (1500, 1000)


def test_labels_come_with_certainty_and_old_messages_are_not_asked(
    trained_runtime: Runtime, file: Callable[..., Path]
) -> None:
    path = file("id,text,label,received_at", "1,kapot,delivery.damaged,2024-01-01")
    since = datetime(2026, 11, 1, tzinfo=UTC)
    load(trained_runtime, path, options=ImportOptions(labels=True, draw_since=since))
    plain = file("id,text,received_at", "2,iets heel anders vandaag,2024-01-01", name="p.csv")
    load(trained_runtime, plain, options=ImportOptions(draw_since=since))
    assert [draw.inclusion for draw in rows(trained_runtime, DrawRow)] == [1.0, 0.0]
    assert rows(trained_runtime, ReviewRow) == []
    (label,) = rows(trained_runtime, LabelRow)
    assert (label.counts, label.door, label.chosen) == (True, "import", "import")


def test_labels_make_a_taxonomy_where_there_is_none_and_add_to_it_later(
    runtime: Runtime, file: Callable[..., Path], tmp_path: Path
) -> None:
    runtime.settings.taxonomy = tmp_path / "none.toml"
    first = load(runtime, file("text,label", "a b c,Late parcel|refund", "d e f,"), options=LABELED)
    assert (first.derived_taxonomy, first.labels, first.rejected) == (2, 2, 0)
    second = load(runtime, file("text,label", "g h i,refund", "j k l,Invoice"), options=LABELED)
    assert second.derived_taxonomy == 1
    with runtime.reading() as session:
        drivers = set(taxonomy_in_use(session, runtime).leaves)
    assert drivers == {"Late parcel", "refund", "Invoice"}


def test_a_text_in_the_column_of_the_labels_makes_no_driver(
    runtime: Runtime, file: Callable[..., Path], tmp_path: Path
) -> None:
    runtime.settings.taxonomy = tmp_path / "none.toml"
    path = file("text,label", f"a b c,{'heel lang ' * 20}", "d e f,mail jan@example.nl", "g,refund")
    report = load(runtime, path, options=LABELED)
    assert (report.derived_taxonomy, report.rejected, report.stored) == (1, 2, 1)


def test_a_file_that_cannot_be_read_stores_nothing(
    runtime: Runtime, file: Callable[..., Path]
) -> None:
    with pytest.raises(BadFile, match="text"):
        load(runtime, file("id,body", "1,x"))
    assert rows(runtime, MessageRow) == []


@pytest.mark.data
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_real_labeled_file_gives_its_own_counts_exactly(
    runtime: Runtime, tmp_path: Path, require: Callable[[bool, str], None]
) -> None:
    require(DATA.is_file(), f"no {DATA}")
    runtime.settings.taxonomy = tmp_path / "none.toml"
    runtime.settings.timezone = "America/New_York"
    report = load(runtime, DATA, options=ImportOptions(channel="web", labels=True))
    expected = _own_counts()
    assert report.labels == sum(map(Counter.total, expected.values())) == 2163
    up_to_date(runtime)
    with runtime.reading() as session:
        weeks = weeks_with_messages(session)
        assert weeks == sorted(expected)
        assert sum(week.startswith("2023") for week in weeks) == 26
        for found in weekly_reports(session, runtime, weeks, now=NOW):
            volumes = {each.driver: each.volume for each in found.drivers}
            exact = {driver: volume.value for driver, volume in volumes.items() if volume.value}
            assert exact == expected[found.week]
            assert all(each.low == each.high == each.value for each in volumes.values())


def _own_counts() -> dict[str, Counter[str]]:
    expected: dict[str, Counter[str]] = {}
    with DATA.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            week = week_of(date.fromisoformat(row["created_at"]))
            expected.setdefault(week, Counter())[row["label"]] += 1
    return expected
