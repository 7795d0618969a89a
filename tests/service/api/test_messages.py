from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from service.runtime import Runtime
from service.tables import PredictionRow

SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"

KeyMaker = Callable[..., dict[str, str]]


@pytest.fixture
def headers(key: KeyMaker) -> dict[str, str]:
    return key("classify", "review")


def feed(client: TestClient, headers: dict[str, str], after: str = "0", limit: int = 100) -> Any:
    parameters = {"after": after, "limit": limit}
    response = client.get("/v1/decisions", params=parameters, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_message_is_found_by_our_id_and_by_theirs(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    answer = classify(DOUBTFUL, external_id="https://desk.example/1?a=b")
    by_ours = client.get(f"/v1/messages/{answer['id']}", headers=headers).json()
    theirs = "external:https:%2F%2Fdesk.example%2F1%3Fa=b"
    assert client.get(f"/v1/messages/{theirs}", headers=headers).json() == by_ours
    assert answer.pop("explanation") is None
    assert by_ours.items() >= answer.items()
    assert by_ours["review"] == {"id": answer["review_id"], "state": "open"}
    assert (by_ours["week"], by_ours["counted"], by_ours["label"]) == ("2026-W47", True, None)
    assert "text" not in by_ours


@pytest.mark.parametrize(
    "name", ["999", "0", "-1", "abc", "٣", "99999999999999999999", "external:nobody", "external:"]
)
def test_a_message_that_is_not_there_is_a_404(
    client: TestClient, headers: dict[str, str], name: str
) -> None:
    response = client.get(f"/v1/messages/{name}", headers=headers)
    assert response.status_code == 404
    assert response.json()["type"] == "urn:waarom:problem:not-found"


def test_a_name_no_database_could_hold_is_refused(
    client: TestClient, headers: dict[str, str]
) -> None:
    assert client.get("/v1/messages/external:%00", headers=headers).status_code == 422


def test_a_correction_routes_the_message_anew(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    message = classify(DOUBTFUL)["id"]
    label = {"driver": "payment.invoice", "also": ["payment.refund"], "note": "bel 0612345678"}
    response = client.post(f"/v1/messages/{message}/labels", json=label, headers=headers)
    assert response.status_code == 201, response.text
    stored = response.json()
    assert (stored["decision"], stored["queue"]) == ("person", "finance")
    assert (stored["driver"], stored["also"]) == ("payment.invoice", ["payment.refund"])
    now = client.get(f"/v1/messages/{message}", headers=headers).json()
    assert (now["decision"], now["driver"], now["queue"]) == (
        "person",
        "payment.invoice",
        "finance",
    )
    assert now["label"]["person"] == "helpdesk"
    assert now["label"]["door"] == "correction"


@pytest.mark.parametrize("also", [[], ["delivery.late"]])
@pytest.mark.parametrize("driver", [None, "unknown"])
def test_none_of_the_drivers_is_an_answer_too_whatever_else_the_message_is_about(
    client: TestClient, headers: dict[str, str], classify: Any, driver: str | None, also: list[str]
) -> None:
    label = {"driver": driver, "also": [*also, driver] if driver else also}
    address = f"/v1/messages/{classify(SURE)['id']}/labels"
    stored = client.post(address, json=label, headers=headers).json()
    assert (stored["driver"], stored["also"], stored["queue"]) == (None, also, "triage")


@pytest.mark.parametrize(
    ("label", "pointer"),
    [
        ({"driver": "delivery.lost"}, "/driver"),
        ({"driver": "delivery"}, "/driver"),
        ({"driver": "payment.refund", "also": ["delivery.late", "nope"]}, "/also/1"),
        ({"driver": None, "also": ["delivery.late", "unknown"]}, "/also/1"),
        ({"driver": "Jan Jansen"}, "/driver"),
        ({}, "/driver"),
        ({"driver": "payment.refund", "note": "\x00"}, "/note"),
    ],
)
def test_a_label_that_cannot_be_used_says_which_field_and_changes_nothing(
    client: TestClient, headers: dict[str, str], classify: Any, label: Any, pointer: str
) -> None:
    message = classify(SURE)["id"]
    response = client.post(f"/v1/messages/{message}/labels", json=label, headers=headers)
    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == [pointer]
    assert "Jansen" not in response.text
    now = client.get(f"/v1/messages/{message}", headers=headers).json()
    assert now["decision"] == "auto"


def test_a_correction_sent_again_with_its_key_is_one_label(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    first, second = classify(SURE)["id"], classify(f"{SURE} graag")["id"]
    again = headers | {"Idempotency-Key": "1"}
    label = {"driver": "payment.refund"}
    answers = [
        client.post(f"/v1/messages/{first}/labels", json=label, headers=again).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len(feed(client, headers)["items"]) == 3
    other = client.post(f"/v1/messages/{second}/labels", json=label, headers=again)
    assert other.json()["type"] == "urn:waarom:problem:key-reused"


def test_the_feed_gives_every_decision_in_order_and_a_place_to_go_on(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    sent = [classify(text, external_id=f"zd-{len(text)}")["id"] for text in (SURE, DOUBTFUL)]
    client.post(
        f"/v1/messages/{sent[0]}/labels", json={"driver": "payment.refund"}, headers=headers
    )
    pages, after = [], "0"
    while (page := feed(client, headers, after, limit=2))["items"]:
        pages.append(page["items"])
        after = page["next"]
    assert [len(page) for page in pages] == [2, 1]
    items = [item for page in pages for item in page]
    assert [item["position"] for item in items] == [1, 2, 3]
    assert [(item["id"], item["decision"]) for item in items] == [
        (sent[0], "auto"),
        (sent[1], "review"),
        (sent[0], "person"),
    ]
    assert items[0]["external_id"] == f"zd-{len(SURE)}"


def test_the_feed_keeps_its_place_when_there_is_nothing_new(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    assert feed(client, headers) == {"items": [], "next": "0"}
    classify(SURE)
    assert feed(client, headers, after="1") == {"items": [], "next": "1"}


@pytest.mark.parametrize("bad", ["x", "-1", "1.5", "9" * 19, ""])
def test_a_cursor_we_never_gave_is_refused(
    client: TestClient, headers: dict[str, str], bad: str
) -> None:
    response = client.get("/v1/decisions", params={"after": bad}, headers=headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == "after"


def test_a_reader_of_the_feed_misses_nothing_while_messages_arrive(
    client: TestClient, headers: dict[str, str]
) -> None:
    def send(number: int) -> int:
        sent = {"text": f"{SURE} {number}", "external_id": f"zd-{number}"}
        return int(client.post("/v1/classify", json=sent, headers=headers).json()["id"])

    seen: list[int] = []
    with ThreadPoolExecutor(5) as pool:
        sending = [pool.submit(send, number) for number in range(25)]
        after = "0"
        while len(seen) < 25:
            done = all(each.done() for each in sending)
            page = feed(client, headers, after, limit=3)
            seen += [item["position"] for item in page["items"]]
            after = page["next"]
            if done and not page["items"]:
                break
    assert seen == list(range(1, 26))


def mentioning(runtime: Runtime, message_id: int, mentions: list[Any]) -> None:
    """As a model that knows several drivers would have said of a message."""
    with runtime.writing() as session:
        mine = update(PredictionRow).where(PredictionRow.message_id == message_id)
        session.execute(mine.values(mentions=mentions))


def test_a_message_about_several_drivers_names_them_all_and_the_sentences_that_say_so(
    client: TestClient, headers: dict[str, str], classify: Any, trained_runtime: Runtime
) -> None:
    answer = classify(SURE, subject="Pakket kapot")
    assert answer["also"] == []
    assert {(each["mention"], each["role"]) for each in answer["drivers"][1:]} == {
        (None, "candidate")
    }
    spans = [["delivery.late", 0.97, True, [[13, 38]]], ["delivery.damaged", 0.8, True, [[0, 12]]]]
    mentioning(trained_runtime, answer["id"], spans)
    found = client.get(f"/v1/messages/{answer['id']}", headers=headers).json()
    assert (found["driver"], found["also"]) == ("delivery.late", ["delivery.damaged"])
    assert [each["role"] for each in found["drivers"][:3]] == ["primary", "also", "candidate"]
    late, damaged, *_ = found["drivers"]
    assert (late["mention"], damaged["mention"]) == (0.97, 0.8)
    assert late["sentences"] == [{"field": "text", "start": 0, "end": 24, "text": SURE[:24]}]
    assert damaged["sentences"] == [
        {"field": "subject", "start": 0, "end": 12, "text": "Pakket kapot"}
    ]
    assert late["score"] == answer["drivers"][0]["score"]


def test_after_a_correction_the_roles_are_those_the_person_gave(
    client: TestClient, headers: dict[str, str], classify: Any, trained_runtime: Runtime
) -> None:
    message = classify(SURE)["id"]
    mentioning(trained_runtime, message, [["delivery.late", 0.97, True, [[0, 25]]]])
    said = {"driver": "payment.refund", "also": ["delivery.damaged"]}
    assert (
        client.post(f"/v1/messages/{message}/labels", json=said, headers=headers).status_code == 201
    )
    found = client.get(f"/v1/messages/{message}", headers=headers).json()
    assert (found["driver"], found["also"]) == ("payment.refund", ["delivery.damaged"])
    roles = {each["id"]: each["role"] for each in found["drivers"]}
    assert roles == {
        "payment.refund": "primary",
        "delivery.damaged": "also",
        "delivery.late": "candidate",
    } | {each: "candidate" for each in roles if each.startswith("payment.i")}
