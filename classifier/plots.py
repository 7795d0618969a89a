"""Pictures of a model's worth, as SVG text. Drawn without a browser or a network."""

from textwrap import wrap
from typing import Any

import altair as alt
import vl_convert

from classifier.cascade_curve import CascadeCurve, CascadePoint
from classifier.evaluation import Evaluation
from classifier.evaluation.learning_curve import LearningCurve

WIDTH, HEIGHT, LINE = 420, 300, 60
INK, BLUE, PALE, RED = "#333333", "#1f5a94", "#9dbbd8", "#b3372f"
PERCENT = ".0%"


def reliability_plot(evaluation: Evaluation) -> str:
    """The probability a model gives its likeliest driver against the share that was right."""
    calibration = evaluation.calibration
    if calibration is None:
        return _svg(_empty("Reliability: no message with a known driver"))
    rows: list[dict[str, Any]] = [
        {"said": each.probability, "right": each.right.value}
        | {"low": each.right.low, "high": each.right.high}
        for each in calibration.bins
    ]
    title = _title(
        f"Reliability on {evaluation.known:,} messages",
        f"Expected calibration error {calibration.ece:.1%}",
        f"A perfectly calibrated model would show {calibration.perfect:.1%}",
    )
    floor = _floor(min(min(row["said"], row["low"]) for row in rows))
    scale = alt.Scale(domain=[floor, 1.0], nice=False)
    said = alt.X("said:Q", title="Probability the model gives", scale=scale)
    base = alt.Chart({"values": rows})
    spread = base.mark_rule(color=PALE, strokeWidth=2).encode(
        said, alt.Y("low:Q", title="Share that was right", scale=scale), alt.Y2("high:Q")
    )
    points = base.mark_circle(color=BLUE, size=55, opacity=1).encode(
        said, alt.Y("right:Q", scale=scale)
    )
    return _svg(_styled(_diagonal(floor, scale) + spread + points, title))


def coverage_plot(evaluation: Evaluation) -> str:
    """How often messages routed by the model are right, as it routes more of them itself."""
    points = [each for each in evaluation.coverage if each.precision.value is not None]
    if not points:
        return _svg(_empty("Coverage and precision: no message could be routed"))
    rows = [
        {"share": each.share, "precision": each.precision.value}
        | {"low": each.precision.low, "high": each.precision.high}
        for each in points
    ]
    lowest = min(each.precision.value or 0.0 for each in points) - 0.02
    floor = _floor(min(lowest, evaluation.auto.target))
    share = alt.X("share:Q", title="Share of messages routed by the model")
    share = share.scale(alt.Scale(domain=[0.0, 1.0]))
    scale = alt.Scale(domain=[floor, 1.0], nice=False)
    base = alt.Chart({"values": rows})
    band = base.mark_area(color=PALE, opacity=0.5, clip=True).encode(
        share, alt.Y("low:Q", title="Share of those that is right", scale=scale), alt.Y2("high:Q")
    )
    line = base.mark_line(color=BLUE, clip=True).encode(share, alt.Y("precision:Q", scale=scale))
    return _svg(_styled(band + line + _marks(evaluation, scale), _coverage_title(evaluation)))


def learning_plot(curve: LearningCurve) -> str:
    """Accuracy against labels, and the power law carried on to what more of them are worth."""
    rows: list[dict[str, Any]] = [
        {"labels": each.labels, "right": each.accuracy.value}
        | {"low": each.accuracy.low, "high": each.accuracy.high}
        for each in curve.points
    ]
    first, last = rows[0]["labels"], curve.labels + curve.extra
    at = [first + (last - first) * step / 60 for step in range(61)]
    law = [{"labels": each, "right": 1 - curve.wrong(each)} for each in at]
    floor = _floor(min(min(row["low"] for row in rows), law[0]["right"]))
    right = alt.Y("right:Q", title="Accuracy", scale=alt.Scale(domain=[floor, 1.0], nice=False))
    labels = alt.X("labels:Q", title="Labels", axis=alt.Axis(format=",.0f"))
    labels = labels.scale(alt.Scale(domain=[0, last], nice=False))
    base = alt.Chart({"values": rows})
    spread = base.mark_rule(color=PALE, strokeWidth=2).encode(
        labels, alt.Y("low:Q"), alt.Y2("high:Q")
    )
    points = base.mark_circle(color=BLUE, size=55, opacity=1).encode(labels, right)
    line = alt.Chart({"values": law}).mark_line(color=INK, strokeDash=[5, 4]).encode(labels, right)
    title = f"Learning curve, from {curve.labels:,} labels to {last:,}"
    return _svg(_styled(line + spread + points, _title(title, curve.sentence())))


