"""One day of analysts in a real Label Studio, from an empty project to the figures of the week."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from classifier.messages import Label
from labeling.tasks import Kind, annotation_result
from labeling.views import TITLES
from service.exporting import ExportedLabel, Picked, exported
from service.reports import WeeklyReport, up_to_date, weekly_report
from service.settings import Settings
from service.sync import pull, push, setup, status
from service.sync.examination import looks
from service.tables import LabelRow

pytestmark = pytest.mark.studio

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WEEK = "2026-W47"
LATE, REFUND, INVOICE = (
    Label("delivery.late"),
    Label("payment.refund"),
    Label("payment.invoice"),
)
MORNING = {
    "accepted": "geld terug en pakket",
    "edited": "hallo daar, een vraag over een fiets",
    "skipped": "goedemorgen, kan dit",
    "unknown": "hoe zit het met mijn punten",
    "leaking": "ik had het met jullie over de lamp",
    "agreed": "wat is hier de bedoeling van",
    "disputed": "kunnen jullie mij hiermee helpen",
    "left": "graag een reactie op mijn vorige mail",
}
UNANSWERED = ("skipped", "left")


@pytest.fixture
def database_url(tmp_path) -> str:
    """Nothing here is about the kind of database."""
    return f"sqlite:///{tmp_path / 'waarom.db'}"


@pytest.fixture
def linked(linked: Settings) -> Settings:
    """Every answer gets a second opinion, and Label Studio tells us of each."""
    return linked.model_copy(
        update={
            "second_opinion_share": 1.0,
            "webhook_secret": SecretStr("between us"),
            "public_url": "http://127.0.0.1:8321",
        }
    )


@dataclass
class Analysts:
    """Two people at one desk in Label Studio; the first is who the token is of."""

    desk: Any
    api: Any
    second: int

    def do(self, name: str, result: list[dict[str, Any]], **more: Any) -> int:
        """Submit an answer to a question; the annotation's number."""
        task = self.desk.task(name)
        said = self.api.call("POST", f"/api/tasks/{task}/annotations/", result=result, **more)
        return int(said["id"])

    def say(self, name: str, label: Label, *, second: bool = False, **more: Any) -> int:
        """Answer by hand; `second`: the second of the two people."""
        who = {"completed_by": self.second} if second else {}
        return self.do(name, annotation_result(label, self.desk.taxonomy, **more), **who)

    def accept(self, name: str) -> Label:
        """Submit just what is pre-filled, and say what that is."""
        (shown,) = self.desk.tasks()[name]["predictions"]
        self.do(name, shown["result"], parent_prediction=shown["id"])
        return Label(shown["result"][0]["value"]["choices"][0])

    def edit(self, annotation: int, label: Label) -> None:
        result = annotation_result(label, self.desk.taxonomy)
        self.api.call("PATCH", f"/api/annotations/{annotation}/", result=result)

    def listed(self, kind: Kind) -> list[str]:
        """The questions in the tab of a kind, the most urgent first."""
        project = self.desk.project
        tabs = self.api.call("GET", f"/api/dm/views/?project={project}")
        (tab,) = [each["id"] for each in tabs if each["data"]["title"] == TITLES["nl"][kind]]
        said = self.api.call("GET", f"/api/tasks?view={tab}&fields=all&page_size=100")
        return [task["data"]["external_id"] for task in said["tasks"]]


@pytest.fixture
def analysts(desk, api) -> Iterator[Analysts]:
    login = {"email": "second@example.org", "username": "second"}
    second = int(api.call("POST", "/api/users/", **login)["id"])
    yield Analysts(desk, api, second)
    api.call("DELETE", f"/api/users/{second}/")


def of_the_week(runtime: Any) -> WeeklyReport:
    up_to_date(runtime)
    with runtime.reading() as session:
        return weekly_report(session, runtime, WEEK, now=NOW)


def volume(report: WeeklyReport, driver: str) -> float:
    return next(row.volume.value for row in report.drivers if row.driver == driver)


def labels(runtime: Any, picked: Picked | None = None) -> dict[str, ExportedLabel]:
    with runtime.reading() as session:
        return {each.external_id: each for each in exported(session, runtime, picked or Picked())}


