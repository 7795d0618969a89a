"""Named ways to read messages, and the choice among them: the simplest that is as good as any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from classifier.folds import Progress, out_of_fold
from classifier.messages import LabeledMessage
from classifier.pipeline import PipelineConfig
from classifier.seeding import Seed

CANDIDATES: Final[Mapping[str, PipelineConfig]] = MappingProxyType(
    {
        "words": PipelineConfig(character_range=None, pair_reach=0, margin_share=0.0),
        "words and characters": PipelineConfig(pair_reach=0, margin_share=0.0),
        "words, characters and stem pairs": PipelineConfig(margin_share=0.0),
        "the same, two ways to draw the line": PipelineConfig(),
    }
)
"""The simplest first. Few, because the best of many tries is mostly the luckiest."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The pipeline to train, and how it was come by.

    `figures`: the accuracy in [0, 1] of each candidate on out-of-fold predictions, empty where
    nothing was compared. `margin`: one standard error of the best one's.
    """

    name: str
    pipeline: PipelineConfig
    figures: Mapping[str, float] = field(default_factory=dict)
    margin: float = 0.0

    @classmethod
    def fixed(cls, pipeline: PipelineConfig) -> Self:
        """The pipeline as given, nothing compared."""
        names = [name for name, candidate in CANDIDATES.items() if candidate == pipeline]
        return cls(names[0] if names else "as given", pipeline)

    def sentence(self) -> str:
        """What was tried and taken, for the card."""
        if not self.figures:
            return f"What it reads was fixed beforehand ({self.name}); nothing else was tried."
        tried = ", ".join(f"{name} {right:.1%}" for name, right in self.figures.items())
        return (
            f"{len(self.figures)} ways to read the messages were tried by cross-validation on the "
            f"training messages ({tried}); the simplest within one standard error of the best "
            f"({self.margin:.1%}) was taken: {self.name}."
        )

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        return {
            "name": self.name,
            "tried": len(self.figures),
            "figures": dict(self.figures),
            "margin": self.margin,
        }


def choose(
    messages: Sequence[LabeledMessage],
    *,
    folds: int,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    candidates: Mapping[str, PipelineConfig] = CANDIDATES,
) -> Choice:
    """The first of the candidates within one standard error of the best (Breiman et al. 1984).

    Each is judged by its accuracy on out-of-fold predictions of the messages (n ≥ 1), in the same
    folds. With nothing to judge by, the first.
    """
    right: dict[str, NDArray[np.bool_]] = {}
    for name, config in candidates.items():
        progress(f"Trying {name}")
        found = out_of_fold(messages, folds=folds, config=config, progress=progress, seeds=seeds)
        right[name] = found.logits.argmax(axis=1)[found.usable] == found.truth[found.usable]
    figures = {name: float(each.mean()) if len(each) else 0.0 for name, each in right.items()}
    best = max(figures.values())
    margin = float(np.sqrt(best * (1 - best) / max(len(next(iter(right.values()))), 1)))
    name = next(name for name, figure in figures.items() if figure >= best - margin)
    return Choice(name, candidates[name], figures, margin)
