"""The cascade: the encoder reads only what the n-grams leave in doubt, where it is worth its time.

How much doubt is worth its time is a choice between accuracy and speed: see `cascade_curve`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from classifier.calibration import UnknownCurve, tempered
from classifier.novelty import Novelty

ANY: Final = 45
"""Reading a text, however short, takes at least as long as so many characters more do: measured
0.94 ms, and 0.021 ms a character."""

LONGEST: Final = 600
"""About the characters of which an encoder reads no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """What the n-grams say where the encoder is not asked.

    `cutoff` in (0, 1]: it is asked where there is at least so much doubt a character; nowhere at 1.
    `temperature`, `curve` and `evidence_weights`: of the
    n-grams alone, fitted out of fold as those of a model without an encoder are.
    """

    cutoff: float
    temperature: float
    curve: UnknownCurve
    evidence_weights: tuple[float, ...] = (1.0,)

    def judge(
        self,
        texts: Sequence[str],
        heard: NDArray[np.float64],
        logits: NDArray[np.float64],
        novelty: Novelty,
        onto: UnknownCurve,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Probabilities (n, k) and unknown scores (n,) by the n-grams' logits (n, k) and what the
        vocabulary hears (n, 4) in texts, and which of them (n,) the encoder should read.

        The scores are such that the curve `onto` gives them the probability that the cascade's own
        curve would.
        """
        scores = replace(novelty, weights=self.evidence_weights).scores(heard, logits)
        left = doubt(logits, self.temperature, self.curve.probability(scores))
        read = left / effort(texts) >= self.cutoff
        return tempered(logits, self.temperature), self._moved(scores, onto), read

    def _moved(self, scores: NDArray[np.float64], onto: UnknownCurve) -> NDArray[np.float64]:
        if onto.slope == 0:
            return np.zeros_like(scores)
        return (self.curve.intercept + self.curve.slope * scores - onto.intercept) / onto.slope

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `from_dict` reads back."""
        return {
            "cutoff": self.cutoff,
            "temperature": self.temperature,
            "unknown": {"intercept": self.curve.intercept, "slope": self.curve.slope},
            "evidence_weights": list(self.evidence_weights),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            cutoff=data["cutoff"],
            temperature=data["temperature"],
            curve=UnknownCurve(**data["unknown"]),
            evidence_weights=tuple(data["evidence_weights"]),
        )


def doubt(
    logits: NDArray[np.float64], temperature: float, unknown: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the n-grams leave in doubt of each message (n,), in [0, 1].

    The probability that it is not the likeliest driver, were it one of the two likeliest, or that
    it is none. (Doubt between two is what an encoder settles; a confidence spread thin over many
    drivers is not doubt.) `logits` (n, k ≥ 2), -inf allowed; `unknown` (n,).
    """
    second, first = np.partition(logits, -2, axis=1)[:, -2:].T
    return np.asarray(1 - expit((first - second) / temperature) * (1 - unknown))


def effort(texts: Sequence[str]) -> NDArray[np.float64]:
    """How long an encoder takes to read each text (n,), in characters."""
    lengths = np.array([len(text) for text in texts], dtype=np.float64)
    return ANY + np.minimum(lengths, LONGEST)
