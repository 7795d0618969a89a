"""The demo: what it promises is checked, and nothing of it is left when it is stopped."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from classifier.messages import Label, RawMessage
from service.demo.check import (
    accounted,
    corrected,
    coverage,
    enough_answers,
    labeled_once,
    strike_visible,
)
from service.demo.folder import InUse, NotOurs, fresh_folder
from service.demo.installation import DemoOptions, demo_settings
from service.demo.play import Played
from service.demo.screen import Labeling, closing_lines
from service.intake import receive
from service.labels import Answer, record
from service.reports import DriverVolume, Estimate, WeeklyReport
from service.runtime import Runtime
from service.sample import STRIKE_DRIVER, SampleMessage

ROOT = Path(__file__).parents[2]
WAAROM = Path(sys.executable).with_name("waarom")
STUDIO_VENV = ROOT / ".venv-label-studio"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REFUND = Label("payment.refund")


def said(external_id: str, truth: Label = REFUND) -> SampleMessage:
    raw = RawMessage(text="hallo daar, een vraag", external_id=external_id)
    return SampleMessage(raw, truth, (), 0, False)


def estimate(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(value, low, high)


def volume(driver: str, measured: Estimate, change: Estimate | None = None) -> DriverVolume:
    return DriverVolume(driver, None, False, measured, estimate(0.1), change, None, 10)


def report(*rows: DriverVolume) -> WeeklyReport:
    return WeeklyReport(
        week="2026-W46",
        slice="",
        value="",
        messages=100,
        previous_messages=None,
        answers=20,
        measured=True,
        few_answers=False,
        counts="conversation",
        models=(),
        as_of=NOW,
        drivers=rows,
        parents=(),
        set_aside=0,
    )


@pytest.fixture
def played(trained_runtime: Runtime) -> Played:
    """Three doubtful messages arrived, and the first was answered."""
    sample = [said("m-1"), said("m-2"), said("m-3")]
    with trained_runtime.writing() as session:
        receipts = receive(session, trained_runtime, [each.raw for each in sample], now=NOW)
    _answer(trained_runtime, receipts[0].message_id, "first")
    return Played(sample, 0, {"2026-W47": 1}, people=None)  # type: ignore[arg-type]


def _answer(runtime: Runtime, message_id: int, name: str) -> None:
    answer = Answer(
        message_id=message_id, label=REFUND, person="x", door="d", door_ref=name, answered_at=NOW
    )
    with runtime.writing() as session:
        record(session, runtime, [answer], now=NOW)


class TestThePromises:
    def test_hold_when_they_are_kept(self, trained_runtime, played):
        with trained_runtime.reading() as session:
            assert accounted(session, played)
            assert labeled_once(session, played)
            assert corrected(session, "triage")

    def test_a_message_that_was_lost_is_noticed(self, trained_runtime, played):
        lost = replace(played, sample=[*played.sample, said("m-4")])
        with trained_runtime.reading() as session:
            assert not accounted(session, lost)

    def test_a_message_that_nobody_sent_is_noticed(self, trained_runtime, played):
        with trained_runtime.reading() as session:
            assert not accounted(session, replace(played, sample=played.sample[:2]))

    def test_an_answer_stored_twice_is_noticed(self, trained_runtime, played):
        _answer(trained_runtime, 1, "second")
        with trained_runtime.reading() as session:
            assert not labeled_once(session, played)
            assert not labeled_once(session, replace(played, answers={"2026-W47": 2}))

    def test_an_answer_that_was_lost_is_noticed(self, trained_runtime, played):
        with trained_runtime.reading() as session:
            assert not labeled_once(session, replace(played, answers={"2026-W47": 2}))

    def test_a_route_that_no_answer_changed_is_noticed(self, trained_runtime):
        with trained_runtime.writing() as session:
            receive(session, trained_runtime, [said("m-1").raw], now=NOW)
        with trained_runtime.reading() as session:
            assert not corrected(session, "triage")

    def test_a_week_with_too_few_answers_is_noticed(self, played):
        full = replace(played, sample=played.sample * 4000)
        assert enough_answers(replace(full, answers={"a": 120, "b": 300}))
        assert not enough_answers(replace(full, answers={"a": 119, "b": 300}))

    def test_intervals_are_counted_where_there_are_any(self):
        rows = [
            volume("a", estimate(10, 8, 12)),
            volume("b", estimate(10, 8, 12)),
            volume("c", estimate(10)),
        ]
        truth = {"2026-W46": Counter({"a": 12, "b": 13, "c": 10})}
        assert coverage([report(*rows)], truth) == (1, 2)

    @pytest.mark.parametrize(
        ("change", "visible"),
        [(estimate(40, 20, 60), True), (estimate(40, -5, 85), False), (None, False)],
    )
    def test_a_strike_is_visible_when_late_deliveries_rose_for_sure(self, change, visible):
        assert strike_visible(report(volume(STRIKE_DRIVER, estimate(80), change))) is visible


class TestTheFolder:
    def test_is_emptied_when_a_demo_made_it(self, tmp_path):
        with fresh_folder(tmp_path / "demo") as folder:
            (folder / "waarom.db").write_text("old")
            (folder / "models").mkdir()
        with fresh_folder(tmp_path / "demo") as folder:
            assert [each.name for each in folder.iterdir()] == ["made-by-waarom-demo"]

    def test_of_somebody_else_is_left_alone(self, tmp_path):
        (tmp_path / "thesis.txt").write_text("years of work")
        with pytest.raises(NotOurs, match="--folder"), fresh_folder(tmp_path):
            pytest.fail("taken")
        assert (tmp_path / "thesis.txt").read_text() == "years of work"

    def test_that_is_a_file_is_left_alone(self, tmp_path):
        (tmp_path / "demo").write_text("a file")
        with pytest.raises(NotOurs), fresh_folder(tmp_path / "demo"):
            pytest.fail("taken")

    def test_what_a_link_in_it_points_at_is_left_alone(self, tmp_path):
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "thesis.txt").write_text("years of work")
        with fresh_folder(tmp_path / "demo") as folder:
            (folder / "link").symlink_to(tmp_path / "thesis")
        with fresh_folder(tmp_path / "demo"):
            assert (tmp_path / "thesis" / "thesis.txt").exists()

    def test_is_used_by_one_demo_at_a_time(self, tmp_path):
        with fresh_folder(tmp_path / "demo") as folder:
            (folder / "waarom.db").write_text("in use")
            with pytest.raises(InUse), fresh_folder(folder):
                pytest.fail("taken twice")
            assert (folder / "waarom.db").exists()


def test_nothing_of_the_teams_settings_gets_into_the_demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "waarom.toml").write_text('database_url = "postgresql://real/one"\n')
    monkeypatch.setenv("WAAROM_DATABASE_URL", "postgresql://real/one")
    monkeypatch.setenv("WAAROM_LABEL_STUDIO_URL", "https://labels.example.org")
    settings = demo_settings(DemoOptions(folder=tmp_path / "demo"), None)
    assert settings.resolved_database_url == f"sqlite:///{tmp_path / 'demo' / 'waarom.db'}"
    assert settings.label_studio_url == ""


class TestTheClosingScreen:
    KEY = "wrm_" + "x" * 43
    STUDIO = Labeling(
        tasks_url="http://127.0.0.1:58322/projects/1/data",
        username="waarom@localhost",
        password="x" * 16,
    )

    @pytest.mark.parametrize("labeling", [STUDIO, None])
    def test_fits_in_eighty_columns(self, labeling):
        lines = closing_lines("http://127.0.0.1:58321", self.KEY, labeling)
        assert max(map(len, lines)) <= 80

    @pytest.mark.parametrize("labeling", [STUDIO, None])
    def test_its_commands_are_shell(self, labeling):
        lines = closing_lines("http://127.0.0.1:58321", self.KEY, labeling)
        commands = "\n".join(commands_of(lines))
        checked = subprocess.run(["bash", "-n"], input=commands, capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, "")
        assert commands.count("ask ") == 4


def commands_of(lines: list[str]) -> list[str]:
    return [line for line in lines if re.match(r"(URL=|KEY=|ask|  -H)", line)]


Start = Callable[..., subprocess.Popen[str]]
NOTHING_PLAYED = """
import service.demo.loop
from service.cli import main

