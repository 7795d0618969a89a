"""The kinds of values requests are made of. None of them holds what a database cannot store."""

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

LARGEST_ID = 2**63 - 1
WEEK_PATTERN = r"^(19|20|21)\d\d-W\d\d$"
DRIVER_PATTERN = r"^[a-z0-9][a-z0-9_\-]*(\.[a-z0-9][a-z0-9_\-]*)*$"
CHANNEL_PATTERN = r"^[a-z][a-z0-9_\-]{0,39}$"


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("contains a NUL character, which no text has")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("contains half a character (a lone surrogate)") from None
    return value


Words = Annotated[str, AfterValidator(_storable)]
ShortWords = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_storable)]
DriverId = Annotated[str, StringConstraints(pattern=DRIVER_PATTERN, max_length=190)]
Channel = Annotated[str, StringConstraints(pattern=CHANNEL_PATTERN)]
Week = Annotated[str, StringConstraints(pattern=WEEK_PATTERN)]
RowId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Cursor = Annotated[str, Query(pattern=r"^\d{1,18}$")]
PageSize = Annotated[int, Query(ge=1, le=1000)]


class Request(BaseModel):
    """A request body: unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")


def example(*examples: dict[str, Any]) -> ConfigDict:
    """The configuration of a schema with examples in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})


def request_example(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": list(examples)})


Fraction = Annotated[float, Field(ge=0, le=1)]
