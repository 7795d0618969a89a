"""Label Studio's annotation JSON to answers. Pure: what comes back is distrusted.

How an annotation is read:

- skipped (`was_cancelled`): an `Answer` with `skipped` and no label, whatever was pre-filled;
- `unknown` ticked: the label's primary is None, whatever stands in `primary` or `likely`. The
  interface hides them once `unknown` is ticked, yet Label Studio still sends what stood in them;
- one of the likeliest chosen in `likely`: it is the main driver, whatever stands in `primary`,
  which is hidden then. One that the task does not list was there only for who had opened it before
  the list changed: then nothing stands in `primary`;
- `also` keeps its drivers beside `unknown`, and loses the primary one and doubles;
- what was pre-filled and left is `accepted`: the primary driver and all of `also`. Another primary
  driver, an `also` more or less, or `unknown` is `changed`. An answer to a question where nothing
  was pre-filled is `manual`. What was pre-filled is read in the task; where that is gone, what
  Label Studio noted beside each choice tells, except of an `also` that was removed;
- who said it is the last editor, for an edited one; else who made it;
- no primary and no `unknown`, two primary drivers, a driver the taxonomy does not have (or that
  is not a leaf), an empty result, a draft: `Unusable`, so that the question stays open;
- controls that are not ours are passed over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from classifier.messages import UNKNOWN, Label
from classifier.taxonomy import Taxonomy
from labeling.interface import (
    ALSO,
    ANOTHER,
    LIKELY,
    NOTE,
    PERSONAL_DATA,
    PRIMARY,
    SUGGESTION,
    drivers_listed,
)

EDITED: Final = timedelta(seconds=1)
"""An annotation whose two moments are further apart was edited, by whom it names as its last
editor; of others that name means nothing, as of those that came with an import."""
_UNTOUCHED: Final = "prediction"
_TOUCHED: Final = "prediction-changed"


class Origin(StrEnum):
    """What a person did with the drivers that were pre-filled for them."""

    ACCEPTED = "accepted"
    CHANGED = "changed"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person said in Label Studio. `note` and `suggestion` are raw: redact before storing.

    `label` is None when the question was skipped; `seconds` is the time it took, if known;
    `personal_data`: they saw some in the message.
    """

    task_id: int
    annotation_id: int
    external_id: str
    label: Label | None
    skipped: bool
    unknown: bool
    note: str
    suggestion: str
    personal_data: bool
    annotator: int | None
    email: str | None
    created_at: datetime
    updated_at: datetime
    seconds: float | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """An annotation that is no answer, and why. `reason` never quotes it."""

    task_id: int
    annotation_id: int
    external_id: str
    reason: str


class _NotAnAnswer(Exception):
    """The reason why an annotation cannot be used."""


def read_task(task: Mapping[str, Any], taxonomy: Taxonomy) -> list[Answer | Unusable]:
    """Every annotation of a task, oldest first; drafts are not among them."""
    data = task.get("data", {})
    external_id = str(data.get("external_id", ""))
    listed = drivers_listed(_mappings(data.get("likeliest")))
    annotations = sorted(task.get("annotations", []), key=lambda each: int(each["id"]))
    predictions = _by_number(task.get("predictions"))
    return [
        read_annotation(
            each,
            taxonomy,
            external_id=external_id,
            listed=listed,
            shown=predictions.get(_number(each.get("parent_prediction"))),
        )
        for each in annotations
    ]


def read_annotation(
    annotation: Mapping[str, Any],
    taxonomy: Taxonomy,
    *,
    external_id: str = "",
    listed: Sequence[str] = (),
    shown: Mapping[str, Any] | None = None,
) -> Answer | Unusable:
    """One annotation, by the rules at the top of this module.

    `listed` are the drivers that the task lists as the likeliest; `shown` is the prediction the
    annotation began with, where that is known.
    """
    try:
        return _answer(annotation, taxonomy, external_id, listed, shown)
    except _NotAnAnswer as why:
        reason = str(why)
    except (AttributeError, KeyError, TypeError, ValueError):
        reason = "fields are missing or malformed"
    return Unusable(
        task_id=_number(annotation.get("task")),
        annotation_id=_number(annotation.get("id")),
        external_id=external_id,
        reason=reason,
    )


def _answer(
    annotation: Mapping[str, Any],
    taxonomy: Taxonomy,
    external_id: str,
    listed: Sequence[str],
    shown: Mapping[str, Any] | None,
) -> Answer:
    # Only drafts have this field, and no field of their own says that they are drafts.
    if "was_postponed" in annotation:
        raise _NotAnAnswer("a draft that was not submitted")
    skipped = bool(annotation.get("was_cancelled"))
    result = annotation.get("result") or []
    if not isinstance(result, list) or not all(isinstance(item, Mapping) for item in result):
        raise _NotAnAnswer("a result that cannot be read")
    label = None if skipped else _label(result, taxonomy, listed)
    annotator, email = _annotator(annotation.get("completed_by"))
    made, changed = (datetime.fromisoformat(annotation[at]) for at in ("created_at", "updated_at"))
    if changed - made > EDITED and isinstance(annotation.get("updated_by"), int):
        annotator, email = int(annotation["updated_by"]), None
    return Answer(
        task_id=int(annotation["task"]),
        annotation_id=int(annotation["id"]),
        external_id=external_id,
        label=label,
        skipped=skipped,
        unknown=label is not None and label.primary is None,
        note=_text(result, NOTE),
        suggestion=_text(result, SUGGESTION),
        personal_data=PERSONAL_DATA in _picked(result, PERSONAL_DATA),
        annotator=annotator,
        email=email,
        created_at=made,
        updated_at=changed,
        seconds=annotation.get("lead_time"),
        origin=_origin(annotation, result, label, listed, shown),
    )


