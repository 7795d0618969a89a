"""`waarom label quality`: how far people agree, as tables people read."""

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import AsJson
from service.cli.output import opened, result, utc_now

if TYPE_CHECKING:
    from classifier.evaluation import Rate
    from labeling.agreement import Agreement
    from labeling.sway import Difference
    from service.quality import MixedUp, Quality

FIRST, COLUMN = 34, 20
ADVICE = {
    "definitions": "The model agrees with people nearly as often as they with each other: more "
    "labels will not help much here, clearer definitions will.",
    "labels": "The model surely agrees with people less often: more labels, or a better model, "
    "will help.",
    "unsure": "Too few messages were answered by two to say whether more labels will help.",
}


def quality(
    first: Annotated[
        str | None, typer.Option("--from", metavar="WEEK", help="As in 2026-W36; else 11 before.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="WEEK", help="As in 2026-W47; else this week.")
    ] = None,
    persons: Annotated[
        bool,
        typer.Option(
            "--persons", help="Also each two people; needs the setting per_person_quality."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """How far people agree about drivers, and the model with them.

    From messages that two people answered: the setting second_opinion_share
    asks for that. Every message counts as many times as it was rarely asked.

    Example: waarom label quality
    Example: waarom label quality --from 2026-W40 --to 2026-W43 --json
    """
    from service.errors import BadRequest
    from service.quality import quality as measured
    from service.schemas.quality import QualityOut

    with opened() as runtime:
        if persons and not runtime.settings.per_person_quality:
            raise BadRequest("persons", "needs the setting per_person_quality, which is off")
        found = measured(runtime, now=utc_now(), first=first, last=last, persons=persons)
    document = QualityOut.model_validate(found).model_dump(mode="json")
    result(as_json, document, "\n".join(tables(found)))


def tables(found: "Quality") -> list[str]:
    """The lines: sentences, then weeks, drivers, pairs, and people if they are there."""
    weeks = f"{found.first_week} to {found.last_week}"
    if not found.second_opinions.answered:
        return [
            f"{weeks}: nobody was asked about the same message twice, or nobody answered yet. "
            "The setting second_opinion_share asks."
        ]
    lines = [f"{weeks}, {found.people} people.", "", *_sentences(found), "", _row("Week", HEADS)]
    lines += [_row(each.week, [_of_100(each.same), _alpha(each.agreement)]) for each in found.weeks]
    lines += ["", _row("Driver, least agreement first", ["both in 100", "agreement"])]
    lines += [
        _row(each.driver, [_of_100(each.both), _alpha(each.agreement)]) for each in found.drivers
    ]
    if found.mixed_up:
        lines += ["", "Drivers people mix up", *map(_pair, found.mixed_up)]
    if found.persons is not None:
        lines += ["", _row("Two people", ["agreement"])]
        lines += [
            _row(f"{each.first}, {each.second}", [_alpha(each.agreement)]) for each in found.persons
        ]
    return lines


HEADS = ["same in 100", "agreement"]


def _sentences(found: "Quality") -> list[str]:
    counts, beside, shown = found.second_opinions, found.ceiling, found.sway
    lines = [
        f"Two people give the same driver in {_of_100(found.same)} of 100 messages.",
        f"{counts.answered:,} of {counts.asked:,} second opinions came, {counts.differed:,} "
        f"differed, {counts.decided:,} of these were decided: {counts.for_first:,} for the first "
        f"answer, {counts.for_second:,} for the second, {counts.for_another:,} for another.",
    ]
    if beside.people.value is not None:
        lines.append(
            f"Where neither saw a proposal: people {_of_100(beside.people)}, a person and the "
            f"model {_of_100(beside.model)}."
        )
        lines.append(ADVICE[found.verdict])
    if shown.difference.value is not None:
        lines.append(
            f"Shown the model's driver, people choose it {_points(shown.difference)} points more "
            "often."
        )
    if found.suspects.asked:
        lines.append(
            f"{found.suspects.answered:,} of {found.suspects.asked:,} suspect labels were looked "
            f"at again, {found.suspects.changed:,} changed."
        )
    return lines


def _pair(pair: "MixedUp") -> str:
    advice = {
        "merge": "define where one ends and the other begins, or make them one",
        "labels": "people tell them apart well enough",
        "second_opinions": f"{pair.more:,} more second opinions would tell"
        if pair.in_reach
        else "too few messages to say more",
    }
    return (
        f"  {pair.first} / {pair.second}: {pair.times:,} times, {_of_100(pair.disagreed)} of 100; "
        f"{advice[pair.remedy]}"
    )


def _row(name: str, cells: list[str]) -> str:
    short = name if len(name) < FIRST else f"{name[: FIRST - 2]}…"
    return f"{short:<{FIRST}}" + "".join(f"{cell:>{COLUMN}}" for cell in cells)


def _of_100(rate: "Rate") -> str:
    if rate.value is None:
        return "?"
    return f"{100 * rate.value:.0f} ({100 * rate.low:.0f}–{100 * rate.high:.0f})"


def _alpha(found: "Agreement") -> str:
    from math import isnan

    return "?" if isnan(found.value) else f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"


def _points(found: "Difference") -> str:
    value = 100 * (found.value or 0.0)
    return f"{value:+.0f} ({100 * found.low:+.0f} to {100 * found.high:+.0f})"
