import contextlib
import logging
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from service.app import create_app
from service.runtime import Runtime
from service.settings import Settings
from service.tables import OutboxRow

SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"

KeyMaker = Callable[..., dict[str, str]]


def test_it_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"ready": True, "database": True, "model": True}


def test_without_a_model_it_is_ready_and_says_so(runtime: Runtime) -> None:
    with TestClient(create_app(runtime.settings, runtime=runtime)) as client:
        response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "database": True, "model": False}


def test_with_a_model_that_cannot_be_used_it_is_not_ready(runtime: Runtime) -> None:
    folder = runtime.settings.models_dir
    folder.mkdir(parents=True)
    (folder / "CURRENT").write_text("2026-01-01.1\n")
    with TestClient(create_app(runtime.settings, runtime=runtime)) as client:
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"ready": False, "database": True, "model": False}


def test_without_its_database_it_is_not_ready_and_asks_to_try_again(
    client: TestClient, key: KeyMaker, trained_runtime: Runtime
) -> None:
    headers = key("classify")

    def out_of_reach(*_: object) -> None:
        driver = trained_runtime.engine.dialect.loaded_dbapi
        if trained_runtime.engine.dialect.name == "sqlite":
            raise driver.OperationalError("unable to open database file")
        raise driver.InterfaceError("no such host")

    trained_runtime.engine.dispose()
    event.listen(trained_runtime.engine, "do_connect", out_of_reach)
    try:
        ready = client.get("/readyz")
        asked = client.post("/v1/classify", json={"text": SURE}, headers=headers)
    finally:
        event.remove(trained_runtime.engine, "do_connect", out_of_reach)
    assert ready.status_code == 503
    assert ready.json()["database"] is False
    assert asked.status_code == 503
    assert asked.json()["type"] == "urn:waarom:problem:unavailable"
    assert int(asked.headers["retry-after"]) > 0
    assert client.post("/v1/classify", json={"text": SURE}, headers=headers).status_code == 200


