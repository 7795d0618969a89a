"""Labels that look wrong: which to look at again first, and why. Pure.

A model that has not seen a message says how likely each driver is; the label says what a person
chose. Between the two stands how people err: for each driver, how often its messages get each
label. That table is learned from all the messages together (expectation and maximization, Dawid
and Skene 1979, with the model as the first witness), and then says of each label how likely it is
wrong. Mistakes that people make again and again, one driver for another, are found by their number
where the model alone has come to believe them. Confident learning (Northcutt, Jiang and Chuang
2021) cuts at thresholds first; its per-driver thresholds are among the reasons given here.

What a model says must come from folds that did not train on the message (`classifier.folds`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from classifier.messages import UNKNOWN, LabeledMessage, Predictions
from classifier.text import normalized

Floats = NDArray[np.float64]

SOFTENING: Final = 1.75
"""A model trained on wrong labels is too sure of them: its logits are divided by this."""
STANDS_OUT: Final = 4.0
"""And from so many times the usual share, where there are few drivers."""
EVENLY: Final = 100.0
"""Messages' worth of belief, a driver, that mistakes fall on all other drivers evenly."""
FIRST_SHARE: Final = 0.03
LEAST_SHARE, MOST_SHARE = 0.01, 0.3
ROUNDS: Final = 30
HABIT: Final = 0.01
"""From this share of a driver's messages on, one label in another's place is a habit. The share
comes out too small, for the model has partly come to expect it; what is smaller yet is mostly the
model's own confusion."""


