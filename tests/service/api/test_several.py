"""Messages about several drivers, by a model that was really trained on some."""

from collections.abc import Callable
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.registry import promote, save
from classifier.taxonomy import Taxonomy
from classifier.training import train
from service.runtime import Runtime
from service.tables import DecisionRow, ReviewRow

KeyMaker = Callable[..., dict[str, str]]
WORDS = {
    "delivery.late": ("het pakket", "te laat", "nog niet bezorgd", "waar blijft", "vertraging"),
    "delivery.damaged": ("de doos", "is kapot", "gescheurd", "beschadigd", "een deuk"),
    "payment.refund": ("geld terug", "terugbetaling", "het bedrag", "teruggestort", "retour"),
    "payment.invoice": ("de factuur", "btw", "de rekening", "de bon", "factuurnummer"),
}
LATE, BROKEN = "Waar blijft het pakket?", "De doos is kapot."


def sentence(driver: str, number: int) -> str:
    words = WORDS[driver]
    return f"Over {words[number % 5]} en {words[(number // 5 + 1) % 5]} vraag {number % 16}."


def messages() -> list[LabeledMessage]:
    """Fifty messages a driver, and twenty of each pair, the first of which is the primary one."""
    named = [((driver,), number) for driver in WORDS for number in range(50)]
    named += [(pair, number) for pair in combinations(WORDS, 2) for number in range(20)]
    return [
        LabeledMessage(
            text=RedactedText(" ".join(sentence(each, number) for each in drivers)),
            label=Label(drivers[0], drivers[1:]),
            message_id=f"{'+'.join(drivers)}-{number}",
            group=f"{'+'.join(drivers)}-{number}",
        )
        for drivers, number in named
    ]


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy) -> Path:
    folder = tmp_path_factory.mktemp("several")
    learned = messages()
    trained = train(learned, taxonomy, holdout=[n % 4 == 0 for n in range(len(learned))])
    assert trained.model.mentions is not None
    promote(folder, save(trained.model, folder, today=date(2026, 11, 2), card="# Several\n"))
    return folder


@pytest.fixture
def headers(key: KeyMaker) -> dict[str, str]:
    return key("classify", "review")


def test_each_driver_of_a_message_has_the_sentence_that_spoke_for_it(classify: Any) -> None:
    text = f"{LATE} {BROKEN}"
    found = classify(text)
    seen = {each["id"]: each for each in found["drivers"]}
    assert {found["driver"], *found["also"]} == {"delivery.late", "delivery.damaged"}
    assert [each["role"] for each in found["drivers"]][:2] == ["primary", "also"]
    said = {name: [each["text"] for each in seen[name]["sentences"]] for name in seen}
    assert (said["delivery.late"], said["delivery.damaged"]) == ([LATE], [BROKEN])
    for each in found["drivers"]:
        assert each["mention"] is None or each["score"] <= each["mention"] + 1e-6
        for one in each["sentences"]:
            assert text[one["start"] : one["end"]] == one["text"]


def test_a_message_about_one_driver_has_no_other(classify: Any) -> None:
    found = classify("Waar blijft het pakket, het is te laat en nog niet bezorgd")
    assert (found["driver"], found["also"]) == ("delivery.late", [])
    assert found["drivers"][0]["mention"] > 0.5
    assert found["drivers"][0]["sentences"] == []


def test_a_message_that_stops_at_a_parent_has_it_as_primary_and_what_is_below_as_candidates(
    client: TestClient, headers: dict[str, str], classify: Any, trained_runtime: Runtime
) -> None:
    before = classify(f"{BROKEN} Vragen over de factuur en de btw.")
    assert {before["driver"], *before["also"]} == {"delivery.damaged", "payment.invoice"}
    with trained_runtime.writing() as session:
        session.execute(update(DecisionRow).values(driver="delivery"))
    found = client.get(f"/v1/messages/{before['id']}", headers=headers).json()
    assert (found["driver"], found["also"]) == ("delivery", ["payment.invoice"])
    parent, other, *rest = found["drivers"]
    assert (parent["id"], parent["role"], parent["path"]) == ("delivery", "primary", ["Bezorging"])
    assert (other["id"], other["role"]) == ("payment.invoice", "also")
    assert {each["role"] for each in rest} == {"candidate"}
    below = {each["id"]: each for each in rest if each["id"].startswith("delivery.")}
    assert parent["score"] >= sum(each["score"] for each in below.values()) - 1e-5
    assert parent["mention"] >= max(each["mention"] or 0 for each in below.values())
    assert BROKEN in [each["text"] for each in below["delivery.damaged"]["sentences"]]
    assert BROKEN in [each["text"] for each in parent["sentences"]]


def test_every_other_driver_is_explained_by_words_that_add_up(
    client: TestClient, headers: dict[str, str]
) -> None:
    text = f"{LATE} {BROKEN}"
    sent = {"text": text, "subject": "Bestelling"}
    found = client.post("/v1/classify?explain=true", json=sent, headers=headers).json()
    mentions = found["explanation"]["mentions"]
    assert [each["driver"] for each in mentions] == found["also"] != []
    for each in mentions:
        said = each["sentence"]
        assert text[said["start"] : said["end"]] == said["text"]
        parts = each["intercept"] + each["remainder"]
        assert parts + sum(word["weight"] for word in each["words"]) == pytest.approx(each["score"])
        for word in each["words"]:
            assert said["start"] <= word["start"] < word["end"] <= said["end"]
            assert text[word["start"] : word["end"]] == word["text"]


def test_a_question_proposes_them_all_unless_it_is_blind(
    client: TestClient, key: KeyMaker, classify: Any, trained_runtime: Runtime
) -> None:
    headers = key("admin", name="An")
    for queue in ("logistics", "finance"):
        down = {"rung": "recommend", "why": "A person looks at all of them."}
        moved = client.post(f"/v1/queues/{queue}/rung", json=down, headers=headers)
        assert moved.status_code == 200, moved.text
    asked = classify("Hallo daar, iets heel anders. Een vraag over de factuur. En de doos is weg.")
    assert (asked["decision"], len(asked["also"])) == ("review", 1)
    found = client.post("/v1/reviews/claim?explain=true", headers=headers).json()
    proposal = found["proposal"]
    assert (proposal["driver"], proposal["also"]) == (asked["driver"], asked["also"])
    assert proposal["drivers"] == asked["drivers"]
    assert found["explanation"]["mentions"]
    with trained_runtime.writing() as session:
        session.execute(update(ReviewRow).values(blind=True))
    blind = client.post("/v1/reviews/claim?explain=true", headers=headers).json()
    assert (blind["proposal"], blind["explanation"]) == (None, None)


def test_a_dry_run_says_what_a_stored_message_would(
    client: TestClient, headers: dict[str, str], classify: Any
) -> None:
    text = f"{LATE} {BROKEN}"
    tried = client.post("/v1/classify?dry_run=true", json={"text": text}, headers=headers).json()
    stored = classify(text)
    assert (tried["driver"], tried["also"]) == (stored["driver"], stored["also"])
    assert tried["drivers"] == stored["drivers"]
