"""Questions to Label Studio's task JSON, and its annotation JSON to answers. Pure.

Label Studio checks little of what it is sent (an unknown choice is accepted and then shows as
nothing), so what leaves here is checked here, and what comes back is distrusted.

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

from classifier.messages import UNKNOWN, Label, Prediction, RedactedText
from classifier.taxonomy import Taxonomy
from labeling.interface import (
    ALSO,
    ANOTHER,
    LIKELY,
    NOTE,
    PERSONAL_DATA,
    PRIMARY,
    SUGGESTION,
    TEXT,
    drivers_listed,
    uses_tree,
)

Json = dict[str, Any]


class Origin(StrEnum):
    """What a person did with the drivers that were pre-filled for them."""

    ACCEPTED = "accepted"
    CHANGED = "changed"
    MANUAL = "manual"


class Kind(StrEnum):
    """Which list of work a question is in. It tells a person no more than that: whether a
    question was drawn, as an audit or not, or picked to learn from, it does not say."""

    QUESTION = "question"
    SECOND_OPINION = "second opinion"
    DISAGREEMENT = "disagreement"
    SUSPECT = "suspect"


EDITED: Final = timedelta(seconds=1)
"""An annotation whose two moments are further apart was edited, by whom it names as its last
editor; of others that name means nothing, as of those that came with an import."""
LANGUAGES: Final = {"nl": "Nederlands", "en": "English", "other": ""}
"""Each in its own words, whatever the language of the project."""
_UNTOUCHED: Final = "prediction"
_TOUCHED: Final = "prediction-changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioQuestion:
    """One message to ask a person about.

    `external_id` comes back with the answer; `priority` orders the review queue, highest first.
    A `blind` question shows nothing of what a model thinks: it measures how much the pre-filled
    drivers sway people. `because` is the line under the message that says which words spoke for
    the main driver that is pre-filled, `sentences` are the lines below it that quote what spoke for
    each, `likeliest` the drivers with a key of their own where all others are in a tree (see
    `labeling.interface`); shown with pre-filled drivers only. `disagreement` is the line shown in
    the place of `because` where a third look decides between two answers.
    """

    external_id: str
    text: RedactedText
    subject: RedactedText | None = None
    channel: str = ""
    received_at: datetime | None = None
    product: str = ""
    language: str = ""
    kind: Kind = Kind.QUESTION
    priority: float = 0.0
    blind: bool = False
    prediction: Prediction | None = None
    model_version: str = ""
    because: str = ""
    sentences: str = ""
    likeliest: tuple[Json, ...] = ()
    disagreement: str = ""


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


def task_data(question: StudioQuestion, taxonomy: Taxonomy) -> Json:
    """A task to import, with its prediction inside unless the question is blind.

    Every task has every field that the interface shows: the server refuses one that lacks any.
    """
    prediction = None if question.blind else prediction_json(question, taxonomy)
    data = {
        "text": question.text,
        "subject": question.subject or "",
        "facts": _facts(question),
        **shown_beside(question, pre_filled=prediction is not None),
        "external_id": question.external_id,
        "channel": question.channel,
        "language": question.language,
        "kind": str(question.kind),
        "priority": question.priority,
        "taxonomy": taxonomy.version,
    }
    return {"data": data, "predictions": [prediction] if prediction else []}


def shown_beside(question: StudioQuestion, *, pre_filled: bool) -> Json:
    """The fields of a task's data that change with the model: nothing of it where it pre-fills
    nothing."""
    return {
        "because": question.because if pre_filled else question.disagreement,
        "sentences": question.sentences if pre_filled else "",
        "likeliest": list(question.likeliest) if pre_filled else [],
    }


def answered_task(
    question: StudioQuestion, label: Label, taxonomy: Taxonomy, *, email: str | None = None
) -> Json:
    """A task to import that already has its answer; `email` must be a user of Label Studio."""
    # Without the flag the server takes imported answers for a yardstick and does not count them.
    annotation: Json = {"result": annotation_result(label, taxonomy), "ground_truth": False}
    if email is not None:
        annotation["completed_by"] = {"email": email}
    return task_data(question, taxonomy) | {"annotations": [annotation]}


def prediction_json(question: StudioQuestion, taxonomy: Taxonomy) -> Json | None:
    """The likeliest driver and what else it is about, in the shape the interface pre-fills from.

    None when there is no prediction, its driver is no leaf of this taxonomy, or the model finds
    "unknown driver" likelier still: then nothing is suggested. A leaf is suggested also of a
    message that was routed by its parent alone: labels are leaves. `score` is in [0, 1]. A driver
    that is not among the question's `likeliest` is pre-filled in the tree.
    """
    prediction = question.prediction
    if prediction is None or prediction.driver not in taxonomy.leaves:
        return None
    if prediction.unknown > prediction.confidence:
        return None
    also = tuple(driver for driver in prediction.also if driver in taxonomy.leaves)
    result = [_pre_filled(prediction.driver, question.likeliest, taxonomy)]
    if also:
        result.append(_chosen(ALSO, also, taxonomy))
    return {
        "model_version": question.model_version,
        "score": prediction.confidence,
        "result": result,
    }


def annotation_result(
    label: Label,
    taxonomy: Taxonomy,
    *,
    note: str = "",
    suggestion: str = "",
    personal_data: bool = False,
) -> list[Json]:
    """An annotation's `result` for a label, as a person would have left it in the interface.

    Raises `ValueError` when the label has a driver that is not a leaf of the taxonomy.
    """
    strange = [driver for driver in label.drivers + label.also if driver not in taxonomy.leaves]
    if strange:
        raise ValueError(f"not a leaf of the taxonomy: {', '.join(dict.fromkeys(strange))}")
    result = [
        _chosen(PRIMARY, (label.primary,), taxonomy)
        if label.primary
        else _item(UNKNOWN, "choices", [UNKNOWN])
    ]
    if label.also:
        result.append(_chosen(ALSO, label.also, taxonomy))
    if personal_data:
        result.append(_item(PERSONAL_DATA, "choices", [PERSONAL_DATA]))
    texts = {SUGGESTION: suggestion, NOTE: note}
    return result + [_item(name, "textarea", [text]) for name, text in texts.items() if text]


def read_task(task: Mapping[str, Any], taxonomy: Taxonomy) -> list[Answer | Unusable]:
    """Every annotation of a task, oldest first; drafts are not among them."""
    data = task.get("data", {})
    external_id = str(data.get("external_id", ""))
    listed = drivers_listed(data.get("likeliest") or ())
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
    return "\n".join(lines).strip()


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
    listed = predictions if isinstance(predictions, list) else []
    whole = [each for each in listed if isinstance(each, Mapping)]
    return {int(each["id"]): each for each in whole if isinstance(each.get("result"), list)}


def _annotator(said: Any) -> tuple[int | None, str | None]:
    """A number from the task API, an object with an email from exports and webhooks."""
    if isinstance(said, Mapping):
        return said.get("id"), said.get("email")
    return (int(said) if said is not None else None), None


def _number(said: Any) -> int:
    return said if isinstance(said, int) else 0


def _facts(question: StudioQuestion) -> str:
    day = question.received_at.date().isoformat() if question.received_at else ""
    language = LANGUAGES.get(question.language, question.language)
    facts = (question.channel, day, question.product, language)
    return " · ".join(each for each in facts if each)


def _pre_filled(driver: str, likeliest: Iterable[Json], taxonomy: Taxonomy) -> Json:
    if driver in drivers_listed(likeliest):
        return _item(LIKELY, "choices", [driver])
    return _chosen(PRIMARY, (driver,), taxonomy)


def _chosen(control: str, drivers: tuple[str, ...], taxonomy: Taxonomy) -> Json:
    if not uses_tree(taxonomy):
        return _item(control, "choices", list(drivers))
    paths = [[*reversed(taxonomy.ancestors(driver)), driver] for driver in drivers]
    return _item(control, "taxonomy", paths)


def _item(control: str, kind: str, chosen: list[Any]) -> Json:
    value = {"text" if kind == "textarea" else kind: chosen}
    return {"from_name": control, "to_name": TEXT, "type": kind, "value": value}