def _label(result: list[Mapping[str, Any]], taxonomy: Taxonomy, listed: Sequence[str]) -> Label:
    if not result:
        raise _NotAnAnswer("an empty answer")
    also = _leaves(_picked(result, ALSO), taxonomy)
    if UNKNOWN in _picked(result, UNKNOWN):
        return Label(None, also)
    primary = _leaves(_main(result, listed), taxonomy)
    if len(primary) != 1:
        raise _NotAnAnswer("more than one main driver" if primary else "no main driver")
    return Label(primary[0], tuple(driver for driver in also if driver != primary[0]))


def _main(result: Sequence[Mapping[str, Any]], listed: Sequence[str]) -> list[str]:
    """What was chosen as the main driver where it could be seen."""
    return [each for each in _picked(result, _main_control(result, listed)) if each != ANOTHER]


def _main_control(result: Sequence[Mapping[str, Any]], listed: Sequence[str]) -> str:
    likely = set(_picked(result, LIKELY)) - {ANOTHER}
    seen = likely & set(listed) or not _picked(result, PRIMARY)
    return LIKELY if likely and seen else PRIMARY


def _leaves(picked: Iterable[str], taxonomy: Taxonomy) -> tuple[str, ...]:
    drivers = tuple(dict.fromkeys(picked))
    if not set(drivers) <= set(taxonomy.leaves):
        raise _NotAnAnswer("a driver that is not a leaf of the taxonomy")
    return drivers


def _picked(result: Iterable[Mapping[str, Any]], control: str) -> list[str]:
    """Choices as they are, and the last step of each path through a tree."""
    picked: list[str] = []
    for item in _of(result, control):
        value = item.get("value") or {}
        for choice in value.get("choices") or value.get("taxonomy") or []:
            path = choice if isinstance(choice, list) else [choice]
            picked += [str(path[-1])] if path else []
    return picked


def _text(result: Iterable[Mapping[str, Any]], control: str) -> str:
    lines: list[str] = []
    for item in _of(result, control):
        text = (item.get("value") or {}).get("text") or []
        lines += [text] if isinstance(text, str) else [str(line) for line in text]
    # What no database keeps; from the interface it comes with what somebody pasted.
    return "\n".join(lines).replace("\0", "").strip()


def _of(result: Iterable[Mapping[str, Any]], control: str) -> list[Mapping[str, Any]]:
    return [item for item in result if item.get("from_name") == control]


def _origin(
    annotation: Mapping[str, Any],
    result: list[Mapping[str, Any]],
    label: Label | None,
    listed: Sequence[str],
    shown: Mapping[str, Any] | None,
) -> Origin:
    if label is None or label.primary is None:
        return Origin.CHANGED if annotation.get("parent_prediction") else Origin.MANUAL
    if shown is not None:
        return Origin.ACCEPTED if _same(label, shown["result"], listed) else Origin.CHANGED
    controls = (_main_control(result, listed), ALSO)
    noted = {str(item.get("origin")) for name in controls for item in _of(result, name)}
    if noted == {_UNTOUCHED}:
        return Origin.ACCEPTED
    pre_filled = annotation.get("parent_prediction") or noted & {_UNTOUCHED, _TOUCHED}
    return Origin.CHANGED if pre_filled else Origin.MANUAL


def _same(label: Label, offered: list[Mapping[str, Any]], listed: Sequence[str]) -> bool:
    """Whether a label says just what was pre-filled, whatever was clicked meanwhile."""
    main = _picked(offered, _main_control(offered, listed))
    return main == [label.primary] and set(_picked(offered, ALSO)) == set(label.also)


def _by_number(predictions: Any) -> dict[int, Mapping[str, Any]]:
    """A task's predictions by their number; exports hold nothing but the numbers."""
    whole = _mappings(predictions)
    return {int(each["id"]): each for each in whole if isinstance(each.get("result"), list)}


def _mappings(said: Any) -> list[dict[str, Any]]:
    """Those in a list; none where it is no list, as when a task's data were edited by hand."""
    listed = said if isinstance(said, list) else []
    return [each for each in listed if isinstance(each, dict)]


def _annotator(said: Any) -> tuple[int | None, str | None]:
    """A number from the task API, an object with an email from exports and webhooks."""
    if isinstance(said, Mapping):
        return said.get("id"), said.get("email")
    return (int(said) if said is not None else None), None


def _number(said: Any) -> int:
    return said if isinstance(said, int) else 0
