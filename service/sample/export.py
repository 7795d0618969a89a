"""Sample messages as a labeled CSV file, to try the commands on."""

import csv
from collections.abc import Iterable
from pathlib import Path

from classifier.messages import Direction
from service.sample.generator import SampleMessage

COLUMNS = (
    "text",
    "label",
    "id",
    "conversation_id",
    "channel",
    "received_at",
    "lang",
    "score",
    "product",
    "partner",
    "customer",
    "subject",
)


def write_csv(messages: Iterable[SampleMessage], path: Path) -> None:
    """Write the inbound messages with their true labels, UTF-8, one row each.

    Personal data is in it, as in what a customer sends; `waarom` redacts it on the way in.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_row(each) for each in messages if each.raw.direction is Direction.INBOUND)


def _row(message: SampleMessage) -> tuple[str, ...]:
    raw = message.raw
    score = raw.scores.get("nps")
    return (
        raw.text,
        str(message.truth),
        raw.external_id or "",
        raw.conversation_id or "",
        raw.channel,
        raw.received_at.isoformat() if raw.received_at else "",
        raw.language or "",
        "" if score is None else f"{score:g}",
        raw.attributes.get("product", ""),
        raw.attributes.get("partner", ""),
        raw.customer or "",
        raw.subject,
    )
