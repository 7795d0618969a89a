from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Form, Request, Response
from fastapi.testclient import TestClient

from service.app import create_app
from service.auth import (
    COOKIE,
    FAILURES,
    CsrfToken,
    FormIdentity,
    PageIdentity,
    log_in,
    log_out,
    safe_page,
)
from service.keys import list_keys, revoke_key
from service.runtime import Runtime

KeyMaker = Callable[..., dict[str, str]]

OPEN = {"/healthz", "/readyz", "/v1/webhooks/label-studio"}


def revoke_all(runtime: Runtime, now: Any) -> None:
    with runtime.writing() as session:
        for row in list_keys(session):
            revoke_key(session, row.id, now=now)


def operations(client: TestClient) -> list[tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    return [(method, path) for path, each in paths.items() for method in each]


def test_nothing_is_open_without_a_key(client: TestClient) -> None:
    closed = [each for each in operations(client) if each[1] not in OPEN]
    assert len(closed) >= 14
    for method, path in closed:
        address = path.replace("{message_id}", "1").replace("{review_id}", "1")
        sent = {"driver": None, "text": "a", "messages": []} if method == "post" else None
        response = client.request(method, address, json=sent)
        assert response.status_code == 401, (method, path)
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.json()["type"] == "urn:waarom:problem:not-identified"


def test_a_key_without_the_scope_gets_its_name(client: TestClient, key: KeyMaker) -> None:
    response = client.post("/v1/classify", json={"text": "a"}, headers=key("report"))
    assert response.status_code == 403
    assert "'classify'" in response.json()["detail"]
    assert 'scope="classify"' in response.headers["www-authenticate"]


def test_admin_has_every_scope(client: TestClient, key: KeyMaker) -> None:
    admin = key("admin")
    assert client.post("/v1/classify", json={"text": "a b c"}, headers=admin).status_code == 200
    assert client.get("/v1/drivers/weekly", headers=admin).status_code == 200
    assert client.get("/metrics", headers=admin).status_code == 200


@pytest.mark.parametrize("sent", ["Bearer wrong", "Basic d3JvbmcK", "Bearer", "wrong", "Bearer é"])
def test_what_is_no_key_is_not_let_in(client: TestClient, sent: str) -> None:
    headers = {"Authorization": sent.encode()}
    assert client.get("/v1/taxonomy", headers=headers).status_code == 401


def test_a_revoked_key_is_closed_at_once(
    client: TestClient, key: KeyMaker, trained_runtime: Runtime, clock: Any
) -> None:
    headers = key("classify")
    assert client.get("/v1/taxonomy", headers=headers).status_code == 200
    revoke_all(trained_runtime, clock())
    assert client.get("/v1/taxonomy", headers=headers).status_code == 401


def with_probes(app: FastAPI) -> FastAPI:
    """Pages of the smallest kind: who is there, a form, and the way in and out."""

    @app.post("/probe/in")
    def way_in(request: Request, response: Response, key: str = Form()) -> str:
        return log_in(request, response, key).name

    @app.post("/probe/out")
    def way_out(response: Response, identity: FormIdentity) -> str:
        log_out(response)
        return identity.name

    @app.get("/probe")
    def page(identity: PageIdentity, token: CsrfToken) -> list[str]:
        return [identity.name, token]

    return app


@pytest.fixture
def browser(trained_runtime: Runtime, clock: Any) -> Iterator[TestClient]:
    app = create_app(trained_runtime.settings, runtime=trained_runtime, clock=clock)
    with TestClient(with_probes(app), follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def pasted(key: KeyMaker) -> dict[str, str]:
    return {"key": key("report", name="ann")["Authorization"].removeprefix("Bearer ")}


def refused(browser: TestClient) -> bool:
    response = browser.get("/probe?a=1")
    return response.status_code == 303 and (
        response.headers["location"] == "/login?next=%2Fprobe%3Fa%3D1"
    )


def test_a_page_without_a_login_leads_to_it(browser: TestClient) -> None:
    assert refused(browser)


def test_a_pasted_key_opens_a_session_that_scripts_and_other_sites_cannot_use(
    browser: TestClient, pasted: dict[str, str]
) -> None:
    response = browser.post("/probe/in", data=pasted)
    assert response.status_code == 200
    flags = response.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=strict" in flags
    assert pasted["key"] not in response.headers["set-cookie"]
    assert browser.get("/probe").json()[0] == "ann"


def test_over_https_the_cookie_stays_there(
    trained_runtime: Runtime, clock: Any, pasted: dict[str, str]
) -> None:
    app = create_app(trained_runtime.settings, runtime=trained_runtime, clock=clock)
    with TestClient(with_probes(app), base_url="https://waarom.example") as browser:
        assert "secure" in browser.post("/probe/in", data=pasted).headers["set-cookie"].lower()


def test_a_session_ends_with_its_time_with_its_key_and_by_logging_out(
    browser: TestClient, pasted: dict[str, str], trained_runtime: Runtime, clock: Any
) -> None:
    browser.post("/probe/in", data=pasted)
    clock.pass_by(hours=13)
    assert refused(browser)
    browser.post("/probe/in", data=pasted)
    token = browser.get("/probe").json()[1]
    assert browser.post("/probe/out", data={"csrf": token}).status_code == 200
    assert refused(browser)
    browser.post("/probe/in", data=pasted)
    assert not refused(browser)
    revoke_all(trained_runtime, clock())
    assert refused(browser)


def test_a_cookie_made_elsewhere_is_worth_nothing(
    browser: TestClient, pasted: dict[str, str]
) -> None:
    browser.post("/probe/in", data=pasted)
    cookie = browser.cookies[COOKIE]
    content, signature = cookie.rsplit(".", 1)
    other = "a" if signature[0] != "a" else "b"
    for forged in ("", "x", f"{content}.{other}{signature[1:]}", "e30." + cookie):
        browser.cookies.clear()
        browser.cookies.set(COOKIE, forged)
        assert refused(browser), forged


def test_a_form_needs_the_token_of_its_own_session(
    browser: TestClient, pasted: dict[str, str]
) -> None:
    browser.post("/probe/in", data=pasted)
    of_another_session = browser.get("/probe").json()[1]
    browser.post("/probe/in", data=pasted)
    for form in ({}, {"csrf": ""}, {"csrf": "é"}, {"csrf": of_another_session}):
        response = browser.post("/probe/out", data=form)
        assert response.status_code == 403, form
        assert response.json()["type"] == "urn:waarom:problem:form-expired"
    token = browser.get("/probe").json()[1]
    assert browser.post("/probe/out", data={"csrf": token}).status_code == 200


def test_guessing_keys_is_slowed_down_for_a_while(
    browser: TestClient, pasted: dict[str, str], clock: Any
) -> None:
    for _ in range(FAILURES):
        assert browser.post("/probe/in", data={"key": "wrm_guess"}).status_code == 401
    blocked = browser.post("/probe/in", data=pasted)
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["retry-after"]) <= 300
    clock.pass_by(minutes=6)
    assert browser.post("/probe/in", data=pasted).status_code == 200


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("/reviews?week=2026-W46", "/reviews?week=2026-W46"),
        ("https://elsewhere.example", "/"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("reviews", "/"),
        ("", "/"),
    ],
)
def test_a_login_leads_to_pages_of_ours_only(asked: str, page: str) -> None:
    assert safe_page(asked) == page
