"""API keys: made once, shown once, kept as a hash, with the scopes they open."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.errors import BadRequest, NotAllowed, NotFound, NotIdentified
from service.tables import KeyRow

SCOPES = ("classify", "review", "report", "messages", "admin")
PREFIX = "wrm_"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: a key, by its name, and what it may do."""

    key_id: int
    name: str
    scopes: frozenset[str]

    def require(self, scope: str) -> None:
        """Raise `NotAllowed` unless the key has this scope; `admin` has them all."""
        if scope not in self.scopes and "admin" not in self.scopes:
            raise NotAllowed(scope)


def create_key(session: Session, *, name: str, scopes: Sequence[str], now: datetime) -> str:
    """A new key; the text returned is shown once and cannot be read again."""
    if not scopes:
        raise BadRequest("scopes", f"name at least one of {', '.join(SCOPES)}")
    for scope in scopes:
        if scope not in SCOPES:
            raise BadRequest("scopes", f"{scope!r} is none of {', '.join(SCOPES)}")
    key = PREFIX + secrets.token_urlsafe(32)
    session.add(KeyRow(name=name, hash=_hash(key), scopes=list(scopes), made_at=now))
    session.flush()
    return key


def identify(session: Session, key: str) -> Identity:
    """Whose key this is. Raises `NotIdentified` for an unknown or revoked one."""
    row = session.scalar(select(KeyRow).where(KeyRow.hash == _hash(key)))
    if row is None or row.revoked_at is not None:
        raise NotIdentified
    return Identity(row.id, row.name, frozenset(row.scopes))


def identity_of(session: Session, key_id: int) -> Identity:
    """The identity behind a logged-in browser. Raises `NotIdentified` once the key is revoked."""
    row = session.get(KeyRow, key_id)
    if row is None or row.revoked_at is not None:
        raise NotIdentified
    return Identity(row.id, row.name, frozenset(row.scopes))


def list_keys(session: Session) -> list[KeyRow]:
    return list(session.scalars(select(KeyRow).order_by(KeyRow.id)))


def revoke_key(session: Session, key_id: int, *, now: datetime) -> KeyRow:
    """Close a key from now on. Raises `NotFound`."""
    row = session.get(KeyRow, key_id)
    if row is None:
        raise NotFound("key", key_id)
    row.revoked_at = row.revoked_at or now
    return row


def _hash(key: str) -> str:
    """Plain SHA-256 suffices: the key is 256 random bits, not a password."""
    return hashlib.sha256(key.encode()).hexdigest()
