"""How much of the messages an encoder reads, and what more or less of it would be worth."""

from classifier.card.tables import figure, share, table
from classifier.cascade_curve import CascadeCurve, CascadePoint

PICTURE = "reading.svg"


def reading_section(curve: CascadeCurve | None) -> str:
    """Accuracy and speed against the share that is read; nothing without an encoder."""
    if curve is None:
        return ""
    how = (
        "The encoder reads what words leave in doubt, the most doubt a character first. Each row "
        "is a share of all there is to read, by the time it takes, and how right the model is "
        f"then: by {curve.chosen.accuracy.n:,} training messages, each judged by a model that had "
        "not seen it. Lost: how many fewer are right than if everything was read."
    )
    points = sorted({curve.chosen, *curve.points}, key=lambda each: each.read)
    columns = [
        "read",
        "of the messages",
        "accuracy",
        "lost",
        *(["messages/s"] if curve.pace else []),
    ]
    drawn = table(columns, [_row(each, curve) for each in points])
    picture = f"![Accuracy and reading]({PICTURE})"
    return "\n\n".join(["## What its encoder reads", _chosen(curve), how, picture, drawn])


def _chosen(curve: CascadeCurve) -> str:
    """What this model does, in a sentence."""
    at, pace = curve.chosen, curve.pace
    if curve.reads_all:
        said = "Its encoder reads every message"
    elif not at.messages:
        said = "Its encoder reads nothing but what has no word it knows"
    else:
        said = (
            f"Its encoder reads {at.messages:.0%} of the messages; of the others the words are "
            "sure enough"
        )
    if pace is None:
        return f"{said}."
    return (
        f"{said}: {pace.rate(at.read):,.0f} messages a second on one core, where reading all makes "
        f"{pace.rate(1.0):,.0f} (measured when it was trained, and without redaction)."
    )


def _row(point: CascadePoint, curve: CascadeCurve) -> tuple[str, ...]:
    here = " (here)" if point == curve.chosen else ""
    lost = figure(point.lost, point.lost_low, point.lost_high)
    cells = (f"{point.read:.1%}{here}", f"{point.messages:.1%}", share(point.accuracy), lost)
    return cells if curve.pace is None else (*cells, f"{curve.pace.rate(point.read):,.0f}")
