"""How far people agree: weighed, shown to who may see it, and of no person unless chosen."""

import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select, update
from typer.testing import CliRunner

from classifier.evaluation import Remedy
from classifier.messages import Label, RawMessage
from labeling.sway import Ceiling, Difference
from service.app import create_app
from service.cli import app as commands
from service.errors import BadRequest
from service.intake import receive
from service.keys import create_key
from service.labels import Answer, record
from service.quality import Quality, Verdict, quality
from service.quality.measuring import _verdict
from service.rounds import ADJUDICATION, SECOND, SUSPECT
from service.runtime import Runtime
from service.settings import Settings
from service.tables import DrawRow, LabelRow, MessageRow, ReviewRow

with warnings.catch_warnings():
    # Starlette would rather have httpx2; the service itself speaks httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What a page does with figures does not depend on the database."""
LATE, DAMAGED, REFUND = "delivery.late", "delivery.damaged", "payment.refund"
ANN, BOB, CAS = "ann.de.vries", "bob.jansen", "cas.bakker"
TEXTS = {LATE: "pakket te laat", DAMAGED: "doos kapot", REFUND: "geld terug"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Every message asked about, three in ten with a proposal, and asked of two."""
    return settings.model_copy(
        update={
            "second_opinion_share": 1.0,
            "ask_doubtful": "graded",
            "graded_budget": 10_000.0,
            "prefilled_share": 0.3,
        }
    )


def answered(
    runtime: Runtime, said: Sequence[tuple[str, str, str]], *, at: datetime = NOW
) -> list[int]:
    """Messages about the first driver of each; Ann says the second, and Bob the third."""
    start = at.strftime("%j")
    messages = [
        RawMessage(text=f"{TEXTS[each[0]]}, vraag {n}", external_id=f"m{start}-{n}", received_at=at)
        for n, each in enumerate(said)
    ]
    with runtime.writing() as session:
        ids = [each.message_id for each in receive(session, runtime, messages, now=at)]
    first = {id_: each[1] for id_, each in zip(ids, said, strict=True)}
    second = {id_: each[2] for id_, each in zip(ids, said, strict=True)}
    say(runtime, first, "audit", ANN, at)
    say(runtime, second, SECOND, BOB, at + timedelta(minutes=5))
    return ids


def say(runtime: Runtime, said: dict[int, str], purpose: str, person: str, at: datetime) -> None:
    with runtime.writing() as session:
        query = select(ReviewRow).where(
            ReviewRow.message_id.in_(said), ReviewRow.purpose == purpose
        )
        answers = [
            Answer(
                message_id=review.message_id,
                label=Label(said[review.message_id]),
                person=person,
                door="label_studio",
                door_ref=f"{review.id}",
                answered_at=at,
                review_id=review.id,
                chosen=purpose,
            )
            for review in session.scalars(query).all()
        ]
        assert len(answers) == len(said)
        record(session, runtime, answers, now=at)


MOST = [(LATE, LATE, LATE)] * 12 + [(REFUND, REFUND, REFUND)] * 12 + [(DAMAGED, DAMAGED, DAMAGED)]
APART = [(LATE, LATE, DAMAGED)] * 5


@pytest.fixture
def judged(trained_runtime: Runtime) -> Runtime:
    """Thirty messages of two weeks answered by two, who differ about five; four are decided."""
    answered(trained_runtime, MOST[:10], at=NOW - WEEK)
    ids = answered(trained_runtime, [*MOST[10:], *APART])
    decided = dict.fromkeys(ids[-5:-2], LATE) | {ids[-2]: REFUND}
    say(trained_runtime, decided, ADJUDICATION, CAS, NOW + timedelta(minutes=9))
    return trained_runtime


def measured(runtime: Runtime, **asked: object) -> Quality:
    return quality(runtime, now=NOW, **asked)  # type: ignore[arg-type]


def test_what_two_people_said_is_counted_by_week_by_driver_and_by_whose_answer_held(
    judged: Runtime,
) -> None:
    found = measured(judged)
    counts = found.second_opinions
    assert (counts.asked, counts.answered, counts.differed) == (30, 30, 5)
    assert (counts.for_first, counts.for_second, counts.for_another, counts.decided) == (3, 0, 1, 4)
    assert found.same.value == pytest.approx(25 / 30)
    assert found.agreement.low < found.agreement.value < found.agreement.high
    assert [(each.week, each.second_opinions.answered) for each in found.weeks] == [
        ("2026-W46", 10),
        ("2026-W47", 20),
    ]
    assert [each.same.value for each in found.weeks] == [1.0, 0.75]
    assert [each.driver for each in found.drivers] == [DAMAGED, LATE, REFUND]
    assert found.drivers[0].both.value == pytest.approx(1 / 6)
    (pair,) = found.mixed_up
    assert (pair.first, pair.second, pair.times) == (DAMAGED, LATE, 5)
    assert pair.disagreed.value == pytest.approx(5 / 18)
    assert pair.remedy in (Remedy.MERGE, Remedy.SECOND_OPINIONS)
    assert len(pair.message_ids) == 5
    assert measured(judged, first="2026-W47").second_opinions.answered == 20


def test_a_message_counts_as_many_times_as_it_was_rarely_asked_about(judged: Runtime) -> None:
    with judged.writing() as session:
        agree = select(MessageRow.id).where(MessageRow.week == "2026-W46")
        session.execute(
            update(DrawRow).where(DrawRow.message_id.in_(agree)).values(second_opinion=0.1)
        )
    found = measured(judged)
    assert found.same.value == pytest.approx((100 + 15) / (100 + 20))
    assert found.second_opinions.differed == 5


def test_the_model_is_held_beside_people_who_both_saw_nothing_of_it(judged: Runtime) -> None:
    found = measured(judged)
    beside = found.ceiling
    assert 0 < beside.people.n < 30  # the rest saw the proposal
    assert beside.people.value is not None
    assert beside.people.value < 1.0
    assert beside.model.low <= (beside.model.value or 0.0) <= beside.model.high
    shown = found.sway
    assert shown.prefilled.n + shown.blind.n == 30
    assert shown.blind.n == beside.people.n


@SQLITE
def test_what_would_help_is_said_only_when_it_is_sure(judged: Runtime) -> None:
    beside = measured(judged).ceiling

    def said(value: float | None, low: float, high: float) -> Verdict:
        return _verdict(Ceiling(beside.people, beside.model, Difference(value, low, high)))

    assert said(-0.01, -0.04, 0.02) is Verdict.DEFINITIONS
    assert said(-0.1, -0.15, -0.05) is Verdict.LABELS
    assert said(-0.05, -0.12, 0.02) is Verdict.UNSURE
    assert said(None, -1.0, 1.0) is Verdict.UNKNOWN


def test_a_suspect_label_changed_by_the_look_not_by_what_was_said_later(judged: Runtime) -> None:
    later = NOW + timedelta(minutes=10)
    with judged.writing() as session:
        first, second = session.scalars(
            select(LabelRow.message_id).where(LabelRow.driver == LATE, LabelRow.person == ANN)
        ).all()[:2]
        session.add_all(
            ReviewRow(
                message_id=message, round=9, purpose=SUSPECT, blind=True, priority=0, order_key=0,
                state="open", made_at=later,
            )
            for message in (first, second)
        )  # fmt: skip
    say(judged, {first: LATE, second: REFUND}, SUSPECT, CAS, later)
    said = measured(judged).suspects
    assert (said.asked, said.answered, said.changed) == (2, 2, 1)
    correction = Answer(
        message_id=first, label=Label(DAMAGED), person=BOB, door="api", door_ref="1",
        answered_at=later + timedelta(minutes=1),
    )  # fmt: skip
    with judged.writing() as session:
        record(session, judged, [correction], now=later + timedelta(minutes=1))
    assert measured(judged).suspects == said


def test_weeks_that_make_no_sense_are_refused(runtime: Runtime) -> None:
    senseless = (
        {"first": "2026-W60"},
        {"first": "2026-W10", "last": "2026-W09"},
        {"last": "0001-W01"},
    )
    for asked in senseless:
        with pytest.raises(BadRequest):
            measured(runtime, **asked)
    assert measured(runtime, first="2026-W40").last_week == "2026-W47"


@pytest.fixture
def client(judged: Runtime) -> Iterator[TestClient]:
    app = create_app(judged.settings, runtime=judged, clock=lambda: NOW)
    with TestClient(app, follow_redirects=True) as opened:
        opened.headers["Accept-Language"] = "en"
        yield opened


def key(runtime: Runtime, *scopes: str) -> str:
    with runtime.writing() as session:
        return create_key(session, name="Key", scopes=scopes, now=NOW)


def shown_to(client: TestClient, runtime: Runtime, scope: str) -> tuple[str, str]:
    """The page and the document that a key of this scope gets."""
    made = key(runtime, scope)
    client.post("/login", data={"key": made})
    page = client.get("/quality")
    call = client.get("/v1/quality", headers={"Authorization": f"Bearer {made}"})
    assert (page.status_code, call.status_code) == (200, 200)
    return page.text, call.text


@SQLITE
def test_the_page_says_in_words_what_the_call_says_in_numbers(
    client: TestClient, judged: Runtime
) -> None:
    page, document = shown_to(client, judged, "report")
    text = re.sub(r"\s+", " ", page)
    assert "Two people give the same driver in 83 [" in text
    assert "of these 4 were decided: 3 for the first answer, 0 for the second" in text.lower()
    assert "Damaged / Late" in text
    assert 'class="chart wide"' in text
    assert "/messages/" not in text  # a key that may only read figures gets no links to them
    found = json.loads(document)
    assert found["same"]["value"] == pytest.approx(25 / 30)
    assert found["weeks"][0]["agreement"]["value"] is None  # all the same, as chance would have it
    assert found["persons"] is None
    assert "/messages/" in shown_to(client, judged, "admin")[0]
    assert "Kort gezegd" in client.get("/quality?lang=nl").text
    assert client.get("/quality?from=2026-W99").status_code == 422


@SQLITE
def test_before_anything_was_asked_twice_the_page_says_how_to_begin(
    trained_runtime: Runtime,
) -> None:
    plain = trained_runtime.settings.model_copy(update={"second_opinion_share": 0.0})
    bare = replace(trained_runtime, settings=plain)
    with TestClient(create_app(plain, runtime=bare, clock=lambda: NOW)) as client:
        client.headers["Accept-Language"] = "en"
        page, document = shown_to(client, bare, "report")
    assert "The setting second_opinion_share has a part of the answers" in page
    found = json.loads(document)
    assert (found["agreement"]["value"], found["verdict"]) == (None, "unknown")


def in_home(runtime: Runtime, monkeypatch: pytest.MonkeyPatch, *words: str, code: int = 0) -> str:
    """What a command says in this installation."""
    settings = runtime.settings
    for name in ("home", "models_dir", "taxonomy"):
        monkeypatch.setenv(f"WAAROM_{name.upper()}", str(getattr(settings, name).absolute()))
    monkeypatch.setenv("WAAROM_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("WAAROM_SECRET", "a secret for tests only")
    monkeypatch.setattr("service.cli.label_quality.utc_now", lambda: NOW)
    found = CliRunner().invoke(commands, ["label", "quality", *words])
    assert found.exit_code == code, found.output
    return found.output


@SQLITE
def test_nothing_is_said_of_persons_unless_the_team_has_chosen_it(
    client: TestClient, judged: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = [*shown_to(client, judged, "admin")]
    everything += [in_home(judged, monkeypatch), in_home(judged, monkeypatch, "--json")]
    for said in everything:
        assert not any(person in said for person in (ANN, BOB, CAS))
    assert "per_person_quality" in in_home(judged, monkeypatch, "--persons", code=2)


@SQLITE
def test_chosen_it_is_shown_to_admins_and_to_nobody_else(
    judged: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = judged.settings.model_copy(update={"per_person_quality": True})
    open_ = replace(judged, settings=chosen)
    with TestClient(create_app(chosen, runtime=open_, clock=lambda: NOW)) as client:
        page, document = shown_to(client, open_, "report")
        assert ANN not in page + document
        page, document = shown_to(client, open_, "admin")
    assert f"{ANN}, {BOB}" in page
    (pair,) = json.loads(document)["persons"]
    assert (pair["first"], pair["second"], pair["agreement"]["messages"]) == (ANN, BOB, 30)
    monkeypatch.setenv("WAAROM_PER_PERSON_QUALITY", "true")
    assert ANN not in in_home(judged, monkeypatch)
    assert f"{ANN}, {BOB}" in in_home(judged, monkeypatch, "--persons")


@SQLITE
@pytest.mark.browser
def test_on_a_phone_it_never_scrolls_sideways(
    chromium: Browser, judged: Runtime, live: str
) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 844}, locale="en-GB")
    page.goto(f"{live}/quality?from=2026-W40&to=2026-W47")
    page.get_by_label("Key").fill(key(judged, "admin"))
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Drivers people mix up").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
