"""An installation linked to a real Label Studio, and somebody who answers there."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import delete, func, select, update

from classifier.messages import Label, RawMessage
from classifier.taxonomy import Taxonomy
from labeling.studio import Studio
from labeling.tasks import annotation_result
from service.intake import receive
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.studio_server import StudioServer
from service.sync import known_project
from service.tables import (
    DecisionRow,
    LabelRow,
    MessageRow,
    OutboxRow,
    PredictionRow,
    ReviewRow,
    TaskRow,
)
from service.triage import classified_text

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
titles = (f"Sync {number}" for number in count(1))


@dataclass
class Desk:
    """An installation linked to Label Studio, and a person who answers there."""

    runtime: Runtime
    studio: Studio
    taxonomy: Taxonomy

    def ask(
        self,
        *external_ids: str,
        text: str = "hallo daar, een vraag over iets",
        subject: str = "",
        revise: bool = False,
    ) -> None:
        messages = [RawMessage(text=text, subject=subject, external_id=e) for e in external_ids]
        with self.runtime.writing() as session:
            receive(session, self.runtime, messages, now=NOW, revise=revise)

    def say(self, external_id: str, sentences: dict[str, str], *, blind: bool = False) -> None:
        """Have the prediction say that a message is about these drivers, for these sentences."""
        mine = MessageRow.external_id == external_id
        with self.runtime.writing() as session:
            row = session.scalars(select(PredictionRow).join(MessageRow).where(mine)).one()
            message = session.get_one(MessageRow, row.message_id)
            read = classified_text(message.subject, message.text)
            drivers = dict.fromkeys((row.top[0][0], *sentences))
            row.mentions = [[d, 0.9, True, _spans(read, sentences.get(d, ""))] for d in drivers]
            asked = update(ReviewRow).where(ReviewRow.message_id == message.id)
            session.execute(asked.values(blind=blind))

    def task(self, external_id: str) -> int:
        return self.tasks()[external_id]["id"]

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Every task in the project by external id; doubles would show as an error."""
        tasks = list(self.studio.changed(self.project))
        by_name = {task["data"]["external_id"]: task for task in tasks}
        assert len(by_name) == len({task["id"] for task in tasks}), "a question is there twice"
        return by_name

    @property
    def project(self) -> int:
        number = known_project(self.runtime)
        assert number is not None
        return number

    def answer(self, external_id: str, label: Label, **more: Any) -> int:
        result = annotation_result(label, self.taxonomy, **more)
        return self.studio.annotate(self.task(external_id), result, seconds=5.0)

    def rows(self, table: Any) -> list[Any]:
        with self.runtime.reading() as session:
            return list(session.scalars(select(table).order_by(*table.__table__.primary_key)))

    def labels(self) -> list[LabelRow]:
        return [row for row in self.rows(LabelRow) if row.current]

    def review(self, external_id: str) -> ReviewRow:
        with self.runtime.reading() as session:
            return session.scalars(
                select(ReviewRow).join(MessageRow).where(MessageRow.external_id == external_id)
            ).one()

    def name(self, label: LabelRow) -> str:
        with self.runtime.reading() as session:
            return session.get_one(MessageRow, label.message_id).external_id

    def route(self, external_id: str) -> DecisionRow:
        with self.runtime.reading() as session:
            return session.scalars(
                select(DecisionRow)
                .join(MessageRow)
                .where(MessageRow.external_id == external_id, DecisionRow.current)
            ).one()

    def waiting(self) -> int:
        with self.runtime.reading() as session:
            query = select(func.count(OutboxRow.id)).where(OutboxRow.done_at.is_(None))
            return session.scalar(query) or 0

    def lose_the_mapping(self) -> None:
        """The database as it was before the push: restored, or cut off before the commit."""
        with self.runtime.writing() as session:
            session.execute(delete(TaskRow))
            session.execute(update(OutboxRow).values(done_at=None))


def _spans(text: str, sentence: str) -> list[list[int]]:
    if not sentence:
        return []
    start = text.index(sentence)
    return [[start, start + len(sentence)]]


@dataclass
class Api:
    """Label Studio's own API, for what our client never does."""

    client: httpx.Client

    def call(self, method: str, path: str, **json: Any) -> Any:
        said = self.client.request(method, path, json=json or None)
        assert said.is_success, said.text
        return said.json() if said.content else None


