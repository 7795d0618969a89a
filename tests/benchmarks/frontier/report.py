"""The figures as Markdown tables, and their place in a document."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.frontier.goals import verdict
from tests.benchmarks.frontier.ours import ENCODER, SPARSE
from tests.benchmarks.frontier.peers import PEERS

Row = dict[str, Any]

TITLE = "# Benchmarks\n\nWritten by the commands named in each section, never by hand.\n"

HOW = """\
`make bench-accuracy` writes this section. All models learn and judge the same messages in the \
same run. {configurations} configurations of Waarom were tried, by cross-validation on training \
files; test files are read by these tables only. In brackets are 95 % intervals \
(Clopper-Pearson; the same text counts once). A goal counts as met within 0.3 points.

Waarom chooses what it reads by itself, as `waarom train` does. Its five-fold figure on the \
training file, of the folds that it calibrates itself by, stands beside that on the test. Where a \
set has no test file, two of five folds (of it_tickets one) are judged, grouped by text, by models \
of the rest, the same folds for all models. Messages labeled as \
about none of the drivers judge and never train. Of nlupp_banking's several drivers a message \
peers learn the first, and any of them is right; how all of them are found is in a section of \
its own. The sample messages are Waarom's own, made up: six \
weeks train, the six after them, with wordings never seen before, judge. The encoder at hand \
({encoder}) knows English only, so it sits out the Dutch sets."""


def markdown(document: dict[str, Any]) -> str:
    """Every table of the parts that were run."""
    said = {
        "A. Right": _accuracy(document["accuracy"], document["languages"]),
        "B. Few labels": _few(document["few labels"]),
        "D. Sure": _routing(document),
        "Goals": _goals(document["goals"]),
    }
    parts = [f"### {title}\n\n{text}" for title, text in said.items() if text]
    how = HOW.format(**document["about"])
    return "\n\n".join(["## Accuracy, few labels, calibration", how, _about(document), *parts])


def written(path: Path, name: str, text: str) -> None:
    """Put a benchmark's section between its markers in a document; the rest stays as it is."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    old = path.read_text(encoding="utf-8") if path.exists() else TITLE
    before, found, rest = old.partition(begin)
    after = rest.partition(end)[2] if found else "\n"
    before = before if found else f"{before.rstrip()}\n\n"
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _about(document: Row) -> str:
    about, machine = document["about"], document["machine"]
    facts = ", ".join(
        f"{name} {value}" for name, value in machine.items() if name not in ("processor", "cores")
    )
    kept = sorted({row["measured"] for row in document["accuracy"]} - {about["date"], "failed"})
    earlier = f" Some rows were kept from {', '.join(kept)}, same code and machine." if kept else ""
    quick = " **A fifth of the messages only (`--quick`).**" if about["quick"] else ""
    return (
        f"{about['date']}, commit {about['commit']}, on {machine['cores']} cores of "
        f"{machine['processor']} ({facts}).{earlier}{quick}"
    )


def _accuracy(rows: Sequence[Row], languages: Sequence[Row]) -> str:
    if not rows:
        return ""
    columns = ["set", "judged on", "n", "model", "accuracy", "5 folds of training file"]
    cells = [
        [
            row["set"],
            row["how"],
            f"{row['accuracy']['n']:,}" if row["accuracy"] else "",
            _ours(row["model"]),
            _rate(row["accuracy"]) if row["accuracy"] else _absent(row),
            _rate(row["folds"]) if row.get("folds") else "",
        ]
        for row in rows
    ]
    return "\n\n".join([table(columns, cells), *_languages(languages)])


def _languages(rows: Sequence[Row]) -> Iterator[str]:
    """The sample messages by language, and how they differ."""
    by_model: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_model.setdefault(row["model"], {})[row["language"]] = row["accuracy"]
    cells = [
        [_ours(model), _rate(each["nl"]), _rate(each["en"]), _difference(each)]
        for model, each in by_model.items()
    ]
    if cells:
        yield "Waarom's own sample messages by language:"
        yield table(["model", "Dutch", "English", "Dutch less English"], cells)


def _difference(each: dict[str, Row]) -> str:
    dutch, english = each["nl"]["value"], each["en"]["value"]
    return "–" if dutch is None or english is None else f"{100 * (dutch - english):+.1f}"


