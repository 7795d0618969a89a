"""A new installation: commented settings and taxonomy, the database, the secret, a first key."""

import json
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from pydantic.fields import FieldInfo

from service.keys import SCOPES, create_key
from service.runtime import open_runtime
from service.settings import FILE as SETTINGS_FILE
from service.settings import PREFIX, SECRETS, Settings, read_settings
from service.tables import KeyRow

TAXONOMY_FILE = "taxonomy.toml"


@dataclass(frozen=True, slots=True)
class Started:
    """What `initialize` made; `key` is None when there were keys already."""

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]
    key: str | None


def initialize(folder: Path, *, now: datetime) -> Started:
    """Make a folder ready for use; what is there already stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        TAXONOMY_FILE: (files("service") / "starter" / TAXONOMY_FILE).read_text(encoding="utf-8"),
        SETTINGS_FILE: commented_settings(),
    }
    written = tuple(name for name in content if not (folder / name).exists())
    for name in written:
        (folder / name).write_text(content[name], encoding="utf-8")
    kept = tuple(name for name in content if name not in written)
    return Started(folder, written, kept, _first_key(read_settings(folder), now))


def _first_key(settings: Settings, now: datetime) -> str | None:
    runtime = open_runtime(settings)
    try:
        with runtime.writing() as session:
            if session.query(KeyRow).count():
                return None
            return create_key(session, name="first", scopes=SCOPES, now=now)
    finally:
        runtime.close()


def commented_settings() -> str:
    """Every setting with what it does and its default, commented out."""
    secrets = ", ".join(PREFIX + name.upper() for name in SECRETS)
    blocks = [
        "# Settings a team shares; take away the # to change one. In the environment each is\n"
        f"# {PREFIX}<NAME>, and that counts before this file.\n"
        f"# Secrets come from the environment only: {secrets}."
    ]
    blocks += [
        f"# {field.description}\n# {name} = {_example(field)}"
        for name, field in Settings.model_fields.items()
        if name not in SECRETS
    ]
    return "\n\n".join(blocks) + "\n"


def _example(field: FieldInfo) -> str:
    """The default as TOML, or an example where there is none."""
    if field.default is None:
        return f"{json.dumps((field.examples or [''])[0])}  # an example; unset by default"
    value = field.default
    plain = value if isinstance(value, int | float | list) else str(value)
    return json.dumps(plain, ensure_ascii=False)
