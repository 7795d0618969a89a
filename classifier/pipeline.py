"""From text to a score per driver: a stock scikit-learn pipeline you can print."""

from dataclasses import asdict, dataclass
from typing import Any

from sklearn.pipeline import Pipeline

from classifier.blending import BlendedLines
from classifier.features import NgramFeatures


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """What to look at and how far to trust it; the defaults were chosen by cross-validation.

    `strength` is scikit-learn's C: the larger, the more single messages weigh. `margin_share` in
    [0, 1] is what support vector machines have to say beside the logistic regression (see
    `BlendedLines`), and `margin_strength` their C. `tolerance` and `most_iterations` are where the
    regression stops. No `character_range` and a `pair_reach` of 0 leave those features out.
    """

    word_range: tuple[int, int] = (1, 2)
    character_range: tuple[int, int] | None = (2, 5)
    pair_reach: int = 5
    minimum_texts: int = 2
    most_words: int = 40_000
    most_characters: int = 80_000
    most_pairs: int = 80_000
    strength: float = 20.0
    margin_share: float = 0.5
    margin_strength: float = 1.0
    tolerance: float = 1e-5
    most_iterations: int = 15

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def build_pipeline(config: PipelineConfig | None = None) -> Pipeline:
    """An unfitted pipeline: steps `features` and `classifier` (linear, softmax over drivers)."""
    config = config or PipelineConfig()
    features = NgramFeatures(
        word_range=config.word_range,
        character_range=config.character_range,
        pair_reach=config.pair_reach,
        minimum_texts=config.minimum_texts,
        most_words=config.most_words,
        most_characters=config.most_characters,
        most_pairs=config.most_pairs,
    )
    classifier = BlendedLines(
        C=config.strength,
        margin_share=config.margin_share,
        margin_strength=config.margin_strength,
        tol=config.tolerance,
        max_iter=config.most_iterations,
    )
    return Pipeline([("features", features), ("classifier", classifier)])
