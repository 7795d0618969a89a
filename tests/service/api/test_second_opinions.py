"""Over HTTP: a first answer, another person's, a third look where they differ, the volume."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.runtime import Runtime
from service.settings import Settings
from service.tables import DrawRow

DOUBTFUL = "hallo daar, een vraag over iets heel anders"
LATE, REFUND = "delivery.late", "payment.refund"
Headers = dict[str, str]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"second_opinion_share": 1.0})


@pytest.fixture
def ann(key: Any) -> Headers:
    return key("review", "report", "messages", "classify", name="ann")


@pytest.fixture
def bob(key: Any) -> Headers:
    return key("review", name="bob")


@pytest.fixture
def cas(key: Any) -> Headers:
    return key("review", name="cas")


def claim(client: TestClient, headers: Headers) -> Any:
    response = client.post("/v1/reviews/claim", headers=headers)
    return response.json() if response.status_code == 200 else None


def answer(client: TestClient, headers: Headers, driver: str) -> Any:
    """What this person says of the question they get next, which comes back."""
    asked = claim(client, headers)
    said = client.post(
        f"/v1/reviews/{asked['id']}/labels", json={"driver": driver}, headers=headers
    )
    assert said.status_code == 201, said.text
    return asked | {"said": said.json()}


def week(client: TestClient, headers: Headers) -> Any:
    found = client.get("/v1/drivers/weekly?from=2026-W47&to=2026-W47", headers=headers).json()
    return found["weeks"][0]


def volume(found: Any, driver: str) -> tuple[float, float, float]:
    (row,) = [each for each in found["drivers"] if each["driver"] == driver]
    return tuple(round(row["volume"][name], 6) for name in ("value", "low", "high"))  # type: ignore[return-value]


def test_who_answered_is_not_asked_again_and_another_person_is_blind(
    client: TestClient, classify: Any, ann: Headers, bob: Headers
) -> None:
    classify(DOUBTFUL)
    first = answer(client, ann, LATE)
    assert claim(client, ann) is None
    second = claim(client, bob)
    assert (second["purpose"], second["blind"], second["proposal"]) == ("second", True, None)
    assert second["message"] == first["message"]
    assert second["opinions"] == []


def test_two_who_agree_confirm_and_nobody_is_asked_a_third_time(
    client: TestClient, classify: Any, ann: Headers, bob: Headers, cas: Headers
) -> None:
    classify(DOUBTFUL)
    answer(client, ann, LATE)
    answer(client, bob, LATE)
    assert claim(client, cas) is None
    found = week(client, ann)
    assert (found["answers"], found["second_opinions"], found["differing"]) == (1, 1, 0)
    assert volume(found, LATE) == (1, 1, 1)


def test_where_two_differ_a_third_decides_and_that_is_what_routes_and_counts(
    client: TestClient, classify: Any, ann: Headers, bob: Headers, cas: Headers
) -> None:
    message = classify(DOUBTFUL)
    answer(client, ann, LATE)
    second = answer(client, bob, REFUND)
    assert second["said"]["queue"] == "logistics", "a second opinion alone routes nothing"
    waiting = week(client, ann)
    assert (waiting["second_opinions"], volume(waiting, LATE)) == (0, (1, 1, 1))
    third = answer(client, cas, REFUND)
    assert (third["purpose"], third["proposal"]) == ("adjudication", None)
    assert [each["driver"] for each in third["opinions"]] == [LATE, REFUND]
    assert "ann" not in str(third["opinions"])
    assert third["said"]["queue"] == "finance"
    seen = client.get(f"/v1/messages/{message['id']}", headers=ann).json()
    assert seen["driver"] == REFUND
    found = week(client, ann)
    assert (found["second_opinions"], found["differing"]) == (1, 1)
    assert (volume(found, LATE), volume(found, REFUND)) == ((0, 0, 0), (1, 1, 1))


def test_what_was_drawn_is_not_drawn_again_when_the_answer_changes(
    client: TestClient, classify: Any, ann: Headers, trained_runtime: Runtime
) -> None:
    message = classify(DOUBTFUL)
    answer(client, ann, LATE)
    with trained_runtime.reading() as session:
        assert session.get_one(DrawRow, message["id"]).second_opinion == 1.0
    corrected = client.post(
        f"/v1/messages/{message['id']}/labels", json={"driver": REFUND}, headers=ann
    )
    assert corrected.status_code == 201
    found = week(client, ann)
    assert volume(found, LATE)[0] == pytest.approx(1), "a correction does not count"


def test_the_week_on_the_page_says_how_many_there_were_and_how_many_differed(
    client: TestClient, classify: Any, ann: Headers, bob: Headers, cas: Headers, clock: Any
) -> None:
    classify(DOUBTFUL)
    answer(client, ann, LATE)
    answer(client, bob, REFUND)
    answer(client, cas, REFUND)
    clock.pass_by(days=5)
    client.post("/login", data={"key": ann["Authorization"].removeprefix("Bearer ")})
    page = client.get("/").text
    assert "één tweede mening, één week af" in page
    assert "de volumes zijn daarvoor gecorrigeerd" in page


def test_the_page_counts_only_the_questions_that_are_for_this_person(
    client: TestClient, classify: Any, ann: Headers, bob: Headers
) -> None:
    classify(DOUBTFUL)
    answer(client, ann, LATE)
    for person, left in ((ann, "Klaar voor vandaag"), (bob, "Nog één vraag")):
        key = person["Authorization"].removeprefix("Bearer ")
        client.post("/login", data={"key": key})
        assert left in client.get("/reviews").text
        client.cookies.clear()


def test_a_third_look_shows_both_answers_on_the_page_and_not_whose_they_are(
    client: TestClient, classify: Any, ann: Headers, bob: Headers, cas: Headers
) -> None:
    classify(DOUBTFUL)
    answer(client, ann, LATE)
    answer(client, bob, "unknown")
    client.post("/login", data={"key": cas["Authorization"].removeprefix("Bearer ")})
    asked = claim(client, cas)
    page = client.get(f"/reviews/{asked['id']}").text
    assert "Twee mensen zijn het niet eens" in page
    assert page.count('class="opinion"') == 2
    assert "<strong>Bezorging › Te laat</strong>" in page
    assert "<strong>Onbekende driver</strong>" in page
    assert "bob" not in page
