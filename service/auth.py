"""Who is asking: a key as a Bearer token for programs, a signed cookie for browsers."""

import hashlib
import hmac
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Form, Request, Response, Security
from fastapi.responses import RedirectResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from itsdangerous import BadSignature, URLSafeSerializer

from service.dependencies import Now, RuntimeDep
from service.errors import NotIdentified
from service.keys import Identity, identify, identity_of
from service.problems import FormExpired, TooManyAttempts
from service.runtime import Runtime

COOKIE = "waarom_session"
SESSION_LASTS = timedelta(hours=12)
FAILURES, FAILURE_WINDOW = 10, timedelta(minutes=5)
MOST_ADDRESSES = 10_000

bearer = HTTPBearer(
    scheme_name="key",
    auto_error=False,
    description="A key made with `waarom keys create`, with the scopes it needs.",
)


class LoginNeeded(Exception):
    """A page was asked for without a login; `page` is where to go afterwards."""

    def __init__(self, page: str) -> None:
        self.page = page


def identified(
    runtime: RuntimeDep,
    needed: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Identity:
    """Whose key came along. Raises `NotIdentified`, or `NotAllowed` when it lacks a scope."""
    if credentials is None:
        raise NotIdentified
    with runtime.reading() as session:
        identity = identify(session, credentials.credentials)
    for scope in needed.scopes:
        identity.require(scope)
    return identity


AnyKey = Annotated[Identity, Security(identified)]
ClassifyKey = Annotated[Identity, Security(identified, scopes=["classify"])]
ReviewKey = Annotated[Identity, Security(identified, scopes=["review"])]
ReportKey = Annotated[Identity, Security(identified, scopes=["report"])]
MessagesKey = Annotated[Identity, Security(identified, scopes=["messages"])]
AdminKey = Annotated[Identity, Security(identified, scopes=["admin"])]


@dataclass
class FailedLogins:
    """Recent failures per address; memory of one process, enough to slow a guesser down."""

    _failures: dict[str, deque[datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def check(self, address: str, now: datetime) -> None:
        """Raise `TooManyAttempts` while an address has failed too often."""
        with self._lock:
            recent = self._recent(address, now)
            if len(recent) >= FAILURES:
                wait = recent[0] + FAILURE_WINDOW - now
                raise TooManyAttempts(max(1, int(wait.total_seconds())))

    def note(self, address: str, now: datetime) -> None:
        with self._lock:
            if len(self._failures) >= MOST_ADDRESSES:
                self._failures.clear()
            self._failures.setdefault(address, deque()).append(now)

    def _recent(self, address: str, now: datetime) -> deque[datetime]:
        recent = self._failures.get(address, deque())
        while recent and recent[0] <= now - FAILURE_WINDOW:
            recent.popleft()
        return recent


def log_in(request: Request, response: Response, key: str) -> Identity:
    """Check a key pasted into the login form and set the session cookie on the response.

    Raises `NotIdentified` for an unknown key, `TooManyAttempts` after too many of them.
    """
    runtime: Runtime = request.app.state.runtime
    now: datetime = request.app.state.clock()
    failed: FailedLogins = request.app.state.failed_logins
    address = request.client.host if request.client else ""
    failed.check(address, now)
    try:
        with runtime.reading() as session:
            identity = identify(session, key.strip())
    except NotIdentified:
        failed.note(address, now)
        raise
    _set_cookie(request, response, identity, now)
    return identity


def log_out(response: Response) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def page_identity(request: Request, runtime: RuntimeDep, now: Now) -> Identity:
    """Who is logged in; a page's dependency. Without a login the answer is a 303 to /login."""
    session = _read_cookie(runtime, request.cookies.get(COOKIE, ""))
    if session is None or not timedelta(0) <= now - session.since <= SESSION_LASTS:
        raise LoginNeeded(_this_page(request))
    try:
        with runtime.reading() as database:
            return identity_of(database, session.key_id)
    except NotIdentified:
        raise LoginNeeded(_this_page(request)) from None


PageIdentity = Annotated[Identity, Depends(page_identity)]


def csrf_token(request: Request, runtime: RuntimeDep) -> str:
    """What every form of this session carries in its hidden field `csrf`."""
    cookie = request.cookies.get(COOKIE, "").encode()
    return hmac.new(_derived(runtime, b"csrf"), cookie, hashlib.sha256).hexdigest()


CsrfToken = Annotated[str, Depends(csrf_token)]


def posted_form(
    identity: PageIdentity, expected: CsrfToken, csrf: Annotated[str, Form()] = ""
) -> Identity:
    """Who sent a form; the dependency of every form post. Raises `FormExpired`."""
    if not hmac.compare_digest(expected.encode(), csrf.encode()):
        raise FormExpired
    return identity


FormIdentity = Annotated[Identity, Depends(posted_form)]


def safe_page(page: str) -> str:
    """Where to go after the login: a page of ours, whatever the address said."""
    ours = page.startswith("/") and not page.startswith(("//", "/\\"))
    return page if ours and page.isprintable() else "/"


def redirect_to_login(app: FastAPI) -> None:
    """Let pages without a login lead to it."""
    app.state.failed_logins = FailedLogins()

    @app.exception_handler(LoginNeeded)
    def _login(_request: Request, needed: LoginNeeded) -> Response:
        return RedirectResponse(f"/login?next={quote(needed.page, safe='')}", status_code=303)


@dataclass(frozen=True, slots=True)
class _Session:
    key_id: int
    since: datetime


def _set_cookie(request: Request, response: Response, identity: Identity, now: datetime) -> None:
    content = {"key": identity.key_id, "since": now.isoformat(), "nonce": secrets.token_hex(8)}
    runtime: Runtime = request.app.state.runtime
    secure = request.url.scheme == "https" or runtime.settings.public_url.startswith("https:")
    response.set_cookie(
        COOKIE,
        str(_signer(runtime).dumps(content)),
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def _read_cookie(runtime: Runtime, cookie: str) -> _Session | None:
    try:
        content: dict[str, Any] = _signer(runtime).loads(cookie)
    except BadSignature:
        return None
    return _Session(int(content["key"]), datetime.fromisoformat(content["since"]))


def _signer(runtime: Runtime) -> URLSafeSerializer:
    return URLSafeSerializer(_derived(runtime, b"session"), salt="waarom session")


def _derived(runtime: Runtime, purpose: bytes) -> bytes:
    """A key of its own for each purpose, so that none can stand in for another."""
    return hmac.new(runtime.secret, b"browser " + purpose, hashlib.sha256).digest()


def _this_page(request: Request) -> str:
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
