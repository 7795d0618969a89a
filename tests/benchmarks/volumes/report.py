"""The figures as a document of tables."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from tests.benchmarks.frontier.report import table
from tests.benchmarks.volumes.bar import GOALS, NULL, Found, cells
from tests.benchmarks.volumes.jobs import DOUBT, HASH, Job
from tests.benchmarks.volumes.peers import BLEND, FLAGGED, FORGETFUL, NAIVE, OURS, PPI, UNIFORM
from tests.benchmarks.volumes.tallies import (
    SIZES,
    Figure,
    Tally,
    alarms,
    bias,
    coverage,
    error_ratio,
    half_width,
    width_ratio,
)
from tests.benchmarks.volumes.tallies import found as found_of
from tests.benchmarks.volumes.words import introduction, wide
from tests.benchmarks.volumes.worlds import SCENARIOS

Row = dict[str, Any]
ALONE: Final = "answers alone"
INTERVALS: Final = (OURS, NAIVE, "AIPW, Wald", PPI, ALONE)
POINTS: Final = (BLEND, FORGETFUL, OURS, PPI)
ORDERS: Final = {HASH: "in hash order", DOUBT: "the most doubtful first"}


def figures(found: Found) -> Row:
    """Every figure, [value, standard error] each, over all models and for each of them."""
    rows = [_cell(cell, tallies) for cell, tallies in cells(found)]
    for source in dict.fromkeys(job.source for job in sorted(found)):
        part = {job: tally for job, tally in found.items() if job.source == source}
        rows += [_cell(cell, tallies) | {"model": source} for cell, tallies in cells(part)]
    return {
        "settings": rows,
        "unfinished": list(_unfinished(found)),
        "goals": [goal.outcome(found) for goal in GOALS],
    }


def _cell(cell: tuple[str, int, float], tallies: Sequence[Tally]) -> Row:
    scenario, messages, budget = cell
    sizes = {size: coverage(tallies, OURS, size) for size in SIZES}
    special = {"S3": "unseen", "S5": "pair"}.get(scenario)
    return {
        "model": "all",
        "scenario": scenario,
        "messages": messages,
        "budget": budget,
        "weeks": sum(len(each.answers) for each in tallies),
        "answers": float(np.mean([each.answers.mean() for each in tallies])),
        "coverage": {method: coverage(tallies, method) for method in INTERVALS},
        "coverage of": sizes | ({special: coverage(tallies, OURS, special)} if special else {}),
        "naive's coverage of": {special: coverage(tallies, NAIVE, special)} if special else {},
        "error by naive's": {method: error_ratio(tallies, method) for method in POINTS},
        "half-width": half_width(tallies),
        "width of": _widths_of(tallies) if scenario == "S5" else {},
        "width by": {method: width_ratio(tallies, method) for method in (ALONE, UNIFORM)},
        "alarms": {whose: alarms(tallies, whose) for whose in FLAGGED},
        "found": {w: found_of(tallies, w) for w in FLAGGED} if scenario == "S2" else {},
    }


def _widths_of(tallies: Sequence[Tally]) -> dict[str, Figure]:
    """Of the pair, and of the other large drivers, by that of answers alone."""
    others = [replace(each, counted=each.counted & ~each.columns("pair")) for each in tallies]
    return {"pair": width_ratio(tallies, ALONE, "pair"), "others": width_ratio(others, ALONE)}


def _unfinished(found: Found) -> Iterator[Row]:
    kinds: dict[tuple[str, str], list[Tally]] = {}
    for job, tally in sorted(found.items(), key=lambda item: item[0]):
        if job.answered < 1:
            kinds.setdefault((job.scenario, job.order), []).append(tally)
    for (scenario, order), tallies in kinds.items():
        special = {"S3": "unseen", "S5": "pair"}.get(scenario)
        yield {
            "scenario": scenario,
            "order": order,
            "answers": float(np.mean([each.answers.mean() for each in tallies])),
            "coverage": coverage(tallies, OURS),
            "coverage of": coverage(tallies, OURS, special) if special else None,
            "bias of": bias(tallies, OURS, special) if special == "unseen" else None,
            "error by naive's": error_ratio(tallies, BLEND),
        }


def markdown(said: Row) -> str:
    """The section of the document."""
    whole = [row for row in said["settings"] if row["model"] == "all"]
    each = [row for row in said["settings"] if row["model"] != "all"]
    parts = {
        "The bar": _goals(said["goals"]),
        "Coverage, %": _by_scenario(whole, "coverage", INTERVALS, percent),
        "Coverage by kind of driver, %": _kinds(whole),
        "Mean absolute error by naive's": _by_scenario(whole, "error by naive's", POINTS, plain),
        "Width of the interval, large drivers": _widths(whole),
        "Where intervals are wide": _wide(each, said.get("about", {}).get("accuracy", {})),
        "Weeks with a flag of a real change where no rate changed, %": _by_scenario(
            [row for row in whole if row["scenario"] in NULL], "alarms", FLAGGED, percent
        ),
        "Changes by half or more of large drivers that are flagged as real, %": _by_scenario(
            [row for row in whole if row["found"]], "found", FLAGGED, percent
        ),
        "Each model": _models(each),
        "60 % of the questions answered": _orders(said["unfinished"]),
    }
    return "\n\n".join(
        [
            f"## Weekly volumes\n\n{introduction(said)}",
            *(f"### {t}\n\n{b}" for t, b in parts.items() if b),
        ]
    )


def percent(figure: Figure | None) -> str:
    return "" if figure is None else _said(100 * figure[0], 100 * figure[1], 1)


def plain(figure: Figure | None) -> str:
    return "" if figure is None else _said(*figure, 2)


def _said(value: float, error: float, digits: int) -> str:
    if np.isnan(value):
        return "not installed"
    return f"{value:.{digits}f}" + ("" if np.isnan(error) else f" ± {error:.{digits}f}")


def _goals(goals: Sequence[Row]) -> str:
    rows = [
        [
            each["goal"],
            f"{each['wanted']:g}",
            f"{each['found']:.3f} ± {each['error']:.3f}",
            f"{each['where'][0]}, {each['where'][1]:,}, {each['where'][2]:.0%}",
            f"{each['missed in']} of {each['cells']}",
            each["outcome"],
        ]
        for each in goals
        if "wanted" in each
    ]
    columns = ["goal", "wanted", "worst found", "where", "settings beyond it", "outcome"]
    return table(columns, rows)


def _by_scenario(
    rows: Sequence[Row], what: str, methods: Sequence[str], said: Callable[[Figure | None], str]
) -> str:
    """A row for each setting and method, a column for each scenario."""
    scenarios = [name for name in SCENARIOS if any(row["scenario"] == name for row in rows)]
    lines = []
    for setting, group in _settings(rows):
        found = {row["scenario"]: row[what] for row in group}
        for method in methods:
            cells_of = [said(found[s][method]) if s in found else "" for s in scenarios]
            lines.append([*setting, method, *cells_of])
    return table(["messages", "asked", "method", *scenarios], lines)


def _kinds(rows: Sequence[Row]) -> str:
    lines = []
    for setting, group in _settings(rows):
        for size in SIZES:
            lines.append([*setting, size, *(percent(row["coverage of"][size]) for row in group)])
        for special in ("unseen", "pair"):
            for what, whose in (("coverage of", ""), ("naive's coverage of", ", naive")):
                found = [percent(row[what].get(special)) for row in group]
                lines.append([*setting, f"{special}{whose}", *found])
    return table(["messages", "asked", "drivers", *(_scenarios(rows))], lines)


def _widths(rows: Sequence[Row]) -> str:
    lines = []
    for setting, group in _settings(rows):
        lines.append([*setting, "± % of the volume", *(percent(r["half-width"]) for r in group)])
        for method in (ALONE, UNIFORM):
            found = [percent(row["width by"][method]) for row in group]
            lines.append([*setting, f"% of that of {method}", *found])
    return table(["messages", "asked", "", *_scenarios(rows)], lines)


def _wide(rows: Sequence[Row], accuracy: Mapping[str, Mapping[str, float]]) -> str:
    """By model in the largest setting: width where it is right, mistaken by typos, or misled."""
    if not rows or not accuracy:
        return ""
    setting = max((row["messages"], row["budget"]) for row in rows)
    lines = []
    for model, right in accuracy.items():
        found = {
            r["scenario"]: r
            for r in rows
            if (r["model"], r["messages"], r["budget"]) == (model, *setting)
        }
        widths = [found["S1"]["width by"][ALONE], found["S4"]["width by"][ALONE]]
        widths += [found["S5"]["width of"][which] for which in ("others", "pair")]
        one, two, *three = map(percent, widths)
        lines.append(
            [
                model,
                percent((right["as it is"], np.nan)),
                one,
                percent((right["mistyped"], np.nan)),
                two,
                *three,
            ]
        )
    columns = ["model", "right", "S1", "right, mistyped", "S4", "S5 but the pair", "S5, the pair"]
    return f"{wide(*setting)}\n\n{table(columns, lines)}"


def _models(rows: Sequence[Row]) -> str:
    lines = []
    for model in dict.fromkeys(row["model"] for row in rows):
        for setting, group in _settings([row for row in rows if row["model"] == model]):
            held = [percent(row["coverage"][OURS]) for row in group]
            off = [plain(row["error by naive's"][BLEND]) for row in group]
            lines.append([model, *setting, "coverage, %", *held])
            lines.append([model, *setting, "blend's error by naive's", *off])
    return table(["model", "messages", "asked", "", *_scenarios(rows)], lines) if lines else ""


def _orders(rows: Sequence[Row]) -> str:
    lines = [
        [
            row["scenario"],
            ORDERS[row["order"]],
            f"{row['answers']:.0f}",
            percent(row["coverage"]),
            percent(row["coverage of"]),
            percent(row["bias of"]),
            plain(row["error by naive's"]),
        ]
        for row in rows
    ]
    columns = [
        "",
        "served",
        "answers",
        "coverage",
        "of the unseen or the pair",
        "bias of the unseen",
    ]
    return table([*columns, "blend's error by naive's"], lines) if lines else ""


def _settings(rows: Sequence[Row]) -> Iterable[tuple[list[str], list[Row]]]:
    kinds: dict[tuple[int, float], list[Row]] = {}
    for row in rows:
        kinds.setdefault((row["messages"], row["budget"]), []).append(row)
    for (messages, budget), group in sorted(kinds.items()):
        yield [f"{messages:,}", f"{budget:.0%}"], group


def _scenarios(rows: Sequence[Row]) -> list[str]:
    return [name for name in SCENARIOS if any(row["scenario"] == name for row in rows)]


def weeks_of(found: Found) -> int:
    return sum(len(tally.answers) for tally in found.values())


__all__ = ["Job", "figures", "markdown", "weeks_of"]