def _few(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    numbers = sorted({row["labels"] for row in rows})
    found = {(row["model"], row["own words"], row["labels"]): row for row in rows}
    order = [ENCODER, SPARSE, *PEERS]
    kinds = sorted({key[:2] for key in found}, key=lambda kind: (order.index(kind[0]), -kind[1]))
    cells = [
        [_ours(model), "yes" if seeded else "no"]
        + [_mean(found.get((model, seeded, labels))) for labels in numbers]
        for model, seeded in kinds
    ]
    columns = ["model", "drivers' own words", *(f"{each} labels" for each in numbers)]
    said = (
        "Labels a driver on BANKING77, judged on its test file: the mean of three draws, and the "
        "lowest and highest. A driver's own words are no more than its label's id read as words."
    )
    return f"{said}\n\n{table(columns, cells)}"


def _routing(document: Row) -> str:
    parts = [
        *_calibration(document["calibration"]),
        *_routed(document["routing"]),
        *_promise(document["promise"]),
        *_unknown(document["unknown"]),
    ]
    return "\n\n".join(parts)


def _calibration(rows: Sequence[Row]) -> Iterator[str]:
    cells = [
        [
            row["set"],
            _ours(row["model"]),
            _percent(row["ece"]),
            f"{_percent(row['low'])}–{_percent(row['high'])}",
            _percent(row["perfect"]),
        ]
        for row in rows
    ]
    if cells:
        yield (
            "Expected calibration error (likeliest driver, 15 bins of equal mass), its bootstrap "
            "interval, and what it would be if every probability were true (simulated):"
        )
        yield table(["set", "model", "ECE", "95 %", "were it perfect"], cells)


def _routed(rows: Sequence[Row]) -> Iterator[str]:
    cells = [
        [
            row["set"],
            _ours(row["model"]),
            f"{row['target']:.0%}",
            _rate(row["share"]),
            _rate(row["precision"]),
        ]
        for row in rows
    ]
    if cells:
        yield (
            "Routed with the empirical threshold, the lowest that kept the target out of fold; "
            "shares are of messages about a driver:"
        )
        yield table(["set", "model", "target", "routed", "precision"], cells)


def _promise(rows: Sequence[Row]) -> Iterator[str]:
    labels = sorted({row["labels"] for row in rows})
    models = list(dict.fromkeys(row["model"] for row in rows))
    cells = []
    for model in models:
        for queues in sorted({row["queues"] for row in rows}):
            own = [row for row in rows if (row["model"], row["queues"]) == (model, queues)]
            best = _percent(own[0]["empirical"])
            cells.append([_ours(model), str(queues), best, *(_promised(row) for row in own)])
    if cells:
        yield (
            "Routed with the promise (of what is routed to a queue at least 95 % is right, with "
            "95 % confidence over all queues), by labels a queue; out-of-fold predictions of "
            "BANKING77's training file, half of them the labels, the other half routed, the mean "
            "of 20 halves. With * there are fewer labels than that and they were drawn with "
            "replacement. Empirical: a threshold without any promise."
        )
        columns = ["model", "queues", "empirical", *(f"{each:,}" for each in labels)]
        yield table(columns, cells)


def _promised(row: Row) -> str:
    return f"{_percent(row['promise'])}{'*' if row['resampled'] else ''}"


def _unknown(rows: Sequence[Row]) -> Iterator[str]:
    cells = [
        [row["set"], _ours(row["model"]), f"{row['auroc']:.4f}", _rate(row["recall"])]
        for row in rows
    ]
    if cells:
        yield (
            "Messages about none of the drivers, none of which was trained on. Peers go by how "
            "sure they are of their likeliest driver:"
        )
        yield table(["set", "model", "AUROC", "caught with 95 % of the others kept"], cells)


def _goals(rows: Sequence[Row]) -> str:
    cells = [
        [
            row["part"],
            row["goal"],
            _percent(row["wanted"], 2),
            "–" if row["value"] is None else _percent(row["value"], 2),
            verdict(row),
        ]
        for row in rows
        if row["value"] is not None
    ]
    return table(["part", "goal", "wanted", "found", "outcome"], cells) if cells else ""


def _ours(model: str) -> str:
    return f"**{model}**" if model in (SPARSE, ENCODER) else model


def _absent(row: Row) -> str:
    return "failed" if row["measured"] == "failed" else "not installed"


def _rate(rate: Row) -> str:
    if rate["value"] is None:
        return "–"
    return f"{_percent(rate['value'], 2)} [{_percent(rate['low'])}, {_percent(rate['high'])}]"


def _mean(row: Row | None) -> str:
    if row is None:
        return ""
    spread = f" ({_percent(row['low'])}–{_percent(row['high'])})" if row["draws"] > 1 else ""
    return f"{_percent(row['accuracy'])}{spread}"


def _percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}"
