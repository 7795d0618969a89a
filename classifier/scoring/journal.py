"""How far a file has come, kept beside the result so that nothing is lost or done twice.

    .out.csv.part/journal.json    whose work it is, and how much of the two others counts
                  result          what is written so far
                  rejected        the rows refused so far
                  made            the whole result, where it is made in the end of what is written
                  lock            held by the process that is at work

Both only grow, and the journal is replaced after they have: what a killed process had written
beyond it is cut off. When all is done they take their names, the rejected rows first.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from classifier.errors import BadFile

FORMAT: Final = 1
"""To be raised when a journal must not be gone on with by this code."""
JOURNAL, RESULT, REJECTED, LOCK = "journal.json", "result", "rejected", "lock"
MADE: Final = "made"
"""The result, where it is made of all that was written."""
BETWEEN: Final = 1.0
"""Seconds between two entries: at most so much work is done again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: portions, messages, rows refused, bytes of both files; `share` of the input
    in [0, 1]; whether that was all; and which file is the result then."""

    portions: int = 0
    rows: int = 0
    rejected: int = 0
    result_bytes: int = 0
    rejected_bytes: int = 0
    share: float = 0.0
    complete: bool = False
    final: str = RESULT


class Journal:
    """The work in progress on one result. Made by `open_journal`; adds, and remembers."""

    def __init__(self, out: Path, task: Mapping[str, Any], at: Progress, between: float) -> None:
        self.folder, self._out, self._task = folder_of(out), out, task
        self.at = at
        self._between = between
        self._noted = time.monotonic()
        self._result = _cut(self.folder / RESULT, at.result_bytes)
        self._rejected = _cut(self.folder / REJECTED, at.rejected_bytes)

    def add(self, result: bytes, rejected: bytes, at: Progress) -> None:
        """Append what a portion gave; `at` says where that is, but for the bytes."""
        self._result.write(result)
        self._rejected.write(rejected)
        self.at = replace(
            at,
            result_bytes=self.at.result_bytes + len(result),
            rejected_bytes=self.at.rejected_bytes + len(rejected),
        )
        if time.monotonic() - self._noted >= self._between:
            self.note()

    def note(self) -> None:
        """Make sure that nothing so far will have to be done again."""
        for file in (self._result, self._rejected):
            os.fsync(file.fileno())
        _replace(self.folder / JOURNAL, {"task": self._task, "at": asdict(self.at)})
        self._noted = time.monotonic()

    def finish(self, make: Callable[[Path, Path], None] | None) -> None:
        """Give both files their names: the result what `make` makes of what was written."""
        self.close()
        final = MADE if make else RESULT
        if make:
            make(self.folder / RESULT, self.folder / MADE)
            with (self.folder / MADE).open("rb") as file:
                os.fsync(file.fileno())
        self.at = replace(self.at, complete=True, final=final)
        _replace(self.folder / JOURNAL, {"task": self._task, "at": asdict(self.at)})
        _hand_over(self._out, self.at)

    def close(self) -> None:
        if not self._result.closed:
            self.note()
            self._result.close()
            self._rejected.close()


def folder_of(out: Path) -> Path:
    """Where work in progress on a result is kept."""
    return out.with_name(f".{out.name}.part")


def rejected_of(out: Path) -> Path:
    """Where the rows that could not be used are listed."""
    return out.with_name(f"{out.name}.rejected.jsonl")


@contextmanager
def open_journal(
    out: Path, task: Mapping[str, Any], begun: bytes, *, between: float = BETWEEN
) -> Iterator[tuple[Journal, str | None]]:
    """The journal of a result, and why work that was there already cannot be gone on with.

    `task` names all that the result depends on, by words; `begun` is what it begins with. Where a
    killed process left work on the same task, `journal.at` says how much is done. What is done
    stays when this ends with an error, but for a `BadFile`, which would only come again. Raises
    `BadFile` while another process is at work on the same result.
    """
    folder = folder_of(out)
    folder.mkdir(exist_ok=True)
    with _alone(folder, out):
        at, changed = _found(folder, task)
        if at is None:
            at = _anew(folder, begun)
        journal = Journal(out, task, at, between)
        worth_keeping = True
        try:
            yield journal, changed
        except BadFile:
            worth_keeping = False
            raise
        finally:
            journal.close()
            if not (worth_keeping and journal.at.portions) or journal.at.complete:
                shutil.rmtree(folder, ignore_errors=True)


def drop(out: Path) -> None:
    """Forget the work in progress on a result."""
    shutil.rmtree(folder_of(out), ignore_errors=True)


def finished(out: Path, task: Mapping[str, Any]) -> Progress | None:
    """What was done where a process was killed with nothing left to do but to tidy up."""
    found = _read(folder_of(out))
    if not found or found["task"] != task or not found["at"]["complete"]:
        return None
    at = Progress(**found["at"])
    if not (folder_of(out) / at.final).exists() and not out.exists():
        return None
    _hand_over(out, at)
    drop(out)
    return at


def _hand_over(out: Path, at: Progress) -> None:
    """What a killed process began of this is not done again."""
    folder = folder_of(out)
    if at.rejected:
        with suppress(FileNotFoundError):
            (folder / REJECTED).replace(rejected_of(out))
    else:
        rejected_of(out).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        (folder / at.final).replace(out)


def _found(folder: Path, task: Mapping[str, Any]) -> tuple[Progress | None, str | None]:
    """What is done of the task; or None, and what is different about the work that is there."""
    found = _read(folder)
    if found is None:
        return None, None
    different = [words for words in task if found["task"].get(words) != task[words]]
    if different or found["task"].keys() != task.keys():
        return None, " and ".join(different) or "the way of working"
    at = Progress(**found["at"])
    sizes = ((RESULT, at.result_bytes), (REJECTED, at.rejected_bytes))
    whole = all(_size(folder / name) >= size for name, size in sizes)
    return (at, None) if whole and not at.complete else (None, "the work in progress")


def _anew(folder: Path, begun: bytes) -> Progress:
    for name in (JOURNAL, RESULT, REJECTED):
        (folder / name).unlink(missing_ok=True)
    (folder / RESULT).write_bytes(begun)
    (folder / REJECTED).write_bytes(b"")
    return Progress(result_bytes=len(begun))


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.keys() == {"task", "at"} else None


def _replace(path: Path, content: Mapping[str, Any]) -> None:
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _cut(path: Path, size: int) -> IO[bytes]:
    os.truncate(path, size)
    return path.open("ab", buffering=0)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


@contextmanager
def _alone(folder: Path, out: Path) -> Iterator[None]:
    """One process at a time; the system frees the lock of one that was killed."""
    try:
        import fcntl
    except ImportError:  # not on this system
        yield
        return
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BadFile(out, "another process is writing it; wait until it is done") from None
        yield