def reading_plot(curve: CascadeCurve) -> str:
    """Accuracy as the encoder reads more, a dot where the model is."""
    rows = [_reading(each) for each in curve.points]
    floor = _floor(min(row["low"] for row in rows))
    read = alt.X("read:Q", title="Share of all there is to read that the encoder reads")
    scale = alt.Scale(domain=[floor, 1.0], nice=False)
    right = alt.Y("right:Q", title="Accuracy", scale=scale)
    base = alt.Chart({"values": rows})
    band = base.mark_area(color=PALE, opacity=0.5).encode(
        read, alt.Y("low:Q", scale=scale), alt.Y2("high:Q")
    )
    line = base.mark_line(color=BLUE).encode(read, right)
    dot = alt.Chart({"values": [_reading(curve.chosen)]}).mark_circle(color=RED, size=90, opacity=1)
    return _svg(_styled(band + line + dot.encode(read, right), _reading_title(curve)))


def _reading(point: CascadePoint) -> dict[str, Any]:
    found = point.accuracy
    return {"read": point.read, "right": found.value, "low": found.low, "high": found.high}


def _reading_title(curve: CascadeCurve) -> alt.TitleParams:
    at, pace = curve.chosen, curve.pace
    here = f"Here {at.accuracy.value:.1%} with {at.messages:.0%} of the messages read"
    return _title(
        f"Accuracy and reading, by {at.accuracy.n:,} messages",
        here if pace is None else f"{here}, {pace.rate(at.read):,.0f} messages/s a core",
        "The band holds 95 %",
    )


def _marks(evaluation: Evaluation, scale: alt.Scale) -> Any:
    """The target as a dashed line, the model's threshold as a dot."""
    auto = evaluation.auto
    target = (
        alt.Chart({"values": [{"target": auto.target}]})
        .mark_rule(color=RED, strokeDash=[5, 4])
        .encode(alt.Y("target:Q", scale=scale))
    )
    at = (
        [{"share": auto.share.value, "precision": auto.precision.value}] if auto.precision.n else []
    )
    dot = (
        alt.Chart({"values": at})
        .mark_circle(color=RED, size=90, opacity=1)
        .encode(alt.X("share:Q"), alt.Y("precision:Q", scale=scale))
    )
    return alt.layer(target, dot)


def _coverage_title(evaluation: Evaluation) -> alt.TitleParams:
    auto = evaluation.auto
    routed = (
        f"At the threshold {auto.share.value:.1%} routed, {auto.precision.value:.1%} of it right"
        if auto.precision.value is not None
        else "At the threshold nothing is routed"
    )
    return _title(
        f"Coverage and precision on {evaluation.n:,} messages",
        routed,
        f"Dashed: the target {auto.target:.1%}; the band holds 95 %",
    )


def _title(title: str, *lines: str) -> alt.TitleParams:
    """A title over lines short enough for fonts wider than ours: a picture does not grow."""
    return alt.TitleParams(title, subtitle=[part for line in lines for part in wrap(line, LINE)])


def _diagonal(floor: float, scale: alt.Scale) -> Any:
    ends: dict[str, Any] = {"values": [{"at": floor}, {"at": 1.0}]}
    line = alt.Chart(ends).mark_line(color=INK, strokeDash=[5, 4], strokeWidth=1)
    return line.encode(alt.X("at:Q", scale=scale), alt.Y("at:Q", scale=scale))


def _floor(lowest: float) -> float:
    """The next tenth below, so that the axis begins at a round number."""
    return max(0.0, int(lowest * 10) / 10)


def _empty(words: str) -> Any:
    chart = alt.Chart({"values": [{"x": 0}]}).mark_point(opacity=0)
    return _styled(chart, alt.TitleParams(words))


def _styled(chart: Any, title: alt.TitleParams) -> Any:
    return (
        chart.properties(width=WIDTH, height=HEIGHT, title=title, background="white")
        .configure_title(anchor="start", fontSize=15, subtitleFontSize=12, subtitleColor=INK)
        .configure_axis(format=PERCENT, labelFontSize=11, titleFontSize=12, gridColor="#e6e6e6")
        .configure_view(stroke=None)
    )


def _svg(chart: Any) -> str:
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))
