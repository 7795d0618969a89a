"""Tables and figures in Markdown: each figure with its interval, each name unable to do harm."""

from collections.abc import Iterable, Mapping, Sequence

from classifier.evaluation import Rate


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def counts(found: Mapping[str, int]) -> str:
    """Names with how many there are of each."""
    return ", ".join(f"{code(name or 'not given')} {n:,}" for name, n in found.items()) or "none"


def code(written: str) -> str:
    """Names come from people's files: on one line, unable to break out of a table cell."""
    return "`" + " ".join(written.split()).replace("`", "'").replace("|", "/") + "`"


def share(found: Rate) -> str:
    """A rate with its interval, in percent."""
    return figure(found.value, found.low, found.high)


def figure(value: float | None, low: float, high: float) -> str:
    """A fraction of 1 with its interval, in percent."""
    if value is None:
        return "not measured"
    return f"{value:.1%} ({100 * low:.1f}–{100 * high:.1f})"