@pytest.fixture
def api(studio_server: StudioServer) -> Iterator[Api]:
    headers = {"Authorization": f"Token {studio_server.token}"}
    with httpx.Client(base_url=studio_server.url, headers=headers, timeout=60) as client:
        yield Api(client)


@pytest.fixture
def linked(settings: Settings, models_dir, studio_server: StudioServer) -> Settings:
    return settings.model_copy(
        update={
            "models_dir": models_dir,
            "label_studio_url": studio_server.url,
            "label_studio_api_key": SecretStr(studio_server.token),
            "label_studio_project": next(titles),
        }
    )


@pytest.fixture
def opened() -> Iterator[Callable[[Settings], Runtime]]:
    runtimes = []

    def open_one(settings: Settings) -> Runtime:
        runtimes.append(open_runtime(settings))
        return runtimes[-1]

    yield open_one
    for each in runtimes:
        each.close()


@pytest.fixture
def desk(linked: Settings, opened, studio: Studio, taxonomy: Taxonomy) -> Desk:
    return Desk(opened(linked), studio, taxonomy)


class Proxy:
    """A line to a server that can be cut: bytes go through until `fault` says otherwise.

    `refuse`: nobody answers. `deaf`: requests that `matches` occurs in arrive, their answers do
    not. `hold`: nor is anybody told. `torn`: of those requests only the first half arrives.
    `seen` is set when one is met.
    """

    def __init__(self, backend: int) -> None:
        self.backend, self.fault, self.matches = backend, "", b""
        self.seen = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self, fault: str, matches: str = "") -> None:
        self.seen.clear()
        self.fault, self.matches = fault, matches.encode()
        self._hang_up()  # connections that were kept open, too

    def mend(self) -> None:
        self.cut("")

    def close(self) -> None:
        self.fault = "refuse"
        self._door.close()
        self._hang_up()

    def _hang_up(self) -> None:
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with suppress(OSError), near:
            if self.fault == "refuse":
                return
            with socket.create_connection(("127.0.0.1", self.backend)) as far:
                self._open |= {near, far}
                deaf = threading.Event()
                back = threading.Thread(target=self._answer, args=(far, near, deaf), daemon=True)
                back.start()
                self._ask(near, far, deaf)
                back.join(60)
                self._open -= {near, far}

    def _ask(self, near: socket.socket, far: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while asked := near.recv(65536):
                if self.fault in ("deaf", "hold", "torn") and self.matches in asked:
                    self.seen.set()
                    deaf.set()
                    if self.fault == "torn":
                        far.sendall(asked[: len(asked) // 2])
                        break
                far.sendall(asked)
        with suppress(OSError):
            far.shutdown(socket.SHUT_WR)

    def _answer(self, far: socket.socket, near: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while answered := far.recv(65536):
                if deaf.is_set():
                    if self.fault == "hold":
                        continue
                    break
                near.sendall(answered)
        with suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(studio_server: StudioServer) -> Iterator[Proxy]:
    line = Proxy(studio_server.port)
    yield line
    line.close()


@pytest.fixture
def far_desk(linked: Settings, opened, studio: Studio, taxonomy: Taxonomy, proxy: Proxy) -> Desk:
    """A desk that reaches Label Studio by the line that can be cut; its `studio` does not."""
    far = linked.model_copy(update={"label_studio_url": proxy.url})
    return Desk(opened(far), studio, taxonomy)


# Nothing it would tell leaves this machine.
CARELESS = {
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "false",
    "LABEL_STUDIO_COLLECT_ANALYTICS": "true",
    "LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS": "true",
    "LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS": "",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


class CarelessServer(StudioServer):
    """As Label Studio is when nobody set anything."""

    def _environment(self, data: Path) -> dict[str, str]:
        return super()._environment(data) | CARELESS


@pytest.fixture(scope="session")
def careless(
    tmp_path_factory: pytest.TempPathFactory, studio_server: StudioServer
) -> Iterator[StudioServer]:
    """A second server, with a database of its own and the same login."""
    folder = tmp_path_factory.mktemp("careless")
    shutil.copy(studio_server.folder / "login.json", folder)
    with CarelessServer(folder, venv=studio_server.venv, cache=studio_server.cache) as server:
        yield server
