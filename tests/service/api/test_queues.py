"""The ladder over HTTP: who may read it, who may move a queue, and how a refusal reads."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from service.runtime import Runtime
from service.tables import StandingChangeRow, StandingRow

KeyMaker = Any


def moved(client: TestClient, headers: dict[str, str], rung: str, **more: Any) -> Any:
    return client.post("/v1/queues/logistics/rung", json={"rung": rung, **more}, headers=headers)


def test_every_queue_is_listed_with_what_it_takes(client: TestClient, key: KeyMaker) -> None:
    found = client.get("/v1/queues", headers=key("report")).json()
    assert [(each["name"], each["rung"]) for each in found["queues"]] == [
        ("finance", "select"),
        ("logistics", "select"),
    ]
    assert (found["fewest"], found["fewest_each"], found["checked_at"]) == (59, 72, None)


def test_the_share_routed_is_of_what_was_meant_for_the_queue(
    client: TestClient, key: KeyMaker, classify: Any
) -> None:
    sure = classify("waar blijft mijn pakket, het is te laat en nog niet bezorgd")
    doubtful = classify("hallo, een vraag over een pakket of een factuur")
    assert (sure["decision"], doubtful["decision"]) == ("auto", "review")
    found = client.get("/v1/queues", headers=key("report")).json()["queues"]
    meant, routed = (sum(each[name] for each in found) for name in ("meant", "routed"))
    assert (meant, routed) == (1 + (doubtful["driver"] is not None), 1)


def test_reading_and_moving_take_their_scopes(client: TestClient, key: KeyMaker) -> None:
    assert client.get("/v1/queues", headers=key("classify")).status_code == 403
    assert moved(client, key("report"), "recommend").status_code == 403
    assert client.post("/v1/queues/check", headers=key("report")).status_code == 403


def test_a_queue_is_moved_once_and_it_is_kept_who_and_why(
    client: TestClient, key: KeyMaker, trained_runtime: Runtime
) -> None:
    headers = key("admin", name="An") | {"Idempotency-Key": "down"}
    why = "ask jan@example.nl"
    for _ in range(2):
        found = moved(client, headers, "recommend", why=why)
        assert (found.status_code, found.json()["rung"]) == (200, "recommend")
    with trained_runtime.reading() as session:
        change = session.scalars(select(StandingChangeRow)).one()
    assert (change.person, change.before, change.rung) == ("An", "select", "recommend")
    assert "jan@" not in change.why
    (shown,) = client.get("/v1/queues", headers=headers).json()["changes"]
    assert (shown["reason"], shown["why"]) == ("as_asked", change.why)


def test_automating_without_the_promise_is_refused_with_what_it_takes(
    client: TestClient, key: KeyMaker
) -> None:
    headers = key("admin")
    checked = client.post("/v1/queues/check", headers=headers).json()
    assert (checked["answers"], checked["look"], checked["fallen"]) == (0, 0, [])
    refused = moved(client, headers, "automate")
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:waarom:problem:climb-refused",
    )
    assert "It needs 59 more answers" in refused.json()["detail"]


def test_a_promised_queue_is_automated(
    client: TestClient, key: KeyMaker, trained_runtime: Runtime
) -> None:
    headers = key("admin")
    client.post("/v1/queues/check", headers=headers)
    with trained_runtime.writing() as session:
        session.get_one(StandingRow, "logistics").threshold = 0.8
    found = moved(client, headers, "automate").json()
    assert (found["rung"], found["threshold"], found["lapsed"]) == ("automate", 0.8, False)


@pytest.mark.parametrize(
    ("queue", "body", "status"),
    [("nowhere", {"rung": "select"}, 404), ("logistics", {"rung": "higher"}, 422)],
)
def test_a_queue_or_a_rung_that_is_none_is_refused(
    client: TestClient, key: KeyMaker, queue: str, body: dict[str, str], status: int
) -> None:
    sent = client.post(f"/v1/queues/{queue}/rung", json=body, headers=key("admin"))
    assert sent.status_code == status
