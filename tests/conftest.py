"""What every test may ask for: a real Label Studio, and a skip the pipeline does not forgive."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labeling.studio import Studio
from service.studio_server import StudioServer

ROOT = Path(__file__).parent.parent
REQUIRE_ALL = os.environ.get("WAAROM_REQUIRE_ALL") == "1"

Require = Callable[[bool, str], None]


def _require(condition: bool, reason: str) -> None:
    if not condition:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def require() -> Require:
    """`require(condition, reason)` skips the test without what it needs."""
    return _require


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: the worker with Label Studio mostly waits for it."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side, a file stays with one worker, and all that need Label Studio with the same."""
    for item in items:
        needs_studio = item.get_closest_marker("studio") is not None
        group = "studio" if needs_studio else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Under WAAROM_REQUIRE_ALL=1 a skipped test is a failed one."""
    return _unforgiving((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """So is a skipped module."""
    return _unforgiving((yield))


def _unforgiving(report):
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"WAAROM_REQUIRE_ALL=1 forbids skips: {reason}"
    return report


@pytest.fixture(scope="session")
def studio_server(
    tmp_path_factory: pytest.TempPathFactory, require: Require
) -> Iterator[StudioServer]:
    """One real Label Studio for the whole session; its first start takes up to a minute."""
    venv = ROOT / ".venv-label-studio"
    require((venv / "bin" / "label-studio").exists(), f"no Label Studio in {venv}: `make setup`")
    folder = tmp_path_factory.mktemp("label-studio")
    with StudioServer(folder, venv=venv, cache=ROOT / ".cache") as server:
        yield server


@pytest.fixture(scope="session")
def studio(studio_server: StudioServer) -> Iterator[Studio]:
    """A client of that server, with its token."""
    client = Studio(studio_server.url, studio_server.token)
    yield client
    client.close()
