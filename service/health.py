"""Is it alive, can it answer: for whoever watches the process. Says no figure and no message."""

from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from classifier.errors import WaaromError
from service.dependencies import RuntimeDep
from service.runtime import Runtime
from service.schemas.reports import AliveOut, ReadyOut

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Alive")
def healthz() -> AliveOut:
    return AliveOut(status="alive")


@router.get(
    "/readyz",
    summary="Able to answer",
    responses={
        503: {
            "description": "The database is out of reach, or the model cannot be loaded.",
            "content": {
                "application/json": {"example": {"ready": False, "database": False, "model": True}}
            },
        }
    },
)
def readyz(runtime: RuntimeDep, response: Response) -> ReadyOut:
    """Without a model it is ready, too: every message then waits for a person."""
    database, usable, model = _database(runtime), True, False
    try:
        model = runtime.current_model() is not None
    except WaaromError:
        usable = False
    ready = database and usable
    response.status_code = 200 if ready else 503
    return ReadyOut(ready=ready, database=database, model=model)


def _database(runtime: Runtime) -> bool:
    try:
        with runtime.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
