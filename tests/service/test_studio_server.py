"""Starts and stops a real Label Studio."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from service.studio_server import PortTaken, StudioDidNotStart, StudioNotInstalled, StudioServer

pytestmark = pytest.mark.studio

ROOT = Path(__file__).parents[2]

FOREVER = """
import os, sys, time
from pathlib import Path
from service.studio_server import StudioServer
with StudioServer(Path(sys.argv[1]), venv=Path(sys.argv[2]), cache=Path(sys.argv[3])) as server:
    print(server._process.pid, server.url, flush=True)
    time.sleep(600)
"""


def is_alive(process: int) -> bool:
    """Whether a process still runs; a zombie nobody waits for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


def dies(process: int) -> bool:
    deadline = time.monotonic() + 15
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not is_alive(process)


@pytest.fixture
def another(tmp_path, studio_server):
    """A second server in a folder of its own, not started."""
    return StudioServer(tmp_path / "studio", venv=studio_server.venv, cache=studio_server.cache)


def login(server: StudioServer, page: httpx.Client) -> httpx.Response:
    form = page.get("/user/login/").text
    crumb = form.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    return page.post(
        "/user/login/",
        data={
            "csrfmiddlewaretoken": crumb,
            "email": server.username,
            "password": server.password,
        },
    )


def test_the_login_known_in_advance_opens_the_door(studio_server):
    with httpx.Client(base_url=studio_server.url) as page:
        assert page.get("/api/current-user/whoami").status_code == 401
        assert login(studio_server, page).status_code == 302
        assert page.get("/api/current-user/whoami").json()["email"] == studio_server.username


def test_strangers_cannot_sign_up(studio_server):
    with httpx.Client(base_url=studio_server.url) as page:
        crumb = page.get("/user/login/").text.split('name="csrfmiddlewaretoken" value="')[1]
        answer = page.post(
            "/user/signup/",
            data={
                "csrfmiddlewaretoken": crumb.split('"')[0],
                "email": "stranger@example.org",
                "password": "long-enough-123",
            },
        )
        assert answer.status_code == 403
        assert page.get("/api/projects/").status_code == 401


def test_it_listens_on_this_machine_only(studio_server):
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    addresses = [line.split()[1] for line in listening if line.split()[3] == "0A"]
    ours = [each for each in addresses if each.endswith(f":{studio_server.port:04X}")]
    assert ours == [f"0100007F:{studio_server.port:04X}"]


def test_what_it_keeps_is_for_its_owner_only(studio_server):
    for name in ("login.json", "server.log"):
        assert (studio_server.folder / name).stat().st_mode & 0o077 == 0
    assert (studio_server.folder / "data").stat().st_mode & 0o077 == 0


def test_nothing_of_our_environment_reaches_it(studio_server, monkeypatch, another):
    monkeypatch.setenv("WAAROM_SECRET", "ours")
    monkeypatch.setenv("DJANGO_DB", "default")
    environment = another._environment(another.folder)
    assert not {"WAAROM_SECRET", "DJANGO_DB"} & set(environment)


def test_leaving_ends_it_and_a_second_start_is_quick_and_has_the_same_login_and_projects(another):
    heard: list[str] = []
    another._progress = heard.append
    with another as server:
        process = server._process.pid
        assert is_alive(process)
        token, password = server.token, server.password
        headers = {"Authorization": f"Token {token}"}
        httpx.post(
            f"{server.url}/api/projects/", json={"title": "kept"}, headers=headers, timeout=60
        ).raise_for_status()
    assert dies(process)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", another.port)) != 0
    assert any("Starting" in each for each in heard)
    started = time.monotonic()
    with StudioServer(another.folder, venv=another.venv, cache=another.cache) as again:
        assert time.monotonic() - started < 60
        assert (again.token, again.password) == (token, password)
        projects = httpx.get(f"{again.url}/api/projects/", headers=headers, timeout=60).json()
    assert [each["title"] for each in projects["results"]] == ["kept"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_us_however_we_end(another, ending):
    us = subprocess.Popen(
        [sys.executable, "-c", FOREVER, another.folder, another.venv, another.cache],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert us.stdout is not None
    process, url = us.stdout.readline().split()
    assert httpx.get(f"{url}/health", timeout=30).status_code == 200
    os.kill(us.pid, ending)
    us.wait(30)
    us.stdout.close()
    assert dies(int(process))


def test_without_its_environment_it_says_what_to_run(tmp_path):
    with (
        pytest.raises(StudioNotInstalled, match="make setup"),
        StudioServer(tmp_path, venv=tmp_path / "none"),
    ):
        pass


def test_a_port_in_use_is_named_and_not_silently_replaced(tmp_path, studio_server):
    taken = StudioServer(tmp_path, venv=studio_server.venv, port=studio_server.port)
    with pytest.raises(PortTaken, match=str(studio_server.port)), taken:
        pass


def test_of_two_that_start_on_one_port_one_is_told(tmp_path, studio_server):
    venv, cache = studio_server.venv, studio_server.cache
    first = StudioServer(tmp_path / "first", venv=venv, cache=cache)
    second = StudioServer(tmp_path / "second", venv=venv, cache=cache, port=first.port)
    both_known = threading.Barrier(2, timeout=120)

    def started(server: StudioServer) -> bool:
        try:
            with server:
                both_known.wait()
        except PortTaken:
            both_known.wait()
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(started, [first, second])) == [False, True]


def test_a_database_that_cannot_be_read_points_to_the_log(another):
    data = another.folder / "data"
    data.mkdir(parents=True)
    (data / "label_studio.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StudioDidNotStart, match=r"server\.log"), another:
        pass
    assert another._process is None
