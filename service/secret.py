"""The one secret of an installation: the key of pseudonyms, hold-out, draws and cookies."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from classifier.errors import WaaromError
from service.settings import Settings

FILE = "secret"


class BadSecret(WaaromError):
    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path}: the secret is empty; put the old one back from a backup, for with another "
            "one customers get new pseudonyms and the hold-out changes"
        )


def load_secret(settings: Settings) -> bytes:
    """The key from WAAROM_SECRET, else from a file only its owner can read, made on first use."""
    if settings.secret:
        return settings.secret.get_secret_value().encode()
    path = settings.home / FILE
    if not path.exists():
        _write_private(path, secrets.token_hex(32))
    key = path.read_text(encoding="ascii").strip().encode()
    if not key:
        raise BadSecret(path)
    return key


def _write_private(path: Path, content: str) -> None:
    """Whole or not at all; of two processes that start at once, the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content)
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
