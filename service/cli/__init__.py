"""`waarom`: the command line. Commands parse, call a use case, and render; imports come late so
that `waarom --help` is quick."""

import sys

import typer

from classifier.errors import WaaromError
from service.cli import files, keys, labels, models, operate, start, store

app = typer.Typer(
    name="waarom",
    help="Why customers contact you: contact drivers, routing, and honest weekly volumes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for group in (start, store, files, operate):
    group.add_to(app)
app.add_typer(labels.app, name="label")
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Run a command. Exit code 0 done, 1 ran and failed, 2 used wrongly."""
    try:
        app()
    except WaaromError as error:
        from service.cli.output import complain

        complain(str(error))
        sys.exit(1)
