from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from service.runtime import Runtime
from service.tables import PredictionRow, ReviewRow

DOUBTFUL = "hallo daar, een vraag over iets heel anders"

KeyMaker = Callable[..., dict[str, str]]
Headers = dict[str, str]


@pytest.fixture
def ann(key: KeyMaker) -> Headers:
    return key("review", name="ann")


@pytest.fixture
def bob(key: KeyMaker) -> Headers:
    return key("review", name="bob")


def claim(client: TestClient, headers: Headers, query: str = "") -> Any:
    response = client.post(f"/v1/reviews/claim{query}", headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_question_comes_with_the_redacted_message_and_a_proposal(
    client: TestClient, ann: Headers, classify: Any
) -> None:
    asked = classify(f"{DOUBTFUL}, mail jan@example.nl", attributes={"product": "lamp"})
    found = claim(client, ann)
    assert found["id"] == asked["review_id"]
    assert (found["state"], found["claimed_by"]) == ("claimed", "ann")
    assert found["claimed_until"] == "2026-11-20T12:30:00Z"
    assert "iets heel anders" in found["message"]["text"]
    assert "jan@" not in found["message"]["text"]
    assert found["message"]["attributes"] == {"product": "lamp"}
    assert found["proposal"]["drivers"] == asked["drivers"]
    assert found["proposal"]["doubts"] == asked["doubts"]
    assert client.get(f"/v1/reviews/{found['id']}", headers=ann).json() == found


def test_a_blind_question_shows_nothing_of_what_the_model_thinks(
    client: TestClient, ann: Headers, classify: Any, trained_runtime: Runtime
) -> None:
    classify(DOUBTFUL)
    with trained_runtime.writing() as session:
        session.execute(update(ReviewRow).values(blind=True))
    found = claim(client, ann)
    assert (found["blind"], found["proposal"]) == (True, None)


def test_a_proposal_names_the_other_drivers_too_unless_the_question_is_blind(
    client: TestClient, ann: Headers, classify: Any, trained_runtime: Runtime
) -> None:
    text = "hallo, de factuur van mijn pakket? en iets heel anders"
    first, second, third = (each["id"] for each in classify(text)["drivers"])
    with trained_runtime.writing() as session:
        said = [[first, 0.7, True, [[0, 34]]], [third, 0.6, True, []], [second, 0.1, False, []]]
        session.execute(update(PredictionRow).values(mentions=said))
    proposal = claim(client, ann)["proposal"]
    assert (proposal["driver"], proposal["also"]) == (first, [third])
    roles = [(each["id"], each["role"], each["mention"]) for each in proposal["drivers"]]
    assert roles == [(first, "primary", 0.7), (third, "also", 0.6), (second, "candidate", 0.1)]
    assert [each["text"] for each in proposal["drivers"][0]["sentences"]] == [text[:34]]
    with trained_runtime.writing() as session:
        session.execute(update(ReviewRow).values(blind=True))
    blind = claim(client, ann)
    assert blind["proposal"] is None
    assert third not in str(blind)


def test_what_a_person_decided_meanwhile_is_not_given_away_as_a_proposal(
    client: TestClient, ann: Headers, classify: Any, trained_runtime: Runtime
) -> None:
    asked = classify("hallo, de factuur van mijn pakket? en iets heel anders")
    held = claim(client, ann)["proposal"]
    said = {"driver": "payment.other"}
    sent = client.post(f"/v1/messages/{asked['id']}/labels", json=said, headers=ann)
    assert sent.status_code == 201
    again = client.get(f"/v1/reviews/{asked['review_id']}", headers=ann).json()["proposal"]
    assert {**again, "doubts": []} == {**held, "doubts": []}


def test_a_question_says_which_words_spoke_for_the_proposal_when_asked(
    client: TestClient, ann: Headers, classify: Any
) -> None:
    classify("hallo, de factuur van mijn pakket? en iets heel anders")
    plain = claim(client, ann)
    assert plain["explanation"] is None
    found = claim(client, ann, "?explain=true")
    explanation = found.pop("explanation")
    assert found == {name: each for name, each in plain.items() if name != "explanation"}
    first, second = (each["id"] for each in found["proposal"]["drivers"][:2])
    assert (explanation["driver"], explanation["against"]) == (first, second)
    text = found["message"]["text"]
    words = explanation["words"]
    assert words
    assert all(text[word["start"] : word["end"]] == word["text"] for word in words)
    parts = sum(word["weight"] for word in words) + explanation["intercept"]
    assert parts + explanation["remainder"] == pytest.approx(explanation["score"])
    address = f"/v1/reviews/{found['id']}"
    assert client.get(address, headers=ann).json() == plain
    read = client.get(f"{address}?explain=true", headers=ann).json()
    assert read["explanation"] == explanation


def test_a_blind_question_is_not_explained_either(
    client: TestClient, ann: Headers, classify: Any, trained_runtime: Runtime
) -> None:
    classify("hallo, de factuur van mijn pakket? en iets heel anders")
    with trained_runtime.writing() as session:
        session.execute(update(ReviewRow).values(blind=True))
    found = claim(client, ann, "?explain=true")
    assert (found["blind"], found["explanation"]) == (True, None)
    address = f"/v1/reviews/{found['id']}?explain=true"
    assert client.get(address, headers=ann).json()["explanation"] is None


def test_claiming_again_serves_the_same_question_and_others_get_another(
    client: TestClient, ann: Headers, bob: Headers, classify: Any
) -> None:
    classify(DOUBTFUL)
    classify(DOUBTFUL + " nog een keer")
    mine = claim(client, ann)["id"]
    assert claim(client, ann)["id"] == mine
    assert claim(client, bob)["id"] != mine


def test_nothing_left_to_ask_is_a_204(client: TestClient, ann: Headers) -> None:
    response = client.post("/v1/reviews/claim", headers=ann)
    assert (response.status_code, response.content) == (204, b"")


def test_people_who_claim_at_once_never_get_the_same_question(
    client: TestClient, key: KeyMaker, classify: Any
) -> None:
    for number in range(8):
        classify(f"{DOUBTFUL} {number}")
    people = [key("review", name=f"person {number}") for number in range(8)]
    together = Barrier(8)

    def work(headers: Headers) -> int:
        together.wait(timeout=30)
        return int(claim(client, headers)["id"])

    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(work, people))
    assert len(set(claimed)) == 8


