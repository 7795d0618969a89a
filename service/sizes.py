"""Messages too large to take, told apart as they are read."""

from collections.abc import Iterable, Iterator

from classifier.messages import RawMessage, Rejected


def within(
    rows: Iterable[RawMessage | Rejected], max_bytes: int
) -> Iterator[RawMessage | Rejected]:
    """The rows of a file; a message of more than `max_bytes` is rejected, as over HTTP."""
    for row in rows:
        if isinstance(row, RawMessage) and _size(row) > max_bytes:
            file, _, line = row.source.rpartition(":")
            reason = f"is larger than {max_bytes:,} bytes (max_message_bytes in the settings)"
            yield Rejected(file, int(line) if line.isdecimal() else 0, "text", reason)
        else:
            yield row


def _size(row: RawMessage) -> int:
    return len(row.text.encode(errors="replace")) + len(row.subject.encode(errors="replace"))
