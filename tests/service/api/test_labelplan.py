"""What next week's answers will buy, over HTTP: per budget, per driver, per queue."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
BROKEN = "de doos is kapot en gescheurd, er zit een deuk in"
LAST_WEEK = datetime(2026, 11, 12, 9, tzinfo=UTC)

KeyMaker = Callable[..., dict[str, str]]


@pytest.fixture
def a_week(client: TestClient, key: KeyMaker) -> None:
    """Forty messages of last week, thirty late and ten broken; nobody answered yet."""
    messages = [
        {
            "text": f"{SURE if number < 30 else BROKEN} {number}",
            "external_id": f"zd-{number}",
            "received_at": (LAST_WEEK + timedelta(hours=number)).isoformat(),
        }
        for number in range(40)
    ]
    sent = client.post("/v1/classify/batch", json={"messages": messages}, headers=key("classify"))
    assert sent.status_code == 200


def plan(client: TestClient, key: KeyMaker, **parameters: Any) -> Any:
    return client.get("/v1/label-plan", params=parameters, headers=key("report"))


@pytest.mark.usefixtures("a_week")
def test_each_budget_says_what_it_buys(client: TestClient, key: KeyMaker) -> None:
    response = plan(client, key, budget=[5, 20])
    assert response.status_code == 200, response.text
    found = response.json()
    assert (found["week"], found["messages"], found["present"]) == ("2026-W46", 40, 60)
    few, many = found["budgets"]
    assert (few["answers"], many["answers"]) == (5, 20)
    assert sum(each["volume"] for each in few["drivers"]) == pytest.approx(40)
    late = [next(d for d in b["drivers"] if d["driver"] == "delivery.late") for b in (few, many)]
    assert late[0]["name"] == "Te laat"
    assert late[0]["half_width"] > late[1]["half_width"] > 0
    assert late[1]["share"] == pytest.approx(late[1]["half_width"] / late[1]["volume"])
    assert [each["queue"] for each in few["queues"]] == ["finance", "logistics"]
    assert few["queues"][1]["weeks"] > many["queues"][1]["weeks"]


@pytest.mark.usefixtures("a_week")
def test_too_few_timed_answers_are_said_and_give_no_minutes(
    client: TestClient, key: KeyMaker
) -> None:
    found = plan(client, key).json()
    assert found["times"] == {
        "answers": 0,
        "enough": False,
        "median": None,
        "low": None,
        "high": None,
    }
    assert {each["minutes"] for each in found["budgets"]} == {None}
    assert [each["answers"] for each in found["budgets"]] == [30, 60, 120]
    assert found["one_more"] is None  # sixty answers are more than there are messages


def test_a_week_without_messages_is_a_404_that_says_what_to_do(
    client: TestClient, key: KeyMaker
) -> None:
    response = plan(client, key)
    assert response.status_code == 404
    assert "waarom import" in response.json()["detail"]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"budget": 0}, "budget"),
        ({"budget": "many"}, "budget"),
        ({"week": "2026-W60"}, "week"),
        ({"limit": -1}, "limit"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    client: TestClient, key: KeyMaker, parameters: dict[str, Any], field: str
) -> None:
    response = plan(client, key, **parameters)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"].startswith(field)


def test_it_takes_the_scope_report(client: TestClient, key: KeyMaker) -> None:
    assert client.get("/v1/label-plan").status_code == 401
    refused = client.get("/v1/label-plan", headers=key("classify"))
    assert refused.status_code == 403
    assert "report" in refused.json()["detail"]
