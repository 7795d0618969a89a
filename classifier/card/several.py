"""What the card says of messages with several drivers: the sets, and every driver's probability."""

from classifier.card.tables import code, figure, share, table
from classifier.evaluation import Evaluation, Several
from classifier.evaluation.mention_calibration import DriverShare

WORST = 8
COLUMNS = ("driver", "says on average", "is so")


def several_section(evaluation: Evaluation) -> str:
    """The drivers it says of a message beside those people do; nothing where each has one."""
    found = evaluation.several
    if found is None:
        return ""
    return "\n\n".join(
        part
        for part in (
            "## Several drivers in a message",
            f"{found.several:,} of {found.n:,} messages have more than one driver. People name "
            f"{found.named:.2f} a message, the model {found.said:.2f}. Accuracy counts its "
            "likeliest driver as right where people name it at all.",
            _worth(found),
            _calibration(found),
        )
        if part
    )


def _worth(found: Several) -> str:
    f1, n = found.f1, f"{found.n:,}"
    others, added = found.others_recall, found.others_precision
    rows = [
        ("exactly the drivers people name", share(found.exact), n),
        ("micro F1", figure(f1.micro, f1.micro_low, f1.micro_high), n),
        ("F1 of a message, on average", share(found.example_f1), n),
        ("its likeliest driver is people's first", share(found.primary), f"{found.primary.n:,}"),
        ("of the drivers beside people's first, found", share(others), f"{others.n:,}"),
        ("of the drivers beside its likeliest, right", share(added), f"{added.n:,}"),
    ]
    return table(("figure", "value", "of"), rows)


def _calibration(found: Several) -> str:
    error = found.calibration
    if error is None:
        return ""
    off = sorted((each for each in found.drivers if each.off), key=lambda each: -abs(each.gap))
    said = (
        "Whether a driver is there as often as it says: over all yes-or-no probabilities, most of "
        f"them near zero, the gap is {figure(error.ece, error.low, error.high)} on average "
        "(expected calibration error, 15 bins of equal mass); a perfectly calibrated model would "
        f"show {error.perfect:.1%} by chance. {_off(len(off), len(found.drivers))}"
    )
    return f"{said}\n\n{table(COLUMNS, map(_row, off[:WORST]))}" if off else said


def _off(off: int, drivers: int) -> str:
    """How many drivers the probabilities are off for, and how many would be by luck."""
    if not off:
        return "Of every driver, what it says on average lies within the interval of what is so."
    return (
        f"Of {off:,} of {drivers:,} drivers, what it says on average lies outside the interval of "
        "what is so; luck makes that of 1 in 20 at most."
    )


def _row(each: DriverShare) -> tuple[str, ...]:
    return (code(each.driver), f"{each.probability:.1%}", share(each.share))
