"""What a model is made of: messages to learn from, messages held out, and the taxonomy's words."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from classifier.counts import Counts
from classifier.errors import BadTaxonomy, TooFewLabels
from classifier.folds import counts_of, drivers_of, trainable
from classifier.messages import LabeledMessage
from classifier.model import fingerprint
from classifier.seeding import Seed, seeds_of, unlike
from classifier.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Material:
    """Messages to train on and those held out, which say nothing alike; `left_out` more were like
    one held out. `seeds`: training text from the taxonomy, if any. `counts`: the n-grams of all
    there is to train on."""

    kept: tuple[LabeledMessage, ...]
    held: tuple[LabeledMessage, ...]
    left_out: int
    seeds: tuple[Seed, ...]
    counts: Counts = field(repr=False, compare=False)


def material(
    messages: Sequence[LabeledMessage],
    taxonomy: Taxonomy,
    holdout: Sequence[bool] | None = None,
    *,
    seeded: bool = False,
) -> Material:
    """Split messages by `holdout` (n,), and see that there is enough to learn from.

    Raises `BadTaxonomy` for labels that are not leaves of the taxonomy, `TooFewLabels` without
    two drivers to tell apart.
    """
    inside = [False] * len(messages) if holdout is None else holdout
    pairs = list(zip(messages, inside, strict=True))
    held = tuple(message for message, out in pairs if out)
    texts = {fingerprint(message.text) for message in held}
    kept = tuple(m for m, out in pairs if not out and fingerprint(m.text) not in texts)
    seeds = unlike(seeds_of(taxonomy), [message.text for message in held]) if seeded else ()
    _check_labels(messages, taxonomy)
    _check_enough(kept, seeds)
    left_out = len(messages) - len(kept) - len(held)
    return Material(kept, held, left_out, tuple(seeds), counts_of(kept, seeds))


def _check_labels(messages: Sequence[LabeledMessage], taxonomy: Taxonomy) -> None:
    named = {driver for message in messages for driver in message.label.drivers}
    strange = sorted(named - set(taxonomy.leaves))
    if strange:
        raise BadTaxonomy("taxonomy", [_strange(driver, taxonomy) for driver in strange])


def _check_enough(kept: Sequence[LabeledMessage], seeds: Sequence[Seed]) -> None:
    learned = drivers_of(kept, seeds)
    if len(learned) < 2:
        raise TooFewLabels(
            f"labels for {len(learned)} driver{'' if len(learned) == 1 else 's'} to train on, and "
            "it takes at least two to tell apart: label more messages"
        )
    if not trainable(kept, seeds):
        raise TooFewLabels("none of the labeled messages has a word in it")


def _strange(driver: str, taxonomy: Taxonomy) -> str:
    if driver in taxonomy:
        return f"labels name {driver!r}, which has drivers below it: name one of those"
    return f"labels name {driver!r}, which is not a driver in it: add it, or correct the labels"
