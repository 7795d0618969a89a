"""What every use case needs: settings, sessions, the secret, the taxonomy and the current model."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from classifier.errors import ModelNotFound, WaaromError
from classifier.model import Model
from classifier.registry import current_version, load_model
from classifier.taxonomy import Taxonomy, load_taxonomy
from service.database import migrate, open_database, read_only
from service.secret import load_secret
from service.settings import Settings
from service.tables import ModelRow, TaxonomyRow
from service.warmth import read_ahead, warm

TICK = timedelta(microseconds=1)
NEWEST = (TaxonomyRow.used_since.desc(),)


@dataclass
class Runtime:
    """Built once by `open_runtime`; holds no state that cannot be read again from disk."""

    settings: Settings
    engine: Engine
    secret: bytes
    _models: dict[str, Model] = field(default_factory=dict)
    _taxonomies: dict[tuple[int, int], Taxonomy] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _keeps_warm: bool = False
    _warmed: Model | None = None

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(read_only(self.engine)) as session:
            yield session

    def current_model(self) -> Model | None:
        """The model in use, loaded when CURRENT changes; None when there is none yet."""
        folder = self.settings.models_dir
        try:
            version = current_version(folder)
        except ModelNotFound:
            return None
        if version is None:
            return None
        with self._lock:
            if version not in self._models:
                self._models = {version: load_model(folder / version)}
            model = self._models[version]
            if self._keeps_warm and self._warmed is not model:
                self._warmed = model
                _in_background(partial(warm, model))
        return model

    def keep_warm(self) -> None:
        """In the background, load what a first message would wait for, and compile the scorer of
        the model in use and of each that comes after it; until then scikit-learn answers. Not
        where `warm_up` is off."""
        if self.settings.warm_up:
            self._keeps_warm = True
            _in_background(self._look)

    def _look(self) -> None:
        with suppress(WaaromError, OSError):  # whoever needs the model will say what is wrong
            self.current_model()
        read_ahead()

    def taxonomy_file(self) -> Taxonomy | None:
        """The drivers as the file has them now, read again when it changes; None without one."""
        try:
            stat = self.settings.taxonomy.stat()
        except FileNotFoundError:
            return None
        stamp = (stat.st_mtime_ns, stat.st_size)
        with self._lock:
            if stamp not in self._taxonomies:
                self._taxonomies = {stamp: load_taxonomy(self.settings.taxonomy)}
            return self._taxonomies[stamp]

    def close(self) -> None:
        self.engine.dispose()


def _in_background(work: Callable[[], object]) -> None:
    threading.Thread(target=work, name="warm-up", daemon=True).start()


def open_runtime(settings: Settings) -> Runtime:
    """Open the database, bring it up to date, and read (or make) the secret."""
    engine = open_database(settings.resolved_database_url)
    migrate(engine)
    return Runtime(settings, engine, load_secret(settings))


def use_taxonomy(session: Session, taxonomy: Taxonomy, *, now: datetime) -> Taxonomy:
    """Make a taxonomy the one in use, remembering every version that ever was."""
    newest = session.execute(
        select(TaxonomyRow.version, TaxonomyRow.used_since).order_by(*NEWEST).limit(1)
    ).first()
    if not taxonomy.drivers or (newest and newest.version == taxonomy.version):
        return taxonomy
    since = max(now, newest.used_since + TICK) if newest else now
    row = session.get(TaxonomyRow, taxonomy.version)
    if row is None:
        row = TaxonomyRow(version=taxonomy.version, content=taxonomy.to_dict(), used_since=since)
        session.add(row)
    row.used_since = since
    session.flush()
    return taxonomy


def _newest(session: Session) -> TaxonomyRow | None:
    return session.scalar(select(TaxonomyRow).order_by(*NEWEST).limit(1))


def taxonomy_in_use(session: Session, runtime: Runtime) -> Taxonomy:
    """The taxonomy file when there is one, else the newest known, else the current model's.

    A taxonomy without drivers stands for "none yet": everything is then an unknown driver.
    """
    written = runtime.taxonomy_file()
    if written:
        return written
    newest = _newest(session)
    if newest:
        return Taxonomy.from_dict(newest.content)
    model = runtime.current_model()
    return model.taxonomy if model else Taxonomy(())


def remember_model(session: Session, model: Model, *, now: datetime) -> None:
    """Keep what reading this model's predictions takes, apart from its files."""
    if session.get(ModelRow, model.version) is None:
        session.add(
            ModelRow(
                version=model.version,
                taxonomy=model.taxonomy.version,
                drivers=list(model.drivers),
                base_shares=[float(share) for share in model.base_shares],
                used_since=now,
            )
        )
        session.flush()
