"""What a model said of labeled messages, beside what is true of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from classifier.evaluation import Rate, grouped_rate, rate
from classifier.messages import LabeledMessage
from classifier.text import normalized

KEPT = 0.95


@dataclass(frozen=True)
class Judged:
    """A row (n,) a message.

    `top`: how sure the model is of its likeliest driver given that it is one of them, `unknown`:
    the probability that it is none of them; of a model without the two, any number that grows with
    sureness, and 0. `strange`: what grows with how unlike a driver it is. `right`: the likeliest
    driver is one the person names. `counted`: the person names a driver the model knows;
    `nothing`: none. `group`: a number shared by the same texts; `driver`: of the likeliest.
    """

    top: np.ndarray
    unknown: np.ndarray
    strange: np.ndarray
    right: np.ndarray
    counted: np.ndarray
    nothing: np.ndarray
    group: np.ndarray
    driver: np.ndarray
    language: np.ndarray

    @property
    def confidence(self) -> np.ndarray:
        return np.asarray((1 - self.unknown) * self.top)

    @property
    def routable(self) -> np.ndarray:
        """Messages of which a driver is likelier than none."""
        return np.asarray(self.confidence > self.unknown)

    def at(self, rows: np.ndarray) -> Self:
        return type(self)(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def accuracy(self) -> Rate:
        """Of messages whose driver the model knows; the same texts stand or fall together."""
        return grouped_rate(self.right[self.counted], self.group[self.counted])

    def to_dict(self) -> dict[str, list[Any]]:
        """Plain lists, that `from_dict` reads back."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, list[Any]]) -> Self:
        return cls(**{name: np.array(values) for name, values in data.items()})


def judged(
    messages: Sequence[LabeledMessage],
    drivers: Sequence[str],
    said: Sequence[str] | np.ndarray,
    top: np.ndarray,
    *,
    unknown: np.ndarray | None = None,
    strange: np.ndarray | None = None,
) -> Judged:
    """Put what a model that learned `drivers` `said` of messages (n) beside their labels.

    A driver of which it knows but the definition may be said and does not count.
    How strange a message is goes by `strange`, else by `unknown`, else by how low `top` is.
    """
    known = set(drivers)
    number = {text: at for at, text in enumerate(sorted({normalized(m.text) for m in messages}))}
    everything = sorted(known | {str(each) for each in said})
    column = {driver: at for at, driver in enumerate(everything)}
    if strange is None:
        strange = -top if unknown is None else unknown
    labels = [message.label.drivers for message in messages]
    return Judged(
        top=np.asarray(top, dtype=float),
        unknown=np.zeros(len(messages)) if unknown is None else np.asarray(unknown),
        strange=np.asarray(strange, dtype=float),
        right=np.array([each in named for each, named in zip(said, labels, strict=True)]),
        counted=np.array([not known.isdisjoint(named) for named in labels]),
        nothing=np.array([not named for named in labels]),
        group=np.array([number[normalized(message.text)] for message in messages]),
        driver=np.array([column[str(each)] for each in said]),
        language=np.array([message.language for message in messages]),
    )


def joined(parts: Sequence[Judged]) -> Judged:
    """Several as one; the same texts are in one part only, for folds are grouped by them."""
    first = np.cumsum([0, *(part.group.max() + 1 for part in parts)])
    columns = {
        each.name: np.concatenate([getattr(part, each.name) for part in parts])
        for each in fields(Judged)
    }
    shift = np.repeat(first[:-1], [len(part.top) for part in parts])
    return Judged(**{**columns, "group": columns["group"] + shift})


def auroc(found: Judged) -> float | None:
    """How often a message about nothing looks stranger than one about a driver."""
    nothing, driver = found.strange[found.nothing], found.strange[found.counted]
    if not len(nothing) or not len(driver):
        return None
    ranked = np.sort(driver)
    below = np.searchsorted(ranked, nothing, side="left")
    equal = np.searchsorted(ranked, nothing, side="right") - below
    return float((below + equal / 2).mean() / len(driver))


def recall_at_95_kept(found: Judged) -> Rate:
    """The share of messages about nothing that is caught where 95 % of the others pass."""
    nothing, driver = found.strange[found.nothing], found.strange[found.counted]
    if not len(nothing) or not len(driver):
        return rate(0, 0)
    return rate(nothing > np.quantile(driver, KEPT, method="higher"))


def empirical_threshold(found: Judged, target: float) -> float:
    """The lowest confidence from which so many of the messages about a driver are right."""
    rows = found.at(found.counted & found.routable)
    order = np.argsort(-rows.confidence, kind="stable")
    kept = np.flatnonzero(np.cumsum(rows.right[order]) >= target * np.arange(1, len(order) + 1))
    return float(rows.confidence[order][kept[-1]]) if len(kept) else float("inf")


def routed(found: Judged, threshold: float) -> tuple[Rate, Rate]:
    """Of messages about a driver: the share routed from a threshold on, and its precision."""
    rows = found.at(found.counted)
    sent = rows.routable & (rows.confidence >= threshold)
    return rate(sent), rate(rows.right[sent])


def _plain(values: np.ndarray) -> list[Any]:
    if values.dtype.kind == "f":
        return [float(f"{value:.7g}") for value in values]
    plain: list[Any] = values.tolist()
    return plain
