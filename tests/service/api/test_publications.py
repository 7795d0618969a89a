"""A week closes, is published, and goes on: what may change of it then, and what never does."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from classifier.messages import Label
from classifier.volumes import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms
from labeling.sampling import response_rates
from service.labels import Answer, record
from service.runtime import Runtime, taxonomy_in_use
from service.tables import DrawRow, LabelRow, MessageRow, PredictionRow, PublicationRow
from service.terms import (
    FINAL,
    Columns,
    asked,
    existing,
    label_columns,
    load_terms,
    logged_of,
    probabilities,
    recalibrated,
    recalibration_id,
)
from service.worker import run_once

WEEK, NEXT = "2026-W47", "2026-W48"
DURING = datetime(2026, 11, 20, 12, tzinfo=UTC)
OVER = datetime(2026, 11, 23, 9, tzinfo=UTC)
PUBLISHED = datetime(2026, 11, 26, 9, tzinfo=UTC)
LATER = datetime(2026, 12, 4, 9, tzinfo=UTC)
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
OTHER = "de factuur met btw en het factuurnummer van de rekening"
LATE, DAMAGED = "delivery.late", "delivery.damaged"

Headers = dict[str, str]
KeyMaker = Callable[..., Headers]


@pytest.fixture
def headers(key: KeyMaker) -> Headers:
    return key("classify", "review", "report", "admin", name="anna")


@pytest.fixture(autouse=True)
def _most_are_asked(trained_runtime: Runtime) -> None:
    """Chances well above a half, so that few messages have answers to show; below one. And nothing
    is asked for that corrects no volume."""
    more = {"graded_budget": 700.0, "expected_messages": 1000.0, "questions_a_day": 0}
    trained_runtime.settings = trained_runtime.settings.model_copy(update=more)


def at(runtime: Runtime, clock: Any, moment: datetime) -> None:
    """The clock says so, and the worker has done its round."""
    clock.now = moment
    assert run_once(runtime, now=lambda: moment) == []


def send(
    client: TestClient, headers: Headers, count: int, name: str, text: str = SURE, **more: Any
) -> list[int]:
    messages = [{"text": f"{text} {n}", "external_id": f"{name}-{n}", **more} for n in range(count)]
    sent = client.post("/v1/classify/batch", json={"messages": messages}, headers=headers)
    assert sent.status_code == 200, sent.text
    return [each["answer"]["id"] for each in sent.json()["results"]]


def answer(client: TestClient, headers: Headers, most: int, driver: str = LATE) -> list[int]:
    """The reviews answered, at most so many."""
    done: list[int] = []
    while len(done) < most:
        claimed = client.post("/v1/reviews/claim", headers=headers)
        if claimed.status_code == 204:
            break
        address = f"/v1/reviews/{claimed.json()['id']}/labels"
        given = client.post(address, json={"driver": driver}, headers=headers)
        assert given.status_code == 201, given.text
        done.append(claimed.json()["id"])
    assert done
    return done


def weekly(client: TestClient, headers: Headers, week: str = WEEK, **more: str) -> Any:
    asked_for = {"from": week, "to": week, **more}
    found = client.get("/v1/drivers/weekly", params=asked_for, headers=headers)
    assert found.status_code == 200, found.text
    return found.json()["weeks"][0]


def versions(client: TestClient, headers: Headers, week: str = WEEK) -> Any:
    found = client.get(f"/v1/publications/{week}", headers=headers)
    assert found.status_code == 200, found.text
    return found.json()["versions"]


def volumes(rows: Sequence[Any], name: str = "volume") -> dict[str, Any]:
    return {row["driver"]: row[name] for row in rows}


def terms(runtime: Runtime, client: TestClient, headers: Headers) -> VolumeTerms:
    weekly(client, headers)  # what is stale is summed
    with runtime.reading() as session:
        columns = Columns.of(taxonomy_in_use(session, runtime))
        return load_terms(session, columns, [WEEK])[WEEK, ""]


def final_id(runtime: Runtime) -> str:
    model = runtime.current_model()
    assert model
    return recalibration_id(WEEK, FINAL, model.version)


def correction_by_hand(runtime: Runtime) -> np.ndarray[Any, Any]:
    """Σ (y - p)/(π·ρ) over the answers, p by the final recalibration of the week."""
    with runtime.reading() as session:
        leaves = Columns.of(taxonomy_in_use(session, runtime)).leaves
        columns = Columns.of(taxonomy_in_use(session, runtime))
        rows = session.execute(asked(WEEK)).all()
        ids = [final_id(runtime)] * len(rows)
        raw = probabilities(session, leaves, logged_of(rows), ids)
        p = recalibrated(session, leaves, raw, ids)
        labels = label_columns(rows, columns)
    drawn = np.array([row.drawn for row in rows])
    reviewed = drawn & (labels >= 0)
    strata = [row.stratum for row in rows]
    wider = [each.rsplit("/", 1)[0] for each in strata]
    pi = np.array([row.inclusion for row in rows])
    pi = pi * response_rates(strata, reviewed, asked=drawn, wider=wider)
    y = np.eye(len(leaves))[labels[reviewed]]
    found: np.ndarray[Any, Any] = ((y - p[reviewed]) / pi[reviewed, None]).sum(axis=0)
    return found


def draws(runtime: Runtime, ids: Sequence[int]) -> list[tuple[float, bool, float]]:
    with runtime.reading() as session:
        rows = session.scalars(select(DrawRow).where(DrawRow.message_id.in_(ids)))
        return [(row.inclusion, row.drawn, row.uncertainty) for row in rows]


def test_late_answers_add_to_the_reviewed_terms_and_to_nothing_else(
    client: TestClient, headers: Headers, trained_runtime: Runtime, clock: Any
) -> None:
    at(trained_runtime, clock, DURING)
    ids = send(client, headers, 20, "a")
    answer(client, headers, 6)
    at(trained_runtime, clock, OVER)
    before, drawn = terms(trained_runtime, client, headers), draws(trained_runtime, ids)
    more = answer(client, headers, 4, DAMAGED)
    at(trained_runtime, clock, LATER)
    after = terms(trained_runtime, client, headers)
    assert (before.answers, after.answers, after.messages) == (6, 6 + len(more), 20)
    np.testing.assert_allclose(after.expected, before.expected, rtol=1e-12)
    assert draws(trained_runtime, ids) == drawn
    assert all(0 < pi < 1 for pi, *_ in drawn)
    by_hand = correction_by_hand(trained_runtime)
    np.testing.assert_allclose(after.correction[: after.leaves], by_hand, atol=1e-9)
    assert not np.allclose(before.correction, after.correction)


def test_a_changed_answer_replaces_the_one_before(
    client: TestClient, headers: Headers, trained_runtime: Runtime, clock: Any
) -> None:
    at(trained_runtime, clock, DURING)
    send(client, headers, 12, "a")
    review, *_ = answer(client, headers, 4)
    at(trained_runtime, clock, OVER)
    before = terms(trained_runtime, client, headers)
    with trained_runtime.writing() as session:
        given = select(LabelRow).where(LabelRow.review_id == review)
        (first,) = session.scalars(given).all()
        changed = Answer(
            message_id=first.message_id,
            label=Label(DAMAGED),
            person=first.person,
            door=first.door,
            door_ref=first.door_ref,
            version="changed",
            answered_at=OVER,
            review_id=review,
            chosen=first.chosen,
        )
        for _ in range(2):  # seen twice, it is one change
            record(session, trained_runtime, [changed], now=OVER)
    after = terms(trained_runtime, client, headers)
    assert after.answers == before.answers == 4
    moved = dict(zip(_columns(trained_runtime), after.reviewed - before.reviewed, strict=True))
    assert {driver: n for driver, n in moved.items() if n} == {LATE: -1, DAMAGED: 1}
    np.testing.assert_allclose(after.expected, before.expected, rtol=1e-12)
    by_hand = correction_by_hand(trained_runtime)
    np.testing.assert_allclose(after.correction[: after.leaves], by_hand, atol=1e-9)


def _columns(runtime: Runtime) -> tuple[str, ...]:
    with runtime.reading() as session:
        return Columns.of(taxonomy_in_use(session, runtime)).all


def test_late_messages_go_through_the_final_recalibration_and_are_drawn_on_arrival(
    client: TestClient, headers: Headers, trained_runtime: Runtime, clock: Any
) -> None:
    at(trained_runtime, clock, DURING)
    first = send(client, headers, 10, "a")
    answer(client, headers, 3)
    at(trained_runtime, clock, LATER)
    before, drawn = terms(trained_runtime, client, headers), draws(trained_runtime, first)
    late = send(client, headers, 5, "b", OTHER, received_at=DURING.isoformat())
    after = terms(trained_runtime, client, headers)
    with trained_runtime.reading() as session:
        columns = Columns.of(taxonomy_in_use(session, trained_runtime))
        query = select(PredictionRow).where(PredictionRow.message_id.in_(late))
        assert {row.recalibration for row in session.scalars(query)} == {final_id(trained_runtime)}
        weeks = select(MessageRow.week).where(MessageRow.id.in_(late))
        assert set(session.scalars(weeks)) == {WEEK}
        made = select(DrawRow).where(DrawRow.message_id.in_(late))
        arrived = session.scalars(made).all()
        rows = session.execute(asked(WEEK)).all()[len(first) :]
        ids = [final_id(trained_runtime)] * len(rows)
        raw = probabilities(session, columns.leaves, logged_of(rows), ids)
        p = recalibrated(session, columns.leaves, raw, ids)
    assert [row.made_at for row in arrived] == [LATER] * 5
    assert all(0 < row.inclusion <= 1 for row in arrived)
    assert draws(trained_runtime, first) == drawn
    assert after.messages == before.messages + 5
    leaves = before.leaves
    np.testing.assert_allclose((after.expected - before.expected)[:leaves], p.sum(axis=0))


def test_a_closed_week_says_the_same_after_every_job_and_later_week(
    client: TestClient, headers: Headers, trained_runtime: Runtime, clock: Any
) -> None:
    at(trained_runtime, clock, DURING)
    send(client, headers, 15, "a")
    answer(client, headers, 5)
    at(trained_runtime, clock, PUBLISHED)
    closed, report = terms(trained_runtime, client, headers), weekly(client, headers)
    for days in (1, 8, 15):
        clock.now = PUBLISHED + timedelta(days=days)
        send(client, headers, 4, f"later-{days}", OTHER)
        for _ in range(2):
            at(trained_runtime, clock, clock.now)
    now = terms(trained_runtime, client, headers)
    assert weekly(client, headers) | {"as_of": report["as_of"]} == report
    for name in (*SCALAR_FIELDS, *COLUMN_FIELDS):
        np.testing.assert_array_equal(getattr(now, name), getattr(closed, name))


def test_a_week_is_published_once_by_itself_three_days_after_its_end(
    client: TestClient, headers: Headers, trained_runtime: Runtime, clock: Any
) -> None:
    at(trained_runtime, clock, DURING)
    send(client, headers, 12, "a")
    answer(client, headers, 5)
    for early in (OVER, PUBLISHED - timedelta(days=1)):
        at(trained_runtime, clock, early)
        assert versions(client, headers) == []
        assert weekly(client, headers)["publication"] is None
    for _ in range(3):
        at(trained_runtime, clock, PUBLISHED)
    (version,) = versions(client, headers)
    assert (version["version"], version["person"]) == (1, "waarom")
    assert (version["messages"], version["answers"], version["measured"]) == (12, 5, True)
    week = weekly(client, headers)
    assert week["publication"]["as_of"] == version["as_of"] == "2026-11-26T09:00:00Z"
    assert not week["revised"]
    shown = week["drivers"] + week["parents"]
    assert not any(row["revised"] for row in shown)
    for driver, volume in volumes(shown).items():
        assert volumes(shown, "published")[driver] == pytest.approx(volume, rel=1e-6)
    assert {row["driver"] for row in version["rows"]} == set(volumes(shown))


def test_what_was_published_stays_beside_what_is_so_now(
    client: TestClient, headers: Headers, trained_runtime: Runtime, clock: Any
) -> None:
    at(trained_runtime, clock, DURING)
    send(client, headers, 24, "a")
    answer(client, headers, 8)
    at(trained_runtime, clock, PUBLISHED)
    then, first = weekly(client, headers), versions(client, headers)
    more = answer(client, headers, 6, DAMAGED)
    send(client, headers, 3, "late", received_at=DURING.isoformat())
    at(trained_runtime, clock, LATER)
    now = weekly(client, headers)
    assert now["revised"]
    assert (now["answers"], now["messages"]) == (8 + len(more), 27)
    assert (now["publication"]["answers"], now["publication"]["messages"]) == (8, 24)
    published = volumes(now["drivers"], "published")
    for driver, volume in volumes(then["drivers"]).items():
        assert published[driver] == pytest.approx(volume, rel=1e-6)
    moved = {row["driver"] for row in now["drivers"] if row["revised"]}
    assert DAMAGED in moved
    assert versions(client, headers) == first
    in_one = weekly(client, headers, channel="web")
    assert (in_one["publication"], in_one["revised"]) == (None, False)


def test_a_person_publishes_anew_and_the_first_version_is_still_there(
    client: TestClient, headers: Headers, trained_runtime: Runtime, clock: Any
) -> None:
    at(trained_runtime, clock, DURING)
    send(client, headers, 24, "a")
    answer(client, headers, 8)
    at(trained_runtime, clock, PUBLISHED)
    (first,) = versions(client, headers)
    answer(client, headers, 6, DAMAGED)
    clock.now = LATER
    for _ in range(2):  # the same figures are the same version
        sent = client.post(f"/v1/publications/{WEEK}", headers=headers)
        assert sent.status_code == 200, sent.text
        assert [each["version"] for each in sent.json()["versions"]] == [1, 2]
    before, second = sent.json()["versions"]
    assert before == first
    assert (second["person"], second["as_of"]) == ("anna", "2026-12-04T09:00:00Z")
    assert volumes(second["rows"])[DAMAGED] != volumes(first["rows"])[DAMAGED]
    week = weekly(client, headers)
    assert (week["publication"]["version"], week["revised"]) == (2, False)


def test_a_person_may_publish_before_the_worker_does_and_the_week_is_closed_then(
    client: TestClient, headers: Headers, trained_runtime: Runtime, clock: Any
) -> None:
    at(trained_runtime, clock, DURING)
    send(client, headers, 12, "a")
    clock.now = OVER
    sent = client.post(f"/v1/publications/{WEEK}", headers=headers)
    assert sent.status_code == 200, sent.text
    with trained_runtime.reading() as session:
        assert existing(session, [final_id(trained_runtime)])
    at(trained_runtime, clock, PUBLISHED)
    (version,) = versions(client, headers)
    assert (version["person"], version["measured"]) == ("anna", False)
    assert volumes(version["rows"])[LATE]["low"] is None


@pytest.mark.parametrize("week", ["2026-W47", "2026-W46", "2026-W99"])
def test_a_week_that_goes_on_or_is_empty_or_none_cannot_be_published(
    client: TestClient, headers: Headers, week: str
) -> None:
    send(client, headers, 2, "a")
    assert client.post(f"/v1/publications/{week}", headers=headers).status_code == 422
    assert versions(client, headers) == []


def test_publishing_takes_the_scope_admin_and_reading_the_scope_report(
    client: TestClient, key: KeyMaker
) -> None:
    reader, other = key("report"), key("classify")
    assert client.post("/v1/publications/2026-W46", headers=reader).status_code == 403
    assert client.get("/v1/publications/2026-W46", headers=reader).status_code == 200
    assert client.get("/v1/publications/2026-W46", headers=other).status_code == 403


def test_weeks_of_long_ago_are_not_published_by_themselves(
    client: TestClient, headers: Headers, trained_runtime: Runtime, clock: Any
) -> None:
    for weeks in (5, 4, 3):
        moment = PUBLISHED - timedelta(weeks=weeks, days=4)
        send(client, headers, 2, f"past-{weeks}", received_at=moment.isoformat())
    at(trained_runtime, clock, PUBLISHED)
    with trained_runtime.reading() as session:
        assert session.scalars(select(PublicationRow.week)).all() == ["2026-W44"]
    assert versions(client, headers, NEXT) == []
