"""Who calls, where many call at once: the keys of all that wait are looked up together."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, SecurityScopes

from service.auth import bearer
from service.errors import NotIdentified
from service.gathering import Gathering
from service.keys import Identity, identify
from service.runtime import Runtime

Callers = Gathering[str, Identity]


def look_up(runtime: Runtime, keys: Sequence[str]) -> list[Identity | Exception]:
    """Whose keys these are, in order; an error for each that is nobody's."""
    found: dict[str, Identity | Exception] = {}
    with runtime.reading() as session:
        for key in set(keys):
            try:
                found[key] = identify(session, key)
            except NotIdentified as error:
                found[key] = error
    return [found[key] for key in keys]


async def caller(
    request: Request,
    needed: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Identity:
    """As `service.auth.identified`: whose key came along, looked up now.

    Raises `NotIdentified`, or `NotAllowed` when it lacks a scope.
    """
    if credentials is None:
        raise NotIdentified
    callers: Callers = request.app.state.callers
    identity = await callers.join(credentials.credentials)
    for scope in needed.scopes:
        identity.require(scope)
    return identity


ClassifyCaller = Annotated[Identity, Security(caller, scopes=["classify"])]