def test_a_locked_sqlite_file_is_a_503_that_says_when_to_come_back(
    client: TestClient, key: KeyMaker, trained_runtime: Runtime
) -> None:
    if trained_runtime.engine.dialect.name != "sqlite":
        with trained_runtime.writing() as session:
            assert session.scalar(text("SELECT 1")) == 1
        return  # PostgreSQL has many writers
    headers = key("classify")

    def impatient(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA busy_timeout=50")

    trained_runtime.engine.dispose()
    event.listen(trained_runtime.engine, "connect", impatient)
    with trained_runtime.writing() as holding:
        holding.execute(text("SELECT 1"))
        response = client.post("/v1/classify", json={"text": SURE}, headers=headers)
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.headers["content-type"] == "application/problem+json"


def test_what_nobody_foresaw_is_a_problem_that_says_nothing(
    trained_runtime: Runtime, clock: Any
) -> None:
    app = create_app(trained_runtime.settings, runtime=trained_runtime, clock=clock)

    @app.get("/probe/code")
    def broken() -> None:
        raise RuntimeError("secretword")

    @app.get("/probe/statement")
    def impossible() -> None:
        with trained_runtime.writing() as session:
            session.execute(insert(OutboxRow).values(id=1, door="secretword"))

    with TestClient(app, raise_server_exceptions=False) as client:
        answers = [client.get(f"/probe/{name}") for name in ("code", "statement")]
    for response in answers:
        assert response.status_code == 500
        assert response.headers["content-type"] == "application/problem+json"
        assert "secretword" not in response.text


def test_a_statement_that_fails_reaches_the_log_without_its_values(
    trained_runtime: Runtime, clock: Any
) -> None:
    app = create_app(trained_runtime.settings, runtime=trained_runtime, clock=clock)

    @app.get("/probe")
    def impossible() -> None:
        with trained_runtime.writing() as session:
            session.execute(text("SELECT :value FROM nowhere"), {"value": "secretword"})

    with TestClient(app) as client, pytest.raises(DBAPIError) as raised:
        client.get("/probe")
    assert "nowhere" in str(raised.value)
    assert "secretword" not in str(raised.value)


def test_an_application_opens_and_closes_its_own_runtime(settings: Settings) -> None:
    app = create_app(settings)
    assert not hasattr(app.state, "runtime")
    with TestClient(app) as client:
        assert client.get("/readyz").status_code == 200
    assert app.state.runtime.engine.pool.checkedin() == 0


def test_a_runtime_that_was_given_stays_open(runtime: Runtime) -> None:
    with TestClient(create_app(runtime.settings, runtime=runtime)):
        pass
    with runtime.reading() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_addresses_that_do_not_exist_are_problems(client: TestClient) -> None:
    for method, address, status in (
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/classify", 405),
        ("GET", "/static/nothing.css", 404),
    ):
        response = client.request(method, address)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"


def test_a_page_that_does_not_exist_is_a_page_for_a_browser_only(client: TestClient) -> None:
    browsing = {"Accept": "text/html,*/*;q=0.8"}
    page = client.get("/nothing", headers=browsing)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    for address, headers in (("/nothing", {}), ("/v1/nothing", browsing)):
        found = client.get(address, headers=headers)
        assert found.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("address", ["/healthz", "/v1/taxonomy", "/nothing", "/openapi.json"])
def test_every_answer_is_guarded(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_metrics_count_calls_by_route_and_hold_no_text(
    client: TestClient, key: KeyMaker, classify: Any
) -> None:
    answer = classify(SURE, external_id="zd-77", customer="klant-77")
    headers = key("report", "classify")
    client.get("/v1/messages/external:zd-77", headers=headers)
    client.get("/v1/nothing/secretword")
    client.request("SECRETWORD", "/healthz")
    found = client.get("/metrics", headers=headers).text
    calls = "waarom_http_requests_total"
    assert f'{calls}{{method="POST",route="/v1/classify",status="200"}} 1.0' in found
    assert f'{calls}{{method="GET",route="/v1/messages/{{message_id}}",status="200"}} 1.0' in found
    assert f'waarom_messages_classified_total{{decision="{answer["decision"]}"}} 1.0' in found
    assert "waarom_decisions_position 1.0" in found
    for hidden in ("pakket", "zd-77", "klant-77", "secretword", "SECRETWORD"):
        assert hidden not in found


def test_two_applications_count_apart(trained_runtime: Runtime, key: KeyMaker) -> None:
    headers = key("report")
    for _ in range(2):
        app = create_app(trained_runtime.settings, runtime=trained_runtime)
        with TestClient(app) as client:
            client.get("/healthz")
            found = client.get("/metrics", headers=headers).text
        assert 'route="/healthz",status="200"} 1.0' in found


def test_no_log_holds_a_message_a_key_or_a_secret(
    client: TestClient, key: KeyMaker, caplog: pytest.LogCaptureFixture
) -> None:
    headers = key("classify")
    secret = headers["Authorization"].removeprefix("Bearer ")
    with caplog.at_level(logging.DEBUG):
        sent = {"text": "secretword " + SURE, "external_id": "zd-secretword"}
        client.post("/v1/classify", json=sent, headers=headers)
        client.post("/v1/classify", json=sent | {"scores": {"nps": "secretword"}}, headers=headers)
        client.post("/v1/webhooks/label-studio", json=sent, headers={"X-Waarom-Secret": "hush"})
    ours = " ".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    for hidden in ("secretword", secret, "hush"):
        assert hidden not in ours


def hints(runtime: Runtime) -> int:
    with runtime.reading() as session:
        query = select(func.count()).where(OutboxRow.door == "label_studio_pull")
        return session.scalar(query) or 0


def test_a_webhook_with_the_secret_leaves_one_hint_however_often_it_comes(
    trained_runtime: Runtime, clock: Any
) -> None:
    trained_runtime.settings = trained_runtime.settings.model_copy(
        update={"webhook_secret": SecretStr("hush")}
    )
    app = create_app(trained_runtime.settings, runtime=trained_runtime, clock=clock)
    body = {"action": "ANNOTATION_CREATED", "project": {"token": "secretword"}}
    with TestClient(app) as client:
        for given in ({}, {"X-Waarom-Secret": ""}, {"X-Waarom-Secret": "husH"}):
            refused = client.post("/v1/webhooks/label-studio", json=body, headers=given)
            assert refused.status_code == 401
        assert hints(trained_runtime) == 0
        for _ in range(3):
            response = client.post(
                "/v1/webhooks/label-studio", json=body, headers={"X-Waarom-Secret": "hush"}
            )
            assert response.status_code == 202
    assert hints(trained_runtime) == 1


def test_without_a_webhook_secret_no_webhook_is_let_in(client: TestClient) -> None:
    for given in ("", "None"):
        response = client.post("/v1/webhooks/label-studio", headers={"X-Waarom-Secret": given})
        assert response.status_code == 401


def test_a_webhook_of_any_size_is_taken(client: TestClient) -> None:
    with contextlib.suppress(BrokenPipeError):
        response = client.post("/v1/webhooks/label-studio", content=b"x" * 3_000_000)
    assert response.status_code == 401
