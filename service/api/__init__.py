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
    queues,
    reviews,
)

router = APIRouter()
for each in (classify, messages, labels, reviews, drivers, publications, labelplan, queues, inuse):
    router.include_router(each.router)
