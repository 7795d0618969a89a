"""The docs name every command, option and setting, and no others."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from service.cli import app
from service.settings import SECRETS, Settings

ROOT = Path(__file__).parent.parent
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(group=None, words=("waarom",)):
    """Every command by the words that call it."""
    for name, command in (group or get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


ALL = dict(commands())


@pytest.mark.parametrize("words", ALL)
def test_every_command_is_in_the_docs(words):
    assert re.search(rf"`{words}[` ]", COMMANDS)


@pytest.mark.parametrize("words", ALL)
def test_every_option_is_in_the_docs(words):
    flags = {flag for option in ALL[words].params for flag in option.opts if flag[:2] == "--"}
    assert {flag for flag in flags - {"--help", "--output"} if flag not in COMMANDS} == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_the_docs_name_no_command_that_does_not_exist(path):
    named = re.findall(r"waarom ([a-z]+(?: [a-z]+)?)", _code(path.read_text(encoding="utf-8")))
    groups = {" ".join(words.split()[:-1]) for words in ALL}
    known = {words.removeprefix("waarom ") for words in ALL}
    for words in named:
        first = words.split()[0]
        assert words in known or first in known or f"waarom {first}" in groups, words


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_between_the_docs_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_docs_with_its_default_and_meaning(name):
    field = Settings.model_fields[name]
    [row] = [line for line in SETTINGS.splitlines() if f"| `WAAROM_{name.upper()}` |" in line]
    assert field.description in row
    assert (f"| `{name}` |" in row) == (name not in SECRETS)
    default = "unset" if field.default is None else f"`{field.default}`"
    assert f"| {default if default != '``' else 'empty'} |" in row


def test_the_docs_name_no_setting_that_does_not_exist():
    named = set(re.findall(r"WAAROM_([A-Z_]+)", "".join(each.read_text() for each in DOCS)))
    assert {name.lower() for name in named} - {*Settings.model_fields, "require_all", ""} == set()


def _code(text):
    """What stands in code: between backticks, or in a block."""
    blocks = re.findall(r"```.*?```", text, re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])
