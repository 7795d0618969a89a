"""The breakdown as a document: what a page, a JSON file and a CSV file say."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from classifier.messages import Label, RawMessage
from service.breakdown import Breakdown, read_breakdown, render, render_csv, render_html
from service.errors import BadRequest
from service.intake import receive
from service.labels import Answer, record
from service.publications import publish
from service.reports import up_to_date
from service.runtime import Runtime
from service.schemas.reports import WeeklyOut
from service.translations import language

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONDAY = {
    "2025-W46": datetime(2025, 11, 10, 9, tzinfo=UTC),
    "2026-W45": datetime(2026, 11, 2, 9, tzinfo=UTC),
    "2026-W46": datetime(2026, 11, 9, 9, tzinfo=UTC),
}
MENTIONS = ("mentions", "mentions_low", "mentions_high")
TEXTS = {
    "delivery.late": "waar blijft mijn pakket, te laat en nog niet bezorgd",
    "payment.invoice": "de factuur met btw, graag een rekening",
}


def arrive(
    session: Session,
    runtime: Runtime,
    week: str,
    driver: str,
    n: int,
    *,
    answered: bool,
    also: tuple[str, ...] = (),
) -> None:
    """n messages about a driver; their labels come along when `answered`."""
    label = Label(driver, also)
    raws = [
        RawMessage(
            text=f"{TEXTS[driver]}, vraag {number}",
            external_id=f"{week}-{driver}-{number}-{answered}{also}",
            channel="email" if number % 2 else "ticket",
            received_at=MONDAY[week] + timedelta(hours=number),
            label=label if answered else None,
        )
        for number in range(n)
    ]
    receipts = receive(session, runtime, raws, now=NOW)
    answers = [
        Answer(
            message_id=receipt.message_id,
            label=label,
            person="import",
            door="import",
            door_ref=receipt.external_id,
            answered_at=NOW,
            chosen="import",
            came_with_message=True,
        )
        for receipt in receipts
        if answered
    ]
    record(session, runtime, answers, now=NOW)


@pytest.fixture
def shop(trained_runtime: Runtime) -> Iterator[Session]:
    """Week 45 nobody looked at; week 46 with every message answered."""
    with trained_runtime.writing() as session:
        arrive(session, trained_runtime, "2026-W45", "delivery.late", 8, answered=False)
        arrive(session, trained_runtime, "2026-W46", "delivery.late", 12, answered=True)
        arrive(session, trained_runtime, "2026-W46", "payment.invoice", 5, answered=True)
    up_to_date(trained_runtime)
    with trained_runtime.reading() as session:
        yield session


@pytest.fixture
def several(trained_runtime: Runtime) -> Iterator[Session]:
    """Week 46: eight late, of which three also about an invoice; five about an invoice only."""
    with trained_runtime.writing() as session:
        late, invoice = "delivery.late", "payment.invoice"
        arrive(session, trained_runtime, "2026-W46", late, 5, answered=True)
        arrive(session, trained_runtime, "2026-W46", late, 3, answered=True, also=(invoice,))
        arrive(session, trained_runtime, "2026-W46", invoice, 5, answered=True)
        arrive(session, trained_runtime, "2026-W45", invoice, 2, answered=True)
    up_to_date(trained_runtime)
    with trained_runtime.reading() as session:
        yield session


def breakdown(
    session: Session, runtime: Runtime, week: str = "2026-W46", code: str = "en"
) -> Breakdown:
    return read_breakdown(session, runtime, week, now=NOW, language=language(code))


def test_the_last_complete_week_is_taken_when_none_is_named(
    shop: Session, trained_runtime: Runtime
) -> None:
    text = render(shop, trained_runtime, week=None, form="json", language=None, now=NOW)
    assert json.loads(text)["weeks"][0]["week"] == "2026-W46"


def test_json_has_the_shape_of_the_api(shop: Session, trained_runtime: Runtime) -> None:
    text = render(shop, trained_runtime, week="2026-W46", form="json", language="en", now=NOW)
    week = WeeklyOut.model_validate_json(text).weeks[0]
    late = next(row for row in week.drivers if row.driver == "delivery.late")
    assert (week.messages, week.answers, late.name) == (17, 17, "Late")
    assert (late.volume.value, late.volume.low, late.volume.high) == (12, 12, 12)


def test_csv_has_one_row_per_driver_with_its_interval(
    shop: Session, trained_runtime: Runtime
) -> None:
    text = render(shop, trained_runtime, week="2026-W46", form="csv", language="nl", now=NOW)
    rows = {row["driver"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == 7
    late = rows["delivery.late"]
    assert [late[name] for name in ("name", "parent", "volume", "low", "high")] == [
        "Te laat",
        "delivery",
        "12.0",
        "12.0",
        "12.0",
    ]
    assert (late["messages"], late["measured"]) == ("17", "yes")


def test_csv_leaves_out_the_interval_of_what_was_not_measured(
    shop: Session, trained_runtime: Runtime
) -> None:
    text = render(shop, trained_runtime, week="2026-W45", form="csv", language="nl", now=NOW)
    late = next(csv.DictReader(io.StringIO(text)))
    assert (late["low"], late["high"], late["change"], late["measured"]) == ("", "", "", "no")
    assert float(late["volume"]) > 0


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_csv_cells_cannot_become_formulas(
    shop: Session, trained_runtime: Runtime, start: str
) -> None:
    found = breakdown(shop, trained_runtime)
    first, *others = found.taxonomy.drivers
    late, *rest = others
    renamed = replace(late, names={"en": f"{start}SUM(A1)"})
    taxonomy = replace(found.taxonomy, drivers=(first, renamed, *rest))
    text = render_csv([found.report], taxonomy, language("en"))
    names = [row["name"] for row in csv.DictReader(io.StringIO(text))]
    assert f"'{start}SUM(A1)" in names


def test_the_page_stands_alone(shop: Session, trained_runtime: Runtime) -> None:
    page = render(shop, trained_runtime, week="2026-W46", form="html", language="en", now=NOW)
    assert page.count("<svg") >= 2
    assert "<script" not in page
    assert "12 [12–12]" in page
    for word in ("src=", "href=", "url(", "@import"):
        assert word not in page


def test_the_page_says_what_was_not_measured(shop: Session, trained_runtime: Runtime) -> None:
    page = render(shop, trained_runtime, week="2026-W45", form="html", language="en", now=NOW)
    assert "Not measured." in page
    assert "veranderingen" not in page
    rows = page[page.index("<table") : page.index('<footer class="notes"')]
    assert "[" not in rows


def test_unknown_drivers_are_seen_whatever_their_size(
    shop: Session, trained_runtime: Runtime
) -> None:
    found = breakdown(shop, trained_runtime)
    assert found.top[-1].driver == "unknown"
    assert "unknown" not in [row.driver for row in found.drivers]


def test_trends_begin_with_the_first_message(shop: Session, trained_runtime: Runtime) -> None:
    found = breakdown(shop, trained_runtime)
    assert [each.week for each in found.history] == ["2026-W45", "2026-W46"]
    assert [week for week, _ in found.weekly("delivery.late")] == ["2026-W46", "2026-W45"]


def test_rows_that_do_not_add_up_are_noticed(shop: Session, trained_runtime: Runtime) -> None:
    found = breakdown(shop, trained_runtime)
    assert found.adds_up
    last = replace(found.report, messages=18)
    assert not replace(found, reports=(*found.reports[:-1], last)).adds_up


def test_what_is_not_a_week_is_refused(runtime: Runtime) -> None:
    with runtime.reading() as session, pytest.raises(BadRequest, match="is not a week"):
        render(session, runtime, week="2026-W60", form="html", language=None, now=NOW)


def test_json_has_mentions_beside_volumes(several: Session, trained_runtime: Runtime) -> None:
    text = render(several, trained_runtime, week="2026-W46", form="json", language="en", now=NOW)
    week = WeeklyOut.model_validate_json(text).weeks[0]
    rows = {row.driver: row for row in (*week.drivers, *week.parents)}
    invoice, parent = rows["payment.invoice"], rows["payment"]
    assert invoice.mentions
    assert parent.mentions
    assert (invoice.volume.value, invoice.mentions.value) == (5, 8)
    assert (invoice.mentions.low, invoice.mentions.high) == (8, 8)
    assert (parent.volume.value, parent.mentions.value) == (5, 8)
    assert rows["unknown"].mentions is None
    assert week.several
    assert week.several.value == 3


def test_json_has_no_mentions_where_no_message_is_about_several(
    shop: Session, trained_runtime: Runtime
) -> None:
    text = render(shop, trained_runtime, week="2026-W46", form="json", language="en", now=NOW)
    week = json.loads(text)["weeks"][0]
    assert week["several"] is None
    assert {row["mentions"] for row in (*week["drivers"], *week["parents"])} == {None}


def test_csv_ends_with_mentions_empty_where_there_are_none(
    several: Session, trained_runtime: Runtime
) -> None:
    found = {}
    for week in ("2026-W45", "2026-W46"):
        text = render(several, trained_runtime, week=week, form="csv", language="nl", now=NOW)
        rows = {row["driver"]: row for row in csv.DictReader(io.StringIO(text))}
        found[week] = [
            [rows[driver][name] for name in MENTIONS] for driver in ("payment.invoice", "unknown")
        ]
    nothing = ["", "", ""]
    assert found["2026-W45"] == [nothing, nothing]
    assert found["2026-W46"] == [["8.0", "8.0", "8.0"], nothing]


@pytest.mark.parametrize(
    ("code", "column", "sentence", "share"),
    [
        (
            "en",
            "Mentions",
            "Main reasons add up to the number of messages. Mentions do not",
            "23.1",
        ),
        ("nl", "Genoemd", "De hoofdredenen tellen op tot het aantal berichten.", "23,1"),
    ],
)
def test_the_page_says_which_figures_add_up(
    several: Session, trained_runtime: Runtime, code: str, column: str, sentence: str, share: str
) -> None:
    page = render(several, trained_runtime, week="2026-W46", form="html", language=code, now=NOW)
    assert f'<th scope="col">{column}</th>' in page
    assert sentence in page
    assert f"{share}\xa0% [{share}–{share}]" in page
    assert "8 [8–8]" in page
    before = render(several, trained_runtime, week="2026-W45", form="html", language=code, now=NOW)
    assert column not in before
    assert sentence not in before


@pytest.fixture
def compared(trained_runtime: Runtime) -> Iterator[Session]:
    """Week 46: forty late, three invoices, one unknown; week 45 two and three; a year ago ten."""
    with trained_runtime.writing() as session:
        late, invoice = "delivery.late", "payment.invoice"
        arrive(session, trained_runtime, "2026-W46", late, 40, answered=True)
        arrive(session, trained_runtime, "2026-W46", invoice, 3, answered=True)
        arrive(session, trained_runtime, "2026-W45", late, 2, answered=True)
        arrive(session, trained_runtime, "2026-W45", invoice, 3, answered=True)
        arrive(session, trained_runtime, "2025-W46", late, 10, answered=True)
    up_to_date(trained_runtime)
    with trained_runtime.reading() as session:
        yield session


@pytest.mark.parametrize(
    ("code", "real", "year", "unknown"),
    [
        ("en", "a real change", "on a year ago: +30", "of messages are about something the"),
        ("nl", "een echte verandering", "t.o.v. een jaar geleden: +30", "van de berichten gaat"),
    ],
)
def test_the_page_says_which_changes_are_real_and_what_a_year_ago_was(
    compared: Session, trained_runtime: Runtime, code: str, real: str, year: str, unknown: str
) -> None:
    page = render(compared, trained_runtime, week="2026-W46", form="html", language=code, now=NOW)
    assert page.count(f'<span class="under">{real}') == 2, "of late, and of its group"
    assert page.count(year) == 2
    assert page.count(unknown) == 1


def test_json_and_csv_say_it_too(compared: Session, trained_runtime: Runtime) -> None:
    text = render(compared, trained_runtime, week="2026-W46", form="csv", language="en", now=NOW)
    rows = {row["driver"]: row for row in csv.DictReader(io.StringIO(text))}
    late, invoice = rows["delivery.late"], rows["payment.invoice"]
    assert (late["real_change"], late["year_change"], late["year_change_low"]) == (
        "yes",
        "30.0",
        "30.0",
    )
    assert (invoice["real_change"], invoice["year_change"]) == ("no", "3.0")
    assert (late["naive"], invoice["naive"]) == ("40.0", "3.0")
    text = render(compared, trained_runtime, week="2026-W46", form="json", language="en", now=NOW)
    week = WeeklyOut.model_validate_json(text).weeks[0]
    assert (week.year_before, week.year_before_messages) == ("2025-W46", 10)
    assert [row.driver for row in week.drivers if row.real_change] == ["delivery.late"]


def test_what_was_published_stands_beside_what_is_so_now(
    shop: Session, trained_runtime: Runtime
) -> None:
    publish(trained_runtime, "2026-W46", person="anna", now=NOW)
    with trained_runtime.writing() as session:
        arrive(session, trained_runtime, "2026-W46", "payment.invoice", 8, answered=True)
    up_to_date(trained_runtime)
    shop.rollback()
    found = breakdown(shop, trained_runtime)
    assert (found.late_answers, found.late_messages) == (3, 3)
    exact = {driver: (then.value, now and now.value) for driver, then, now in found.revised}
    assert exact == {"payment.invoice": (5, 8), "payment": (5, 8)}
    text = render(shop, trained_runtime, week="2026-W46", form="csv", language="en", now=NOW)
    rows = {row["driver"]: row for row in csv.DictReader(io.StringIO(text))}
    invoice = rows["payment.invoice"]
    assert [invoice[f"published{part}"] for part in ("", "_low", "_high")] == ["5.0"] * 3
    assert (invoice["volume"], invoice["published_at"]) == ("8.0", "2026-11-20T12:00:00+00:00")
    page = render(shop, trained_runtime, week="2026-W46", form="html", language="en", now=NOW)
    assert "Published on 20 November 2026, 13:00." in page
    assert "As published, and now" in page


def test_a_driver_that_left_the_taxonomy_is_still_among_what_was_published(
    shop: Session, trained_runtime: Runtime
) -> None:
    publish(trained_runtime, "2026-W46", person="anna", now=NOW)
    found = breakdown(shop, trained_runtime)
    report = found.report
    assert found.revised == []
    fewer = tuple(row for row in report.drivers if row.driver != "payment.invoice")
    without = replace(found, reports=(replace(report, drivers=fewer),))
    assert [(driver, now) for driver, _, now in without.revised] == [("payment.invoice", None)]
    assert "no longer a driver" in render_html(without)
