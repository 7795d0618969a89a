"""The choice an earlier model was made by, kept while the labels are nearly the same."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from classifier.candidates import CANDIDATES, Choice, labels_of
from classifier.comparison import Comparison
from classifier.messages import LabeledMessage

DRIFT: Final = 0.1
"""The share of labels that may come, go or move to another driver before comparing anew.

Counted since the comparison itself, however many models kept its outcome in between.
"""


def kept(manifest: Mapping[str, Any], messages: Sequence[LabeledMessage]) -> Choice | None:
    """What the model with this manifest chose, if it still holds for messages (n) to train on.

    None where nothing was compared for it, where the candidates have changed since, or where the
    labels have: the differences in labels per driver add up to more than a tenth of them all.
    """
    found = manifest.get("choice", {})
    pipeline = CANDIDATES.get(found.get("name", ""))
    then = Counter(found.get("labels", {}))
    if pipeline is None or not found.get("rounds"):
        return None
    if _plain(manifest["pipeline"]) != _plain(pipeline.to_dict()):
        return None
    if _changed(then, Counter(labels_of(messages))) > DRIFT * then.total():
        return None
    rounds = {question: Comparison(**each) for question, each in found["rounds"].items()}
    version = found.get("kept_from") or manifest["version"]
    return Choice(found["name"], pipeline, rounds, "", labels=dict(then), kept_from=version)


def _plain(config: Mapping[str, Any]) -> Any:
    """A pipeline's config as JSON has it, which knows no tuples."""
    return json.loads(json.dumps(config))


def _changed(then: Counter[str], now: Counter[str]) -> int:
    return (now - then).total() + (then - now).total()
