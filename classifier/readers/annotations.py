"""What stands in one annotation of Label Studio, of which anything may be missing or malformed."""

from collections.abc import Mapping
from typing import Any, Final

Json = Mapping[str, Any]
DRAFT: Final = "a draft that was not submitted"


def no_answer(annotation: Json) -> str:
    """Why an annotation is no answer; empty for one that may be."""
    if "was_postponed" in annotation:  # only drafts have this field
        return DRAFT
    if annotation.get("was_cancelled"):
        return "skipped"
    return ""


def paths_chosen(item: Json) -> list[list[str]]:
    """What an item of a result chose, each as a path; most have one step."""
    value = item.get("value")
    chosen = (value.get("choices") or value.get("taxonomy")) if isinstance(value, dict) else None
    listed = chosen if isinstance(chosen, list) else []
    paths = [each if isinstance(each, list) else [each] for each in listed]
    return [[str(step) for step in path] for path in paths if path]


def items_of(annotation: Json, control: str) -> list[Json]:
    """What was chosen in a control."""
    items = listed(annotation, "result")
    return [item for item in items if item.get("from_name") == control and paths_chosen(item)]


def words_in(annotation: Json, control: str) -> str:
    """What was written in a control, a line each."""
    lines: list[str] = []
    for item in listed(annotation, "result"):
        if item.get("from_name") == control and isinstance(item.get("value"), dict):
            text = item["value"].get("text") or []
            lines += [text] if isinstance(text, str) else map(str, text)
    return "\n".join(lines).strip()


def person_of(annotation: Json) -> str:
    """Who answered: a number, or an address where the export has one."""
    said = annotation.get("completed_by")
    if isinstance(said, dict):
        said = said.get("email") or said.get("id")
    return "" if said is None else str(said)


def listed(holder: Any, name: str) -> list[Any]:
    """The objects in a list; none where it is no list."""
    listed = holder.get(name) if isinstance(holder, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def length(listed: Any) -> int:
    """How many there are; 0 where it is no list."""
    return len(listed) if isinstance(listed, list) else 0
