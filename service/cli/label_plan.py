"""`waarom label plan`: what next week's answers will buy, as a table people read."""

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import AsJson
from service.cli.output import opened, result, utc_now

if TYPE_CHECKING:
    from service.labelplan import Budget, DriverOutlook, LabelPlan, Minutes, QueueOutlook

SHOWN = 12
"""Drivers in the table, largest first."""
FIRST, COLUMN = 28, 16
SMALLEST = 0.5
"""A driver with a smaller expected volume, in messages, is not shown."""


def plan(
    budget: Annotated[
        list[float] | None,
        typer.Option(
            "--budget",
            metavar="N",
            help="Answers a week, besides those about doubtful messages; repeatable. Else half "
            "the present budget, that, and double.",
        ),
    ] = None,
    week: Annotated[
        str | None,
        typer.Option(help="Next week is like this one, as in 2026-W46; else the last complete."),
    ] = None,
    limit: Annotated[
        float,
        typer.Option(help="A driver is too uncertain above this half-width, by its volume."),
    ] = 0.25,
    as_json: AsJson = False,
) -> None:
    """What next week's answers will buy: minutes, how sure each driver, which queues.

    The present budget is the setting graded_budget. Volumes are expected to be
    as in the week it is planned from, and every question to be answered.

    Example: waarom label plan
    Example: waarom label plan --budget 60 --budget 200
    Example: waarom label plan --week 2026-W46 --limit 0.1 --json
    """
    from service.labelplan import label_plan
    from service.schemas.labelplan import LabelPlanOut

    with opened() as runtime:
        found = label_plan(runtime, budget or (), now=utc_now(), week=week, limit=limit)
    document = LabelPlanOut.model_validate(found).model_dump(mode="json")
    result(as_json, document, "\n".join(table(found)))


def table(plan: "LabelPlan") -> list[str]:
    """The lines of a plan: a column a budget, drivers, queues, and what one more answer buys."""
    budgets = plan.budgets
    doubtful = [f"{len(each.too_uncertain):,} of {len(each.drivers):,}" for each in budgets]
    return [
        f"If next week is like {plan.week}: {plan.messages:,} messages, model {plan.model}.",
        "",
        _row("Answers a week", "", [_budget(each, plan) for each in budgets]),
        *([_row("Minutes", "", list(map(_minutes, budgets)))] if plan.times.enough else []),
        "",
        _row("Driver", "messages", ["half-width"] * len(budgets)),
        *_drivers(plan),
        _row(f"! wider than ±{plan.limit:.0%}", "", doubtful),
        "",
        _row("Queue", "labels", ["to automate"] * len(budgets)),
        *_queues(plan),
        "",
        *_remarks(plan),
        _one_more(plan),
    ]


def _row(name: str, figure: str, cells: list[str]) -> str:
    short = name if len(name) < FIRST else f"{name[: FIRST - 2]}…"
    return f"{short:<{FIRST}}{figure:>8}" + "".join(f"{cell:>{COLUMN}}" for cell in cells)


def _budget(each: "Budget", plan: "LabelPlan") -> str:
    return f"{each.answers:,.6g}" + (" (now)" if each.answers == plan.present else "")


def _minutes(each: "Budget") -> str:
    return f"{each.minutes.median:,.0f}" if each.minutes else "?"


def _drivers(plan: "LabelPlan") -> list[str]:
    by_driver = [{row.driver: row for row in each.drivers} for each in plan.budgets]
    some = [row for row in plan.budgets[0].drivers if row.volume >= SMALLEST][:SHOWN]
    lines = [
        _row(row.name, f"{row.volume:,.0f}", [_width(each[row.driver]) for each in by_driver])
        for row in some
    ]
    rest = len(plan.budgets[0].drivers) - len(some)
    return [*lines, *([f"(--json has {rest:,} more)"] if rest else [])]


def _width(row: "DriverOutlook") -> str:
    digits = 0 if row.half_width >= 10 else 1
    share = ">100%" if row.share is None or row.share > 1 else f"{row.share:.0%}"
    return f"{'! ' if row.too_uncertain else ''}±{row.half_width:,.{digits}f} {share:>5}"


def _queues(plan: "LabelPlan") -> list[str]:
    of_queue = list(zip(*(each.queues for each in plan.budgets), strict=True))
    return [_row(each[0].queue, _needed(each[0]), list(map(_weeks, each))) for each in of_queue]


def _needed(queue: "QueueOutlook") -> str:
    return "" if not queue.needed else f"{queue.needed:,}"


def _weeks(queue: "QueueOutlook") -> str:
    if queue.needed == 0:
        return "promised"
    if queue.weeks is None:
        return "not in sight"
    return "1 week" if queue.weeks == 1 else f"{queue.weeks:,} weeks"


def _remarks(plan: "LabelPlan") -> list[str]:
    lines = []
    if plan.required:
        took = f", about {_spread(plan.required_minutes)}" if plan.required_minutes else ""
        lines.append(f"Besides, {plan.required:,.0f} questions about doubtful messages{took}.")
    times = plan.times
    if times.enough:
        lines.append(
            f"An answer took {times.median:,.0f} seconds, half of them between {times.low:,.0f} "
            f"and {times.high:,.0f} ({times.answers:,} timed in eight weeks)."
        )
    else:
        lines.append(
            f"Too few answers were timed to say minutes: {times.answers:,} in eight weeks."
        )
    if plan.answered is not None and plan.answered < 0.995:
        lines.append(
            f"All this if every question is answered; of those of {plan.week}, {plan.answered:.0%} "
            "were. One that is not buys nothing."
        )
    if any(not queue.checked and queue.needed for queue in plan.budgets[0].queues):
        lines.append(
            "Queues not checked for this model need as many labels as said if all are right; "
            "`waarom queues check` looks."
        )
    return lines


def _spread(minutes: "Minutes") -> str:
    return f"{minutes.median:,.0f} minutes ({minutes.low:,.0f} to {minutes.high:,.0f})"


def _one_more(plan: "LabelPlan") -> str:
    gain = plan.one_more
    if gain is None:
        return "Every message is asked about already: one more answer buys nothing."
    price = "" if gain.seconds is None else f", for {gain.seconds:,.0f} seconds of work"
    return (
        f"One more answer a week, beyond {plan.present:,.4g}, makes intervals {gain.narrower:.1%} "
        f"narrower: that of {gain.name} most, by ±{gain.messages:,.2f} messages{price}."
    )
