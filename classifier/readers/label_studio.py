"""Label Studio's export in the format JSON: an array of tasks with everybody's annotations.

Of an annotation only what somebody chose in one control is read, whatever the control is called
and whether it has buttons or a tree. In a project of ours that is `primary` or `likely`, and then
`also`, `unknown`, `note`, `suggestion` and `personal_data` are read beside it. Each task is a
message; of its annotations the newest holds and the others come along. Skipped ones, drafts and
those without an answer are passed over. A line, in what is rejected, is the number of the task.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from classifier.errors import BadFile
from classifier.messages import UNKNOWN, GivenLabel, Label, PassedOver, RawMessage, Rejected
from classifier.readers import given
from classifier.readers.annotations import (
    DRAFT,
    items_of,
    length,
    listed,
    no_answer,
    paths_chosen,
    person_of,
    words_in,
)
from classifier.readers.json_arrays import elements
from classifier.readers.jsonl import as_text
from classifier.readers.rows import BadValue, Reading, Rows
from classifier.readers.sources import encoding_of

PRIMARY, LIKELY, ALSO, NOTE, SUGGESTION = "primary", "likely", "also", "note", "suggestion"
PERSONAL_DATA: Final = "personal_data"
"""The controls of our own projects, as `labeling.interface` names them."""
OURS: Final = frozenset({PRIMARY, LIKELY, ALSO, UNKNOWN, PERSONAL_DATA})
ANOTHER: Final = "another driver"
"""Chosen in `likely` where none of the likeliest was meant: then `primary` says what was."""
META: Final = "waarom"
"""In the `meta` of a task that we exported: what else is known of its label."""
ROUND: Final = re.compile(r"~\d+$")
UNTOUCHED: Final = timedelta(seconds=1)
EDITED: Final = ("created", "updated")
TIMEZONE: Final = "UTC"
EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
Json = Mapping[str, Any]


def read_label_studio(path: Path, reading: Reading) -> Iterator[RawMessage | Rejected]:
    """The messages of an export, with their labels if they are asked for.

    Raises `BadFile` at once: for what is no such export, and where several controls hold choices
    and nobody said which (`Reading.label_from`).
    """
    encoding = encoding_of(path)
    control = _control(path, encoding, reading)
    return _rows(path, encoding, reading, control)


def _rows(
    path: Path, encoding: str, reading: Reading, control: "_Control"
) -> Iterator[RawMessage | Rejected]:
    rows = Rows(path, reading)
    for place, task in enumerate(elements(path, encoding), start=1):
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            reason = "is no task of an export in the format JSON (JSON-MIN has none)"
            yield rows.rejected(place, "task", reason)
        else:
            yield from _Task(task, place, rows, control).read()


@dataclass(frozen=True, slots=True)
class _Control:
    """Where the labels stand: a control, what it labels, and whether the project is ours."""

    name: str
    to_name: str
    ours: bool


def _control(path: Path, encoding: str, reading: Reading) -> _Control:
    """The control whose choices are the labels. Raises `BadFile`."""
    found = _controls(path, encoding)
    names = ", ".join(sorted(found))[:200] or "nothing"
    wanted = reading.label_from
    if wanted is not None and wanted not in found:
        raise BadFile(path, f"nothing was chosen in {wanted!r}, only in: {names}")
    if wanted is None and (PRIMARY in found or found.keys() <= OURS):
        wanted = PRIMARY
    if wanted is None and len(found) > 1 and reading.labels:
        raise BadFile(path, f"choices were made in {names}; name one with --label-from")
    name = wanted or next(iter(found))
    return _Control(name, found.get(name, ""), name == PRIMARY)


def _controls(path: Path, encoding: str) -> dict[str, str]:
    """Every control in which something was chosen, with the name of what it labels."""
    return {
        str(item.get("from_name")): str(item.get("to_name"))
        for task in elements(path, encoding)
        for annotation in listed(task, "annotations")
        for item in listed(annotation, "result")
        if paths_chosen(item)
    }


@dataclass(frozen=True, slots=True)
class _Task:
    """A task, and how to read it. `place`: which one of the file it is."""

    json: Json
    place: int
    rows: Rows
    control: _Control

    @property
    def number(self) -> int:
        number = self.json.get("id")
        return number if isinstance(number, int) else self.place

    @property
    def told(self) -> Json:
        """What we said of the label when we exported it."""
        meta = self.json.get("meta")
        told = meta.get(META) if isinstance(meta, dict) else None
        return told if isinstance(told, dict) else {}

    def read(self) -> Iterator[RawMessage | Rejected]:
        """Its message, unless labels are asked for and it has none; and what was passed over."""
        labels = self.rows.reading.labels
        found = list(self._given()) if labels else []
        yield from (each for each in found if isinstance(each, PassedOver))
        labeled = [each for each in found if isinstance(each, GivenLabel)]
        labeled.sort(key=lambda each: each.answered_at or EARLIEST)
        if labeled or not labels:
            yield self._message(labeled)
        elif not found:
            yield self._passed_over("not labeled")

    def _message(self, labeled: list[GivenLabel]) -> RawMessage | Rejected:
        try:
            values = self._values()
        except BadValue as error:
            return self.rows.rejected(self.number, error.field, error.reason)
        if labeled:
            values["label"], values[given.ALSO] = "|".join(labeled[-1].label.mentions), ""
        message = self.rows.message(values, self.number)
        if labeled and isinstance(message, RawMessage):
            return replace(message, label=labeled[-1].label, given=tuple(labeled))
        return message

    def _values(self) -> dict[str, str]:
        """The columns of a message that the task's data has, and the text by whatever name."""
        data = {name.strip().lower(): value for name, value in self.json["data"].items()}
        both = {**self.told, **data}
        values = {name: as_text(name, both[name]) for name in self.rows.reading.used & both.keys()}
        values["text"] = self._text(data)
        values["id"] = self._external_id(data)
        if "language" in data:
            values.setdefault("lang", as_text("lang", data["language"]))
        return values

    def _text(self, data: Json) -> str:
        for name in ("text", self.control.to_name):
            if isinstance(data.get(name), str):
                return str(data[name])
        texts = [value for value in data.values() if isinstance(value, str)]
        if len(texts) != 1:
            raise BadValue("text", "is missing; the task's data has no field of that name")
        return texts[0]

    def _external_id(self, data: Json) -> str:
        name = data.get("external_id", data.get("id"))
        if not isinstance(name, str | int) or name == "":
            return f"label-studio-{self.json.get('project', '')}-{self.number}"
        # A question that was asked again has the round behind its message's name.
        return ROUND.sub("", str(name)) if {"facts", "taxonomy"} <= data.keys() else str(name)

    def _given(self) -> Iterator[GivenLabel | PassedOver]:
        for annotation in listed(self.json, "annotations"):
            why = no_answer(annotation)
            label = None if why else self._label(annotation)
            if label is None:
                yield self._passed_over(why or "without an answer")
            else:
                yield self._given_label(annotation, label)
        for _ in range(length(self.json.get("drafts"))):
            yield self._passed_over(DRAFT)

    def _passed_over(self, reason: str) -> PassedOver:
        return PassedOver(str(self.rows.path), self.number, "annotation", reason)

    def _label(self, annotation: Json) -> Label | None:
        """What was chosen; None where nothing was."""
        names = self._main(annotation)
        others = self._chosen(annotation, ALSO) if self.control.ours else []
        unknown = self.control.ours and bool(items_of(annotation, UNKNOWN))
        if not names and not unknown:
            return None
        known = [each for each in names if each not in (UNKNOWN, self.rows.reading.unknown_label)]
        primary = known[0] if known and not unknown else None
        also = dict.fromkeys((*(known if primary else ()), *others))
        return Label(primary, tuple(each for each in also if each != primary))

    def _main(self, annotation: Json) -> list[str]:
        """What was chosen where it could be seen: one of the likeliest hides all others."""
        names = self._chosen(annotation, self.control.name)
        if not self.control.ours:
            return names
        likely = [each for each in self._chosen(annotation, LIKELY) if each != ANOTHER]
        there = {str(each.get("alias")) for each in listed(self.json["data"], "likeliest")}
        return likely if there & set(likely) or not names else names

    def _chosen(self, annotation: Json, control: str) -> list[str]:
        """Choices as they are. Of a path through a tree, the last step where it is ours, whose
        names are ids; else all of it, as in `billing.refund`."""
        paths = [path for item in items_of(annotation, control) for path in paths_chosen(item)]
        return [path[-1] if self.control.ours else ".".join(path) for path in paths]

    def _given_label(self, annotation: Json, label: Label) -> GivenLabel:
        if self._is_as_exported(annotation):
            values = {
                name: as_text(name, self.told[name]) for name in self.told.keys() & given.HINTS
            }
            (told,) = given.given_in(values, label, TIMEZONE) or (GivenLabel(label=label),)
            return told
        at = annotation.get("updated_at") or annotation.get("created_at") or ""
        return GivenLabel(
            label=label,
            person=person_of(annotation),
            answered_at=given.moment_in(str(at), TIMEZONE),
            name=str(annotation.get("id", "")),
            chosen=str(self.told.get("chosen", "")),
            note=words_in(annotation, NOTE) if self.control.ours else "",
            suggestion=words_in(annotation, SUGGESTION) if self.control.ours else "",
            personal_data=self.control.ours and bool(items_of(annotation, PERSONAL_DATA)),
        )

    def _is_as_exported(self, annotation: Json) -> bool:
        """Whether it is an answer of ours that nobody touched, perhaps by way of a Label Studio:
        that remembers our number, and takes the moment of the import for that of the answer."""
        ours = self.told.get("number")
        if ours is None or ours not in (annotation.get("import_id"), annotation.get("id")):
            return False
        times = [given.moment_in(str(annotation.get(f"{name}_at")), TIMEZONE) for name in EDITED]
        created, updated = times
        return created is None or updated is None or updated - created < UNTOUCHED
