"""What is wrong with an installation, and what to do about it."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from classifier.errors import WaaromError
from service.errors import Unwell
from service.failures import sentence
from service.leaks import leaks
from service.reviews import left
from service.runtime import Runtime, open_runtime, taxonomy_in_use
from service.secret import FILE as SECRET_FILE
from service.settings import Settings
from service.sync.examination import examine_studio, looks
from service.tables import KeyRow, MessageRow, OutboxRow
from service.warmth import in_words, is_warm, warm

STUDIO = "Label Studio"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, whether it is well, and what it says or what to do."""

    what: str
    ok: bool
    says: str


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
        found += (_finding(what, look) for what, look in _parts(runtime, now).items())
        return found + _studio(runtime)


def _parts(runtime: Runtime, now: datetime) -> dict[str, Callable[[], str]]:
    return {
        "secret": lambda: _secret(runtime.settings),
        "taxonomy": lambda: _taxonomy(runtime),
        "model": lambda: _model(runtime),
        "scorer": lambda: _scorer(runtime),
        "keys": lambda: _keys(runtime),
        "outbox": lambda: _outbox(runtime, now),
        "personal data": lambda: _personal_data(runtime),
    }


def _studio(runtime: Runtime) -> list[Finding]:
    """One that does not answer, or is not used, is not looked at any closer."""
    first = _finding(STUDIO, lambda: examine_studio(runtime))
    if not first.ok or not runtime.settings.label_studio_url:
        return [first]
    closer = looks(runtime).items()
    return [first, *(_finding(f"{STUDIO} {what}", look) for what, look in closer)]


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


def _personal_data(runtime: Runtime) -> str:
    with runtime.reading() as session:
        found = leaks(session)
    if found:
        raise Unwell(
            f"{found:,} messages still hold some, say people who read them: `waarom label export "
            "--personal-data` names them; send each again without it and ?revise=true, and delete "
            "its task in Label Studio"
        )
    return "nobody saw any that redaction missed"


def _outbox(runtime: Runtime, now: datetime) -> str:
    with runtime.reading() as session:
        late = session.scalars(
            select(OutboxRow).where(OutboxRow.done_at.is_(None), OutboxRow.error.is_not(None))
        ).all()
    if late:
        raise Unwell(f"{len(late):,} questions could not be sent yet: {late[0].error}")
    return "nothing is stuck"