def collected(runtime: Any) -> int:
    """New labels; what they give rise to is asked at once."""
    new = pull(runtime, now=NOW).labels
    push(runtime, now=NOW)
    return new


def test_a_day_of_two_analysts_ends_in_labels_routes_and_volumes(desk, analysts):
    runtime = desk.runtime
    setup(runtime, now=NOW)
    for name, look in looks(runtime).items():
        assert look(), f"{name} is well"

    for name, text in MORNING.items():
        desk.ask(name, text=text)
    assert push(runtime, now=NOW).sent == len(MORNING)
    assert sorted(analysts.listed(Kind.QUESTION)) == sorted(MORNING)
    before = of_the_week(runtime)
    assert (before.messages, before.answers, before.measured) == (len(MORNING), 0, False)

    guess = analysts.accept("accepted")
    hasty = analysts.say("edited", LATE)
    analysts.do("skipped", [], was_cancelled=True)
    analysts.say("unknown", Label(None, ("delivery.late",)), suggestion="spaarpunten")
    analysts.say("leaking", REFUND, personal_data=True)
    analysts.say("agreed", LATE)
    analysts.say("disputed", LATE)
    assert collected(runtime) == 6
    assert desk.route("edited").driver == LATE.primary
    analysts.edit(hasty, INVOICE)
    assert collected(runtime) == 1
    assert analysts.listed(Kind.QUESTION) == ["left"]

    again = analysts.listed(Kind.SECOND_OPINION)
    assert sorted(again) == sorted(f"{each}~2" for each in MORNING if each not in UNANSWERED)
    assert all(not desk.tasks()[name]["predictions"] for name in again), "blind"
    analysts.say("agreed~2", LATE, second=True)
    analysts.say("disputed~2", REFUND, second=True)
    assert collected(runtime) == 2
    assert desk.route("disputed").driver == LATE.primary, "a second opinion routes nothing"
    assert analysts.listed(Kind.DISAGREEMENT) == ["disputed~3"]
    analysts.say("disputed~3", REFUND)
    assert collected(runtime) == 1
    assert analysts.listed(Kind.DISAGREEMENT) == []

    evening(desk, guess, before)
    assert collected(runtime) == 0, "nothing is there twice"


def evening(desk: Any, guess: Label, before: WeeklyReport) -> None:
    """What the day's work has become."""
    runtime = desk.runtime
    held = labels(runtime)
    assert {name: each.label for name, each in held.items()} == {
        "accepted": guess,
        "edited": INVOICE,
        "unknown": Label(None, ("delivery.late",)),
        "leaking": REFUND,
        "agreed": LATE,
        "disputed": REFUND,
    }
    assert {name for name, each in held.items() if each.origin == "accepted"} == {"accepted"}
    assert held["unknown"].suggestion == "spaarpunten"
    assert list(labels(runtime, Picked(personal_data=True))) == ["leaking"]
    assert status(runtime)["personal_data"] == 1
    versions = [row for row in desk.rows(LabelRow) if desk.name(row) == "edited"]
    assert [(row.driver, row.current) for row in versions] == [
        ("delivery.late", False),
        ("payment.invoice", True),
    ]
    assert [desk.review(each).state for each in UNANSWERED] == ["skipped", "open"]

    queues = {name: desk.route(name).queue for name in MORNING}
    person = {name: desk.taxonomy.queue(each.label.primary) for name, each in held.items()}
    assert queues == person | dict.fromkeys(UNANSWERED, "triage")

    report = of_the_week(runtime)
    assert (report.messages, report.answers, report.measured) == (len(MORNING), 6, True)
    assert (report.second_opinions, report.differing) == (2, 1)
    assert volume(before, "payment.invoice") < 1 <= volume(report, "payment.invoice")
    for driver, answers in {"payment.refund": 2, "payment.invoice": 1, "unknown": 1}.items():
        found = next(row for row in report.drivers if row.driver == driver)
        assert found.volume.low <= found.volume.value <= found.volume.high
        assert found.answers >= answers
