"""The HTTP contract under /v1: parse, call, render."""

from fastapi import APIRouter

from service.api import (
    classify,
    drivers,
    inuse,
    labelplan,
    labels,
    messages,
    publications,
    quality,
    queues,
    reviews,
)

router = APIRouter()
PARTS = (
    *(classify, messages, labels, reviews, drivers, publications, labelplan, quality),
    *(queues, inuse),
)
for each in PARTS:
    router.include_router(each.router)
