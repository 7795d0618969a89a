"""What every call is handed: the runtime, the moment, and itself as an attempt."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from service.runtime import Runtime


def utc_now() -> datetime:
    return datetime.now(UTC)


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def moment_of(request: Request) -> datetime:
    moment: datetime = request.app.state.clock()
    return moment


RuntimeDep = Annotated[Runtime, Depends(runtime_of)]
Now = Annotated[datetime, Depends(moment_of)]
