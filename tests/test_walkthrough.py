"""The whole loop over HTTP, with a real Label Studio: from labels to a corrected weekly report."""

import csv
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from classifier.messages import Label
from labeling.studio import Studio
from labeling.tasks import annotation_result
from service.importing import ImportOptions, import_files
from service.keys import create_key
from service.learning import Source, train_version
from service.runtime import Runtime, open_runtime, taxonomy_in_use
from service.serving import in_background
from service.settings import Settings
from service.studio_server import StudioServer
from service.sync import known_project, setup

pytestmark = pytest.mark.studio

TAXONOMY = """
[[drivers]]
id = "delivery"
names = { nl = "Bezorging", en = "Delivery" }
queue = "logistics"

[[drivers]]
id = "delivery.late"
parent = "delivery"
names = { nl = "Te laat", en = "Late" }

[[drivers]]
id = "payment"
names = { nl = "Betaling", en = "Payment" }
queue = "finance"

[[drivers]]
id = "payment.refund"
parent = "payment"
names = { nl = "Terugbetaling", en = "Refund" }
"""
WORDS = {
    "delivery.late": ("pakket", "te laat", "nog niet bezorgd", "waar blijft", "vertraging"),
    "payment.refund": ("geld terug", "terugbetaling", "bedrag", "teruggestort", "storting"),
}
CLEAR = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"


def write_labels(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "label", "received_at"])
        for driver, words in WORDS.items():
            for number in range(120):
                first, second = words[number % 5], words[(number // 5 + 1) % 5]
                text = f"{first} en {second}, vraag {number % 24}"
                rows.writerow([f"{driver}-{number}", text, driver, "2026-01-05T10:00:00+00:00"])


@pytest.fixture
def runtime(tmp_path: Path, studio_server: StudioServer) -> Iterator[Runtime]:
    (tmp_path / "taxonomy.toml").write_text(TAXONOMY, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    opened = open_runtime(
        Settings(
            home=tmp_path / "home",
            models_dir=tmp_path / "models",
            taxonomy=tmp_path / "taxonomy.toml",
            port=port,
            label_studio_url=studio_server.url,
            label_studio_api_key=SecretStr(studio_server.token),
            label_studio_project="Walkthrough",
            webhook_secret=SecretStr("between us"),
            # Nothing below waits for a round: a question or a hint must end the worker's rest.
            worker_seconds=600.0,
        )
    )
    yield opened
    opened.close()


def soon(look: Callable[[], Any]) -> Any:
    """What `look` finds, once it finds something; within half a minute."""
    until = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)
    return found


def test_from_labels_to_a_corrected_route_and_report(
    runtime: Runtime, studio: Studio, tmp_path: Path
):
    now = datetime.now(UTC)
    write_labels(tmp_path / "labels.csv")
    options = ImportOptions(channel="ticket", labels=True)
    assert import_files(runtime, [tmp_path / "labels.csv"], options, now=now).labels == 240
    assert train_version(runtime.settings, Source(), promote=True, now=now).promoted
    setup(runtime, now=now)
    with runtime.writing() as session:
        key = create_key(
            session, name="helpdesk", scopes=["classify", "messages", "report"], now=now
        )
    headers = {"Authorization": f"Bearer {key}"}
    with in_background(runtime) as url, httpx.Client(base_url=url, headers=headers) as helpdesk:
        follow(runtime, studio, helpdesk)


def follow(runtime: Runtime, studio: Studio, helpdesk: httpx.Client) -> None:
    clear = classify(helpdesk, "clear", CLEAR)
    assert (clear["decision"], clear["driver"]) == ("auto", "delivery.late")
    assert clear["queue"] == "logistics"

    doubtful = classify(helpdesk, "doubtful", DOUBTFUL)
    assert (doubtful["decision"], doubtful["queue"]) == ("review", "triage")
    assert doubtful["doubts"]
    cursor = end_of_feed(helpdesk)

    project = known_project(runtime)
    assert project is not None
    tasks = soon(lambda: studio.find_tasks(project, ["doubtful"]))
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
    studio.annotate(tasks["doubtful"], annotation_result(Label("payment.refund"), taxonomy))

    def answered() -> Any:
        message = helpdesk.get("/v1/messages/external:doubtful").json()
        return message if message["decision"] == "person" else None

    message = soon(answered)
    assert (message["queue"], message["label"]["driver"]) == ("finance", "payment.refund")
    assert message["label"]["door"] == "label_studio"
    assert message["review"]["state"] == "answered"

    (change,) = helpdesk.get("/v1/decisions", params={"after": cursor}).json()["items"]
    assert (change["external_id"], change["queue"]) == ("doubtful", "finance")

    week = message["week"]
    said = helpdesk.get("/v1/drivers/weekly", params={"from": week, "to": week}).json()
    (report,) = said["weeks"]
    assert (report["messages"], report["answers"]) == (2, 1)
    refund = next(row for row in report["drivers"] if row["driver"] == "payment.refund")
    assert refund["answers"] == 1
    assert refund["volume"]["high"] >= refund["volume"]["value"] >= 1
    assert refund["volume"]["low"] <= refund["volume"]["value"]


def end_of_feed(helpdesk: httpx.Client) -> str:
    cursor = "0"
    while True:
        page = helpdesk.get("/v1/decisions", params={"after": cursor}).json()
        if not page["items"]:
            return cursor
        cursor = page["next"]


def classify(helpdesk: httpx.Client, name: str, text: str) -> dict[str, Any]:
    body = {"text": text, "external_id": name}
    said = helpdesk.post("/v1/classify", json=body)
    assert said.status_code == 200, said.text
    answer: dict[str, Any] = said.json()
    return answer
