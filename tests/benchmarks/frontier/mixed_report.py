"""The figures on messages with several drivers, as Markdown tables."""

from collections.abc import Sequence
from typing import Any

from tests.benchmarks.frontier.goals import verdict
from tests.benchmarks.frontier.report import table

Row = dict[str, Any]

HOW = """\
`make bench-accuracy` writes this section. A model says which drivers a message is about: any \
number of them. Micro-F1 counts every driver of every message alike, macro-F1 every driver, \
example F1 every message; exact is the share of messages with exactly the right set. In brackets \
are 95 % intervals (bootstrap for F1, else Clopper-Pearson; the same text counts once). All models \
learn and judge the same messages in the same run; the baselines are one linear classifier a \
driver on the TF-IDF of words and pairs of words, with the library's defaults, and with classes \
balanced. Messages about none of the drivers train and judge, too.

nlupp: bank customers' requests in 20 official folds; "low": a model of one fold judged on the \
other 19. survey_joined: NHS survey comments, 6 in 10 alone, 3 in 10 two, 1 in 10 three of one \
hospital trust put together, since nobody labels the comments at hand with all they are about; \
what trains and what judges was apart before. survey_levels: the same comments, each with its two \
labels, what it is about and what of that. dekamer_themes: long Dutch questions to ministers with \
those of their themes that 30 questions have. sample_mails: Waarom's own, made up: trained on six \
weeks in which 7 % of mails and tickets have several drivers; judged on later mails that are all \
about two or three, each in a paragraph of its own, among sentences that say nothing. \
sample_weeks: the same model on all that comes in later, nearly all about one driver."""


SURE = """\
The expected calibration error of the yes-or-no probabilities of all drivers of all messages (15 \
bins of equal mass), and of those at least 2 % probable, which are not next to nothing by \
themselves; in brackets what it would be if every probability were true. Off: drivers whose mean \
probability is outside the 95 % interval of their share."""
OTHERS = """\
Of the drivers that a message is about beside its primary one. Recall: the share that the model \
says of the message in whatever role; precision: of what it says beside its likeliest driver, the \
share the message is about. Two drivers in the other order are both found, as a count of mentions \
needs. "As also" counts them as one missed and one wrong. Late: drivers worded as never in \
training; familiar: the others. In place: of those rightly said by their sentences, the share for \
which nothing but their own paragraph spoke. More than one: of the messages about one driver, the \
share of which more is said."""


def markdown(said: Row) -> str:
    """Every table."""
    about, on = said["about"], said["machine"]
    facts = ", ".join(f"{name} {value}" for name, value in on.items() if name != "cores")
    quick = " **A fifth of the messages only (`--quick`).**" if about["quick"] else ""
    when = f"{about['date']}, commit {about['commit']}, on {on['cores']} cores ({facts}).{quick}"
    parts = ["## Several drivers a message", HOW, when, _sets(said["sets"])]
    parts += ["### Sure of each driver", SURE, _sure(said["sets"])]
    if said["others"]:
        parts += ["### The other drivers", OTHERS, _others(said["others"])]
    return "\n\n".join([*parts, "### Goals", _goals(said["goals"])])


def _sets(rows: Sequence[Row]) -> str:
    columns = ["set", "n", "model", "micro-F1", "macro-F1", "example F1", "exact", "primary"]
    cells = [
        [
            row["set"],
            f"{row['n']:,}",
            _ours(row["model"]),
            *(_rate(row[name]) for name in ("micro", "macro", "example", "exact", "primary")),
            _difference(row.get("ahead")),
            _difference(row.get("ahead of balanced")),
        ]
        for row in rows
    ]
    return table([*columns, "ahead of plain", "ahead of balanced"], cells)


def _sure(rows: Sequence[Row]) -> str:
    cells = [
        [
            row["set"],
            _ours(row["model"]),
            f"{_percent(sure['ece'], 2)} ({_percent(sure['perfect'], 2)})",
            f"{_percent(sure['said_ece'])} ({_percent(sure['said_perfect'])})",
            f"{sure['off']} of {sure['drivers']}",
        ]
        for row in rows
        if (sure := row["calibration"])
    ]
    return table(["set", "model", "all", "from 2 %", "off"], cells)


def _others(rows: Sequence[Row]) -> str:
    names = ("recall", "precision", "familiar", "late", "also_recall", "also_precision")
    columns = ["recall", "precision", "familiar", "late", "recall as also", "precision as also"]
    last = ("primary", "exact", "placed", "alone")
    heads = ["primary", "exact", "in place", "more than one"]
    cells = [
        [row["set"], _ours(row["model"]), row["of"], f"{row['n']:,}", f"{row['others']:,}"]
        + [_rate(row[name]) for name in (*names, *last)]
        for row in rows
    ]
    return table(["set", "model", "of", "n", "others", *columns, *heads], cells)


def _goals(rows: Sequence[Row]) -> str:
    cells = [
        [row["goal"], _percent(row["wanted"]), _percent(row["value"], 2), verdict(row)]
        for row in rows
        if row["value"] is not None
    ]
    return table(["goal", "wanted", "found", "outcome"], cells)


def _ours(model: str) -> str:
    return f"**{model}**" if model.startswith("Waarom") else model


def _rate(rate: Row) -> str:
    if rate["value"] is None:
        return "–"
    return f"{_percent(rate['value'])} [{_percent(rate['low'])}, {_percent(rate['high'])}]"


def _difference(rate: Row | None) -> str:
    if rate is None:
        return ""
    low, high = 100 * rate["low"], 100 * rate["high"]
    return f"{100 * rate['value']:+.1f} [{low:+.1f}, {high:+.1f}]"


def _percent(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{100 * value:.{digits}f}"
