"""How unlike everything it learned from a message is: the score behind "none of these".

Three kinds of evidence, none of which needs a single message about nothing:

- the largest logit: what fits no driver has low ones everywhere (Hendrycks et al. 2022, "MaxLogit")
- words never seen in training, by how much they would tell: another language, another subject
- with an encoder, the distance to the nearest training message (Sun et al. 2022, "Out-of-
  Distribution Detection with Deep Nearest Neighbors")

What each weighs is learned from drivers that were left out of training (see `left_out`).

A language nobody trained on is another matter: drivers left out are in the same languages, so they
teach nothing of it. It is told by its words, one by one (see `Vocabulary.foreign`).
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from classifier.text import ORDER_CODE

LETTERS = re.compile(r"\b[^\W\d_]+\b")
MOST_WORDS = 50_000
FEWEST = 10
"""Messages of each kind below which only the logits are listened to."""

PENALTY = 1e-3

FOREIGN_SHARE = 0.01
"""How many messages are in a language nobody trained on, before a word of them is read."""

FOREIGN_UNSEEN = 0.8
"""How much of another language was never seen: one word in five looks like one that was."""

BEGINNING = 5
"""Letters by which a word is known as one of a language: the same when it is inflected, misspelled
further on, or put before another word as Dutch and German do."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of n training texts: how much each would tell, from ln(n + 1) + 1 down to 1.

    `beginnings`: how many of the texts have a word that starts with these letters, five at most.
    `fresh` in (0, 1]: the chance that the next word is new.
    """

    rarity: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    unseen: float = 1.0
    beginnings: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    fresh: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fresh", _fresh(self.beginnings.values()))

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """The vocabulary of texts (n,), of 50,000 words at most, the commonest ones."""
        words = [_words(text) for text in texts]
        counts = Counter(word for each in words for word in each).most_common(MOST_WORDS)
        n = len(texts) + 1
        rarity = {word: float(np.log(n / (count + 1)) + 1) for word, count in counts}
        beginnings = Counter(beginning for each in words for beginning in _beginnings(each))
        return cls(MappingProxyType(rarity), float(np.log(n) + 1), MappingProxyType(beginnings))

    def heard(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """What there is in each text (n, 4): how much its words seen in training tell together, and
        how many others it has; how many beginnings of words that were seen, and how many others.

        Each word counts once. Numbers and codes are no words.
        """
        return self._heard(texts, self.beginnings.keys())

    def unseen_share(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """How much of what each text (n,) tells is in words never seen, from 0 to 1; a text
        without any word is 1."""
        return self.unseen_share_of(self.heard(texts))

    def unseen_share_of(self, heard: NDArray[np.float64]) -> NDArray[np.float64]:
        """`unseen_share` (n,) of texts in which that is `heard` (n, 4)."""
        unseen = self.unseen * heard[:, 1]
        told = heard[:, 0] + unseen
        nothing = told == 0
        return np.asarray((unseen + nothing) / (told + nothing), dtype=np.float64)

    def foreign(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability (n,) that each text is in a language nobody trained on.

        By Bayes' rule from its words, each known by its beginning: one was never seen with a
        chance of `fresh` in an ordinary text, and of 0.8 in a foreign one. 0 where training texts
        are so few that `fresh` is no less than that.
        """
        return self.foreign_of(self.heard(texts))

    def foreign_left_out(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """`foreign` (n,) of its own training texts, each as if it had not been one: a beginning
        that stands in no other was never seen."""
        often = {beginning for beginning, count in self.beginnings.items() if count > 1}
        return self.foreign_of(self._heard(texts, often))

    def foreign_of(self, heard: NDArray[np.float64]) -> NDArray[np.float64]:
        """`foreign` (n,) of texts in which that is `heard` (n, 4)."""
        if self.fresh >= FOREIGN_UNSEEN:
            return np.zeros(len(heard))
        before = math.log(FOREIGN_SHARE / (1 - FOREIGN_SHARE))
        for_it = math.log(FOREIGN_UNSEEN / self.fresh)
        against_it = math.log((1 - FOREIGN_UNSEEN) / (1 - self.fresh))
        odds = before + heard[:, 3] * for_it + heard[:, 2] * against_it
        return np.asarray(expit(odds), dtype=np.float64)

    def _heard(self, texts: Sequence[str], seen: Collection[str]) -> NDArray[np.float64]:
        found = [(*self._told(words), *_known(words, seen)) for words in map(_words, texts)]
        return np.array(found, dtype=np.float64).reshape(-1, 4)

    def _told(self, words: Collection[str]) -> tuple[float, int]:
        """How much those that were seen tell, added up in their order, and how many were not."""
        told, unseen = 0.0, 0
        for word in words:
            if word in self.rarity:
                # Not by `sum`, which rounds otherwise in later Pythons, and in the compiled reader.
                told += self.rarity[word]
            else:
                unseen += 1
        return told, unseen


@dataclass(frozen=True, slots=True)
class Novelty:
    """What was seen, and what each kind of evidence weighs (≥ 0).

    Without a vocabulary nothing is made of words; by default only the logits count.
    """

    vocabulary: Vocabulary | None = None
    weights: tuple[float, ...] = (1.0,)

    def heard(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """What the vocabulary hears in each text (n, 4); zeros without one."""
        known = self.vocabulary
        return np.zeros((len(texts), 4)) if known is None else known.heard(texts)

    def scores(
        self,
        heard: NDArray[np.float64],
        logits: NDArray[np.float64],
        nearest: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Raw unknown scores (n,), unbounded: the higher, the less a text is like any driver.

        `heard` (n, 4) in the texts; `logits` (n, k), -inf allowed; `nearest` (n,): the cosine of
        the nearest training message.
        """
        unseen = None if self.vocabulary is None else self.vocabulary.unseen_share_of(heard)
        return weighed(evidence(logits, unseen, nearest), self.weights)

    def foreign(self, heard: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability (n,) that each text, by what is `heard` (n, 4) in it, is in a language
        nobody trained on; 0 without a vocabulary to tell by."""
        known = self.vocabulary
        return np.zeros(len(heard)) if known is None else known.foreign_of(heard)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `from_dict` reads back."""
        known = self.vocabulary or Vocabulary()
        return {
            "words": dict(known.rarity),
            "unseen": known.unseen,
            "beginnings": dict(known.beginnings),
            "weights": list(self.weights),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        words, beginnings = data["words"], data.get("beginnings", {})
        vocabulary = Vocabulary(
            MappingProxyType(words), data["unseen"], MappingProxyType(beginnings)
        )
        return cls(vocabulary if data["words"] else None, tuple(data["weights"]))


def evidence(
    logits: NDArray[np.float64],
    unseen: NDArray[np.float64] | None = None,
    nearest: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Columns (n, 1 to 3) that grow with strangeness: minus the largest logit, the share of what
    is said in unseen words, and the distance to the nearest training message."""
    found = np.zeros((len(logits), 2 if nearest is None else 3))
    np.negative(logits.max(axis=1), out=found[:, 0])
    if unseen is not None:
        found[:, 1] = unseen
    if nearest is not None:
        found[:, 2] = 1 - nearest
    return found


def weighed(found: NDArray[np.float64], weights: Sequence[float]) -> NDArray[np.float64]:
    """The score (n,) of evidence (n, e): its sum by weights (at most e of them, the rest are 0)."""
    return np.asarray(found[:, : len(weights)] @ np.asarray(weights), dtype=np.float64)


def fit_weights(known: NDArray[np.float64], strange: NDArray[np.float64]) -> tuple[float, ...]:
    """What each column of evidence weighs, by logistic regression with weights ≥ 0.

    `known` (n, e) and `strange` (m, e) count alike, whatever n and m. Weights are in units of the
    first column's, which is never left out; with fewer than ten of either, it is all there is.
    """
    width = known.shape[1]
    alone = (1.0,) + (0.0,) * (width - 1)
    if min(len(known), len(strange)) < FEWEST:
        return alone
    rows = np.concatenate([known, strange])
    spread = np.where(rows.std(axis=0) > 0, rows.std(axis=0), np.inf)
    scaled = (rows - rows.mean(axis=0)) / spread
    is_strange = np.arange(len(rows)) >= len(known)
    share = np.where(is_strange, 0.5 / len(strange), 0.5 / len(known))

    def loss(slopes: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = scaled @ slopes[1:] + slopes[0]
        signed = np.where(is_strange, score, -score)
        value = share @ np.logaddexp(0, -signed) + PENALTY * slopes[1:] @ slopes[1:]
        slope = share * (expit(score) - is_strange)
        return value, np.append(slope.sum(), scaled.T @ slope + 2 * PENALTY * slopes[1:])

    bounds = [(None, None)] + [(0, None)] * width
    found = minimize(loss, np.zeros(width + 1), jac=True, bounds=bounds).x[1:] / spread
    return tuple(float(each) for each in found / found[0]) if found[0] > 0 else alone


def either(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability (n,) of one or the other, of things that have nothing to do with each other;
    where the other is 0, exactly the one."""
    return np.asarray(one + other * (1 - one), dtype=np.float64)


def _fresh(counts: Collection[int]) -> float:
    """The chance that the next word is new: the share of those in one text only (Good 1953).

    But at least 1/√V with V of them in all: texts that are few or made alike know each other's
    words, and say too little of what others will say.
    """
    once = sum(count == 1 for count in counts)
    return max((once + 1) / (sum(counts) + 1), 1 / math.sqrt(len(counts) + 1))


def _known(words: Collection[str], seen: Collection[str]) -> tuple[int, int]:
    """How many of the words' beginnings were seen, and how many never."""
    beginnings = _beginnings(words)
    known = sum(beginning in seen for beginning in beginnings)
    return known, len(beginnings) - known


def _beginnings(words: Collection[str]) -> set[str]:
    return {word[:BEGINNING] for word in words}


def _words(text: str) -> Collection[str]:
    """The different words of a text, in its order."""
    return dict.fromkeys(LETTERS.findall(ORDER_CODE.sub(" ", text).lower()))
