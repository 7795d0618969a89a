"""Which Label Studio, and whose turn it is to speak with it."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from classifier.errors import WaaromError
from labeling.studio import Studio
from service.runtime import Runtime
from service.tables import BookmarkRow

TURN = timedelta(minutes=10)
"""A turn not renewed for so long is over: its process died."""
PATIENCE_SECONDS = 60.0


class NotConfigured(WaaromError):
    def __init__(self) -> None:
        super().__init__(
            "No Label Studio is set; set WAAROM_LABEL_STUDIO_URL and WAAROM_LABEL_STUDIO_API_KEY."
        )


class Busy(WaaromError):
    def __init__(self) -> None:
        super().__init__(
            "Another process is speaking with Label Studio; try again when it is done "
            f"(one that was killed loses its turn after {TURN.seconds // 60} minutes)."
        )


def connect(runtime: Runtime) -> Studio:
    """The team's Label Studio, to be closed. Raises `NotConfigured`, or `StudioUnauthorized` for
    a token that has expired."""
    token = runtime.settings.label_studio_api_key
    if not runtime.settings.label_studio_url or token is None:
        raise NotConfigured
    return Studio(runtime.settings.label_studio_url, token.get_secret_value())


@dataclass(frozen=True, slots=True)
class Line:
    """An open line to Label Studio, ours alone among the processes that share our database."""

    studio: Studio
    runtime: Runtime
    since: datetime
    name: str = field(default_factory=lambda: uuid4().hex)
    _opened: float = field(default_factory=time.monotonic)

    @property
    def moment(self) -> datetime:
        """On our clock."""
        return self.since + timedelta(seconds=time.monotonic() - self._opened)

    def renew(self) -> bool:
        """Take the turn, or keep it; False while somebody else has it."""
        moment = self.moment
        try:
            with self.runtime.writing() as session:
                row = session.get(BookmarkRow, self._turn, with_for_update=True)
                row = row or bookmark(session, self._turn)
                until = row.value.get("until")
                taken = until is not None and datetime.fromisoformat(until) > moment
                if taken and row.value["by"] != self.name:
                    return False
                row.value = {"by": self.name, "until": (moment + TURN).isoformat()}
        except IntegrityError:
            return False
        return True

    def release(self) -> None:
        with self.runtime.writing() as session:
            row = session.get(BookmarkRow, self._turn, with_for_update=True)
            if row is not None and row.value.get("by") == self.name:
                row.value = {}

    @property
    def _turn(self) -> str:
        return f"turn {address(self.runtime)}"


@contextmanager
def line(runtime: Runtime, now: datetime, *, patience: float = PATIENCE_SECONDS) -> Iterator[Line]:
    """Speak with Label Studio, one process at a time: two that send the same questions at once
    would ask everything twice. Raises `NotConfigured`, `Busy` or a `StudioError`."""
    with closing(connect(runtime)) as studio:
        ours = Line(studio, runtime, now)
        began = time.monotonic()
        while not ours.renew():
            if time.monotonic() - began > patience:
                raise Busy
            time.sleep(0.2)
        try:
            yield ours
        finally:
            ours.release()


def address(runtime: Runtime) -> str:
    """Of the server, as we set it."""
    return runtime.settings.label_studio_url.rstrip("/")


def bookmark(session: Session, name: str) -> BookmarkRow:
    """The row of this name, made when there is none."""
    row = session.get(BookmarkRow, name)
    if row is None:
        row = BookmarkRow(name=name, value={})
        session.add(row)
    return row
