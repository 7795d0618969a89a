"""Exported labels as text, each on its own, so that a file of any length is written as it is read.

csv           a row each; a cell that would be a formula stands behind an apostrophe
jsonl         an object a line
huggingface   the same lines with one type a column: nothing is null, nothing is nested, so that
              whoever infers a schema from the first lines infers that of all
label-studio  an array of tasks to import, each with its answer
"""

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from classifier.cells import shielded
from classifier.messages import Prediction
from classifier.readers.label_studio import META
from classifier.taxonomy import Taxonomy
from labeling.tasks import StudioQuestion, answered_task, name_of
from service.exporting.rows import ExportedLabel

DIGITS: Final = 6
OWN_COLUMN: Final = ("product", "partner")
"""Attributes that stand by themselves, as in any file of messages."""
COLUMNS: Final = (
    *("id", "text", "subject", "channel", "received_at", "lang", *OWN_COLUMN, "attributes"),
    *("label", "also", "unknown", "chosen", "inclusion", "counts", "asked", "origin", "door"),
    *("answered_at", "note", "suggestion", "personal_data", "taxonomy"),
    *("model", "predicted", "predicted_also", "predicted_score", "predicted_unknown"),
)
PERSON: Final = "person"
NUMBERS: Final = ("inclusion", "predicted_score", "predicted_unknown")
Record = dict[str, Any]


class NotExpressible(Exception):
    """A label that this format cannot hold."""


@dataclass(frozen=True, slots=True)
class Writing:
    """What writing takes to know: the drivers in use, and whether who answered is told."""

    taxonomy: Taxonomy
    people: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return (*COLUMNS, PERSON) if self.people else COLUMNS


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """`head`, each label's text with `between` them, and `tail` make a file.

    `one` raises `NotExpressible` for a label that the format cannot hold.
    """

    name: str
    suffix: str
    one: Callable[[ExportedLabel, Writing], str]
    head: Callable[[Writing], str] = lambda writing: ""
    between: str = ""
    tail: str = ""


def record(each: ExportedLabel) -> Record:
    """A label as plain data, by the names in `COLUMNS`; null for what is not known."""
    said = each.prediction
    own = {name: each.attributes.get(name) for name in OWN_COLUMN}
    return {
        "id": each.external_id,
        "text": each.text,
        "subject": each.subject,
        "channel": each.channel,
        "received_at": _written(each.received_at),
        "lang": each.language,
        **own,
        "attributes": {key: each.attributes[key] for key in each.attributes if key not in own},
        "label": each.label.primary,
        "also": list(each.label.also),
        "unknown": each.label.primary is None,
        "chosen": each.chosen,
        "inclusion": each.inclusion,
        "counts": each.counts,
        "asked": each.asked,
        "origin": each.origin,
        "door": each.door,
        "answered_at": _written(each.answered_at),
        "note": each.note,
        "suggestion": each.suggestion,
        "personal_data": each.personal_data,
        "taxonomy": each.taxonomy,
        "model": each.model or None,
        "predicted": predicted(said),
        "predicted_also": list(said.also) if said else [],
        "predicted_score": round(said.confidence, DIGITS) if said else None,
        "predicted_unknown": round(said.unknown, DIGITS) if said else None,
        **({PERSON: each.person} if each.person is not None else {}),
    }


def _written(moment: datetime) -> str:
    """With its fraction always: Arrow takes a text without one for a moment, and then the column
    for one of moments, until the first that has one."""
    return moment.isoformat(timespec="microseconds")


def predicted(said: Prediction | None) -> str | None:
    """The driver a model proposed; None where it found none of the drivers likelier."""
    return said.driver if said and said.confidence >= said.unknown else None


def _plain(name: str, value: Any) -> Any:
    """A value of the one type of its column: a text, a number, or true and false."""
    if value is None:
        return 0.0 if name in NUMBERS else ""
    if isinstance(value, list):
        return "|".join(value)
    return _json(value) if isinstance(value, dict) else value


def _cell(name: str, value: Any) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, bool | float):
        return _json(value)
    return shielded(str(_plain(name, value)))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _csv_row(cells: Iterable[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _csv(each: ExportedLabel, writing: Writing) -> str:
    found = record(each)
    return _csv_row(_cell(name, found[name]) for name in writing.columns)


def _jsonl(each: ExportedLabel, writing: Writing) -> str:
    return _json(record(each)) + "\n"


def _huggingface(each: ExportedLabel, writing: Writing) -> str:
    return _json({name: _plain(name, value) for name, value in record(each).items()}) + "\n"


def _task(each: ExportedLabel, writing: Writing) -> str:
    """A task of the interface `waarom label setup` makes; all the rest stands in its `meta`, where
    nobody who labels sees it, and Label Studio remembers the number of the label."""
    asked = StudioQuestion(
        external_id=name_of(each.external_id),
        text=each.text,
        subject=each.subject or None,
        channel=each.channel,
        received_at=each.received_at,
        product=each.attributes.get("product", ""),
        language=each.language,
        blind=each.asked == "blind",
        prediction=each.prediction,
        model_version=each.model,
    )
    try:
        task = answered_task(asked, each.label, writing.taxonomy)
    except ValueError as error:
        raise NotExpressible from error
    shown = ("id", "text", "subject", "channel")
    told = {key: value for key, value in record(each).items() if key not in shown}
    when = _written(each.answered_at)
    (answer,) = task["annotations"]
    answer |= {"id": each.number, "created_at": when, "updated_at": when}
    return _json(task | {"meta": {META: {"number": each.number, **told}}})


FORMATS: Final = {
    each.name: each
    for each in (
        LabelFormat("csv", ".csv", _csv, head=lambda writing: _csv_row(writing.columns)),
        LabelFormat("jsonl", ".jsonl", _jsonl),
        LabelFormat(
            "label-studio",
            ".json",
            _task,
            head=lambda writing: "[\n",
            between=",\n",
            tail="\n]\n",
        ),
        LabelFormat("huggingface", ".jsonl", _huggingface),
    )
}
