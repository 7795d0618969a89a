"""Calls that may be made again: the same Idempotency-Key gets the same answer, done once.

The answer is kept in the transaction that did the work. Answers hold ids and drivers, never text,
so that erasing a person need not look here.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from service.errors import KeyReused
from service.runtime import Runtime
from service.tables import IdempotencyRow

KEPT = timedelta(days=7)
"""How long a call may be sent again; after that its key is free."""

TRIES = 3
RACES = ("40001", "40P01")
"""PostgreSQL's serialization failure and deadlock: the other transaction went through."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that may have been made before: `key` is None when it cannot be recognized.

    `key` and `fingerprint` are keyed hashes of what was sent, 64 hex digits.
    """

    key: str | None
    fingerprint: str

    def name(self, api_key_id: int) -> str | None:
        """The same for the same Idempotency-Key of the same caller; fits every column."""
        return f"{api_key_id}-{self.key[:32]}" if self.key else None


def attempt_of(secret: bytes, key: str | None, method: str, address: str, body: bytes) -> Attempt:
    """Recognize a call by its Idempotency-Key, and whether it is the same by all the rest."""
    request = b"\n".join((method.encode(), address.encode(), body))
    hidden = _keyed(secret, b"idempotency key\n" + key.encode()) if key else None
    return Attempt(hidden, _keyed(secret, b"request\n" + request))


def once(
    runtime: Runtime,
    attempt: Attempt,
    work: Callable[[Session], dict[str, Any]],
    *,
    api_key_id: int,
    now: datetime,
) -> dict[str, Any]:
    """Do the work in one transaction, or give this caller the answer of the time before.

    Raises `KeyReused` when the key came with another request. What raises is not remembered.
    """

    def remembered(session: Session) -> dict[str, Any]:
        before = recall(session, attempt, api_key_id=api_key_id)
        if before is not None:
            return before
        body = work(session)
        remember(session, attempt, body, api_key_id=api_key_id, now=now)
        return body

    return committed(runtime, remembered)


def recall(session: Session, attempt: Attempt, *, api_key_id: int) -> dict[str, Any] | None:
    """The answer of the time before, None the first time.

    Raises `KeyReused` when the key came with another request.
    """
    if attempt.key is None:
        return None
    before = session.get(IdempotencyRow, (attempt.key, api_key_id))
    if before is None:
        return None
    if not hmac.compare_digest(before.request_hash, attempt.fingerprint):
        raise KeyReused
    return before.body


def remember(
    session: Session,
    attempt: Attempt,
    body: Mapping[str, Any],
    *,
    api_key_id: int,
    now: datetime,
) -> None:
    """Keep the answer to a call that can be recognized, for as long as `KEPT`."""
    if attempt.key is None:
        return
    session.add(
        IdempotencyRow(
            key=attempt.key,
            api_key_id=api_key_id,
            request_hash=attempt.fingerprint,
            status=200,
            body=dict(body),
            made_at=now,
        )
    )


def forget(runtime: Runtime, *, now: datetime) -> None:
    """Delete answers older than `KEPT`."""
    old = IdempotencyRow.made_at < now - KEPT
    with runtime.reading() as session:
        if session.scalar(select(IdempotencyRow.key).where(old).limit(1)) is None:
            return
    with runtime.writing() as session:
        session.execute(delete(IdempotencyRow).where(old))


def committed(runtime: Runtime, work: Callable[[Session], Result]) -> Result:
    """Run the work in a transaction of its own, again when another one won a race against it.

    Two calls that store the same new row at once: one fails on its unique name, and finds the
    other's row the next time.
    """
    for _ in range(TRIES - 1):
        try:
            with runtime.writing() as session:
                return work(session)
        except DBAPIError as error:
            if not _lost_a_race(error):
                raise
    with runtime.writing() as session:
        return work(session)


def _lost_a_race(error: DBAPIError) -> bool:
    return isinstance(error, IntegrityError) or any(code in str(error.orig) for code in RACES)


def _keyed(secret: bytes, content: bytes) -> str:
    return hmac.new(secret, content, hashlib.sha256).hexdigest()
