"""How far the day is, and messages that are answered along with a question."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, update

from service.tables import DrawRow, ReviewRow

Headers = dict[str, str]
DOUBTFUL = "hallo daar, een vraag over iets heel anders"


@pytest.fixture
def ann(key: Any) -> Headers:
    return key("review", "classify", name="ann")


@pytest.fixture
def classify(client: TestClient, ann: Headers) -> Any:
    def call(text: str) -> Any:
        return client.post("/v1/classify", json={"text": text}, headers=ann).json()

    return call


def test_the_day_counts_what_this_key_answered_and_what_is_left(
    client: TestClient, ann: Headers, key: Any, classify: Any
) -> None:
    asked = [classify(f"{DOUBTFUL} {n}")["review_id"] for n in range(3)]
    said = {"driver": "delivery.late"}
    client.post(f"/v1/reviews/{asked[0]}/labels", json=said, headers=ann)
    found = client.get("/v1/reviews/today", headers=ann).json()
    assert found == {"day": "2026-11-20", "answered": 1, "left": 2, "done": False}
    other = key("review", name="bob")
    assert client.get("/v1/reviews/today", headers=other).json()["answered"] == 0
    assert client.get("/v1/reviews/today").status_code == 401


def test_what_says_nearly_the_same_is_answered_along(
    client: TestClient, ann: Headers, classify: Any, trained_runtime: Any
) -> None:
    question = "hallo hallo, een heel andere vraag over mijn pakket, dank alvast"
    asked, alike = classify(question)["review_id"], classify(f"{question} en groeten")["id"]
    address = f"/v1/reviews/{asked}/similar"
    assert client.get(address, headers=ann).json() == {"items": []}  # it was drawn as well
    with trained_runtime.writing() as session:
        session.execute(delete(ReviewRow).where(ReviewRow.message_id == alike))
        session.execute(update(DrawRow).where(DrawRow.message_id == alike).values(drawn=False))
    (found,) = client.get(address, headers=ann).json()["items"]
    assert (found["id"], found["text"]) == (alike, f"{question} en groeten")
    said = {"messages": [alike]}
    early = client.post(address, json=said, headers=ann)
    assert (early.status_code, early.json()["type"]) == (422, "urn:waarom:problem:bad-request")
    client.post(f"/v1/reviews/{asked}/labels", json={"driver": "delivery.late"}, headers=ann)
    answered = client.post(address, json=said, headers=ann)
    assert (answered.status_code, answered.json()) == (201, said)
    now = client.get(f"/v1/messages/{alike}", headers=ann).json()
    assert (now["decision"], now["driver"]) == ("person", "delivery.late")
    undone = client.post(f"{address}/undo", headers=ann)
    assert (undone.status_code, undone.json()) == (200, said)
    now = client.get(f"/v1/messages/{alike}", headers=ann).json()
    assert now["decision"] != "person"
    assert client.post(f"{address}/undo", headers=ann).status_code == 409
    assert client.get("/v1/reviews/999/similar", headers=ann).status_code == 404
