"""The demo's folder: emptied when it is ours, and used by one demo at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from classifier.errors import WaaromError

MARK = "made-by-waarom-demo"


class NotOurs(WaaromError):
    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        super().__init__(
            f"{folder} holds something the demo did not make, and the demo starts from an empty "
            "folder: name another one with --folder"
        )


class InUse(WaaromError):
    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        super().__init__(
            f"another demo runs in {folder}: stop it, or name another folder with --folder"
        )


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """The folder, empty but for our mark, and locked until the block ends or the process dies.

    Raises `NotOurs` before anything is removed, and `InUse`.
    """
    if folder.exists() and not folder.is_dir():
        raise NotOurs(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / MARK
    if not mark.exists() and any(folder.iterdir()):
        raise NotOurs(folder)
    lock = os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(folder) from None
        _empty(folder)
        yield folder
    finally:
        os.close(lock)


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        if each.name == MARK:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
