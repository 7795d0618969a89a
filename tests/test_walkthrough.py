"""The whole loop over HTTP, with a real Label Studio: from labels to a corrected weekly report.

Once with two drivers that are easy to tell apart, and once with a mail about three drivers, one a
paragraph. Labels are few and plain, so that the way of a message is what is tried, and not how
much a model can learn.
"""

import csv
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from classifier.messages import Label
from labeling.interface import MOST_LIKELY, drivers_listed
from labeling.studio import Studio
from labeling.tasks import annotation_result
from service.importing import ImportOptions, import_files
from service.keys import create_key
from service.learning import Source, train_version
from service.runtime import Runtime, open_runtime, taxonomy_in_use
from service.sample import SAMPLE_TAXONOMY_PATH
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

SENTENCES = {
    "delivery.late": (
        "De wasdroger is een week te laat gebracht.",
        "Ik heb dagen langer op de bezorging gewacht dan was beloofd.",
        "De bezorging was veel later dan afgesproken.",
        "Hij kwam pas dagen na de beloofde datum.",
    ),
    "delivery.damaged": (
        "Het bovenblad is gescheurd en er zit een deuk in.",
        "Hij kwam beschadigd uit het karton.",
        "De zijkant heeft een grote deuk en krassen.",
        "Bij het uitpakken was het glas gebroken.",
    ),
    "service.unreachable": (
        "Aan de telefoon wordt nooit opgenomen.",
        "Ik bel de klantenservice al dagen en krijg niemand aan de telefoon.",
        "De klantenservice neemt niet op en belt niet terug.",
        "Er is geen mens te bereiken, de telefoon gaat eindeloos over.",
    ),
    "returns.refund": (
        "Mijn geld van de retour is nog niet teruggestort.",
        "Ik wacht op de terugbetaling van wat ik heb teruggestuurd.",
        "Het bedrag van de retourzending staat niet op mijn rekening.",
        "Wanneer krijg ik mijn geld terug?",
    ),
}
SUBJECT = "Onze wasdroger"
PARAGRAPHS = {
    "delivery.late": "De wasdroger is pas maandag gebracht, dagen later dan was beloofd.",
    "delivery.damaged": "Toen we hem uit het karton haalden, was het bovenblad gescheurd en zat er "
    "een deuk in de zijkant.",
    "service.unreachable": "Ik probeer de klantenservice aan de telefoon te krijgen, maar er wordt "
    "niet opgenomen.",
}
LETTER = "\n\n".join(
    ["Goedemorgen,", *PARAGRAPHS.values(), "Hoe lossen we dit op?", "Vriendelijke groet,\nAnnelies"]
)


def write_labels(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "label", "received_at"])
        for driver, words in WORDS.items():
            for number in range(120):
                first, second = words[number % 5], words[(number // 5 + 1) % 5]
                text = f"{first} en {second}, vraag {number % 24}"
                rows.writerow([f"{driver}-{number}", text, driver, "2026-01-05T10:00:00+00:00"])


def write_labels_of_several(path: Path) -> None:
    """Messages about one driver, and as many about two or three, each in its own paragraph."""
    draw = Random(1)
    drivers = list(SENTENCES)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "label"])
        for number in range(480):
            about = draw.sample(drivers, 1 if number % 2 else draw.randint(2, 3))
            said = [" ".join(draw.sample(SENTENCES[driver], 2)) for driver in about]
            text = "\n\n".join(["Goedemorgen,", *said, f"Hoe lossen we vraag {number} op?"])
            rows.writerow([f"m-{number}", text, "|".join(about)])


