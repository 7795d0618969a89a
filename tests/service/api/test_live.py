"""What Label Studio asks when a question is opened, without a Label Studio."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import func, select, update

from classifier.messages import RawMessage
from service.app import create_app
from service.intake import receive
from service.runtime import Runtime
from service.sync.connection import bookmark
from service.tables import MessageRow, OutboxRow, PredictionRow, ReviewRow, TaskRow

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "sixteen-letters-or-more"
STUDIO = "http://label-studio"
OURS = {"refund": 11, "blind": 12, "answered": 13, "earlier": 14}
EMPTY: list[Any] = []


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Nothing here is about the kind of database."""
    return f"sqlite:///{tmp_path / 'waarom.db'}"


@pytest.fixture
def live(trained_runtime: Runtime, clock: Any) -> Iterator[TestClient]:
    """Four questions in project 7 of a Label Studio that nobody speaks to."""
    trained_runtime.settings = trained_runtime.settings.model_copy(
        update={"live_secret": SecretStr(SECRET), "label_studio_url": STUDIO}
    )
    with trained_runtime.writing() as session:
        _ask(session, trained_runtime)
    app = create_app(trained_runtime.settings, runtime=trained_runtime, clock=clock)
    with TestClient(app) as client:
        yield client


def _ask(session: Any, runtime: Runtime) -> None:
    messages = [RawMessage(text="geld terug en pakket", external_id=each) for each in OURS]
    receive(session, runtime, messages, now=NOW)
    bookmark(session, f"label_studio {STUDIO}").value = {"project_id": 7, "server": STUDIO}
    asked = select(MessageRow.external_id, ReviewRow.id).join(
        ReviewRow, ReviewRow.message_id == MessageRow.id
    )
    for name, review in session.execute(asked).all():
        place = {"server": STUDIO, "project_id": 7, "task_id": OURS[name]}
        session.add(TaskRow(**place, review_id=review, sent_at=NOW))
        states = {"blind": name == "blind", "state": "answered" if name == "answered" else "open"}
        session.execute(update(ReviewRow).where(ReviewRow.id == review).values(**states))
    earlier = select(MessageRow.id).where(MessageRow.external_id == "earlier").scalar_subquery()
    older = update(PredictionRow).where(PredictionRow.message_id == earlier)
    session.execute(older.values(model="2020-01-01.1", top=[["payment.invoice", 1.0]]))


def predict(client: TestClient, *names: str, project: str = "7.1700000000", **data: Any) -> Any:
    """The results for tasks of these names, each with its number, or 99."""
    tasks = [{"id": OURS.get(each, 99), "data": {"external_id": each, **data}} for each in names]
    body = {"tasks": tasks, "project": project, "params": {"password": "secretword"}}
    response = client.post(f"/ml/{SECRET}/predict", json=body)
    assert response.status_code == 200, response.text
    return response.json()["results"]


def test_every_task_has_its_place_and_only_what_may_be_shown_a_prediction(
    live: TestClient, trained_runtime: Runtime
) -> None:
    found = predict(live, "blind", "refund", "strange", "answered", "refund", "earlier")
    assert [len(each) for each in found] == [0, 1, 0, 0, 1, 1]
    (shown,), model = found[1], trained_runtime.current_model()
    assert model is not None
    assert set(shown) == {"result", "score", "model_version"}
    assert shown["model_version"] == model.version
    assert 0 < shown["score"] <= 1
    assert "payment.refund" in str(shown["result"])
    assert found[5] == found[1], "what an earlier model thought of it is not shown"


def test_what_the_task_holds_is_not_believed(live: TestClient) -> None:
    said = predict(live, "refund", text="de factuur met btw", subject="factuur")
    assert said == predict(live, "refund")
    assert predict(live, "refund", project="8.1700000000") == [EMPTY]
    renamed = {"tasks": [{"id": OURS["blind"], "data": {"external_id": "refund"}}], "project": "7"}
    assert live.post(f"/ml/{SECRET}/predict", json=renamed).json() == {"results": [EMPTY]}


CALLS = [("GET", "health"), ("POST", "setup"), ("POST", "predict"), ("POST", "webhook")]


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_who_does_not_know_the_secret_finds_nothing(
    live: TestClient, trained_runtime: Runtime, method: str, call: str
) -> None:
    nothing = live.request(method, "/nothing/here")
    for wrong in ("sixteen-letters-or-mor", "SIXTEEN-LETTERS-OR-MORE", "None", "%ff%00ä"):
        refused = live.request(method, f"/ml/{wrong}/{call}", json={"tasks": [], "project": "7"})
        assert (refused.status_code, refused.json()) == (404, nothing.json())
    trained_runtime.settings = trained_runtime.settings.model_copy(update={"live_secret": None})
    assert live.request(method, f"/ml/{SECRET}/{call}").status_code == 404
    assert live.request(method, f"/ml/None/{call}").status_code == 404


def test_tokens_and_passwords_that_come_along_are_neither_kept_nor_told(
    live: TestClient, trained_runtime: Runtime, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert live.get(f"/ml/{SECRET}/health").json() == {"status": "UP"}
    body = {"project": "7.1", "access_token": "secretword", "extra_params": None}
    with caplog.at_level(logging.DEBUG):
        said = live.post(f"/ml/{SECRET}/setup", json=body)
        event = {"action": "PROJECT_UPDATED", "project": {"token": "secretword"}}
        noted = [live.post(f"/ml/{SECRET}/webhook", json=event) for _ in range(3)]
        broken = live.post(f"/ml/{SECRET}/predict", json={"tasks": "secretword"})
        predict(live, "refund")
    model = trained_runtime.current_model()
    assert model is not None
    assert said.json() == {"model_version": model.version}
    assert [each.status_code for each in noted] == [200] * 3
    with trained_runtime.reading() as session:
        hints = select(func.count()).where(OutboxRow.door == "label_studio_pull")
        assert session.scalar(hints) == 1
    assert broken.status_code == 422
    ours = [each.getMessage() for each in caplog.records if not each.name.startswith("http")]
    kept = b"".join(each.read_bytes() for each in tmp_path.glob("waarom.db*"))
    assert b"refund" in kept
    for where in (*ours, said.text, broken.text, live.get("/openapi.json").text):
        assert "secretword" not in where
        assert SECRET not in where
    assert b"secretword" not in kept
