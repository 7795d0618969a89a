"""Labels to a file that appears whole or not at all, or to a stream."""

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from service.exporting.formats import LabelFormat, NotExpressible, Writing
from service.exporting.rows import Picked, exported, snapshot
from service.runtime import Runtime, taxonomy_in_use

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """How many labels were written, and how many the format cannot hold."""

    labels: int
    left_out: int


def export_file(
    runtime: Runtime,
    out: Path,
    form: LabelFormat,
    picked: Picked,
    *,
    progress: Progress = lambda labels: None,
) -> Exported:
    """Write the labels to a file, compressed if it is named .gz, in place of one of that name."""
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with _opened(draft, zipped=out.suffix == ".gz") as stream:
            done = export_to(runtime, stream, form, picked, progress=progress)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return done


def export_to(
    runtime: Runtime,
    stream: IO[bytes],
    form: LabelFormat,
    picked: Picked,
    *,
    progress: Progress = lambda labels: None,
) -> Exported:
    """Write the labels to a stream, as UTF-8, as they are read."""
    text = TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", newline="")
    written = left_out = 0
    with snapshot(runtime) as session:
        writing = Writing(taxonomy_in_use(session, runtime), picked.people)
        text.write(form.head(writing))
        for each in exported(session, runtime, picked):
            try:
                one = form.one(each, writing)
            except NotExpressible:
                left_out += 1
            else:
                text.write(form.between + one if written else one)
                written += 1
            progress(1)
        text.write(form.tail)
    text.flush()
    text.detach()
    return Exported(written, left_out)


def _opened(path: Path, *, zipped: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "wb")) if zipped else path.open("wb")
