"""A JSON array of any length, an element at a time."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from classifier.errors import BadFile
from classifier.readers.sources import open_text

BLOCK: Final = 1 << 20
BETWEEN: Final = re.compile(r"[\s,]*")
END: Final = object()
DECODER: Final = json.JSONDecoder()


def elements(path: Path, encoding: str) -> Iterator[Any]:
    """The elements of the array that a file is. Raises `BadFile` for another file, and on the way
    for one that is broken further on."""
    with open_text(path, encoding) as stream:
        text, at = stream.read(BLOCK).lstrip(), 1
        if not text.startswith("["):
            raise BadFile(path, "not an array of tasks; export the project in the format JSON")
        while True:
            found, text, at = _next(path, stream, text, at)
            if found is END:
                return
            yield found


def _next(path: Path, stream: IO[str], text: str, at: int) -> tuple[Any, str, int]:
    """The element that begins after `at`, and then what was read and where it ends there."""
    block = BLOCK
    while True:
        between = BETWEEN.match(text, at)
        at = between.end() if between else at
        if text.startswith("]", at):
            return END, text, at
        try:
            found, end = DECODER.raw_decode(text, at)
        except RecursionError:
            raise BadFile(path, "nested too deeply to be an export") from None
        except ValueError:
            more = stream.read(block)
            if not more:
                raise BadFile(path, "broken or cut off; export it again") from None
            text, at, block = text[at:] + more, 0, 2 * block
        else:
            return found, text, end
