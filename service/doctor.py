"""What is wrong with an installation, and what to do about it."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from classifier.errors import WaaromError
from service.failures import sentence
from service.reviews import left
from service.runtime import Runtime, open_runtime, taxonomy_in_use
from service.secret import FILE as SECRET_FILE
from service.settings import Settings
from service.sync import NotConfigured, connect
from service.tables import KeyRow, MessageRow, OutboxRow
from service.warmth import in_words, is_warm, warm

OLDEST_STUDIO = (1, 23)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, whether it is well, and what it says or what to do."""

    what: str
    ok: bool
    says: str


class Unwell(WaaromError):
    """Something that works, but not as it should; the sentence says what to do."""


def examine(settings: Settings, *, now: datetime) -> list[Finding]:
    """Look at every part; a part that fails does not keep the others from being looked at."""
    runtime: Runtime | None = None

    def database() -> str:
        nonlocal runtime
        runtime = open_runtime(settings)
        return _database(runtime)

    found = [_finding("database", database)]
    if runtime is None:
        return found
    with closing(runtime):
        return [*found, *(_finding(what, look) for what, look in _parts(runtime, now).items())]


def _parts(runtime: Runtime, now: datetime) -> dict[str, Callable[[], str]]:
    return {
        "secret": lambda: _secret(runtime.settings),
        "taxonomy": lambda: _taxonomy(runtime),
        "model": lambda: _model(runtime),
        "scorer": lambda: _scorer(runtime),
        "keys": lambda: _keys(runtime),
        "Label Studio": lambda: _label_studio(runtime),
        "outbox": lambda: _outbox(runtime, now),
    }


def _finding(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        return Finding(what, False, said)


def _database(runtime: Runtime) -> str:
    with runtime.reading() as session:
        messages = session.scalar(select(func.count(MessageRow.id))) or 0
        waiting = left(session)
    return f"{runtime.engine.dialect.name}, {messages:,} messages, {waiting:,} questions open"


def _secret(settings: Settings) -> str:
    if settings.secret:
        return "from the environment"
    path = settings.home / SECRET_FILE
    if path.stat().st_mode & 0o077:
        raise Unwell(f"{path}: others on this machine may read it: chmod 600 {path}")
    return f"in {path}; keep a copy of it with your backups"


def _taxonomy(runtime: Runtime) -> str:
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
    if not taxonomy.drivers:
        raise Unwell("there are no drivers yet: `waarom init` writes a taxonomy.toml to edit")
    return f"version {taxonomy.version}, {len(taxonomy.leaves)} drivers"


def _model(runtime: Runtime) -> str:
    model = runtime.current_model()
    if model is None:
        raise Unwell("no model is in use: `waarom train` makes one once there are labels")
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
    gone = [driver for driver in model.drivers if driver not in taxonomy.leaves]
    if gone:
        raise Unwell(
            f"version {model.version} knows {len(gone)} of its {len(model.drivers)} drivers from "
            f"another taxonomy ({gone[0]} is one), and routes none of their messages: train again"
        )
    return f"version {model.version}, {len(model.drivers)} drivers"


def _scorer(runtime: Runtime) -> str:
    if not runtime.settings.warm_up:
        return "not compiled ahead, as warm_up is off"
    model = None
    with suppress(WaaromError):  # said of the model
        model = runtime.current_model()
    if model is None:
        return "waits for a model"
    failure = warm(model)
    if failure is not None:
        raise Unwell(in_words(failure))
    return "compiled" if is_warm(model) else "none for this model; scikit-learn reads"


def _keys(runtime: Runtime) -> str:
    with runtime.reading() as session:
        keys = session.scalar(select(func.count(KeyRow.id)).where(KeyRow.revoked_at.is_(None)))
    if not keys:
        raise Unwell("nobody can log in or call: `waarom keys create NAME --scope admin`")
    return f"{keys} in use"


def _label_studio(runtime: Runtime) -> str:
    settings = runtime.settings
    if not settings.label_studio_url and settings.label_studio_api_key is None:
        return "not used; the review page asks the questions"
    try:
        studio = connect(runtime)
    except NotConfigured:
        raise Unwell(
            "half set: it takes both WAAROM_LABEL_STUDIO_URL and WAAROM_LABEL_STUDIO_API_KEY"
        ) from None
    with closing(studio):
        version, login = studio.ping(), studio.whoami()
    if _numbers(version) < OLDEST_STUDIO:
        raise Unwell(f"version {version} is too old: install 1.23 or newer")
    return f"version {version}, logged in as {login}"


def _numbers(version: str) -> tuple[int, ...]:
    """As in (1, 23); what is no number ("develop") counts as newest."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(map(str.isdecimal, parts)) else (9999,)


def _outbox(runtime: Runtime, now: datetime) -> str:
    with runtime.reading() as session:
        late = session.scalars(
            select(OutboxRow).where(OutboxRow.done_at.is_(None), OutboxRow.error.is_not(None))
        ).all()
    if late:
        raise Unwell(f"{len(late):,} questions could not be sent yet: {late[0].error}")
    return "nothing is stuck"
