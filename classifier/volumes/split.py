"""Did customers change, or did we? The change between two weeks that were not measured alike.

A week is measured by a *ruler*: the models that predicted its messages and the taxonomy in which
people answered. Let V(w) be a figure of week w as it is shown, by whatever rulers measured it, and
V'(w) the same figure had all of the week been measured by the newest ruler of the two weeks. Of
the change V(1) − V(0), with N messages in a week,

    contacts    = (N₁ − N₀) · V'(0)/N₀            more messages in all, at the shares of week 0
    mix         = N₁ · (V'(1)/N₁ − V'(0)/N₀)      another share of them, by one and the same ruler
    measurement = (V'(0) − V(0)) − (V'(1) − V(1))  what the newer ruler adds to either week

which add up exactly (mix is taken as what is left). A week that the newest ruler measured itself
has V' = V; a model swapped in the middle of a week counts for the days before it.

V' is estimated by a *bridge*: messages of the week, each read by both rulers. It holds for each
figure by itself:

- The **plain count** follows the model, and takes people's word where somebody was asked. V' is
  the newest model's own count of all messages: another model asks about other messages, too.
- A **total** is corrected by the same answers under both models: with one taxonomy both are right
  on average and measurement is 0 but for which questions happened to be drawn. Its interval says
  so. In the `point` that is shown there is besides what the blend believed of either model.
- With **another taxonomy** measurement is real. An answer names what there was to name: where its
  driver was split, merged or left out, it is divided over what it may be now (see
  `classifier.crosswalk`) in proportion to the new model's probabilities. Sums over what it was
  divided into stay as people said. The division is the model's word, and that learned from such
  answers, too: limits allow for odds that are off by a factor of `bridge.MISTAKEN` either way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from classifier.volumes.bridge import Bridge
from classifier.volumes.change import volume_change
from classifier.volumes.estimates import Volumes, estimate_volumes
from classifier.volumes.terms import Floats, VolumeTerms


@dataclass(frozen=True, eq=False, kw_only=True)
class Remeasured:
    """What the newest ruler makes of a week: `volumes` (V'), what it adds to the figure shown
    (`effect`, from `fewer` less to `more` more), and to the plain count (`plain` ±
    `plain_half`)."""

    volumes: Volumes
    effect: Floats
    fewer: Floats
    more: Floats
    plain: Floats
    plain_half: Floats

    @classmethod
    def alike(cls, shown: Volumes) -> Self:
        """A week that the newest ruler measured itself."""
        nothing = np.zeros(len(shown.point))
        parts = ("effect", "fewer", "more", "plain", "plain_half")
        return cls(volumes=shown, **dict.fromkeys(parts, nothing))


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """A part of a change in messages, (columns,) each; no limits where there is no estimate."""

    value: Floats
    low: Floats | None = None
    high: Floats | None = None

    @property
    def clear(self) -> NDArray[np.bool_]:
        """(columns,) True where the part is more than chance explains: its limits leave out 0."""
        if self.low is None or self.high is None:
            return np.zeros(len(self.value), dtype=np.bool_)
        return np.asarray((self.low > 0) | (self.high < 0))


@dataclass(frozen=True, eq=False, kw_only=True)
class Split:
    """A change between two weeks in three parts that add up to it; see the head of this module.

    `known` (columns,) is False where either week was not measured.
    """

    change: Floats
    contacts: Part
    mix: Part
    measurement: Part
    known: NDArray[np.bool_]


def remeasured(
    bridge: Bridge,
    shown: Volumes,
    history: Sequence[VolumeTerms] = (),
    *,
    trained: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.95,
) -> Remeasured:
    """What the newest ruler makes of a week that is shown as `shown`.

    `history` as in `estimate_volumes`; `trained`: what the models of the week had labels of, and
    what the newest has. Answers that came in after the bridge was made move both alike.
    """
    had, has = trained if trained is not None else (None, None)
    before = estimate_volumes(bridge.before, history, trained=had, level=level)
    after = estimate_volumes(bridge.after, history, trained=has, level=level)
    late, quantile = shown.point - before.point, float(ndtri((1 + level) / 2))
    more = quantile * np.sqrt(bridge.doubt)
    # How far the blend went along with either model is no finding about the week.
    shrunken = np.abs((after.point - after.total) - (before.point - before.total))
    low = after.point - np.hypot(after.point - after.low, more) - bridge.fewer
    high = after.point + np.hypot(after.high - after.point, more) + bridge.more
    half = quantile * np.sqrt(bridge.chance + bridge.doubt) + shrunken
    leeway = (bridge.fewer + bridge.more) / 2 / quantile
    volumes = replace(
        after,
        total=after.total + late,
        blend=after.blend + late,
        point=after.point + late,
        low=np.maximum(low + late, 0.0),
        high=np.maximum(high + late, 0.0),
        variance=after.variance + bridge.doubt + leeway**2,
    )
    return Remeasured(
        volumes=volumes,
        effect=after.point - before.point,
        fewer=half + bridge.fewer,
        more=half + bridge.more,
        plain=bridge.plain - bridge.before.naive,
        plain_half=quantile * np.sqrt(bridge.plain_doubt),
    )


def split_change(
    now: Volumes,
    then: Volumes,
    messages: tuple[int, int],
    *,
    by_newest: tuple[Remeasured, Remeasured] | None = None,
) -> Split:
    """The change shown between two weeks, in contacts, mix and measurement.

    `messages`: how many came in, now and then; `by_newest`: both weeks by the newest ruler, now
    and then; None where one ruler measured both. The limits of contacts and mix are those of the
    volumes they come from, MOVER for the mix (Zou & Donner 2008). Raises ValueError without
    messages then, and for columns that differ.
    """
    count, before = messages
    if before < 1:
        raise ValueError("a change needs messages in the week before")
    again, again_then = by_newest or (Remeasured.alike(now), Remeasured.alike(then))
    shown = volume_change(now, then)
    contacts = _scaled_part(again_then.volumes, count / before - 1)
    effect = again_then.effect - again.effect
    fewer, more = (np.hypot(again_then.fewer, again.more), np.hypot(again_then.more, again.fewer))
    measurement = Part(value=effect, low=effect - fewer, high=effect + more)
    mix = shown.difference - contacts.value - measurement.value
    limits = volume_change(again.volumes, _scaled(again_then.volumes, count / before))
    return Split(
        change=shown.difference,
        contacts=contacts,
        mix=Part(value=mix, low=np.minimum(limits.low, mix), high=np.maximum(limits.high, mix)),
        measurement=measurement,
        known=shown.known,
    )


def split_plain(
    now: ArrayLike,
    then: ArrayLike,
    messages: tuple[int, int],
    *,
    by_newest: tuple[Remeasured, Remeasured] | None = None,
) -> Split:
    """The same of plain counts (columns,), now and then. They are no estimates: contacts and mix
    have no limits, and those of the measurement say only that a sample was read again. Raises as
    `split_change` does."""
    this, last = np.asarray(now, dtype=np.float64), np.asarray(then, dtype=np.float64)
    count, before = messages
    if before < 1:
        raise ValueError("a change needs messages in the week before")
    effect: Floats = np.zeros(len(this))
    half, again_then = effect, last
    if by_newest is not None:
        effect = by_newest[1].plain - by_newest[0].plain
        half = np.hypot(by_newest[1].plain_half, by_newest[0].plain_half)
        again_then = last + by_newest[1].plain
    contacts = (count / before - 1) * again_then
    return Split(
        change=this - last,
        contacts=Part(value=contacts),
        mix=Part(value=this - last - contacts - effect),
        measurement=Part(value=effect, low=effect - half, high=effect + half),
        known=np.ones(len(this), dtype=np.bool_),
    )


def _scaled_part(volumes: Volumes, factor: float) -> Part:
    ends = (factor * volumes.low, factor * volumes.high)
    value = factor * volumes.point
    return Part(value=value, low=np.minimum(*ends), high=np.maximum(*ends))


def _scaled(volumes: Volumes, factor: float) -> Volumes:
    return replace(
        volumes,
        total=factor * volumes.total,
        blend=factor * volumes.blend,
        point=factor * volumes.point,
        low=factor * volumes.low,
        high=factor * volumes.high,
        variance=factor**2 * volumes.variance,
    )
