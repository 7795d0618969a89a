"""The one secret of an installation: the key of pseudonyms, hold-out, draws and cookies."""

import os
import secrets
from pathlib import Path

from service.settings import Settings

FILE = "secret"


def load_secret(settings: Settings) -> bytes:
    """The key from WAAROM_SECRET, else from a file only its owner can read, made on first use."""
    if settings.secret:
        return settings.secret.get_secret_value().encode()
    path = settings.home / FILE
    if not path.exists():
        _write_private(path, secrets.token_hex(32))
    return path.read_text(encoding="ascii").strip().encode()


def _write_private(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content)
