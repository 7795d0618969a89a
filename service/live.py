"""What Label Studio asks while a question is opened: an "ML backend", as it calls one.

It calls from its own server, without any header of ours, so a secret is in the path. Of what it
sends nothing is read but which tasks it asks about: the rest holds tokens and passwords.
"""

import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel

from service.dependencies import Now, RuntimeDep
from service.idempotency import committed
from service.sync import hint
from service.sync.live import Opened, current_version, live_predictions


def _admitted(runtime: RuntimeDep, secret: Annotated[str, Path()]) -> None:
    """Whoever does not know the secret does not learn that there is anything here."""
    expected = runtime.settings.live_secret
    given = secret.encode("utf-8", "surrogatepass")
    if expected is None or not hmac.compare_digest(expected.get_secret_value().encode(), given):
        raise HTTPException(404)


router = APIRouter(
    prefix="/ml/{secret}", dependencies=[Depends(_admitted)], include_in_schema=False
)


class TaskIn(BaseModel):
    """Of a task, its number and the name of its question."""

    id: int
    data: dict[str, Any]


class TasksIn(BaseModel):
    """`project`: its number, a dot, and the second it was made."""

    tasks: list[TaskIn]
    project: str


@router.get("/health")
def health() -> dict[str, str]:
    return {"status": "UP"}


@router.post("/setup")
def setup(runtime: RuntimeDep) -> dict[str, str]:
    """Which model is in use. The body, with a token of whoever made the project, is not read."""
    return {"model_version": current_version(runtime)}


@router.post("/predict")
def predict(runtime: RuntimeDep, payload: TasksIn) -> dict[str, list[list[dict[str, Any]]]]:
    """For each task, in order, what is pre-filled in it: one prediction or, where nothing is to be
    shown, none."""
    opened = [Opened(each.id, str(each.data.get("external_id", ""))) for each in payload.tasks]
    project = payload.project.partition(".")[0]
    return {"results": live_predictions(runtime, project, opened)}


@router.post("/webhook")
def webhook(runtime: RuntimeDep, now: Now) -> dict[str, str]:
    """Something happened over there. The body, with the project's passwords, is not read."""
    committed(runtime, lambda session: hint(session, now=now))
    return {"status": "noted"}