@contextmanager
def installed(folder: Path, server: StudioServer, taxonomy: Path, **more: Any) -> Iterator[Runtime]:
    """An installation linked to Label Studio, with a project of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(
        home=folder / "home",
        models_dir=folder / "models",
        taxonomy=taxonomy,
        port=port,
        label_studio_url=server.url,
        label_studio_api_key=SecretStr(server.token),
        label_studio_project=folder.name,
        webhook_secret=SecretStr("between us"),
        secret=SecretStr("the same messages are held out each time"),
        # Nothing below waits for a round: a question or a hint must end the worker's rest.
        worker_seconds=600.0,
        **more,
    )
    with closing(open_runtime(settings)) as opened:
        yield opened


@contextmanager
def serving(runtime: Runtime, now: datetime) -> Iterator[httpx.Client]:
    """A helpdesk that calls the service, which is set up with Label Studio and has its worker."""
    setup(runtime, now=now)
    scopes = ["classify", "messages", "report"]
    with runtime.writing() as session:
        key = create_key(session, name="helpdesk", scopes=scopes, now=now)
    headers = {"Authorization": f"Bearer {key}"}
    with in_background(runtime) as url, httpx.Client(base_url=url, headers=headers) as helpdesk:
        yield helpdesk


def soon(look: Callable[[], Any]) -> Any:
    """What `look` finds, once it finds something; within half a minute."""
    until = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)
    return found


def test_from_labels_to_a_corrected_route_and_report(
    studio_server: StudioServer, studio: Studio, tmp_path: Path
):
    now = datetime.now(UTC)
    (tmp_path / "taxonomy.toml").write_text(TAXONOMY, encoding="utf-8")
    write_labels(tmp_path / "labels.csv")
    options = ImportOptions(channel="ticket", labels=True)
    with installed(tmp_path, studio_server, tmp_path / "taxonomy.toml") as runtime:
        assert import_files(runtime, [tmp_path / "labels.csv"], options, now=now).labels == 240
        assert train_version(runtime.settings, Source(), promote=True, now=now).promoted
        with serving(runtime, now) as helpdesk:
            follow(runtime, studio, helpdesk)


def follow(runtime: Runtime, studio: Studio, helpdesk: httpx.Client) -> None:
    clear = classify(helpdesk, "clear", CLEAR)
    assert (clear["decision"], clear["driver"]) == ("auto", "delivery.late")
    assert clear["queue"] == "logistics"

    doubtful = classify(helpdesk, "doubtful", DOUBTFUL)
    assert (doubtful["decision"], doubtful["queue"]) == ("review", "triage")
    assert doubtful["doubts"]
    cursor = end_of_feed(helpdesk)

    task = question(runtime, studio, "doubtful")
    message = answer(runtime, studio, helpdesk, task, Label("payment.refund"))
    assert (message["queue"], message["label"]["driver"]) == ("finance", "payment.refund")
    assert message["label"]["door"] == "label_studio"
    assert message["review"]["state"] == "answered"

    (change,) = helpdesk.get("/v1/decisions", params={"after": cursor}).json()["items"]
    assert (change["external_id"], change["queue"]) == ("doubtful", "finance")

    report = weekly(helpdesk, message["week"])
    assert (report["messages"], report["answers"]) == (2, 1)
    refund = next(row for row in report["drivers"] if row["driver"] == "payment.refund")
    assert refund["answers"] == 1
    assert refund["volume"]["high"] >= refund["volume"]["value"] >= 1
    assert refund["volume"]["low"] <= refund["volume"]["value"]


def test_a_mail_about_three_drivers_is_read_asked_corrected_and_counted_as_such(
    studio_server: StudioServer, studio: Studio, tmp_path: Path
):
    now = datetime.now(UTC)
    write_labels_of_several(tmp_path / "labels.csv")
    asks_all = {"graded_budget": 1e6, "prefilled_share": 1.0}
    with installed(tmp_path, studio_server, SAMPLE_TAXONOMY_PATH, **asks_all) as runtime:
        source = Source(labels=tmp_path / "labels.csv", taxonomy=SAMPLE_TAXONOMY_PATH)
        train_version(runtime.settings, source, promote=True, now=now, search=False)
        with serving(runtime, now) as helpdesk:
            follow_three(runtime, studio, helpdesk)


def follow_three(runtime: Runtime, studio: Studio, helpdesk: httpx.Client) -> None:
    said = classify(helpdesk, "mail", LETTER, subject=SUBJECT, channel="email")
    about = {each["id"]: each for each in said["drivers"] if each["role"] != "candidate"}
    assert set(about) == set(PARAGRAPHS)
    (primary,) = [driver for driver, each in about.items() if each["role"] == "primary"]
    assert set(said["also"]) == set(about) - {primary}
    for driver, each in about.items():
        quoted = [sentence["text"] for sentence in each["sentences"]]
        assert any(text in PARAGRAPHS[driver] for text in quoted), driver

    task = question(runtime, studio, "mail")
    (prediction,) = task["predictions"]
    shown = {item["from_name"]: item["value"] for item in prediction["result"]}
    assert shown["likely"] == {"choices": [primary]}
    assert [path[-1] for path in shown["also"]["taxonomy"]] == said["also"]
    listed = drivers_listed(task["data"]["likeliest"])
    assert (listed[0], len(listed)) == (primary, MOST_LIKELY)
    lines = task["data"]["sentences"].splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "• " + " / ".join(about[driver]["path"]) for driver in (primary, *said["also"])
    ]

    first, *others = said["also"]
    message = answer(runtime, studio, helpdesk, task, Label(first, (primary, *others)))
    assert (message["driver"], set(message["also"])) == (first, {primary, *others})

    report = weekly(helpdesk, message["week"])
    volumes = {row["driver"]: row["volume"]["value"] for row in report["drivers"]}
    mentions = {row["driver"]: row["mentions"] for row in report["drivers"] if row["mentions"]}
    assert volumes[first] == sum(volumes.values()) == report["messages"] == 1
    assert {driver for driver, each in mentions.items() if each["value"]} == set(PARAGRAPHS)
    assert sum(each["value"] for each in mentions.values()) == 3
    assert report["several"]["value"] == 1


def question(runtime: Runtime, studio: Studio, name: str) -> dict[str, Any]:
    """The question about a message, once the worker has brought it to Label Studio."""
    project = known_project(runtime)
    assert project is not None
    number = soon(lambda: studio.find_tasks(project, [name]))[name]
    (task,) = [each for each in studio.changed(project) if each["id"] == number]
    return task


def answer(
    runtime: Runtime, studio: Studio, helpdesk: httpx.Client, task: dict[str, Any], label: Label
) -> dict[str, Any]:
    """The message as it stands once the answer has come back."""
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
    studio.annotate(task["id"], annotation_result(label, taxonomy))

    def answered() -> Any:
        message = helpdesk.get(f"/v1/messages/external:{task['data']['external_id']}").json()
        return message if message["decision"] == "person" else None

    message: dict[str, Any] = soon(answered)
    return message


def weekly(helpdesk: httpx.Client, week: str) -> dict[str, Any]:
    said = helpdesk.get("/v1/drivers/weekly", params={"from": week, "to": week}).json()
    (report,) = said["weeks"]
    found: dict[str, Any] = report
    return found


def end_of_feed(helpdesk: httpx.Client) -> str:
    cursor = "0"
    while True:
        page = helpdesk.get("/v1/decisions", params={"after": cursor}).json()
        if not page["items"]:
            return cursor
        cursor = page["next"]


def classify(helpdesk: httpx.Client, name: str, text: str, **more: str) -> dict[str, Any]:
    body = {"text": text, "external_id": name, **more}
    said = helpdesk.post("/v1/classify", json=body)
    assert said.status_code == 200, said.text
    answer: dict[str, Any] = said.json()
    return answer
