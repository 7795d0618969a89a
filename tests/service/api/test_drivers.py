from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.runtime import Runtime

SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
BROKEN = "de doos is kapot en gescheurd, er zit een deuk in"
LAST_WEEK = datetime(2026, 11, 12, 9, tzinfo=UTC)

KeyMaker = Callable[..., dict[str, str]]
Headers = dict[str, str]


@pytest.fixture
def headers(key: KeyMaker) -> Headers:
    return key("classify", "review", "report", "messages")


@pytest.fixture
def a_week(client: TestClient, headers: Headers) -> list[dict[str, Any]]:
    """Twelve messages of last week, eight late and four broken, and what was said of them."""
    messages = [
        {
            "text": f"{SURE if number < 8 else BROKEN} {number}",
            "external_id": f"zd-{number}",
            "channel": "email" if number % 2 else "ticket",
            "received_at": (LAST_WEEK + timedelta(hours=number)).isoformat(),
            "attributes": {"product": "lamp" if number < 6 else "tafel"},
        }
        for number in range(12)
    ]
    response = client.post("/v1/classify/batch", json={"messages": messages}, headers=headers)
    return [each["answer"] for each in response.json()["results"]]


def weekly(client: TestClient, headers: Headers, **parameters: str) -> Any:
    response = client.get("/v1/drivers/weekly", params=parameters, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def volumes(week: Any) -> dict[str, float]:
    return {each["driver"]: each["volume"]["value"] for each in week["drivers"]}


@pytest.mark.usefixtures("a_week")
def test_the_last_complete_week_is_the_default_and_its_total_is_exact(
    client: TestClient, headers: Headers
) -> None:
    found = weekly(client, headers)
    assert (found["first"], found["last"], found["slice"]) == ("2026-W46", "2026-W46", None)
    (week,) = found["weeks"]
    assert (week["week"], week["messages"]) == ("2026-W46", 12)
    assert week["as_of"] == "2026-11-20T12:00:00Z"
    assert sum(volumes(week).values()) == pytest.approx(12)
    names = {each["driver"]: each["name"] for each in week["drivers"]}
    assert names["delivery.late"] == "Te laat"
    assert {each["driver"] for each in week["parents"]} == {"delivery", "payment"}


@pytest.mark.usefixtures("a_week")
def test_a_week_without_answers_says_so_and_has_no_intervals(
    client: TestClient, headers: Headers
) -> None:
    (week,) = weekly(client, headers)["weeks"]
    assert (week["measured"], week["answers"]) == (False, 0)
    for row in week["drivers"]:
        assert (row["volume"]["low"], row["volume"]["high"]) == (None, None)
        assert (row["change"], row["significant"]) == (None, None)


def test_answers_are_in_the_next_report(
    client: TestClient, headers: Headers, a_week: list[dict[str, Any]]
) -> None:
    assert weekly(client, headers)["weeks"][0]["answers"] == 0
    asked = 0
    while (claimed := client.post("/v1/reviews/claim", headers=headers)).status_code == 200:
        late = "pakket" in claimed.json()["message"]["text"]
        label = {"driver": "delivery.late" if late else "delivery.damaged"}
        address = f"/v1/reviews/{claimed.json()['id']}/labels"
        assert client.post(address, json=label, headers=headers).status_code == 201
        asked += 1
    assert asked == sum(each["review_id"] is not None for each in a_week)
    (week,) = weekly(client, headers)["weeks"]
    assert week["answers"] == asked
    assert week["measured"] is (asked > 0)


@pytest.mark.usefixtures("a_week")
def test_weeks_are_inclusive_and_empty_ones_are_there(client: TestClient, headers: Headers) -> None:
    found = weekly(client, headers, **{"from": "2026-W44", "to": "2026-W47"})
    assert [each["week"] for each in found["weeks"]] == [f"2026-W{n}" for n in (44, 45, 46, 47)]
    assert [each["messages"] for each in found["weeks"]] == [0, 0, 12, 0]


@pytest.mark.usefixtures("a_week")
def test_one_slice_at_a_time(client: TestClient, headers: Headers) -> None:
    assert weekly(client, headers, channel="email")["weeks"][0]["messages"] == 6
    assert weekly(client, headers, product="lamp")["weeks"][0]["messages"] == 6
    assert weekly(client, headers, product="stoel")["weeks"][0]["messages"] == 0
    both = {"channel": "email", "product": "lamp"}
    refused = client.get("/v1/drivers/weekly", params=both, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["parameter"] == "product"


@pytest.mark.usefixtures("a_week")
def test_a_pair_that_the_settings_name_can_be_asked_for(
    client: TestClient, headers: Headers, trained_runtime: Runtime
) -> None:
    trained_runtime.settings.pairs = [("product", "channel")]
    found = weekly(client, headers, channel="email", product="lamp")
    assert (found["slice"], found["value"]) == ("product/channel", "lamp/email")
    assert found["weeks"][0]["messages"] == 3
    three = {"channel": "email", "product": "lamp", "partner": "x"}
    assert client.get("/v1/drivers/weekly", params=three, headers=headers).status_code == 422


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"from": "2026-W47", "to": "2026-W46"}, "from"),
        ({"from": "2025-W53"}, "from"),
        ({"to": "2026-W00"}, "to"),
        ({"from": "november"}, "from"),
        ({"from": "2020-W01", "to": "2026-W46"}, "from"),
        ({"from": "0000-W01", "to": "0000-W01"}, "from"),
        ({"from": "0001-W01", "to": "0001-W01"}, "from"),
        ({"from": "9999-W52", "to": "9999-W52"}, "from"),
        ({"channel": "\x00"}, "channel"),
    ],
)
def test_weeks_that_cannot_be_used_are_named(
    client: TestClient, headers: Headers, parameters: dict[str, str], named: str
) -> None:
    response = client.get("/v1/drivers/weekly", params=parameters, headers=headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == named


def test_a_year_of_53_weeks_has_its_53rd(client: TestClient, headers: Headers) -> None:
    found = weekly(client, headers, **{"from": "2026-W52", "to": "2027-W01"})
    assert [each["week"] for each in found["weeks"]] == ["2026-W52", "2026-W53", "2027-W01"]


def examples(client: TestClient, headers: Headers, driver: str, **parameters: object) -> Any:
    response = client.get(f"/v1/drivers/{driver}/messages", params=parameters, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.usefixtures("a_week")
def test_examples_of_a_driver_come_in_pages_newest_first(
    client: TestClient, headers: Headers
) -> None:
    seen, cursor = [], {}
    while True:
        page = examples(client, headers, "delivery.late", limit=3, **cursor)
        seen += [each["external_id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [f"zd-{number}" for number in range(7, -1, -1)]


@pytest.mark.usefixtures("a_week")
def test_a_parent_stands_for_the_drivers_below_it_and_filters_narrow(
    client: TestClient, headers: Headers
) -> None:
    assert len(examples(client, headers, "delivery")["items"]) == 12
    assert len(examples(client, headers, "delivery", channel="email")["items"]) == 6
    assert len(examples(client, headers, "delivery", week="2026-W45")["items"]) == 0
    assert len(examples(client, headers, "payment.refund")["items"]) == 0
    assert examples(client, headers, "unknown")["items"] == []


def test_examples_are_redacted(client: TestClient, headers: Headers) -> None:
    sent = {"text": f"{SURE}, mail jan@example.nl"}
    client.post("/v1/classify", json=sent, headers=headers)
    (found,) = examples(client, headers, "delivery.late")["items"]
    assert "pakket" in found["text"]
    assert "jan@" not in found["text"]


def test_a_driver_that_is_not_there_is_a_404(client: TestClient, headers: Headers) -> None:
    response = client.get("/v1/drivers/delivery.lost/messages", headers=headers)
    assert response.status_code == 404


def test_messages_need_a_scope_of_their_own(client: TestClient, key: KeyMaker) -> None:
    report = key("report")
    assert client.get("/v1/drivers/weekly", headers=report).status_code == 200
    refused = client.get("/v1/drivers/delivery.late/messages", headers=report)
    assert refused.status_code == 403
    assert "messages" in refused.json()["detail"]


def test_models_say_which_one_is_in_use(client: TestClient, key: KeyMaker, classify: Any) -> None:
    anybody = key("review")
    before = client.get("/v1/models", headers=anybody).json()
    assert before["models"][0] == {
        "version": before["current"],
        "current": True,
        "taxonomy": None,
        "drivers": None,
        "used_since": None,
    }
    model = classify(SURE)["model"]
    after = client.get("/v1/models", headers=anybody).json()
    assert after["current"] == model
    assert after["models"][0]["drivers"] == 4
    assert after["models"][0]["used_since"] == "2026-11-20T12:00:00Z"


def test_the_taxonomy_lists_what_a_label_can_name(
    client: TestClient, key: KeyMaker, classify: Any
) -> None:
    found = client.get("/v1/taxonomy", headers=key("review")).json()
    leaves = {each["id"] for each in found["drivers"] if each["leaf"]}
    assert {"delivery.late", "delivery.other", "payment.refund"} <= leaves
    assert "delivery" not in leaves
    late = next(each for each in found["drivers"] if each["id"] == "delivery.late")
    assert (late["queue"], late["path"]) == ("logistics", ["Bezorging", "Te laat"])
    assert classify(SURE)["taxonomy"] == found["version"]


def test_answers_about_several_drivers_give_mentions(client: TestClient, headers: Headers) -> None:
    """Four doubtful messages, so everything is asked: two late ones want their money back, too."""
    messages = [
        {"text": f"hallo {word}, iets heel anders", "received_at": LAST_WEEK.isoformat()}
        for word in ("een", "twee", "drie", "vier")
    ]
    client.post("/v1/classify/batch", json={"messages": messages}, headers=headers)
    for number in range(4):
        question = client.post("/v1/reviews/claim", headers=headers).json()["id"]
        also = ["payment.refund"] if number < 2 else []
        answer = {"driver": "delivery.late", "also": also}
        sent = client.post(f"/v1/reviews/{question}/labels", json=answer, headers=headers)
        assert sent.status_code == 201
    (week,) = weekly(client, headers)["weeks"]
    exact = {"value": 2, "low": 2, "high": 2}
    rows = {row["driver"]: row for row in (*week["drivers"], *week["parents"])}
    assert (week["answers"], week["several"]) == (4, exact)
    assert rows["payment.refund"]["volume"]["value"] == 0
    assert rows["payment.refund"]["mentions"] == rows["payment"]["mentions"] == exact
    assert rows["delivery.late"]["mentions"]["value"] == 4
    assert rows["unknown"]["mentions"] is None
