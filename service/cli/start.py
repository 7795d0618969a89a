"""Commands a newcomer meets first: demo and init."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import AsJson
from service.cli.output import result, utc_now


def add_to(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(init)


def demo(
    check: Annotated[
        bool, typer.Option("--check", help="Do it all without a person; compare with the truth.")
    ] = False,
    no_label_studio: Annotated[
        bool, typer.Option("--no-label-studio", help="Answer through our own review calls.")
    ] = False,
    messages: Annotated[int, typer.Option(min=2400, help="Sample messages in all.")] = 12_000,
    folder: Annotated[Path, typer.Option(help="Where the demo lives.")] = Path(".waarom/demo"),
    as_json: AsJson = False,
) -> None:
    """The whole loop on sample messages of a fictional web shop, with a real Label Studio.

    Example: waarom demo
    Example: waarom demo --check --json
    """
    from service.demo import DemoOptions, run_demo

    options = DemoOptions(
        folder=folder, messages=messages, label_studio=not no_label_studio, check=check
    )
    summary = run_demo(options, now=utc_now())
    if check:
        result(as_json, summary, "\n".join(f"{name}: {value}" for name, value in summary.items()))
        raise typer.Exit(0 if summary["ok"] else 1)


def init(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Where to set up.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a commented taxonomy.toml and waarom.toml; make the database, the secret and a key.

    Safe to run twice: what is there stays as it is. Every other command reads
    waarom.toml in the folder it is run in.

    Example: waarom init shop && cd shop
    """
    from service.starting import initialize

    started = initialize(folder, now=utc_now())
    document = {
        "folder": started.folder,
        "written": started.written,
        "kept": started.kept,
        "key": started.key,
    }
    lines = [f"Wrote {name}" for name in started.written]
    lines += [f"Kept {name} as it was" for name in started.kept]
    if started.key:
        lines.append(f"First key, shown this once, with every scope: {started.key}")
    enter = "" if folder.resolve() == Path().resolve() else f"`cd {folder}`, "
    lines.append(
        f"Next: {enter}edit taxonomy.toml, `waarom import FILE`, `waarom serve --with-worker`."
    )
    result(as_json, document, "\n".join(lines))
