"""What a person would try when the demo stands, tried over HTTP on the service and its worker."""

import time
from typing import Any, Final

import httpx

from classifier.messages import Label
from service.demo.people import People

CLEAR: Final = "Waar blijft mijn pakket? Het zou gisteren bezorgd worden en het is er nog niet."
DOUBTFUL: Final = "Guten Tag, ich habe noch eine ganz andere Frage. Können Sie mich anrufen?"
ANSWER: Final = Label("returns.refund")
PATIENCE_SECONDS: Final = 60.0
NAMES: Final = ("demo-clear", "demo-doubtful")


def try_it(url: str, key: str, people: People) -> dict[str, bool]:
    """Route a new message; answer a doubtful one and see its queue change."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
        clear = _classify(client, NAMES[0], CLEAR)
        doubtful = _classify(client, NAMES[1], DOUBTFUL)
        routed = bool(clear["queue"]) and doubtful["decision"] == "review"
        if doubtful["review_id"] is None:
            return {"new_messages_routed": routed, "an_answer_changes_the_route": False}
        people.answer_one(NAMES[1], doubtful["review_id"], ANSWER)
        after = _decided(client, doubtful["id"])
    changed = after["decision"] == "person" and after["queue"] != doubtful["queue"]
    return {"new_messages_routed": routed, "an_answer_changes_the_route": changed}


def _classify(client: httpx.Client, name: str, text: str) -> dict[str, Any]:
    body = {"text": text, "external_id": name}
    said: dict[str, Any] = client.post("/v1/classify", json=body).raise_for_status().json()
    return said


def _decided(client: httpx.Client, message: int) -> dict[str, Any]:
    """The message once a person decided, or as it is when that takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        said: dict[str, Any] = client.get(f"/v1/messages/{message}").raise_for_status().json()
        if said["decision"] == "person" or time.monotonic() > until:
            return said
        time.sleep(0.2)
