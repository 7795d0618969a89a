"""A model's card: what it was made from, what it is worth, and what it is bad at, in Markdown.

A card holds counts, driver ids and message ids, never message text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from classifier.card.advice import learning_section, pairs_section
from classifier.card.parents import parents_section
from classifier.card.promises import promise_section
from classifier.card.reading import reading_section
from classifier.card.several import several_section
from classifier.card.summary import summary_section
from classifier.card.tables import code, counts, figure, share, table
from classifier.card.worth import weighted_section, worth_section
from classifier.cascade_curve import CascadeCurve
from classifier.evaluation import Confusion, DriverScore, Evaluation, Rate, Slice, rate
from classifier.messages import LabeledMessage
from classifier.promise import QueuePromise

WORST = 8
PAIRS = 12
FEW = 10
"""Below this many messages a driver's own figures say too little to call it bad."""
DRIVER_COLUMNS = ("driver", "messages", "precision", "recall", "F1")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """What a model was trained on: counts, ISO weeks (None when no message is dated)."""

    messages: int
    unknown: int = 0
    first_week: str | None = None
    last_week: str | None = None
    languages: Mapping[str, int] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How a model was made: `threshold_messages` is the number of messages its threshold was set
    on, held out apart from those that judge it or, if `out_of_fold`, its training messages as
    predicted by models that had not seen them; `settings` are shown as they are."""

    version: str
    taxonomy: str
    threshold_messages: int
    out_of_fold: bool = False
    assurance: float = 0.9
    promotion: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)


def training_data(
    messages: Iterable[LabeledMessage], *, timezone: str = "Europe/Amsterdam"
) -> TrainingData:
    """Count the messages a model is trained on; weeks are those of `timezone`."""
    languages: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    weeks: set[str] = set()
    unknown, zone = 0, ZoneInfo(timezone)
    for message in messages:
        languages[message.language] += 1
        channels[message.channel] += 1
        unknown += message.label.primary is None
        if message.received_at is not None:
            weeks.add("{}-W{:02}".format(*message.received_at.astimezone(zone).isocalendar()[:2]))
    return TrainingData(
        messages=sum(languages.values()),
        unknown=unknown,
        first_week=min(weeks, default=None),
        last_week=max(weeks, default=None),
        languages=dict(languages.most_common()),
        channels=dict(channels.most_common()),
    )


def write_card(
    making: Making,
    data: TrainingData,
    evaluation: Evaluation,
    *,
    promises: Iterable[QueuePromise] = (),
    reading: CascadeCurve | None = None,
) -> str:
    """The card as Markdown.

    It shows `reliability.svg`, `coverage.svg` and, with a learning curve, `learning.svg` from the
    same folder; with `reading`, what an encoder is asked, also `reading.svg`.
    """
    sections = (
        _heading(making, data, evaluation),
        summary_section(evaluation),
        worth_section(evaluation),
        several_section(evaluation),
        parents_section(evaluation),
        weighted_section(evaluation),
        _weaknesses(evaluation),
        pairs_section(evaluation.confusable),
        learning_section(evaluation.learning),
        reading_section(reading),
        _threshold(making, evaluation),
        promise_section(promises),
        _reliability(evaluation),
        _slices(evaluation.slices),
        _drivers(evaluation.drivers),
        _data(data),
        _settings(making),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _heading(making: Making, data: TrainingData, evaluation: Evaluation) -> str:
    lines = [
        f"# Model {making.version}",
        f"{len(evaluation.drivers)} drivers of taxonomy {code(making.taxonomy)}, learned from "
        f"{data.messages:,} labeled messages and judged on {evaluation.n:,} others. "
        "Between brackets: 95 % intervals.",
    ]
    return "\n\n".join([*lines, making.promotion] if making.promotion else lines)


def _data(data: TrainingData) -> str:
    weeks = f"{data.first_week} to {data.last_week}" if data.first_week else "not dated"
    rows = [
        ("messages", f"{data.messages:,}"),
        ("about none of the drivers", f"{data.unknown:,}"),
        ("weeks", weeks),
        ("languages", counts(data.languages)),
        ("channels", counts(data.channels)),
    ]
    return "## Data\n\n" + table(("learned from", ""), rows)


def _threshold(making: Making, evaluation: Evaluation) -> str:
    auto = evaluation.auto
    source = (
        "training messages, each predicted by a model that had not seen it"
        if making.out_of_fold
        else "messages that neither trained nor judge the model"
    )
    how = (
        f"The threshold is the lowest confidence at which at least {auto.target:.1%} of what is "
        f"routed is right, with {making.assurance:.0%} assurance (one-sided Clopper-Pearson). It "
        f"was set on {making.threshold_messages:,} {source}: "
    )
    how += (
        "no confidence kept that promise, so every message goes to a person."
        if auto.to_dict()["threshold"] is None
        else f"{auto.threshold:.3f}."
    )
    picture = "![Coverage and precision](coverage.svg)"
    parts = ("## Coverage and precision", how, picture, _curve(evaluation))
    return "\n\n".join(part for part in parts if part)


def _curve(evaluation: Evaluation) -> str:
    steps = evaluation.coverage[11::12]
    rows = [(f"{each.share:.0%}", f"{each.threshold:.3f}", share(each.precision)) for each in steps]
    return table(("routed", "from confidence", "right"), rows) if rows else ""


def _reliability(evaluation: Evaluation) -> str:
    found = evaluation.calibration
    if found is None:
        return "## Reliability\n\nNot measured: no judging message has a driver the model knows."
    error = figure(found.ece, found.low, found.high)
    which = "likeliest driver" + (", right if people name it first" if evaluation.several else "")
    return (
        "## Reliability\n\nWhether it is right as often as it says. The gap between the two, on "
        f"average, is {error} on {evaluation.known:,} messages (expected calibration error; "
        f"{which}, 15 bins of equal mass); a perfectly calibrated model would show "
        f"{found.perfect:.1%} by chance.\n\n![Reliability](reliability.svg)\n\n"
    ) + table(
        ("says", "is right", "messages"),
        [(f"{b.probability:.1%}", share(b.right), f"{b.right.n:,}") for b in found.bins],
    )


def _weaknesses(evaluation: Evaluation) -> str:
    parts = ["## What it is bad at", _worst(evaluation.drivers), _pairs(evaluation.confusions)]
    recall = evaluation.unknown.recall_at_95_kept
    if recall.value is None:
        parts.append("Messages about none of the drivers: not measured, there were none to judge.")
    else:
        missed = share(rate(round((1 - recall.value) * recall.n), recall.n))
        parts.append(
            f"Messages about none of the drivers: {missed} of {recall.n:,} look like "
            "a driver it knows when 95 % of the others are let through."
        )
    return "\n\n".join(part for part in parts if part)


def _worst(drivers: Sequence[DriverScore]) -> str:
    measured = sorted((each for each in drivers if each.support >= FEW), key=lambda d: d.f1)
    few = sum(each.support < FEW for each in drivers)
    rows = [_driver_row(each) for each in measured[:WORST] if each.f1 < 1.0]
    some = "1 driver" if few == 1 else f"{few} drivers"
    note = f"Too few messages to say of {some}: fewer than {FEW} to judge." if few else ""
    drawn = table(DRIVER_COLUMNS, rows) if rows else ""
    return "\n\n".join(part for part in (drawn, note) if part)


def _pairs(pairs: Sequence[Confusion]) -> str:
    """What happened once is noise, unless nothing happened twice."""
    pairs = [each for each in pairs if each.count > 1] or pairs
    rows = [
        (code(p.label), code(p.predicted), f"{p.count:,}", ", ".join(map(code, p.message_ids)))
        for p in pairs[:PAIRS]
    ]
    return table(("people say", "the model says", "times", "message ids"), rows) if rows else ""


def _slices(slices: Sequence[Slice]) -> str:
    """Languages, channels and weeks; where all messages are of one, it says nothing new."""
    kinds = Counter(each.kind for each in slices)
    rows = [
        (each.kind, code(each.name), f"{each.n:,}", *map(share, _rates_of(each)))
        for each in slices
        if kinds[each.kind] > 1
    ]
    columns = ("by", "", "messages", "accuracy", "routed", "of which right")
    return "## Languages, channels and time\n\n" + table(columns, rows) if rows else ""


def _rates_of(each: Slice) -> tuple[Rate, ...]:
    return (each.accuracy, each.share, each.precision)


def _drivers(drivers: Sequence[DriverScore]) -> str:
    seen = [each for each in drivers if each.support or each.precision.n]
    rest = [code(each.driver) for each in drivers if not (each.support or each.precision.n)]
    note = f"Not measured, for want of a message: {', '.join(rest)}." if rest else ""
    how = (
        "Precision: of the messages it gives this driver, the share that is. Recall: of the "
        "messages of this driver, the share it finds. F1 is between the two."
    )
    drawn = table(DRIVER_COLUMNS, [_driver_row(each) for each in seen]) if seen else ""
    return "\n\n".join(part for part in ("## Drivers", how, drawn, note) if part)


def _driver_row(each: DriverScore) -> tuple[str, ...]:
    figures = (share(each.precision), share(each.recall))
    f1 = figure(each.f1, each.f1_low, each.f1_high) if each.support else "not measured"
    return (code(each.driver), f"{each.support:,}", *figures, f1)


def _settings(making: Making) -> str:
    rows = [(code(name), code(str(value))) for name, value in making.settings.items()]
    return "## Settings\n\n" + table(("setting", "value"), rows) if rows else ""
