"""The command line in an empty folder, as a new user meets it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli import app

Waarom = Callable[..., "Said"]

WORDS = {
    "late": ("pakket te laat", "waar blijft mijn pakket", "nog niet bezorgd", "pakket vertraagd"),
    "broken": ("doos kapot", "scherm gebarsten", "beschadigd aangekomen", "deuk in de doos"),
    "refund": ("geld terug", "terugbetaling nog niet ontvangen", "bedrag terugstorten", "retour"),
}


@dataclass(frozen=True)
class Said:
    """What a command left behind: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def waarom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Waarom:
    """`waarom("keys", "list", code=0)`: run a command in an empty folder and check its exit code.

    A command that fails must do so in one sentence: any other exception fails the test.
    """
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("WAAROM_")]:
        monkeypatch.delenv(name)

    def run(*arguments: object, stdin: str | bytes = "", code: int = 0) -> Said:
        found = CliRunner().invoke(app, [str(each) for each in arguments], input=stdin)
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        assert found.exit_code == code, found.stdout + found.stderr
        return Said(found.exit_code, found.stdout, found.stderr)

    return run


@pytest.fixture
def labeled_file(tmp_path: Path) -> Path:
    """120 labeled messages about three drivers, four of them about none, as CSV."""
    rows = ["id,text,label"]
    for driver, words in WORDS.items():
        for number in range(40):
            first, second = words[number % 4], words[(number // 4) % 4]
            rows.append(f"{driver}-{number},{first} en {second} nummer {number},{driver}")
    rows += [f"none-{number},hallo daar {number}," for number in range(4)]
    path = tmp_path / "labeled.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
