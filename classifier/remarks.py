"""What a person should know of how a model was trained: counts, and sentences."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import isinf
from typing import Any, Final

from classifier.messages import UNKNOWN, LabeledMessage
from classifier.model import Model

HOLD_OUT: Final = "hold-out"
OUT_OF_FOLD: Final = "out-of-fold predictions"


def training_counts(
    kept: Sequence[LabeledMessage],
    held: Sequence[LabeledMessage],
    judged: Sequence[LabeledMessage],
    *,
    left_out: int,
) -> dict[str, Any]:
    """How many messages trained, were held out, judged, or were left out of training."""
    per_driver = Counter(message.label.primary or UNKNOWN for message in kept)
    return {
        "training": len(kept),
        "held_out": len(held),
        "judging": len(judged),
        "same_text_as_held_out": left_out,
        "per_driver": dict(sorted(per_driver.items())),
    }


def training_remarks(
    model: Model,
    kept: Sequence[LabeledMessage],
    judged: Sequence[LabeledMessage],
) -> Iterable[str]:
    """What the numbers alone would not tell, a sentence each."""
    if model.manifest["threshold_from"] == OUT_OF_FOLD:
        yield (
            "Too few messages were held out to set the threshold by: it rests on out-of-fold "
            "predictions of the training messages."
        )
    if isinf(model.threshold):
        yield (
            f"No threshold could be shown to reach {model.target_precision:.0%} precision, so "
            "nothing is routed automatically: every message goes to a person."
        )
    if not judged:
        yield "No messages were held out, so nothing is known of what this model is worth."
    if several := sum(len(message.label.mentions) > 1 for message in kept):
        yield (
            f"{several:,} messages have several drivers: the model learned the primary one to "
            "route by, and beside it every driver a message is about."
        )
    few = [d for d, n in Counter(m.label.primary for m in kept if m.label.primary).items() if n < 5]
    if few:
        yield f"Fewer than five messages to learn from: {', '.join(sorted(few))}."
