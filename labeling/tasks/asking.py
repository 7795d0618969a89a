"""Questions to Label Studio's task JSON. Pure.

Label Studio checks little of what it is sent (an unknown choice is accepted and then shows as
nothing), so what leaves here is checked here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from classifier.messages import UNKNOWN, Label, Prediction, RedactedText
from classifier.taxonomy import Taxonomy
from labeling.interface import (
    ALSO,
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
LANGUAGES: Final = {"nl": "Nederlands", "en": "English", "other": ""}
"""Each in its own words, whatever the language of the project."""


ROUND: Final = re.compile(r"~\d+$")


class Kind(StrEnum):
    """Which list of work a question is in. It tells a person no more than that: whether a
    question was drawn, as an audit or not, or picked to learn from, it does not say."""

    QUESTION = "question"
    SECOND_OPINION = "second opinion"
    DISAGREEMENT = "disagreement"
    SUSPECT = "suspect"


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


def name_of(external_id: str, round_: int = 1) -> str:
    """What a question about a message is called: its id, and the round after the first, or where
    the id itself ends as if it had one: no two questions have the same name."""
    plain = round_ == 1 and not ROUND.search(external_id)
    return external_id if plain else f"{external_id}~{round_}"


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
