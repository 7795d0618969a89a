"""What a Label Studio server lets strangers do, and whom it tells what happens in it.

Seen from outside, without our token. Whoever runs the server chose it in its environment, where
we cannot look; its pages show it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from labeling.errors import StudioUnavailable

TIMEOUT: Final = 20.0
_CRUMB = re.compile(r'name="csrfmiddlewaretoken"\s+value="([^"]+)"')
_ANALYTICS = re.compile(r"collect_analytics\s*[=:]\s*true")


def strangers_can_join(url: str) -> bool | None:
    """Whether anybody may make an account, and with it see, change and delete every project.

    None when the server does not say. Asked with an empty form, which makes no account.
    Raises `StudioUnavailable`.
    """
    with _visiting(url) as page:
        form = page.get("/user/signup/")
        crumb = _CRUMB.search(form.text)
        if form.status_code in (403, 404):
            return False
        if not form.is_success or crumb is None:
            return None
        answer = page.post(
            "/user/signup/",
            data={"csrfmiddlewaretoken": crumb[1]},
            headers={"Referer": str(form.url)},
        )
        if answer.status_code == 403:
            return None if "CSRF" in answer.text else False
        return answer.is_success or None


def reports_use(url: str) -> bool:
    """Whether it tells its makers what people do in it. Raises `StudioUnavailable`."""
    with _visiting(url) as page:
        return _ANALYTICS.search(page.get("/user/login/").text) is not None


def looks_for_newer(url: str) -> bool:
    """Whether it asked a package index for its newest version. Raises `StudioUnavailable`."""
    with _visiting(url) as page:
        try:
            package = page.get("/api/version").json()["label-studio-os-package"]
        except (ValueError, KeyError, TypeError):
            return False
        return package.get("latest_version_from_pypi") is not None


@contextmanager
def _visiting(url: str) -> Iterator[httpx.Client]:
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT, follow_redirects=True) as page:
            yield page
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StudioUnavailable(url, type(error).__name__) from None
