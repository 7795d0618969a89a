"""Of the messages that may be picked, those that teach most."""

from collections.abc import Sequence
from typing import Any, Protocol

from classifier.features import NgramFeatures
from classifier.model import Model
from labeling.first_sample import first_picks
from labeling.picks import Aim, Pick, learning_picks
from service.picking.candidates import Candidates


class Choose(Protocol):
    """A way to choose; see `chosen`."""

    def __call__(
        self,
        found: Candidates,
        model: Model | None,
        count: int,
        *,
        aims: Sequence[Aim],
        seed: int,
    ) -> list[Pick]: ...


def chosen(
    found: Candidates, model: Model | None, count: int, *, aims: Sequence[Aim], seed: int
) -> list[Pick]:
    """At most `count` of the candidates, in the order to ask them, by row.

    Without a model a bit of everything people write, evenly over channels and weeks.
    """
    features, keys = features_of(found.texts, model), range(len(found))
    if model is None:
        return first_picks(features, found.channels, found.weeks, keys, count, seed=seed)
    return learning_picks(features, model.judge(found.texts), keys, count, seed=seed, aims=aims)


def features_of(texts: Sequence[str], model: Model | None) -> Any:
    """What texts (n,) are compared by, (n, f): what the model reads them by, or their n-grams."""
    if model is None:
        return NgramFeatures().fit_transform(texts)
    if model.meaning is not None and model.meaning.encoder is not None:
        return model.meaning.encoder.encode(texts)
    return model.pipeline[:-1].transform(texts)
