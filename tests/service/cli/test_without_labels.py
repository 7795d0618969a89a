"""A new installation before anybody labeled anything: init, train, and messages come in."""

import json
import warnings

import pytest

from service.app import create_app
from service.settings import read_settings
from service.versions import learned_drivers

with warnings.catch_warnings():
    # Starlette would rather have httpx2; the service itself speaks httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

MEANT = {
    "Waar blijft mijn bestelling? Hij zou gisteren komen.": "delivery.late",
    "The screen arrived broken.": "delivery.damaged",
    "Ik wacht nog op mijn geld.": "payment.refund",
    "Can I have an invoice with VAT?": "payment.invoice",
}


@pytest.fixture
def started(waarom):
    """The key of an installation with the starter taxonomy, and what training on it said."""
    key = waarom("init", "--json").document["key"]
    return key, waarom("train", "--json")


def test_definitions_alone_make_a_model_that_says_how_little_it_is_worth(started, tmp_path):
    made = started[1].document
    assert made["promoted"] is True
    assert made["evaluation"] is None
    assert "cannot be measured without labels" in " ".join(made["remarks"])
    assert "Label the first 100 messages" in started[1].err
    assert "nothing is known of what it is worth" in (tmp_path / made["card"]).read_text()
    assert learned_drivers(tmp_path / "models", made["version"]) == frozenset()


@pytest.mark.usefixtures("started")
def test_it_names_drivers_on_the_command_line(waarom):
    said = waarom("classify", stdin="\n".join(MEANT), code=0).out
    rows = [json.loads(line) for line in said.splitlines()]
    assert [row["driver"] for row in rows] == list(MEANT.values())


def test_over_http_every_message_goes_to_a_person_with_a_proposal(started, tmp_path):
    app = create_app(read_settings(tmp_path))
    headers = {"Authorization": f"Bearer {started[0]}"}
    with TestClient(app) as client:
        for text, driver in MEANT.items():
            sent = client.post("/v1/classify", json={"text": text}, headers=headers)
            answer = sent.json()
            assert sent.status_code == 200, answer
            assert (answer["decision"], answer["queue"]) == ("review", "triage")
            assert "no_threshold" in answer["doubts"]
            assert answer["drivers"][0]["id"] == driver
            assert answer["review_id"]


def test_labels_take_over_from_the_words_of_the_taxonomy(started, waarom, tmp_path):
    rows = [f'{n}-{d},"{text} {n}",{d}' for n in range(20) for text, d in MEANT.items()]
    (tmp_path / "labels.csv").write_text("\n".join(["id,text,label", *rows]), encoding="utf-8")
    made = waarom("train", "--labels", tmp_path / "labels.csv", "--json").document
    assert made["promoted"] is True
    assert "not a single label" not in " ".join(made["remarks"])
    assert learned_drivers(tmp_path / "models", made["version"]) == set(MEANT.values())
