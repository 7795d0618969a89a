"""What an error looks like over HTTP (RFC 9457)."""

from pydantic import BaseModel, ConfigDict, Field


class FieldError(BaseModel):
    """What is wrong with one field: `pointer` into the body, or the name of a `parameter`."""

    pointer: str | None = Field(None, description="JSON pointer (RFC 6901) into the request body.")
    parameter: str | None = Field(None, description="Name of a query, path or header parameter.")
    detail: str


class Problem(BaseModel):
    """An error, as `application/problem+json`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:waarom:problem:review-closed",
                    "title": "Review closed",
                    "status": 409,
                    "detail": "Review 7 is already answered; claim another one.",
                }
            ]
        }
    )

    type: str = Field(description="Names the kind of error; stable, made for programs.")
    title: str
    status: int
    detail: str = Field(description="One sentence for a person, saying what to do.")
    errors: list[FieldError] | None = Field(None, description="Per field, where there are any.")
