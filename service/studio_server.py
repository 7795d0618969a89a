"""A Label Studio of our own on 127.0.0.1: started, waited for, and stopped with everything in it.

It lives in its own virtual environment and in one folder: `data/` (its database and secret key),
`login.json` (mode 0600) and `server.log`. The 24 seconds it takes to migrate an empty database
are spent once per version: the result is cached and copied into each new folder.

Switched off in it: sign-up without an invitation, the version check, analytics, crash reports
(server and browser), every origin but its own. Its webhooks may reach 127.0.0.1, and still no
other private network.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from classifier.errors import WaaromError

HOST: Final = "127.0.0.1"
USERNAME: Final = "waarom@localhost"
START_SECONDS: Final = 180.0
STOP_SECONDS: Final = 10.0
KEPT_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE")

# The server's own list of addresses its webhooks must not reach, without loopback.
BANNED_SUBNETS: Final = (
    "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.0.2.0/24,"
    "192.88.99.0/24,192.168.0.0/16,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,224.0.0.0/4,"
    "240.0.0.0/4,::/128,::ffff:0:0/96,::ffff:0:0:0/96,64:ff9b::/96,64:ff9b:1::/48,100::/64,"
    "2001::/32,2001:20::/28,2001:db8::/32,2002::/16,fc00::/7,fe80::/10,ff00::/8"
)
SWITCHES: Final = {
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "LABEL_STUDIO_SENTRY_DSN": "",
    "SENTRY_DSN": "",
    "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "LABEL_STUDIO_CORS_ALLOW_ALL_ORIGINS": "false",
    "LABEL_STUDIO_ALLOWED_HOSTS": "127.0.0.1,localhost",
    "LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS": "false",
    "LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS": BANNED_SUBNETS,
}
# On Linux the kernel ends the server when we die without a chance to (PR_SET_PDEATHSIG = 1).
DIE_WITH_PARENT: Final = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
try:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
except (OSError, AttributeError):
    pass
if os.getppid() != parent:
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""

Progress = Callable[[str], None]


class StudioNotInstalled(WaaromError):
    def __init__(self, venv: Path) -> None:
        self.venv = str(venv)
        super().__init__(f"there is no Label Studio in {venv}: run `make setup` to install it")


class PortTaken(WaaromError):
    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(
            f"port {port} on {HOST} is in use: stop what listens there, or name another port"
        )


class StudioDidNotStart(WaaromError):
    def __init__(self, reason: str, log: Path) -> None:
        self.reason, self.log = reason, str(log)
        super().__init__(f"Label Studio did not start ({reason}): its own account is in {log}")


def _silent(_: str) -> None:
    """Progress nobody asked for."""


class StudioServer:
    """`with StudioServer(folder) as server:` gives a running server; leaving stops it.

    `.url .token .username .password` are known before the start; the same folder gives the same
    login, projects and labels next time. `port=None` takes a free one. `progress` is called with
    a sentence now and then while starting. Start it from a thread that outlives it: on Linux the
    server is killed when that thread dies.

    Raises `StudioNotInstalled`, `PortTaken` or `StudioDidNotStart`.
    """

    username: Final = USERNAME

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        venv: Path = Path(".venv-label-studio"),
        cache: Path = Path(".cache"),
        progress: Progress = _silent,
    ) -> None:
        self.folder, self.venv, self.cache = folder.absolute(), venv.absolute(), cache.absolute()
        self.port = port if port is not None else _free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.log = self.folder / "server.log"
        self._progress = progress
        self._process: subprocess.Popen[bytes] | None = None
        self._login: dict[str, str] = {}

    @property
    def password(self) -> str:
        return self._kept_login()["password"]

    @property
    def token(self) -> str:
        """A legacy token, accepted by this server as it is."""
        return self._kept_login()["token"]

    def __enter__(self) -> Self:
        if not (self.venv / "bin" / "label-studio").exists():
            raise StudioNotInstalled(self.venv)
        if not _can_bind(self.port):
            raise PortTaken(self.port)
        self._prepare_folder()
        try:
            self._process = self._start("start", "--no-browser", "--internal-host", HOST)
            self._wait_until_ours()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and everything it started: asked first, killed after ten seconds."""
        process, self._process = self._process, None
        if process is not None:
            _end_group(process)

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = self.folder / "data"
        data.mkdir(exist_ok=True, mode=0o700)
        self._kept_login()
        database = data / "label_studio.sqlite3"
        if not database.exists():
            partial = database.with_suffix(".partial")
            shutil.copyfile(self._empty_database(), partial)
            os.replace(partial, database)

    def _empty_database(self) -> Path:
        """The migrated database without a user, made once per version of Label Studio."""
        kept = self.cache / f"label-studio-{_version(self.venv)}" / "label_studio.sqlite3"
        if not kept.exists():
            self._progress("Preparing an empty Label Studio database (once, about half a minute)")
            kept.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.cache) as scratch:
                self._migrate(Path(scratch))
                os.replace(Path(scratch) / kept.name, kept)
        return kept

    def _migrate(self, data: Path) -> None:
        # `version` migrates, prints, and ends without making a user or a server.
        process = self._start("version", data=data)
        try:
            code = process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            raise StudioDidNotStart("the migration takes too long", self.log) from None
        finally:
            _end_group(process)
        if code:
            raise StudioDidNotStart(f"the migration ended with status {code}", self.log)

    def _start(self, *arguments: str, data: Path | None = None) -> subprocess.Popen[bytes]:
        program = str(self.venv / "bin" / "label-studio")
        command = [sys.executable, "-c", DIE_WITH_PARENT, str(os.getpid()), program, *arguments]
        with open(self.log, "ab", opener=_private) as log:
            return subprocess.Popen(  # noqa: S603 - our own program and constant arguments
                command,
                env=self._environment(data or self.folder / "data"),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self, data: Path) -> dict[str, str]:
        # Nothing of ours leaks in, and no LABEL_STUDIO_* or POSTGRE_* meant for another server.
        kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        return (
            kept
            | SWITCHES
            | {
                "LABEL_STUDIO_BASE_DATA_DIR": str(data),
                "LABEL_STUDIO_PORT": str(self.port),
                "LABEL_STUDIO_USERNAME": USERNAME,
                "LABEL_STUDIO_PASSWORD": self.password,
                "LABEL_STUDIO_USER_TOKEN": self.token,
            }
        )

    def _kept_login(self) -> dict[str, str]:
        if not self._login:
            path = self.folder / "login.json"
            if not path.exists():
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                login = {"password": secrets.token_urlsafe(12), "token": secrets.token_hex(20)}
                with open(path, "w", opener=_private) as file:
                    json.dump({"username": USERNAME, **login}, file)
            self._login = json.loads(path.read_text())
        return self._login

    def _wait_until_ours(self) -> None:
        started = time.monotonic()
        while (waited := time.monotonic() - started) < START_SECONDS:
            assert self._process is not None  # noqa: S101 - set by our only caller
            if self._process.poll() is not None:
                if not _can_bind(self.port):
                    raise PortTaken(self.port)
                raise StudioDidNotStart(f"it ended with {self._process.returncode}", self.log)
            if self._is_ours():
                return
            self._progress(f"Starting Label Studio ({waited:.0f} s)")
            time.sleep(0.5)
        raise StudioDidNotStart(f"no answer after {START_SECONDS:.0f} s", self.log)

    def _is_ours(self) -> bool:
        """Whether what answers on our port is the server we started. One that finds its port taken
        meanwhile goes to the next without a word, and then somebody else answers on ours: raises
        `PortTaken`."""
        headers = {"Authorization": f"Token {self.token}"}
        url = f"{self.url}/api/current-user/whoami"
        try:
            said = httpx.get(url, headers=headers, timeout=5, trust_env=False)
        except httpx.TransportError:
            return False
        if said.is_client_error:
            raise PortTaken(self.port)
        return said.is_success


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _version(venv: Path) -> str:
    found = sorted(venv.glob("lib/python*/site-packages/label_studio-*.dist-info"))
    return found[-1].name.removeprefix("label_studio-").removesuffix(".dist-info")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for request in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, request)
        except ProcessLookupError:
            break
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
