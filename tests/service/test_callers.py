"""Keys are looked up together where many call at once, and for every call anew."""

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from service.app import create_app
from service.callers import look_up
from service.errors import NotIdentified
from service.keys import create_key, revoke_key
from service.runtime import Runtime

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TEXT = {"text": "waar blijft mijn pakket"}


def made(runtime: Runtime, name: str, *scopes: str) -> str:
    with runtime.writing() as session:
        return create_key(session, name=name, scopes=scopes, now=NOW)


def test_each_gets_its_own_identity_and_nobody_anothers(runtime: Runtime) -> None:
    one, two = made(runtime, "one", "classify"), made(runtime, "two", "report")
    found = look_up(runtime, [two, "wrm_nobodys", one, two])
    assert [getattr(each, "name", type(each)) for each in found] == [
        *("two", NotIdentified, "one", "two")
    ]
    assert found[2].scopes == {"classify"}


def test_the_same_key_is_read_once_for_all_who_wait(runtime: Runtime) -> None:
    key, seen = made(runtime, "one", "classify"), []
    event.listen(runtime.engine, "before_cursor_execute", lambda *said: seen.append(said[2]))
    look_up(runtime, [key] * 30)
    assert sum("FROM api_keys" in each for each in seen) == 1


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/classify/batch"])
def test_only_a_living_key_with_the_scope_may_classify(runtime: Runtime, path: str) -> None:
    good, other = made(runtime, "good", "classify"), made(runtime, "other", "report")
    body = TEXT if path.endswith("classify") else {"messages": [TEXT]}
    with TestClient(create_app(runtime.settings, runtime=runtime)) as client:

        def status(key: str | None) -> int:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            return client.post(path, json=body, headers=headers).status_code

        assert [status(each) for each in (None, "wrm_nobodys", other, good)] == [401, 401, 403, 200]
        with runtime.writing() as session:
            revoke_key(session, 1, now=NOW)
        assert status(good) == 401
