"""`waarom keys`: who may call the service, and for what."""

from typing import Annotated

import typer

from service.cli.options import AsJson
from service.cli.output import opened, result, utc_now

app = typer.Typer(no_args_is_help=True, help="API keys and their scopes.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, as shown in lists.")],
    scope: Annotated[
        list[str], typer.Option(help="classify, review, report, messages or admin; repeatable.")
    ] = ["classify"],  # noqa: B006 - Typer reads the default, nobody changes it
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once.

    Example: waarom keys create helpdesk --scope classify --scope review
    """
    from service.keys import create_key

    with opened() as runtime, runtime.writing() as session:
        key = create_key(session, name=name, scopes=scope, now=utc_now())
    result(as_json, {"name": name, "scopes": scope, "key": key}, key)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every key, without its secret.

    Example: waarom keys list
    """
    from service.keys import list_keys

    with opened() as runtime, runtime.reading() as session:
        keys = list_keys(session)
    lines = [
        f"{key.id:>3}  {key.name:<24} {', '.join(key.scopes)}"
        + ("  (revoked)" if key.revoked_at else "")
        for key in keys
    ]
    document = [
        {
            "id": key.id,
            "name": key.name,
            "scopes": key.scopes,
            "made_at": key.made_at,
            "revoked_at": key.revoked_at,
        }
        for key in keys
    ]
    result(as_json, {"keys": document}, "\n".join(lines) or "No keys yet: waarom keys create NAME")


@app.command()
def revoke(
    key_id: Annotated[int, typer.Argument(help="The number `waarom keys list` shows.")],
    as_json: AsJson = False,
) -> None:
    """Close a key from now on.

    Example: waarom keys revoke 3
    """
    from service.keys import revoke_key

    with opened() as runtime, runtime.writing() as session:
        row = revoke_key(session, key_id, now=utc_now())
        name = row.name
    result(
        as_json, {"id": key_id, "name": name, "revoked": True}, f"Key {key_id} ({name}) is closed."
    )
