"""One authenticated line to a Label Studio server: requests go out, JSON or our errors come back.

Authentication (legacy tokens as they are, personal access tokens by refreshing) is
label-studio-sdk's. Its models are passed over: they make long lists several times slower.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from labeling.errors import (
    ProjectMissing,
    StudioError,
    StudioRefused,
    StudioUnauthorized,
    StudioUnavailable,
)
from labeling.tokens import token_kind

ATTEMPTS: Final = 3
GATEWAY_TROUBLE: Final = (429, 502, 503, 504)
JSON_BODY: Final = {"Content-Type": "application/json"}


class Connection:
    """A server and a token. Making it sends nothing; `timeout` is seconds for one call.

    Raises `StudioUnauthorized` at once for a personal access token that has expired.
    """

    def __init__(self, url: str, token: str, *, timeout: float) -> None:
        self.url = url.rstrip("/")
        self.kind = token_kind(token)
        self.clock: datetime | None = None
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=10), follow_redirects=True
        )
        with self._speaking():
            # Without the slash the SDK loses the URL's path when it refreshes a token; with its
            # own retries it would send an import twice.
            self._sdk = LabelStudio(  # type: ignore[no-untyped-call]
                base_url=f"{self.url}/",
                api_key=token.strip(),
                httpx_client=self._client,
                timeout=timeout,
                max_retries=0,
            )

    def close(self) -> None:
        self._client.close()

    def once(self, method: str, path: str, project: int | None = None, **parts: Any) -> Any:
        """Send a request once; `parts` are `params` and `json`. The reply's JSON, None if empty.

        Raises a `StudioError`; a 404 is `ProjectMissing` when `project` says what it is about.
        """
        with self._speaking(project):
            if "json" in parts:
                # The SDK would copy every value of a body of megabytes to see whether it is JSON.
                parts |= {"content": _encoded(parts.pop("json")), "headers": JSON_BODY}
            # The client under the SDK's models: it adds the token, and refreshes it.
            response = self._sdk._client_wrapper.httpx_client.request(path, method=method, **parts)
            self.clock = _moment(response)
            if not response.is_success:
                raise ApiError(status_code=response.status_code, body=_body(response))
            return response.json() if response.content else None

    def again(self, method: str, path: str, project: int | None = None, **parts: Any) -> Any:
        """As `once`, tried up to three times while nobody answers: for harmless repeats only."""
        return Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.3, max=3),
            retry=retry_if_exception_type(StudioUnavailable),
            reraise=True,
        )(self.once, method, path, project, **parts)

    @contextmanager
    def _speaking(self, project: int | None = None) -> Iterator[None]:
        """Whatever goes wrong inside becomes one of our errors, free of tokens and bodies."""
        try:
            yield
        except ApiError as error:
            raise self._refusal(error.status_code or 401, error.body, project) from None
        except httpx.TimeoutException:
            raise StudioUnavailable(self.url, "no answer in time") from None
        except httpx.ConnectError:
            raise StudioUnavailable(self.url, "nothing answers there") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its text may hold a header, and with it the token.
            raise StudioUnavailable(self.url, type(error).__name__) from None
        except ValueError:
            raise StudioUnavailable(self.url, "what answers is no Label Studio") from None

    def _refusal(self, status: int, body: Any, project: int | None) -> StudioError:
        if status == 401:
            switched_off = "legacy" in str(body.get("detail")) if isinstance(body, dict) else False
            return StudioUnauthorized(self.url, self.kind, switched_off=switched_off)
        if status in GATEWAY_TROUBLE:
            return StudioUnavailable(self.url, f"status {status}")
        if status == 404 and project is not None:
            return ProjectMissing(project)
        return StudioRefused(status, _detail(body))


def _encoded(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _moment(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None


def _body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _detail(body: Any) -> str:
    """The server's one-line reason. Of validation errors only what it says of the interface:
    that text is ours, others may quote a task."""
    if not isinstance(body, dict):
        return "no reason given"
    errors = body.get("validation_errors")
    errors = errors if isinstance(errors, dict) else {}
    about = errors.get("label_config") or [f"in {name}" for name in errors]
    return " ".join([str(body.get("detail", "")), *map(str, about)]).strip()[:300]
