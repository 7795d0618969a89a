"""The application over HTTP, on a real database of each kind, with a clock that tests can turn."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

with warnings.catch_warnings():
    # Starlette would rather have httpx2; the service itself speaks httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from service.app import create_app
from service.keys import create_key
from service.runtime import Runtime

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"

Headers = dict[str, str]
KeyMaker = Callable[..., Headers]


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(trained_runtime: Runtime, clock: Clock) -> Iterator[TestClient]:
    """An installation with a model in use; calls bring a key from `key`."""
    app = create_app(trained_runtime.settings, runtime=trained_runtime, clock=clock)
    with TestClient(app, raise_server_exceptions=True, follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def key(trained_runtime: Runtime) -> KeyMaker:
    """Make the headers of a new key: `key("classify", name="helpdesk")`."""

    def make(*scopes: str, name: str = "helpdesk") -> Headers:
        with trained_runtime.writing() as session:
            made = create_key(session, name=name, scopes=scopes, now=NOW)
        return {"Authorization": f"Bearer {made}"}

    return make


@pytest.fixture
def classify(client: TestClient, key: KeyMaker) -> Callable[..., dict[str, object]]:
    """Send one message and give its answer."""
    headers = key("classify")

    def send(text: str, **fields: object) -> dict[str, object]:
        response = client.post("/v1/classify", json={"text": text, **fields}, headers=headers)
        assert response.status_code == 200, response.text
        answer: dict[str, object] = response.json()
        return answer

    return send
