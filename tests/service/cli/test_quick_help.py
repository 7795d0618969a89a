"""`waarom --help`, of itself and of every command, loads nothing that takes long to load."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
HEAVY = (
    *("numpy", "scipy", "sklearn", "numba", "joblib", "spacy", "onnxruntime", "altair"),
    *("fastapi", "starlette", "uvicorn", "pydantic_settings", "sqlalchemy", "alembic", "jinja2"),
    *("httpx", "label_studio_sdk", "lxml", "phonenumbers", "schwifty", "babel", "pg8000"),
)
LOOK = """
import json, sys
from typer.main import get_command
from typer.testing import CliRunner
from service.cli import app

def words(group, before=()):
    yield before
    for name, command in getattr(group, "commands", {}).items():
        yield from words(command, (*before, name))

heavy, found, seen = set(sys.argv[1:]), {}, set()
for each in list(words(get_command(app))):
    code = CliRunner().invoke(app, [*each, "--help"]).exit_code
    loaded = heavy & set(sys.modules)
    found[" ".join(each)] = [code, sorted(loaded - seen)]
    seen |= loaded
print(json.dumps(found))
"""


def test_help_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *HEAVY], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    found = json.loads(done.stdout)
    assert len(found) > 20
    assert found == {words: [0, []] for words in found}
