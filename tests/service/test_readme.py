"""The README's worked example does what it says: a message, its review, another queue."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.keys import create_key
from service.runtime import Runtime

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
README = Path(__file__).parents[2] / "README.md"


def block(language: str) -> str:
    """The one example in this language."""
    found = re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert len(found) == 1
    return found[0]


@pytest.fixture
def environment(trained_runtime: Runtime, live: str) -> dict[str, str]:
    with trained_runtime.writing() as session:
        key = create_key(session, name="readme", scopes=["classify", "review"], now=NOW)
    return {**os.environ, "URL": live, "KEY": key}


def test_the_python_example_changes_the_queue(environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", block("python")], env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    before, after = ran.stdout.splitlines()
    assert before.startswith("review triage [")
    assert after == "person logistics"


def test_the_curl_example_changes_the_queue(environment: dict[str, str]) -> None:
    commands = block("bash").replace("URL=http://127.0.0.1:8321\n", "")
    commands = commands.replace("curl -s", "echo; curl -s")
    first = subprocess.run(
        ["bash", "-c", commands.split("# … and answers it")[0]],
        env=environment,
        capture_output=True,
        text=True,
    )
    review = json.loads(first.stdout.splitlines()[-1])["id"]
    second = subprocess.run(
        ["bash", "-c", commands.replace("/v1/reviews/7/", f"/v1/reviews/{review}/")],
        env=environment,
        capture_output=True,
        text=True,
    )
    message = json.loads(second.stdout.splitlines()[-1])
    assert (message["decision"], message["queue"]) == ("person", "logistics")
