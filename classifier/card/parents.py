"""What the card says of parents: right where the driver is not, and what is routed there."""

from classifier.card.tables import share, table
from classifier.evaluation import Evaluation

HOW = (
    "A parent's probability is the sum of its drivers'. Where the model is sure enough of the "
    "parent but of no driver, a message stops at the parent and goes to its queue; that is right "
    "where people name a driver below it that goes there, too."
)


def parents_section(evaluation: Evaluation) -> str:
    """The driver and its parent, right and routed; nothing where no driver has a parent."""
    found = evaluation.parents
    if found is None:
        return ""
    rows = (
        ("right driver", found.driver),
        ("wrong driver, right parent", found.only_parent),
        ("likeliest parent right", found.parent),
        ("routed by its driver", found.at_driver),
        ("of which right", found.right_at_driver),
        ("stopped at the parent", found.at_parent),
        ("of which right", found.right_at_parent),
    )
    drawn = [(name, share(each), f"{each.n:,}") for name, each in rows]
    figures = table(("figure", "value", "messages"), drawn)
    return f"## Drivers and their parents\n\n{HOW}\n\n{figures}"
