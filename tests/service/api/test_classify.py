import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from service.app import create_app
from service.keys import create_key
from service.runtime import Runtime
from service.tables import IdempotencyRow, MessageRow, PredictionRow, Table

SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"

KeyMaker = Callable[..., dict[str, str]]


@pytest.fixture
def headers(key: KeyMaker) -> dict[str, str]:
    return key("classify")


def row_counts(runtime: Runtime) -> dict[str, int]:
    with runtime.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Table.metadata.sorted_tables
        }


def test_a_sure_message_is_routed_to_the_queue_of_its_driver(classify: Any) -> None:
    answer = classify(SURE, external_id="zd-1")
    assert answer["decision"] == "auto"
    assert (answer["driver"], answer["queue"]) == ("delivery.late", "logistics")
    assert answer["doubts"] == []
    assert answer["external_id"] == "zd-1"
    assert answer["language"] == "nl"
    assert answer["model"]


def test_the_likeliest_drivers_come_with_names_and_scores_that_leave_room_for_unknown(
    classify: Any,
) -> None:
    answer = classify(SURE)
    scores = [each["score"] for each in answer["drivers"]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) + answer["unknown"] <= 1 + 1e-5
    assert answer["drivers"][0]["path"] == ["Bezorging", "Te laat"]


def test_a_doubtful_message_waits_for_a_person_in_the_fallback_queue(classify: Any) -> None:
    answer = classify(DOUBTFUL)
    assert (answer["decision"], answer["queue"]) == ("review", "triage")
    assert answer["doubts"]
    assert isinstance(answer["review_id"], int)


def test_without_a_model_every_message_waits_for_a_person(runtime: Runtime) -> None:
    with runtime.writing() as session:
        made = create_key(
            session, name="k", scopes=["classify"], now=datetime(2026, 11, 20, tzinfo=UTC)
        )
    with TestClient(create_app(runtime.settings, runtime=runtime)) as client:
        answer = client.post(
            "/v1/classify", json={"text": SURE}, headers={"Authorization": f"Bearer {made}"}
        ).json()
    assert answer["decision"] == "review"
    assert answer["doubts"] == ["no_model"]
    assert (answer["drivers"], answer["unknown"], answer["model"]) == ([], None, None)


def test_the_same_external_id_and_content_gets_the_stored_answer(
    classify: Any, trained_runtime: Runtime
) -> None:
    first = classify(SURE, external_id="zd-1")
    before = row_counts(trained_runtime)
    assert classify(SURE, external_id="zd-1") == first
    assert row_counts(trained_runtime) == before


