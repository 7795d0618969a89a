"""Labels over HTTP: to follow, to take along, and corrections that can be taken back."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"

KeyMaker = Callable[..., dict[str, str]]
Correct = Callable[..., Any]


@pytest.fixture
def headers(key: KeyMaker) -> dict[str, str]:
    return key("classify", "review", "messages")


@pytest.fixture
def correct(client: TestClient, headers: dict[str, str]) -> Correct:
    def send(message: Any, driver: str | None, **more: Any) -> Any:
        body = {"driver": driver, **more}
        response = client.post(f"/v1/messages/{message}/labels", json=body, headers=headers)
        assert response.status_code == 201, response.text
        return response.json()

    return send


def page(client: TestClient, headers: dict[str, str], **parameters: Any) -> Any:
    response = client.get("/v1/labels", params=parameters, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_label_is_told_with_its_message_and_how_that_was_chosen(
    client: TestClient, headers: dict[str, str], classify: Any, correct: Correct
) -> None:
    answer = classify(SURE, external_id="zd-1", attributes={"product": "lamp"})
    more = {"also": ["payment.invoice"], "note": "bel 06-12345678", "personal_data": True}
    correct(answer["id"], "payment.refund", **more)
    correct(classify(SURE)["id"], "payment.refund")
    (item,) = page(client, headers, personal_data=True)["items"]
    assert [each["personal_data"] for each in page(client, headers)["items"]] == [True, False]
    assert (item["message_id"], item["external_id"]) == (answer["id"], "zd-1")
    assert (item["text"], item["attributes"]) == (SURE, {"product": "lamp"})
    assert (item["driver"], item["also"]) == ("payment.refund", ["payment.invoice"])
    assert "12345678" not in item["note"]
    assert (item["chosen"], item["counts"], item["door"]) == ("correction", False, "correction")
    assert 0 < item["inclusion"] <= 1
    assert (item["asked"], item["person"]) == ("", None)
    assert item["prediction"]["driver"] == "delivery.late"
    assert item["prediction"]["model"] == answer["model"]


def test_an_answer_to_a_drawn_question_counts(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    classify(DOUBTFUL)
    review = client.post("/v1/reviews/claim", headers=headers).json()
    client.post(f"/v1/reviews/{review['id']}/labels", json={"driver": None}, headers=headers)
    (item,) = page(client, headers, counts=True)["items"]
    assert (item["driver"], item["chosen"], item["inclusion"]) == (None, "required", 1.0)
    assert item["asked"] == "pre-filled"


def test_one_poll_follows_every_new_label(
    client: TestClient, headers: dict[str, str], classify: Any, correct: Correct
) -> None:
    messages = [classify(SURE)["id"] for _ in range(3)]
    for message in messages:
        correct(message, "payment.refund")
    first = page(client, headers, limit=2)
    rest = page(client, headers, after=first["next"])
    assert [each["message_id"] for each in first["items"] + rest["items"]] == messages
    nothing = page(client, headers, after=rest["next"])
    assert (nothing["items"], nothing["next"]) == ([], rest["next"])
    correct(messages[0], "payment.invoice")
    (new,) = page(client, headers, after=rest["next"])["items"]
    assert (new["message_id"], new["driver"]) == (messages[0], "payment.invoice")
    assert len(page(client, headers)["items"]) == 3


def test_a_moment_narrows_it_down(
    client: TestClient, headers: dict[str, str], classify: Any, correct: Correct, clock: Any
) -> None:
    first, second = classify(SURE)["id"], classify(SURE)["id"]
    correct(first, "payment.refund")
    clock.pass_by(hours=2)
    correct(second, "payment.refund")
    since = "2026-11-20T13:00:00Z"
    assert [each["message_id"] for each in page(client, headers, since=since)["items"]] == [second]
    naive = client.get("/v1/labels", params={"since": "2026-11-20T13:00:00"}, headers=headers)
    assert naive.status_code == 422


def test_who_answered_takes_an_admin_and_is_a_pseudonym(
    client: TestClient, headers: dict[str, str], key: KeyMaker, classify: Any, correct: Correct
) -> None:
    correct(classify(SURE)["id"], "payment.refund")
    refused = client.get("/v1/labels?people=true", headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:waarom:problem:not-allowed")
    (item,) = page(client, key("admin"), people=True)["items"]
    assert item["person"]
    assert "helpdesk" not in item["person"]


def test_messages_are_shown_to_keys_for_messages_only(client: TestClient, key: KeyMaker) -> None:
    assert client.get("/v1/labels", headers=key("review", "report")).status_code == 403
    assert client.get("/v1/labels").status_code == 401


def test_a_correction_taken_back_gives_the_route_back_to_the_model(
    client: TestClient, headers: dict[str, str], classify: Any, correct: Correct
) -> None:
    before = classify(SURE, external_id="zd-1")
    label = correct("external:zd-1", "payment.refund")["id"]
    address = f"/v1/messages/external:zd-1/labels/{label}"
    for _ in range(2):
        taken_back = client.delete(address, headers=headers)
        assert taken_back.status_code == 200
        after = taken_back.json()
        assert (after["decision"], after["driver"]) == ("auto", before["driver"])
        assert (after["queue"], after["label"]) == (before["queue"], None)
    assert page(client, headers)["items"] == []
    decisions = client.get("/v1/decisions", headers=headers).json()["items"]
    assert [each["decision"] for each in decisions] == ["auto", "person", "auto"]


def test_the_correction_before_holds_again(
    client: TestClient, headers: dict[str, str], classify: Any, correct: Correct
) -> None:
    message = classify(SURE)["id"]
    correct(message, "payment.refund")
    second = correct(message, "payment.invoice")["id"]
    after = client.delete(f"/v1/messages/{message}/labels/{second}", headers=headers).json()
    assert (after["decision"], after["driver"]) == ("person", "payment.refund")


def test_only_ones_own_corrections_of_that_message_can_be_taken_back(
    client: TestClient, headers: dict[str, str], key: KeyMaker, classify: Any, correct: Correct
) -> None:
    first, second = classify(SURE)["id"], classify(DOUBTFUL)["id"]
    label = correct(first, "payment.refund")["id"]
    review = client.post("/v1/reviews/claim", headers=headers).json()
    answer = client.post(
        f"/v1/reviews/{review['id']}/labels", json={"driver": None}, headers=headers
    ).json()["id"]
    for message, number in ((second, label), (second, answer), (first, 99999), (999, label)):
        response = client.delete(f"/v1/messages/{message}/labels/{number}", headers=headers)
        assert response.status_code == 404, (message, number)
    address = f"/v1/messages/{first}/labels/{label}"
    assert client.delete(address, headers=key("review", name="other")).status_code == 403
    assert client.delete(address, headers=key("messages")).status_code == 403
    assert client.delete(address, headers=key("admin", name="chief")).status_code == 200
