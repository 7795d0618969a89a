"""docs/api.md does what it says: its calls are made in order, its answers are compared."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from service.keys import SCOPES
from service.problems import STATUS

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

KeyMaker = Callable[..., dict[str, str]]


def calls_with_answers() -> list[tuple[list[str], Any]]:
    """Each curl command as words, with the answer shown below it."""
    found: list[tuple[list[str], Any]] = []
    for kind, content in BLOCK.findall(PAGE):
        if kind == "sh":
            found.append((shlex.split(content.replace("\\\n", " ")), None))
        else:
            found[-1] = (found[-1][0], json.loads(content))
    return found


def perform(client: TestClient, words: list[str], values: dict[str, str]) -> Any:
    words = [_filled(word, values) for word in words]
    assert words[0] == "curl"
    options = {"-H": [], "-d": [], "-X": []}
    addresses = []
    rest = iter(words[1:])
    for word in rest:
        if word in options:
            options[word].append(next(rest))
        else:
            addresses.append(word)
    (address,) = addresses
    headers = dict(each.split(": ", 1) for each in options["-H"])
    body = options["-d"][0] if options["-d"] else None
    method = (options["-X"] or ["POST" if body else "GET"])[0]
    parts = urlsplit(address)
    return client.request(method, f"{parts.path}?{parts.query}", content=body, headers=headers)


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(f"${name}", value)
    assert "$" not in word
    return word


def fits(shown: Any, answered: Any) -> bool:
    """Everything shown is there, of the same kind; values may differ."""
    if isinstance(shown, dict):
        return isinstance(answered, dict) and all(
            name in answered and fits(value, answered[name]) for name, value in shown.items()
        )
    if isinstance(shown, list):
        return isinstance(answered, list) and all(
            fits(*each) for each in zip(shown, answered, strict=False)
        )
    return shown is None or answered is None or isinstance(answered, type(shown))


def test_every_call_on_the_page_works_and_answers_as_shown(
    client: TestClient, key: KeyMaker
) -> None:
    header = key("classify", "review", "report", "messages", "admin")["Authorization"]
    values = {"URL": "http://testserver", "KEY": header.removeprefix("Bearer "), "REVIEW": "1"}
    found = calls_with_answers()
    assert len(found) >= 9
    for words, shown in found:
        response = perform(client, words, values)
        assert response.status_code in (200, 201), (words, response.text)
        if any(each.endswith("/claim") for each in words):
            values["REVIEW"] = str(response.json()["id"])
        if any(each.endswith("zd-1/labels") for each in words):
            values["LABEL"] = str(response.json()["id"])
        if shown is not None:
            assert fits(shown, response.json()), (shown, response.json())


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_is_on_the_page(scope: str) -> None:
    assert f"| `{scope}` |" in PAGE


def test_every_status_an_error_can_have_is_on_the_page() -> None:
    shown = {int(status) for status in re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)}
    assert shown == set(STATUS.values()) - {429}
