"""The contract as a document: complete, valid, and true to what the service answers."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from service.app import create_app
from service.problems import MEDIA_TYPE
from service.settings import Settings

EXPECTED = {
    ("post", "/v1/classify"),
    ("post", "/v1/classify/batch"),
    ("get", "/v1/messages/{message_id}"),
    ("get", "/v1/decisions"),
    ("post", "/v1/messages/{message_id}/labels"),
    ("delete", "/v1/messages/{message_id}/labels/{label_id}"),
    ("get", "/v1/labels"),
    ("post", "/v1/reviews/claim"),
    ("get", "/v1/reviews/{review_id}"),
    ("post", "/v1/reviews/{review_id}/labels"),
    ("post", "/v1/reviews/{review_id}/skip"),
    ("get", "/v1/reviews/today"),
    ("get", "/v1/reviews/{review_id}/similar"),
    ("post", "/v1/reviews/{review_id}/similar"),
    ("post", "/v1/reviews/{review_id}/similar/undo"),
    ("post", "/v1/reviews/{review_id}/release"),
    ("post", "/v1/reviews/{review_id}/renew"),
    ("post", "/v1/reviews/{review_id}/undo"),
    ("get", "/v1/drivers/weekly"),
    ("get", "/v1/drivers/{driver}/messages"),
    ("post", "/v1/webhooks/label-studio"),
    ("get", "/v1/label-plan"),
    ("get", "/v1/quality"),
    ("get", "/v1/queues"),
    ("post", "/v1/queues/check"),
    ("get", "/v1/publications/{week}"),
    ("post", "/v1/publications/{week}"),
    ("post", "/v1/queues/{queue}/rung"),
    ("get", "/v1/models"),
    ("get", "/v1/taxonomy"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
}

Operation = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = create_app(Settings()).openapi()
    return made


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[Operation]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, each in document["paths"].items()
        for method, operation in each.items()
    ]


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that stands on its own: what it refers to comes along."""
    return {**schema, "components": document["components"]}


def component(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"].get(name, schema)
    return found


def examples_of(document: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    named = [each["value"] for each in content.get("examples", {}).values()]
    own = [content["example"]] if "example" in content else []
    return named + own + component(document, content.get("schema", {})).get("examples", [])


def contents(operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every body an operation takes or gives, with where it is."""
    places = [("request", operation.get("requestBody", {}))]
    places += list(operation["responses"].items())
    return [
        (f"{place} {kind}", content)
        for place, body in places
        for kind, content in body.get("content", {}).items()
    ]


def test_it_holds_every_call_of_the_contract(document: dict[str, Any]) -> None:
    found = {(method, path) for path, each in document["paths"].items() for method in each}
    assert document["openapi"].startswith("3.1")
    assert found == EXPECTED


def test_every_operation_is_named_and_in_a_described_group(
    document: dict[str, Any], operations: list[Operation]
) -> None:
    described = {each["name"] for each in document["tags"]}
    for name, operation in operations:
        assert operation["summary"], name
        assert set(operation["tags"]) <= described, name
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)


def test_every_body_has_an_example_that_fits_its_schema(
    document: dict[str, Any], operations: list[Operation]
) -> None:
    for name, operation in operations:
        for place, content in contents(operation):
            found = examples_of(document, content)
            assert found, f"{name}: {place} has no example"
            checker = Draft202012Validator(resolved(document, content.get("schema", {})))
            for each in found:
                assert list(checker.iter_errors(each)) == [], f"{name}: {place}"


def test_every_call_says_how_it_fails_in_one_way(
    document: dict[str, Any], operations: list[Operation]
) -> None:
    for name, operation in operations:
        failures = {s: r for s, r in operation["responses"].items() if int(s) >= 400}
        if "/v1/" in name:
            assert {"401", "503"} <= set(failures), name
        for status, response in failures.items():
            if (name, status) == ("GET /readyz", "503"):
                continue
            assert list(response["content"]) == [MEDIA_TYPE], f"{name} {status}"
            for example in examples_of(document, response["content"][MEDIA_TYPE]):
                assert str(example["status"]) in (status, "409"), f"{name} {status}"


def test_calls_that_take_a_key_say_which_scope(operations: list[Operation]) -> None:
    for name, operation in operations:
        open_to_all = any(word in name for word in ("healthz", "readyz", "webhooks"))
        assert ("security" in operation) is not open_to_all, name


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    written = json.dumps(document)
    for part in written.split('"#/components/schemas/')[1:]:
        assert part.partition('"')[0] in schemas


def test_the_document_is_open_and_the_same_over_http(
    client: TestClient, document: dict[str, Any]
) -> None:
    assert client.get("/openapi.json").json() == document


def test_the_example_of_a_message_can_be_sent_as_it_is(
    client: TestClient, key: Any, document: dict[str, Any]
) -> None:
    headers = key("classify")
    schemas = document["components"]["schemas"]
    (message,) = schemas["MessageIn"]["examples"]
    (batch,) = schemas["BatchIn"]["examples"]
    assert client.post("/v1/classify", json=message, headers=headers).status_code == 200
    answer = client.post("/v1/classify/batch", json=batch, headers=headers)
    assert all(each["answer"] for each in answer.json()["results"])
