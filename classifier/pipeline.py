"""From text to a score per driver: a stock scikit-learn pipeline you can print."""

from dataclasses import asdict, dataclass
from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from classifier.features import NgramFeatures


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """What to look at and how far to trust it; the defaults were chosen by cross-validation.

    `strength` is scikit-learn's C: the larger, the more single messages weigh. `tolerance` is
    where the optimizer stops; at 1e-3 it stops too early and loses up to a point of accuracy.
    """

    word_range: tuple[int, int] = (1, 2)
    character_range: tuple[int, int] = (2, 5)
    minimum_texts: int = 2
    most_words: int = 40_000
    most_characters: int = 80_000
    strength: float = 20.0
    tolerance: float = 1e-4
    most_iterations: int = 1000

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def build_pipeline(config: PipelineConfig | None = None) -> Pipeline:
    """An unfitted pipeline: steps `features` and `classifier` (multinomial logistic regression)."""
    config = config or PipelineConfig()
    features = NgramFeatures(
        word_range=config.word_range,
        character_range=config.character_range,
        minimum_texts=config.minimum_texts,
        most_words=config.most_words,
        most_characters=config.most_characters,
    )
    classifier = LogisticRegression(
        C=config.strength, tol=config.tolerance, max_iter=config.most_iterations
    )
    return Pipeline([("features", features), ("classifier", classifier)])
