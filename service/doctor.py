"""What is wrong with an installation, and what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from classifier.errors import WaaromError
from service.reviews import left
from service.runtime import Runtime, taxonomy_in_use
from service.sync import NotConfigured, connect
from service.tables import KeyRow, MessageRow, OutboxRow


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, whether it is well, and what it says or what to do."""

    what: str
    ok: bool
    says: str


def examine(runtime: Runtime, *, now: datetime) -> list[Finding]:
    """Look at every part; a part that fails does not keep the others from being looked at."""
    parts: dict[str, Callable[[], str]] = {
        "database": lambda: _database(runtime),
        "taxonomy": lambda: _taxonomy(runtime),
        "model": lambda: _model(runtime),
        "keys": lambda: _keys(runtime),
        "Label Studio": lambda: _label_studio(runtime),
        "outbox": lambda: _outbox(runtime, now),
    }
    return [_finding(what, look) for what, look in parts.items()]


def _finding(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except WaaromError as error:
        return Finding(what, False, str(error))


def _database(runtime: Runtime) -> str:
    with runtime.reading() as session:
        messages = session.scalar(select(func.count(MessageRow.id))) or 0
        waiting = left(session)
    return f"{runtime.engine.dialect.name}, {messages:,} messages, {waiting:,} questions open"


def _taxonomy(runtime: Runtime) -> str:
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
    if not taxonomy.drivers:
        raise WaaromError("there are no drivers yet: `waarom init` writes a taxonomy.toml to edit")
    return f"version {taxonomy.version}, {len(taxonomy.leaves)} drivers"


def _model(runtime: Runtime) -> str:
    model = runtime.current_model()
    if model is None:
        raise WaaromError("no model is in use: `waarom train` makes one once there are labels")
    return f"version {model.version}, {len(model.drivers)} drivers"


def _keys(runtime: Runtime) -> str:
    with runtime.reading() as session:
        keys = session.scalar(select(func.count(KeyRow.id)).where(KeyRow.revoked_at.is_(None)))
    if not keys:
        raise WaaromError("nobody can log in or call: `waarom keys create NAME --scope admin`")
    return f"{keys} in use"


def _label_studio(runtime: Runtime) -> str:
    try:
        studio = connect(runtime)
    except NotConfigured:
        return "not used; the review page asks the questions"
    return f"version {studio.ping()}, logged in as {studio.whoami()}"


def _outbox(runtime: Runtime, now: datetime) -> str:
    with runtime.reading() as session:
        late = session.scalars(
            select(OutboxRow).where(OutboxRow.done_at.is_(None), OutboxRow.error.is_not(None))
        ).all()
    if late:
        raise WaaromError(f"{len(late):,} questions could not be sent yet: {late[0].error}")
    return "nothing is stuck"
