"""`waarom queues`: what the model may do for each queue, and moving one up or down."""

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import PERSON, AsJson
from service.cli.output import opened, result, utc_now

if TYPE_CHECKING:
    from service.queues import Overview, Queue

app = typer.Typer(no_args_is_help=True, help="What the model may do for each queue: the ladder.")

Name = Annotated[str, typer.Argument(metavar="QUEUE", help="As `waarom queues list` names it.")]
Why = Annotated[str, typer.Option("--why", help="Kept with the change.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every queue: its rung, the share routed, the promise, and the labels it still takes.

    Example: waarom queues list
    """
    from service.queues import overview
    from service.schemas.queues import QueuesOut

    with opened() as runtime, runtime.reading() as session:
        found = overview(session, runtime)
        document = QueuesOut.model_validate(found).model_dump(mode="json")
    result(as_json, document, "\n".join([*map(_line, found.queues), "", _explained(found)]))


@app.command()
def check(as_json: AsJson = False) -> None:
    """Look at the answers that count, and say what may be promised of each queue.

    Nobody goes up by it. A queue on automate whose promise is not held falls to select.

    Example: waarom queues check
    """
    from service import standings

    with opened() as runtime:
        found = standings.check(runtime, person=PERSON, now=utc_now())
    lines = [f"{found.answers:,} answers count for model {found.model}."]
    if found.wait:
        lines.append(f"They are looked at again once there are {found.wait:,} more.")
    elif found.look:
        lines.append(f"This is look {found.look} at them, at {found.level:.2%} confidence.")
    else:
        lines.append("They are too few to test any queue.")
    lines += [f"{queue} fell from automate to select." for queue in found.fallen]
    result(as_json, {name: getattr(found, name) for name in found.__slots__}, "\n".join(lines))


@app.command()
def climb(queue: Name, why: Why = "", as_json: AsJson = False) -> None:
    """One rung up: from recommend to select, from select to automate if its promise is shown.

    Example: waarom queues climb logistics --why "Agreed with the team"
    """
    _move(queue, why, as_json, up=True)


@app.command()
def fall(queue: Name, why: Why = "", as_json: AsJson = False) -> None:
    """One rung down: from automate to select, from select to recommend.

    Example: waarom queues fall logistics --why "New product line"
    """
    _move(queue, why, as_json, up=False)


def _move(queue: str, why: str, as_json: bool, *, up: bool) -> None:
    from service import standings
    from service.errors import NotFound
    from service.queues import overview

    with opened() as runtime, runtime.writing() as session:
        named = {each.name: each for each in overview(session, runtime).queues}
        if queue not in named:
            raise NotFound("queue", queue)
        before = named[queue].rung
        asked = (before.above if up else before.below) or before
        row = standings.move(session, runtime, queue, asked, person=PERSON, now=utc_now(), why=why)
        rung = row.rung
    text = f"{queue}: {before} → {rung}" if rung != before else f"{queue} stays on {rung}."
    result(as_json, {"queue": queue, "before": str(before), "rung": str(rung)}, text)


def _line(each: "Queue") -> str:
    share = "nothing yet" if each.share is None else f"{each.share:.0%} of {each.meant:,} routed"
    return f"{each.name:<20} {each.rung:<10} {share:<22} {_promise(each)}"


def _promise(each: "Queue") -> str:
    if each.threshold is not None:
        right = f"{each.evidence - each.errors:,} of {each.evidence:,} right"
        return f"promised from {each.threshold:.3f} ({right}, surely ≥ {each.lower:.1%})" + _watch(
            each
        )
    if each.withdrawn:
        return (
            f"withdrawn on {each.withdrawn.changed_at:%Y-%m-%d}: {each.withdrawn.errors:,} of "
            f"{each.withdrawn.evidence:,} audits wrong; answers given since count"
        )
    if not each.current:
        return "not checked for this model" + (": routed as on select" if each.lapsed else "")
    if each.needed is None:
        return f"{each.errors:,} of {each.evidence:,} wrong: no number of labels would do"
    return f"{each.labels:,} labels, {each.needed:,} more needed"


def _watch(each: "Queue") -> str:
    if each.watch is None:
        return ""
    if not each.watch.answers:
        return "; watched, no audit yet"
    wrong = f"{each.watch.errors:,} of {each.watch.answers:,} audits wrong"
    return f"; watched: {wrong}, surely ≥ {each.watch.lower:.1%} of all"


def _explained(found: "Overview") -> str:
    return (
        f"On automate at least {found.target:.0%} of what the model routes is right, with 95% "
        f"confidence for all queues at once. That takes {found.fewest} labels, all right, for one "
        f"queue, and {found.fewest_each} for each of {len(found.queues)}. "
        f"{found.fresh:,} answers came in since the last check."
    )
