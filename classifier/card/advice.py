"""What would make the model better: labels, second opinions, or fewer drivers."""

from collections.abc import Sequence

from classifier.card.tables import code, share, table
from classifier.evaluation import ConfusablePair, Remedy
from classifier.evaluation.learning_curve import LearningCurve

PAIR_COLUMNS = ("drivers", "mixed up", "people disagree", "would settle it", "begin with")


def learning_section(curve: LearningCurve | None) -> str:
    """Accuracy against labels, and what more of them are worth."""
    if curve is None:
        return ""
    rows = [(f"{point.labels:,}", share(point.accuracy)) for point in curve.points]
    return "\n\n".join(
        [
            "## More labels",
            curve.sentence() + " By a power law through accuracy on the same judging messages; the "
            "range is due to those, and knows nothing of luck in which messages were labeled. "
            "Labels chosen to learn from are worth more than such random ones.",
            "![Learning curve](learning.svg)",
            table(("labels", "accuracy"), rows),
        ]
    )


def pairs_section(pairs: Sequence[ConfusablePair]) -> str:
    """Drivers that people or the model cannot tell apart, and the way out."""
    if not pairs:
        return ""
    how = (
        "Mixed up: of the messages that people and the model give to one of the two, the share "
        "they give to different ones. People disagree: the same for two people."
    )
    return f"## Hard to tell apart\n\n{how}\n\n" + table(PAIR_COLUMNS, map(_pair, pairs))


def _pair(pair: ConfusablePair) -> tuple[str, ...]:
    return (
        f"{code(pair.first)}, {code(pair.second)}",
        share(pair.confused),
        share(pair.disagreed),
        _remedy(pair),
        ", ".join(map(code, pair.message_ids[:5])),
    )


def _remedy(pair: ConfusablePair) -> str:
    worth = f"worth up to {100 * pair.gain:.1f} points"
    if pair.remedy is Remedy.MERGE:
        return f"one driver, or a clearer definition ({worth})"
    if pair.remedy is Remedy.LABELS:
        return f"{pair.more:,} more labels of the scarcer one ({worth})"
    return f"{pair.more:,} second opinions; if people mix them up too, one driver ({worth})"