service.demo.loop.play = lambda *_: None
main()
"""
"""A demo that comes to its last part, serving, without the minutes before it."""
PORT_TAKEN = """
import socket
import service.demo.loop
from service.cli import main

def play(console, runtime, *_):
    global taken
    taken = socket.create_server(("127.0.0.1", runtime.settings.port))
    console.print(f"somebody took port {runtime.settings.port}.")

service.demo.loop.play = play
main()
"""
"""As that, while another program takes the port it was going to serve on."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `waarom demo` with a small sample in an empty folder."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, program: Sequence[str | Path] = (WAAROM,)) -> subprocess.Popen[str]:
        (tmp_path / ".venv-label-studio").symlink_to(STUDIO_VENV)
        (tmp_path / ".cache").symlink_to(ROOT / ".cache")
        log = (tmp_path / "log").open("w")
        started.append(
            subprocess.Popen(
                [*program, "demo", "--messages", "2400", *options],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "80"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        )
        log.close()
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def says(folder: Path, process: subprocess.Popen[str], words: str, seconds: float = 180) -> str:
    """Wait until the demo has said this; all it said so far."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        log = (folder / "log").read_text()
        if words in log:
            return log
        if process.poll() is not None:
            pytest.fail(f"it ended with {process.returncode}: {log}")
        time.sleep(0.05)
    pytest.fail(f"it never said {words!r}: {log}")


def family(folder: Path) -> list[str]:
    """Command lines of the processes that work in the demo's folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").resolve().is_relative_to(folder):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def stopped(process: subprocess.Popen[str], folder: Path) -> str:
    """What it had said when it ended, with nothing left running."""
    process.communicate(timeout=60)
    log = (folder / "log").read_text()
    assert family(folder) == []
    assert "Traceback" not in log
    assert log.rstrip().endswith("Stopped; nothing is left running.")
    return log


def url_of(log: str) -> str:
    return re.search(r"http://127\.0\.0\.1:\d+", log).group()


def is_ready(url: str) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            return httpx.get(f"{url}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            time.sleep(0.1)
    return False


def test_a_port_taken_while_it_played_is_left_to_who_has_it(start, tmp_path):
    process = start("--no-label-studio", program=(sys.executable, "-c", PORT_TAKEN))
    log = says(tmp_path, process, "Ctrl-C stops")
    taken = re.search(r"took port (\d+)", log).group(1)
    assert not url_of(log).endswith(f":{taken}")
    assert is_ready(url_of(log))


class TestStopping:
    def test_while_training(self, start, tmp_path):
        process = start("--no-label-studio")
        says(tmp_path, process, "Importing 6 weeks")
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
        assert "Training a model" not in stopped(process, tmp_path)
        assert process.returncode == 130

    def test_while_serving(self, start, tmp_path):
        program = (sys.executable, "-c", NOTHING_PLAYED)
        process = start("--no-label-studio", program=program)
        assert is_ready(url_of(says(tmp_path, process, "Ctrl-C stops")))
        process.send_signal(signal.SIGINT)
        stopped(process, tmp_path)
        assert process.returncode == 0

    @pytest.mark.studio
    @pytest.mark.parametrize("moment", ["label-studio/server.log", "waarom.db"])
    def test_with_label_studio(self, start, require, tmp_path, moment):
        """While Label Studio starts, and when it runs and messages are imported."""
        require(STUDIO_VENV.exists(), f"no Label Studio in {STUDIO_VENV}: `make setup`")
        process = start()
        until = time.monotonic() + 120
        while not (tmp_path / ".waarom" / "demo" / moment).exists() or len(family(tmp_path)) < 2:
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        stopped(process, tmp_path)
        assert process.returncode == 130


LOST = """
import os, signal, sys, time, weakref
from service.demo.steps import no_interrupt_lost

class Thing: ...

thing = Thing()
ref = weakref.ref(thing, lambda _: (os.kill(os.getpid(), signal.SIGINT), time.sleep(0.01)))
with no_interrupt_lost():
    try:
        del thing
        time.sleep(10)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def test_an_interrupt_where_python_cannot_raise_it_comes_again():
    ran = subprocess.run(
        [sys.executable, "-c", LOST], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (130, "")


@pytest.mark.studio
def test_the_whole_loop_keeps_its_promises(start, require, tmp_path):
    require(STUDIO_VENV.exists(), f"no Label Studio in {STUDIO_VENV}: `make setup`")
    process = start("--check", "--json")
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, (tmp_path / "log").read_text()
    summary = json.loads(out)
    assert summary["ok"] is True
    assert summary["weeks"] == 6
    assert summary["intervals_covering_truth"] >= 0.88 * summary["intervals_total"] > 0
    assert family(tmp_path) == []