def test_an_answer_routes_the_message_and_closes_the_question(
    client: TestClient, ann: Headers, key: KeyMaker, classify: Any
) -> None:
    message = classify(DOUBTFUL)
    question = claim(client, ann)["id"]
    response = client.post(
        f"/v1/reviews/{question}/labels", json={"driver": "payment.refund"}, headers=ann
    )
    assert response.status_code == 201, response.text
    assert response.json()["queue"] == "finance"
    assert response.json()["review_id"] == question
    reader = key("classify")
    now = client.get(f"/v1/messages/{message['id']}", headers=reader).json()
    assert (now["decision"], now["queue"]) == ("person", "finance")
    assert now["review"] == {"id": question, "state": "answered"}
    again = client.post(
        f"/v1/reviews/{question}/labels", json={"driver": "payment.refund"}, headers=ann
    )
    assert again.status_code == 409
    assert again.json()["type"] == "urn:waarom:problem:review-closed"


def test_an_answer_sent_again_with_its_key_gets_the_first_answer(
    client: TestClient, ann: Headers, classify: Any
) -> None:
    classify(DOUBTFUL)
    question = claim(client, ann)["id"]
    sent = {"driver": "payment.refund"}
    again = ann | {"Idempotency-Key": "x"}
    first, second = (
        client.post(f"/v1/reviews/{question}/labels", json=sent, headers=again) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_a_question_somebody_else_holds_is_taken_until_the_claim_expires(
    client: TestClient, ann: Headers, bob: Headers, classify: Any, clock: Any
) -> None:
    classify(DOUBTFUL)
    question = claim(client, ann)["id"]
    for act in ("skip", "release"):
        taken = client.post(f"/v1/reviews/{question}/{act}", headers=bob)
        assert taken.json()["type"] == "urn:waarom:problem:review-taken"
    assert client.post("/v1/reviews/claim", headers=bob).status_code == 204
    clock.pass_by(minutes=31)
    assert claim(client, bob)["id"] == question


def test_a_released_question_is_everybodys_again(
    client: TestClient, ann: Headers, bob: Headers, classify: Any
) -> None:
    classify(DOUBTFUL)
    question = claim(client, ann)["id"]
    released = client.post(f"/v1/reviews/{question}/release", headers=ann)
    assert released.json() == {"id": question, "state": "open"}
    assert claim(client, bob)["id"] == question


def test_a_skipped_question_is_closed(client: TestClient, ann: Headers, classify: Any) -> None:
    classify(DOUBTFUL)
    question = claim(client, ann)["id"]
    skipped = client.post(f"/v1/reviews/{question}/skip", headers=ann)
    assert skipped.json() == {"id": question, "state": "skipped"}
    assert client.post("/v1/reviews/claim", headers=ann).status_code == 204
    closed = client.post(f"/v1/reviews/{question}/release", headers=ann)
    assert closed.status_code == 409


def test_an_unknown_driver_leaves_the_question_open(
    client: TestClient, ann: Headers, classify: Any
) -> None:
    classify(DOUBTFUL)
    question = claim(client, ann)["id"]
    refused = client.post(
        f"/v1/reviews/{question}/labels", json={"driver": "delivery.lost"}, headers=ann
    )
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:waarom:problem:unknown-driver"
    assert claim(client, ann)["id"] == question


@pytest.mark.parametrize(("name", "status"), [("999", 404), ("0", 422), ("9" * 20, 422)])
def test_a_review_that_is_not_there_is_said_to_be_so(
    client: TestClient, ann: Headers, name: str, status: int
) -> None:
    assert client.get(f"/v1/reviews/{name}", headers=ann).status_code == status
    assert client.post(f"/v1/reviews/{name}/skip", headers=ann).status_code == status


def test_an_answer_is_undone_once_and_the_question_is_the_same_persons_again(
    client: TestClient, ann: Headers, bob: Headers, classify: Any
) -> None:
    address = f"/v1/reviews/{classify(DOUBTFUL)['review_id']}"
    claim(client, ann)
    assert client.post(f"{address}/renew", headers=bob).status_code == 409
    assert client.post(f"{address}/renew", headers=ann).json()["state"] == "claimed"
    said = {"driver": "delivery.late"}
    assert client.post(f"{address}/labels", json=said, headers=ann).status_code == 201
    assert client.post(f"{address}/undo", headers=bob).status_code == 409
    assert client.post(f"{address}/undo", headers=ann).json()["state"] == "claimed"
    again = client.post(f"{address}/undo", headers=ann)
    assert (again.status_code, again.json()["title"]) == (409, "Answer stands")
    assert claim(client, ann)["claimed_by"] == "ann"