class Why(StrEnum):
    """What speaks against a label, the strongest first.

    `same_text`: another message says the same and has the label the model believes in.
    `habit`: messages of the believed driver often get this label.
    `sure`: the model is as sure of the believed driver as it is of messages labeled so.
    `unlikely`: it finds another driver likelier, without being sure.
    """

    SAME_TEXT = "same_text"
    HABIT = "habit"
    SURE = "sure"
    UNLIKELY = "unlikely"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A label that looks wrong, by the `row` and id of its message.

    `believed`: the driver it should have, "unknown" for none of them. `doubt` in [0, 1] orders
    suspects and is no calibrated probability. `own` and `other`: the model's probabilities of the
    label and of the believed driver; `usual`: its mean probability of the believed driver where
    that is the label. `habit`: the estimated share of the believed driver's messages that get this
    label. `same_text`: ids of messages with the same text and the believed label.
    """

    row: int
    message_id: str
    label: str
    believed: str
    why: Why
    doubt: float
    own: float
    other: float
    usual: float
    habit: float
    same_text: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """How each of n labels looks, over c columns.

    `doubt` (n,) in [0, 1], the higher the likelier the label is wrong; nan where nothing can be
    said. `believed` (n,): the column the model finds likeliest that is not one of the label's.
    `mistakes` (c, c): how often a message of each column (row) gets each label (column), as far as
    the model has not come to expect it; rows sum to 1.
    """

    doubt: Floats
    believed: NDArray[np.intp]
    mistakes: Floats


def suspects(
    messages: Sequence[LabeledMessage], predictions: Predictions, *, most: int | None = None
) -> list[Suspect]:
    """The labels of messages (n,) that the model finds another driver likelier than, the most
    doubtful first; at most `most` of them.

    `predictions` (n,) are out-of-fold, calibrated, in the same order. Any driver of a label counts
    as its own. A label of a driver that no fold knew is never suspected.
    """
    names = (*predictions.drivers, UNKNOWN)
    chances = np.column_stack([predictions.primary, predictions.unknown])
    labels, right = _columns(messages, names)
    found = doubts(chances, labels, right)
    other = chances[np.arange(len(labels)), found.believed]
    candidates = np.isfinite(found.doubt) & (other > np.where(right, chances, 0.0).max(axis=1))
    order = np.argsort(-np.nan_to_num(found.doubt), kind="stable")
    usual, same = usual_certainty(chances, labels), _same_text(messages)
    return [
        _suspect(row, messages[row], names, (chances[row], labels[row], usual), found, same)
        for row in order[candidates[order]][:most].tolist()
    ]


def doubts(
    chances: Floats, labels: NDArray[np.intp], right: NDArray[np.bool_] | None = None
) -> Doubts:
    """How labels (n,), columns of `chances` (n, c), look; -1 for one that is none of them.

    `chances`: out-of-fold probabilities, rows summing to 1. `right` (n, c): all the columns of
    each label, where it has several. Nothing is said of a label that the model gives no chance at
    all: it never knew it.
    """
    rows = np.arange(len(labels))
    judged = (labels >= 0) & (chances[rows, labels] > 0)
    soft = _softened(chances[judged])
    mistakes = usual_mistakes(soft, labels[judged])
    own = right if right is not None else labels[:, None] == np.arange(chances.shape[1])
    belief = np.zeros(chances.shape)
    belief[judged] = _beliefs(soft, labels[judged], mistakes)
    doubt = np.where(judged, np.where(own, 0.0, belief).sum(axis=1), np.nan)
    return Doubts(doubt, np.where(own, -1.0, chances).argmax(axis=1), mistakes)


def usual_mistakes(chances: Floats, labels: NDArray[np.intp]) -> Floats:
    """How often a message of each column gets each label (c, c), from chances and labels (n,).

    Rows sum to 1. Mistakes are taken to fall on all other columns evenly, as many of them as there
    are altogether, except where the labels say that they are a habit.
    """
    n, c = chances.shape
    given = csr_matrix((np.ones(n), (labels, np.arange(n))), shape=(c, n))
    share = FIRST_SHARE
    mistakes = _even(c, share)
    for _ in range(ROUNDS if n else 0):
        belief = _beliefs(chances, labels, mistakes)
        wrong = 1.0 - float(belief[np.arange(n), labels].mean())
        share = min(max(wrong, LEAST_SHARE), MOST_SHARE)
        counts = (given @ belief).T + EVENLY * _even(c, share)
        mistakes = counts / counts.sum(axis=1, keepdims=True)
    return _habits(mistakes) if c > 1 else mistakes


def usual_certainty(chances: Floats, labels: NDArray[np.intp]) -> Floats:
    """The mean probability (c,) of each column where it is the label: the thresholds of confident
    learning. 1 for a column that is no label."""
    known = labels >= 0
    counts = np.bincount(labels[known], minlength=chances.shape[1])
    own = chances[np.flatnonzero(known), labels[known]]
    sums = np.bincount(labels[known], own, minlength=chances.shape[1])
    return np.divide(sums, counts, out=np.ones(chances.shape[1]), where=counts > 0)


def _softened(chances: Floats) -> Floats:
    soft = chances ** (1 / SOFTENING)
    return np.asarray(soft / soft.sum(axis=1, keepdims=True))


def _beliefs(chances: Floats, labels: NDArray[np.intp], mistakes: Floats) -> Floats:
    """The probability (n, c) of each column being right, given the chances and the label."""
    joint = chances * mistakes.T[labels]
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _even(c: int, share: float) -> Floats:
    """Mistakes (c, c) that fall on all other columns evenly, this share of all labels."""
    return np.where(np.eye(c, dtype=bool), 1.0 - share, share / max(c - 1, 1))


def _habits(mistakes: Floats) -> Floats:
    """The same with nothing but habits (c, c) standing out from what is usual."""
    right = np.eye(len(mistakes), dtype=bool)
    usual = float(np.median(mistakes[~right]))
    stands_out = mistakes >= max(HABIT, STANDS_OUT * usual)
    kept = np.where(stands_out, mistakes, np.minimum(mistakes, usual))
    kept[right] = 0.0
    return np.asarray(kept + np.diag(1.0 - kept.sum(axis=1)), dtype=np.float64)


def _columns(
    messages: Sequence[LabeledMessage], names: Sequence[str]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The column of each message's main driver (n,), -1 for none, and of all of them (n, c)."""
    place = {name: column for column, name in enumerate(names)}
    right = np.zeros((len(messages), len(names)), dtype=bool)
    for row, message in enumerate(messages):
        said = (message.label.primary or UNKNOWN, *message.label.also)
        right[row, [place[each] for each in said if each in place]] = True
    labels = [place.get(message.label.primary or UNKNOWN, -1) for message in messages]
    return np.array(labels, dtype=np.intp), right


def _same_text(messages: Sequence[LabeledMessage]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Ids of messages by normalized text and label."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in messages:
        found[normalized(each.text), each.label.primary or UNKNOWN].append(each.message_id)
    return {key: tuple(ids) for key, ids in found.items()}


def _suspect(
    row: int,
    message: LabeledMessage,
    names: Sequence[str],
    said: tuple[Floats, int, Floats],
    found: Doubts,
    same: dict[tuple[str, str], tuple[str, ...]],
) -> Suspect:
    chances, label, usual = said
    believed = int(found.believed[row])
    habit, other = float(found.mistakes[believed, label]), float(chances[believed])
    same_text = same.get((normalized(message.text), names[believed]), ())
    reasons = {
        Why.SAME_TEXT: bool(same_text),
        Why.HABIT: habit >= HABIT,
        Why.SURE: other >= usual[believed],
        Why.UNLIKELY: True,
    }
    return Suspect(
        row=row,
        message_id=message.message_id,
        label=names[label],
        believed=names[believed],
        why=next(why for why, holds in reasons.items() if holds),
        doubt=float(found.doubt[row]),
        own=float(chances[label]),
        other=other,
        usual=float(usual[believed]),
        habit=habit,
        same_text=same_text,
    )
