"""Messages a line each, answered as they come."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from classifier.readers import Columns
from classifier.scoring.answering import Clock, Handling, Predictor, answers
from classifier.scoring.formats import Row, rows

CHUNK: Final = 1000


def classify_lines(
    lines: Iterable[str],
    model: Predictor,
    *,
    key: bytes,
    redacted: bool = False,
    chunk: int = CHUNK,
) -> Iterator[Row]:
    """Classify one message a line: a row a line, in order, `id` being the line number from 1.

    Rows are as in a JSONL file of `classify_file`. Up to `chunk` lines are read before the first
    row comes out.
    """
    handling = Handling(key, redacted)
    first, waiting = 1, iter(lines)
    while texts := [line.rstrip("\r\n") for line in islice(waiting, chunk)]:
        numbers = list(range(first, first + len(texts)))
        ids, nothing = [str(number) for number in numbers], [""] * len(texts)
        found = Columns(numbers, ids, texts, nothing, nothing, ["ticket"] * len(texts))
        yield from rows(answers(found, model, handling, Clock()))
        first += len(texts)
