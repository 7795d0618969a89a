"""Killed at any moment and started again: the result is that of a run nobody disturbed."""

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from classifier.errors import BadFile
from classifier.model import Model
from classifier.readers import PortionSize
from classifier.scoring import Plan, Progress, classify_file, journal
from classifier.scoring.journal import folder_of, open_journal

KEY = b"a secret only the tests know"
ROWS = 1_200
SMALL = Plan(jobs=1, size=PortionSize(rows=60), between=0.0)
SIDE_BY_SIDE = Plan(jobs=2, size=PortionSize(rows=60), between=0.0)
Messages = Callable[[str, int], Path]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")


def results(out: Path) -> tuple[bytes, bytes]:
    return out.read_bytes(), out.with_name(out.name + ".rejected.jsonl").read_bytes()


def undisturbed(path: Path, out: Path, model: Model) -> tuple[tuple[bytes, bytes], float]:
    """What a run gives that nobody disturbs, and how many seconds it takes."""
    began = time.perf_counter()
    report = classify_file(path, out, model, key=KEY, redacted=True, plan=SMALL)
    assert (report.rows, report.rejected) == (ROWS - ROWS // 20, ROWS // 20)
    found = results(out)
    for each in (out, out.with_name(out.name + ".rejected.jsonl")):
        each.unlink()
    return found, time.perf_counter() - began


def killed_after(seconds: float, *arguments: object, plan: Plan) -> bool:
    """Whether a run in a process of its own was still at work when it was killed."""
    process = multiprocessing.get_context("fork").Process(
        target=classify_file, args=arguments, kwargs={"key": KEY, "redacted": True, "plan": plan}
    )
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.parametrize(
    ("source", "result", "plan", "kills"),
    [
        ("in.csv", "out.csv", SMALL, 12),
        ("in.jsonl", "out.jsonl.gz", SMALL, 10),
        ("in.csv.gz", "out.csv.gz", SIDE_BY_SIDE, 8),
        ("in.parquet", "out.parquet", SMALL, 10),
        ("in.jsonl.gz", "out.parquet", SIDE_BY_SIDE, 5),
        ("in.parquet", "out.jsonl", SIDE_BY_SIDE, 5),
    ],
)
def test_no_row_is_lost_or_doubled_wherever_a_run_is_killed(
    messages: Messages,
    tmp_path: Path,
    trained: Model,
    source: str,
    result: str,
    plan: Plan,
    kills: int,
) -> None:
    path, out, rng = messages(source, ROWS), tmp_path / result, Random(f"{source} {result}")
    undisturbed(path, out, trained)  # so that everything is loaded, and the next is timed fairly
    expected, seconds = undisturbed(path, out, trained)
    killed = 0
    while killed < kills:
        at = rng.uniform(0.0, seconds)
        if killed_after(at, path, out, trained, plan=plan):
            killed += 1
            continue
        assert results(out) == expected
        out.unlink()
    classify_file(path, out, trained, key=KEY, redacted=True, plan=plan)
    assert results(out) == expected
    assert not folder_of(out).exists()


class Killed(Exception):
    """Stands for a signal that arrives between two portions."""


def interrupted(path: Path, out: Path, model: Model, after: int = 3) -> None:
    def stop(at: Progress) -> None:
        if at.portions >= after:
            raise Killed

    with pytest.raises(Killed):
        classify_file(path, out, model, key=KEY, redacted=True, plan=SMALL, progress=stop)


def test_the_next_run_says_where_it_goes_on(
    messages: Messages, tmp_path: Path, trained: Model
) -> None:
    path, out, said = messages("in.csv", ROWS), tmp_path / "out.csv", list[str]()
    interrupted(path, out, trained)
    assert not out.exists()
    report = classify_file(
        path, out, trained, key=KEY, redacted=True, plan=SMALL, notice=said.append
    )
    assert said == ["resuming at row 181"]
    assert (report.resumed, report.rows, report.rejected) == (180, 1140, 60)


@pytest.mark.parametrize("change", ["input", "model", "options", "secret"])
def test_work_on_something_else_is_not_gone_on_with(
    messages: Messages, tmp_path: Path, trained: Model, change: str
) -> None:
    path, out, said = messages("in.csv", ROWS), tmp_path / "out.csv", list[str]()
    interrupted(path, out, trained)
    key, redacted = KEY, True
    if change == "input":
        path.write_bytes(path.read_bytes().replace(b"parcel", b"packet", 1))
    elif change == "model":
        trained = _like(trained, version="2026-11-22.1")
    elif change == "options":
        redacted = False
    else:
        key = b"another secret"
    report = classify_file(
        path, out, trained, key=key, redacted=redacted, plan=SMALL, notice=said.append
    )
    assert said == [f"starting anew: the {change} changed since the run that was interrupted"]
    assert (report.resumed, report.rows) == (0, 1140)
    assert len(out.read_text().splitlines()) == 1141


def _like(model: Model, *, version: str) -> Model:
    return replace(model, version=version)


def test_what_a_killed_process_wrote_beyond_its_journal_is_cut_off(
    messages: Messages, tmp_path: Path, trained: Model
) -> None:
    path, out = messages("in.csv", ROWS), tmp_path / "out.csv"
    expected, _ = undisturbed(path, out, trained)
    interrupted(path, out, trained)
    for name in ("result", "rejected"):
        with (folder_of(out) / name).open("ab") as file:
            file.write(b"half a row that")
    classify_file(path, out, trained, key=KEY, redacted=True, plan=SMALL)
    assert results(out) == expected


@pytest.mark.parametrize("moved", ["nothing", "rejected", "both"])
def test_a_run_killed_while_names_were_given_is_only_tidied_up(
    messages: Messages, tmp_path: Path, trained: Model, moved: str
) -> None:
    path, out = messages("in.csv", ROWS), tmp_path / "out.csv"
    expected, _ = undisturbed(path, out, trained)

    def die(out: Path, at: Progress) -> None:
        if moved != "nothing":
            (folder_of(out) / "rejected").replace(journal.rejected_of(out))
        if moved == "both":
            (folder_of(out) / "result").replace(out)
        os._exit(9)

    child = os.fork()
    if not child:
        journal._hand_over = die
        classify_file(path, out, trained, key=KEY, redacted=True, plan=SMALL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert folder_of(out).exists()

    def judge(texts: object) -> None:
        raise AssertionError("everything was judged already")

    object.__setattr__(blind := _like(trained, version=trained.version), "judge", judge)
    report = classify_file(path, out, blind, key=KEY, redacted=True, plan=SMALL)
    assert (report.rows, report.rejected, report.resumed) == (1140, 60, 1200)
    assert results(out) == expected
    assert not folder_of(out).exists()


def test_a_broken_journal_is_started_anew(
    messages: Messages, tmp_path: Path, trained: Model
) -> None:
    path, out = messages("in.csv", ROWS), tmp_path / "out.csv"
    expected, _ = undisturbed(path, out, trained)
    interrupted(path, out, trained)
    (folder_of(out) / "journal.json").write_text('{"task": ')
    classify_file(path, out, trained, key=KEY, redacted=True, plan=SMALL)
    assert results(out) == expected


def test_two_runs_do_not_write_the_same_result(
    messages: Messages, tmp_path: Path, trained: Model
) -> None:
    path, out = messages("in.csv", ROWS), tmp_path / "out.csv"
    mine, theirs = multiprocessing.get_context("fork").Pipe()

    def hold() -> None:
        with open_journal(out, {"the input": 1}, b""):
            theirs.send("open")
            theirs.recv()

    holder = multiprocessing.get_context("fork").Process(target=hold)
    holder.start()
    assert mine.recv() == "open"
    with pytest.raises(BadFile, match="another process"):
        classify_file(path, out, trained, key=KEY, redacted=True, plan=SMALL)
    mine.send("done")
    holder.join()
    assert classify_file(path, out, trained, key=KEY, redacted=True, plan=SMALL).rows == 1140


def test_nothing_in_the_work_in_progress_tells_what_was_written(
    messages: Messages, tmp_path: Path, trained: Model
) -> None:
    path, out = messages("kees@example.nl.csv", ROWS), tmp_path / "out.jsonl"
    interrupted(path, out, trained)
    kept = b"".join(each.read_bytes() for each in folder_of(out).iterdir())
    assert kept.count(b'"delivery"') == 0
    for word in (b"parcel", b"number 1", b"kees", b"yesterday", KEY):
        assert word not in kept
    assert json.loads((folder_of(out) / "journal.json").read_text())["at"]["portions"] == 3
