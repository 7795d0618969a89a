"""`waarom label suspects`: the labels that look wrong, and why."""

import csv
import io
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.options import AsJson, Output
from service.cli.output import opened, result

if TYPE_CHECKING:
    from service.suspects import SuspectLabel

TEXT = 60
FIELDS = ("id", "label", "believed", "why", "doubt", "own", "other", "habit", "same_text", "text")


def suspects(
    most: Annotated[int, typer.Option(min=1, help="So many, the most doubtful first.")] = 50,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Labels that look wrong, and why; nobody is asked about them by this.

    What the model, or folds that never saw the message, find likelier than the
    label. Not those of the hold-out, nor those that were looked at again.
    With -o all of it goes to a CSV file. See docs/labeling-quality.md.

    Example: waarom label suspects
    Example: waarom label suspects --most 200 -o suspects.csv
    """
    from service.suspects import suspect_labels

    with opened() as runtime, runtime.reading() as session:
        found = suspect_labels(session, runtime)
    rows = [_document(each) for each in found[:most]]
    if output is not None:
        output.write_text(_csv(rows), encoding="utf-8", newline="")
    text = f"{len(found):,} labels look wrong" + (f"; {len(rows):,} shown" if rows else "")
    lines = [text, *(map(_lines, found[:most]) if output is None else [f"Written to {output}"])]
    result(as_json, {"found": len(found), "suspects": rows}, "\n".join(lines))


def _document(each: "SuspectLabel") -> dict[str, Any]:
    found = each.found
    return {
        "id": found.message_id,
        "label": found.label,
        "believed": found.believed,
        "why": str(found.why),
        "doubt": found.doubt,
        "own": found.own,
        "other": found.other,
        "usual": found.usual,
        "habit": found.habit,
        "same_text": list(found.same_text),
        "asked": each.open,
        "answered_at": each.answered_at,
        "text": each.text,
    }


def _lines(each: "SuspectLabel") -> str:
    found = each.found
    asked = ", asked already" if each.open else ""
    words = " ".join(each.text.split())
    short = words if len(words) <= TEXT else f"{words[: TEXT - 1]}…"
    head = f"{found.message_id}: {found.label}, or {found.believed}?{asked}"
    return f"\n{head}\n  {_why(each)}\n  {short}"


def _why(each: "SuspectLabel") -> str:
    found = each.found
    reasons = {
        "same_text": f"the same text has that label: {', '.join(found.same_text)}",
        "habit": f"{found.habit:.0%} of {found.believed} get this label: it looks like a habit",
        "sure": f"the model is {found.other:.0%} sure of {found.believed}, as it is of messages "
        f"labeled so ({found.usual:.0%})",
        "unlikely": f"the model finds {found.believed} likelier: {found.other:.0%} to "
        f"{found.own:.0%}",
    }
    return reasons[found.why]


def _csv(rows: list[dict[str, Any]]) -> str:
    from classifier.cells import shielded

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(FIELDS)
    for row in rows:
        cells = row | {"same_text": "|".join(row["same_text"])}
        writer.writerow([shielded(str(cells[name])) for name in FIELDS])
    return text.getvalue()