def test_a_known_external_id_with_other_content_is_a_conflict_until_revised(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    first = classify(SURE, external_id="zd-1")
    other = {"text": "de doos is kapot en gescheurd, er zit een deuk in", "external_id": "zd-1"}
    refused = client.post("/v1/classify", json=other, headers=headers)
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:waarom:problem:content-conflict"
    revised = client.post("/v1/classify?revise=true", json=other, headers=headers).json()
    assert revised["id"] == first["id"]
    assert revised["driver"] == "delivery.damaged"


def test_an_external_id_with_personal_data_is_echoed_but_kept_as_a_pseudonym(
    client: TestClient, headers: dict[str, str], trained_runtime: Runtime
) -> None:
    sent = {"text": SURE, "external_id": "jan.jansen@example.nl"}
    again = headers | {"Idempotency-Key": "mail-1"}
    first = client.post("/v1/classify", json=sent, headers=again).json()
    assert first["external_id"] == "jan.jansen@example.nl"
    assert client.post("/v1/classify", json=sent, headers=again).json() == first
    found = client.get("/v1/messages/external:jan.jansen@example.nl", headers=headers).json()
    assert found["id"] == first["id"]
    assert "jansen" not in found["external_id"]
    with trained_runtime.reading() as session:
        kept = session.scalars(select(IdempotencyRow)).one()
        assert "jansen" not in str((kept.key, kept.body))


def test_personal_data_in_the_text_reaches_no_row(
    client: TestClient, headers: dict[str, str], trained_runtime: Runtime
) -> None:
    text = "Ik heet Jan Jansen, mail jan.jansen@example.nl, waar blijft mijn pakket?"
    client.post("/v1/classify", json={"text": text, "customer": "klant-77"}, headers=headers)
    with trained_runtime.reading() as session:
        row = session.scalars(select(MessageRow)).one()
        kept = " ".join(str(getattr(row, column.name)) for column in MessageRow.__table__.columns)
    assert "jansen" not in kept.lower()
    assert "klant-77" not in kept


def test_a_dry_run_answers_the_same_and_stores_nothing(
    client: TestClient, headers: dict[str, str], classify: Any, trained_runtime: Runtime
) -> None:
    before = row_counts(trained_runtime)
    dry = client.post(
        "/v1/classify?dry_run=true", json={"text": SURE}, headers=headers | {"Idempotency-Key": "a"}
    ).json()
    assert row_counts(trained_runtime) == before
    assert (dry["id"], dry["review_id"]) == (None, None)
    real = classify(SURE)
    for same in ("driver", "drivers", "unknown", "decision", "queue", "model", "taxonomy"):
        assert dry[same] == real[same]


def test_a_message_we_sent_ourselves_is_stored_apart_without_a_decision(classify: Any) -> None:
    answer = classify(SURE, direction="outbound")
    assert answer["id"] is not None
    assert (answer["decision"], answer["queue"], answer["drivers"]) == (None, None, [])


BAD = {
    "no text": ({}, "/text"),
    "an empty text": ({"text": "  \n"}, ""),
    "a NUL character": ({"text": "secretword \x00"}, "/text"),
    "a NUL in an attribute": (
        {"text": "a", "attributes": {"x": "secretword\x00"}},
        "/attributes/x",
    ),
    "half a character": ({"text": "secretword \ud800"}, "/text"),
    "a number for a text": ({"text": 5551234}, "/text"),
    "a misspelt field": ({"text": "a", "extrenal_id": "secretword"}, "/extrenal_id"),
    "a made-up field name": ({"text": "a", "jan@secretword.nl": 1}, ""),
    "a time without zone": (
        {"text": "a", "received_at": "2026-11-20T10:00:00"},
        "/received_at",
    ),
    "the future": ({"text": "a", "received_at": "2027-11-20T10:00:00Z"}, "/received_at"),
    "the year one": ({"text": "a", "received_at": "0001-01-01T00:00:00+14:00"}, "/received_at"),
    "a channel with a space": ({"text": "a", "channel": "Secret word"}, "/channel"),
    "a score that is no number": ({"text": "a", "scores": {"nps": "secretword"}}, "/scores/nps"),
    "an unknown score": ({"text": "a", "scores": {"secretword": 1}}, "/scores/secretword"),
    "a made-up direction": ({"text": "a", "direction": "secretword"}, "/direction"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_field_that_cannot_be_used_is_named_and_not_echoed(
    client: TestClient, headers: dict[str, str], trained_runtime: Runtime, name: str
) -> None:
    sent, pointer = BAD[name]
    response = client.post(
        "/v1/classify",
        content=json.dumps(sent),
        headers=headers | {"Content-Type": "application/json"},
    )
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert [each["pointer"] for each in problem["errors"]] == [pointer]
    assert "secretword" not in response.text.replace("/scores/secretword", "")
    assert row_counts(trained_runtime)["messages"] == 0


def test_json_that_cannot_be_read_is_a_problem_not_a_crash(
    client: TestClient, headers: dict[str, str]
) -> None:
    for content in (b"", b"{", b'{"text": "\xff"}', b"[]", b'"secretword"', b'{"text": NaN}'):
        response = client.post(
            "/v1/classify",
            content=content,
            headers=headers | {"Content-Type": "application/json"},
        )
        assert response.status_code in (400, 422), content
        assert response.headers["content-type"] == "application/problem+json"
        assert "secretword" not in response.text


def test_a_message_of_50_mb_is_refused_whether_or_not_its_size_is_announced(
    client: TestClient, headers: dict[str, str]
) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(50):
            yield b"x" * 1_000_000

    announced = headers | {"Content-Length": "50000000"}
    response = client.post("/v1/classify", content=b"x" * 10, headers=announced)
    assert response.status_code == 413
    assert response.json()["type"] == "urn:waarom:problem:too-large"
    chunked = client.post(
        "/v1/classify", content=body(), headers=headers | {"Content-Type": "application/json"}
    )
    assert chunked.status_code == 413
    assert chunked.json() == response.json()


def test_a_text_just_over_the_limit_is_refused_by_its_field(
    client: TestClient, headers: dict[str, str], trained_runtime: Runtime
) -> None:
    text = "a" * (trained_runtime.settings.max_message_bytes + 1)
    response = client.post("/v1/classify", json={"text": text}, headers=headers)
    assert response.status_code == 413
    assert response.json()["errors"][0]["pointer"] == "/text"


def test_a_batch_answers_each_message_in_order_and_a_bad_one_holds_up_nobody(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    classify("de doos is kapot", external_id="known")
    messages = [
        {"text": SURE, "external_id": "one"},
        {"text": "bad\x00"},
        {"text": "something else", "external_id": "known"},
        "not an object",
        {"text": DOUBTFUL, "external_id": "two"},
        {"text": SURE, "external_id": "one"},
        {"text": "a", "received_at": "2027-11-20T10:00:00Z"},
    ]
    response = client.post("/v1/classify/batch", json={"messages": messages}, headers=headers)
    assert response.status_code == 200, response.text
    results = response.json()["results"]
    answers = [each["answer"] and each["answer"]["external_id"] for each in results]
    assert answers == ["one", None, None, None, "two", "one", None]
    statuses = [each["error"] and each["error"]["status"] for each in results]
    assert statuses == [None, 422, 409, 422, None, None, 422]
    assert results[1]["error"]["errors"][0]["pointer"] == "/messages/1/text"
    assert results[3]["error"]["errors"][0]["pointer"] == "/messages/3"
    assert results[6]["error"]["errors"][0]["pointer"] == "/messages/6/received_at"
    assert results[0]["answer"]["id"] == results[5]["answer"]["id"]
    assert results[0]["answer"]["decision"] == "auto"
    assert results[4]["answer"]["decision"] == "review"


def test_a_batch_beyond_the_limit_is_refused_whole(
    client: TestClient, headers: dict[str, str], trained_runtime: Runtime
) -> None:
    messages = [{"text": "a"}] * (trained_runtime.settings.batch_limit + 1)
    response = client.post("/v1/classify/batch", json={"messages": messages}, headers=headers)
    assert response.status_code == 413
    assert row_counts(trained_runtime)["messages"] == 0


def test_a_dry_batch_stores_nothing(
    client: TestClient, headers: dict[str, str], trained_runtime: Runtime
) -> None:
    before = row_counts(trained_runtime)
    response = client.post(
        "/v1/classify/batch?dry_run=true",
        json={"messages": [{"text": SURE}, {"text": ""}]},
        headers=headers,
    )
    found = response.json()["results"]
    assert found[0]["answer"]["driver"] == "delivery.late"
    assert found[1]["error"]["status"] == 422
    assert row_counts(trained_runtime) == before


def test_an_idempotency_key_makes_a_retry_safe_without_an_external_id(
    client: TestClient, headers: dict[str, str], trained_runtime: Runtime
) -> None:
    again = headers | {"Idempotency-Key": "retry-1"}
    first = client.post("/v1/classify", json={"text": SURE}, headers=again)
    second = client.post("/v1/classify", json={"text": SURE}, headers=again)
    assert first.json() == second.json()
    assert row_counts(trained_runtime)["messages"] == 1


def test_an_idempotency_key_of_another_request_is_refused(
    client: TestClient, headers: dict[str, str]
) -> None:
    again = headers | {"Idempotency-Key": "retry-1"}
    client.post("/v1/classify", json={"text": SURE}, headers=again)
    for address, text in (("/v1/classify", DOUBTFUL), ("/v1/classify?revise=true", SURE)):
        reused = client.post(address, json={"text": text}, headers=again)
        assert reused.status_code == 422
        assert reused.json()["type"] == "urn:waarom:problem:key-reused"


def test_an_idempotency_key_belongs_to_the_api_key_it_came_with(
    client: TestClient, key: KeyMaker
) -> None:
    ids = {
        client.post(
            "/v1/classify",
            json={"text": SURE},
            headers=key("classify", name=name) | {"Idempotency-Key": "1"},
        ).json()["id"]
        for name in ("one", "two")
    }
    assert len(ids) == 2


def test_a_refused_call_may_be_repaired_under_the_same_idempotency_key(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    classify(SURE, external_id="zd-1")
    again = headers | {"Idempotency-Key": "retry-1"}
    other = {"text": DOUBTFUL, "external_id": "zd-1"}
    assert client.post("/v1/classify", json=other, headers=again).status_code == 409
    repaired = other | {"external_id": "zd-2"}
    assert client.post("/v1/classify", json=repaired, headers=again).status_code == 200


def test_twenty_calls_at_once_with_one_external_id_store_one_message(
    client: TestClient, headers: dict[str, str], trained_runtime: Runtime
) -> None:
    def send(_: int) -> Any:
        return client.post(
            "/v1/classify", json={"text": SURE, "external_id": "zd-1"}, headers=headers
        )

    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(send, range(20)))
    assert {response.status_code for response in responses} == {200}
    assert len({response.json()["id"] for response in responses}) == 1
    counts = row_counts(trained_runtime)
    assert (counts["messages"], counts["decisions"], counts["draws"]) == (1, 1, 1)


def test_messages_that_arrive_at_once_are_all_stored(
    client: TestClient, headers: dict[str, str], trained_runtime: Runtime
) -> None:
    def send(number: int) -> int:
        sent = {"text": f"{SURE} {number}", "external_id": f"zd-{number}"}
        return client.post("/v1/classify", json=sent, headers=headers).status_code

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(send, range(20))) == {200}
    assert row_counts(trained_runtime)["messages"] == 20


@pytest.fixture
def explained(client: TestClient, headers: dict[str, str]) -> Callable[..., dict[str, Any]]:
    """Send a message with `?explain=true` and give its answer."""

    def send(text: str, *, query: str = "", headers: dict[str, str] = headers, **fields: object):
        address = f"/v1/classify?explain=true{query}"
        response = client.post(address, json={"text": text, **fields}, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    return send


def total(explanation: dict[str, Any]) -> float:
    parts = [explanation["intercept"], explanation["remainder"]]
    return sum(parts) + sum(word["weight"] for word in explanation["words"])


def test_an_explanation_comes_only_when_asked_for(classify: Any, explained: Any) -> None:
    assert classify(SURE, external_id="zd-1")["explanation"] is None
    assert explained(SURE, external_id="zd-1")["explanation"] is not None


@pytest.mark.parametrize("query", ["", "&dry_run=true"])
def test_an_explanation_adds_up_and_names_words_of_the_message(explained: Any, query: str) -> None:
    answer = explained(SURE, subject="Waar is mijn factuur", query=query)
    found = answer["explanation"]
    likeliest = [each["id"] for each in answer["drivers"][:2]]
    assert [found["driver"], found["against"]] == likeliest
    assert total(found) == pytest.approx(found["score"], abs=1e-6)
    kept = {"subject": "Waar is mijn factuur", "text": SURE}
    for word in found["words"]:
        assert kept[word["field"]][word["start"] : word["end"]] == word["text"]
    assert {word["field"] for word in found["words"]} == {"subject", "text"}


def test_words_are_those_of_the_redacted_text(explained: Any) -> None:
    answer = explained("mail jan@example.com waar mijn pakket blijft")
    words = {word["text"] for word in answer["explanation"]["words"]}
    assert "pakket" in words
    assert "jan" not in json.dumps(answer["explanation"])


def test_a_stored_answer_is_explained_by_the_model_that_gave_it(
    classify: Any, explained: Any, trained_runtime: Runtime
) -> None:
    classify(SURE, external_id="zd-1")
    assert explained(SURE, external_id="zd-1")["explanation"]["driver"] == "delivery.late"
    with trained_runtime.writing() as session:
        session.execute(update(PredictionRow).values(model="2020-01-01.1"))
    again = explained(SURE, external_id="zd-1")
    assert (again["driver"], again["explanation"]) == ("delivery.late", None)


def test_an_explanation_is_not_kept_for_a_retry(
    explained: Any, headers: dict[str, str], trained_runtime: Runtime
) -> None:
    again = headers | {"Idempotency-Key": "retry-1"}
    first, second = (explained(SURE, headers=again) for _ in range(2))
    assert first["explanation"]["words"]
    assert first == second
    with trained_runtime.reading() as session:
        kept = session.scalars(select(IdempotencyRow)).one()
    assert "pakket" not in json.dumps(kept.body)


def test_what_was_not_classified_has_no_explanation(explained: Any, runtime: Runtime) -> None:
    assert explained(SURE, direction="outbound")["explanation"] is None


def test_each_answer_of_a_batch_is_explained(client: TestClient, headers: dict[str, str]) -> None:
    messages = {"messages": [{"text": SURE}, {"text": ""}, {"text": "de factuur"}]}
    for dry in ("", "&dry_run=true"):
        address = f"/v1/classify/batch?explain=true{dry}"
        found = client.post(address, json=messages, headers=headers).json()["results"]
        likeliest = [each["answer"] and each["answer"]["explanation"]["driver"] for each in found]
        assert likeliest == ["delivery.late", None, "payment.invoice"]
