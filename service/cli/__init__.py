"""`waarom`: the command line. Commands parse, call a use case, and render; imports come late so
that `waarom --help` is quick."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from service.cli import files, keys, labels, models, operate, queues, start, store, training
from service.cli.output import complain


class Commands(TyperGroup):
    """The commands; what goes wrong in one is a sentence and an exit code, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Exit code 0 done, 1 ran and failed, 2 used wrongly."""
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, typer.Exit, typer.Abort):
            raise
        except Exception as error:
            from service.errors import BadRequest
            from service.failures import sentence

            said = sentence(error)
            if said is None:
                raise
            complain(said)
            raise typer.Exit(2 if isinstance(error, BadRequest) else 1) from None


app = typer.Typer(
    name="waarom",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"waarom {version('waarom')}")
        raise typer.Exit


@app.callback()
def waarom(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    """Why customers contact you: contact drivers, routing, and honest weekly volumes.

    Example: waarom demo
    Example: waarom init shop && cd shop && waarom import messages.csv
    """


for group in (start, store, training, files, operate):
    group.add_to(app)
app.add_typer(labels.app, name="label")
app.add_typer(models.app, name="models")
app.add_typer(queues.app, name="queues")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Run the command that was typed."""
    app()
