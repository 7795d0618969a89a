"""The server as a process: it answers, works, and ends when it is told to."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.runtime import Runtime
from service.serving import CannotListen, in_background, listening

ROOT = Path(__file__).parents[2]
WAAROM = Path(sys.executable).with_name("waarom")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`waarom serve --with-worker` in an empty folder, once it answers."""
    port = free_port()
    process = subprocess.Popen(
        [WAAROM, "serve", "--with-worker", "--port", str(port)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/healthz", process)
        yield process, url
    finally:
        process.kill()
        process.communicate()


def wait_for(url: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"nothing answers at {url}")


@pytest.mark.parametrize("request_to_end", [signal.SIGINT, signal.SIGTERM])
def test_ends_in_order_when_told_to(served, request_to_end):
    process, url = served
    process.send_signal(request_to_end)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_a_taken_port_is_a_failure_and_not_a_hang(served, tmp_path):
    _, url = served
    second = subprocess.run(
        [WAAROM, "serve", "--with-worker", "--port", url.rpartition(":")[2]],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    assert "cannot be listened on" in second.stderr
    assert "Traceback" not in second.stderr


def test_serves_in_the_background_for_as_long_as_the_block_lasts(trained_runtime: Runtime):
    anywhere = trained_runtime.settings.model_copy(update={"port": 0})
    runtime = Runtime(anywhere, trained_runtime.engine, trained_runtime.secret)
    with in_background(runtime) as url:
        assert httpx.get(f"{url}/healthz", trust_env=False).is_success
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz", trust_env=False)


def test_no_answer_waits_until_the_part_before_it_was_acknowledged(settings):
    """Headers and body leave apart; Nagle's algorithm would cost 40 ms on a kept connection."""
    with listening(settings.model_copy(update={"port": 0})) as door:
        with socket.create_connection(door.getsockname()):
            inside, _ = door.accept()
        with inside:
            assert inside.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_door_taken_by_another_says_so_before_anything_is_opened(settings):
    with listening(settings.model_copy(update={"port": 0})) as door:
        taken = settings.model_copy(update={"port": door.getsockname()[1]})
        with pytest.raises(CannotListen, match="in use"), listening(taken):
            pytest.fail("two behind one door")
