"""A new installation: commented settings and taxonomy, the database, the secret, a first key."""

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from pydantic_core import PydanticUndefined

from service.keys import SCOPES, create_key
from service.runtime import open_runtime
from service.settings import Settings
from service.tables import KeyRow

SETTINGS_FILE, TAXONOMY_FILE = "waarom.toml", "taxonomy.toml"
SECRETS = ("secret", "label_studio_api_key", "webhook_secret")


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
    settings = Settings(
        home=folder / ".waarom", taxonomy=folder / TAXONOMY_FILE, models_dir=folder / "models"
    )
    kept = tuple(name for name in content if name not in written)
    return Started(folder, written, kept, _first_key(settings, now))


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
    lines = ["# Settings a team shares. Secrets come from the environment (WAAROM_*) only.", ""]
    for name, field in Settings.model_fields.items():
        if name in SECRETS:
            continue
        lines += [f"# {field.description}", f"# {name} = {_toml(field.default)}", ""]
    return "\n".join(lines)


def _toml(value: object) -> str:
    if value is None or value is PydanticUndefined:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return f'"{value}"'
