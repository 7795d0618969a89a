"""Everything a person looks at in the browser."""

from fastapi import APIRouter

from service.pages import (
    dashboard,
    drivers,
    entrance,
    messages,
    models,
    quality,
    queues,
    reviews,
    similar,
)
from service.pages.screens import error_page

__all__ = ["error_page", "router"]

router = APIRouter(include_in_schema=False)
for part in (
    dashboard,
    drivers,
    entrance,
    messages,
    models,
    quality,
    queues,
    reviews,
    similar,
):
    router.include_router(part.router)
