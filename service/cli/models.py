"""`waarom models`: the versions, and which one is in use."""

from typing import Annotated

import typer

from service.cli.options import AsJson, ModelsDir, settings_with
from service.cli.output import result, say

app = typer.Typer(no_args_is_help=True, help="Model versions, and which one is in use.")


@app.command("list")
def list_(models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """Every version, oldest first; * is the one in use.

    Example: waarom models list
    """
    from classifier.errors import BadModel
    from classifier.registry import current_version, list_versions

    folder = settings_with(models_dir).models_dir
    versions = list_versions(folder)
    try:
        current = current_version(folder)
    except BadModel as error:
        say(str(error))
        current = None
    lines = [f"{'*' if each == current else ' '} {each}" for each in versions]
    document = {"versions": versions, "current": current}
    result(as_json, document, "\n".join(lines) or f"No models in {folder} yet: waarom train")


@app.command()
def show(
    version: Annotated[str | None, typer.Argument(help="Else the one in use.")] = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
) -> None:
    """A version's card (as JSON: its manifest).

    Example: waarom models show
    """
    from service.versions import read_card

    card, manifest = read_card(settings_with(models_dir).models_dir, version)
    result(as_json, manifest, card)


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="The version to put in use.")],
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
) -> None:
    """Put a version in use; the one before can be had back with `rollback`.

    Example: waarom models promote 2026-11-21.1
    """
    from classifier.registry import promote as run

    run(settings_with(models_dir).models_dir, version)
    result(as_json, {"current": version}, f"Version {version} is in use.")


@app.command()
def rollback(models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """Put the version that was in use before the current one back in use.

    Example: waarom models rollback
    """
    from classifier.registry import rollback as run

    version = run(settings_with(models_dir).models_dir)
    result(as_json, {"current": version}, f"Version {version} is in use again.")
