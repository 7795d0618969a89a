"""`waarom label`: questions to Label Studio, answers from it, what answers will buy, labels out."""

from typing import Annotated

import typer

from service.cli import label_export, label_plan, label_quality, label_suspects
from service.cli.options import AsJson
from service.cli.output import opened, result, utc_now

app = typer.Typer(no_args_is_help=True, help="Questions to Label Studio and answers from it.")
app.command("plan")(label_plan.plan)
app.command("export")(label_export.export)
app.command("quality")(label_quality.quality)
app.command("suspects")(label_suspects.suspects)


@app.command()
def setup(as_json: AsJson = False) -> None:
    """Make or repair the project in Label Studio, with its interface and instructions.

    Needs WAAROM_LABEL_STUDIO_URL and WAAROM_LABEL_STUDIO_API_KEY.

    Example: waarom label setup
    """
    from service.sync import setup as run

    with opened() as runtime:
        project = run(runtime, now=utc_now())
    result(as_json, {"id": project.id, "url": project.url}, f"Ready: {project.url}")


@app.command()
def push(as_json: AsJson = False) -> None:
    """Send the questions that wait. Safe to run twice: nothing is there double.

    Example: waarom label push
    """
    from service.sync import push as run

    with opened() as runtime:
        pushed = run(runtime, now=utc_now())
    text = (
        f"{pushed.sent:,} sent, {pushed.found:,} there already, {pushed.closed:,} closed since, "
        f"{pushed.refused:,} refused by Label Studio"
    )
    result(as_json, {k: getattr(pushed, k) for k in pushed.__slots__}, text)


@app.command()
def pull(
    everything: Annotated[
        bool, typer.Option("--all", help="Look at every task again, also for deleted ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Collect answers. Safe to run twice: an answer becomes a label once.

    Example: waarom label pull --all
    """
    from service.sync import pull as run

    with opened() as runtime:
        pulled = run(runtime, now=utc_now(), everything=everything)
    text = (
        f"{pulled.labels:,} new labels from {pulled.tasks:,} changed tasks; {pulled.skipped:,} "
        f"skipped, {pulled.withdrawn:,} withdrawn, {pulled.unusable:,} not usable, "
        f"{pulled.strangers:,} tasks that are not ours"
    )
    if pulled.gone:
        text += f"; {pulled.gone:,} were deleted there, and what was open in them is asked again"
    result(as_json, {k: getattr(pulled, k) for k in pulled.__slots__}, text)


@app.command()
def pick(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be picked, and ask nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fill the day up with messages that a model learns most from, up to `questions_a_day`.

    The worker does this by itself. Drawn questions come first; answers to picks train and route,
    and change no volume.

    Example: waarom label pick --dry-run
    """
    from service.picking import fill_day

    with opened() as runtime:
        filled = fill_day(runtime, now=utc_now(), dry_run=dry_run)
    why = ", ".join(f"{count:,} {name}" for name, count in filled.why.items())
    text = f"The day lacked {filled.lacked:,} questions; {filled.picked:,} " + (
        f"would be picked ({why or 'nothing'})" if dry_run else f"picked ({why or 'nothing'})"
    )
    result(as_json, {k: getattr(filled, k) for k in filled.__slots__} | {"dry_run": dry_run}, text)


@app.command()
def status(as_json: AsJson = False) -> None:
    """What waits to be sent, what is in Label Studio, what was answered, what is left today.

    Example: waarom label status
    """
    from service.day import day
    from service.sync import status as run

    with opened() as runtime:
        found = run(runtime)
        with runtime.reading() as session:
            today = day(session, runtime, now=utc_now())
    found["today"] = {"answered": today.answered, "left": today.left, "picks": today.picks}
    states = ", ".join(f"{count:,} {state}" for state, count in found["in_label_studio"].items())
    text = f"{found['waiting']:,} wait to be sent; in Label Studio: {states or 'nothing yet'}"
    if found["personal_data"]:
        text += (
            f"\n{found['personal_data']:,} messages still hold personal data, people say: "
            "`waarom label export --personal-data` names them"
        )
    done = "done for today" if today.done else f"{today.left:,} left, {today.picks:,} of them picks"
    text += f"\nToday: {today.answered:,} answered; {done}"
    if found["last_error"]:
        text += f"\nLast problem: {found['last_error']}"
    result(as_json, found, text)
