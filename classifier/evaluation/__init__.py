"""What a model is worth, on messages it was not trained on.

`evaluate` judges one model; `compare` and `paired_comparison` two models on the same messages.
"""

from classifier.evaluation.calibration import Bin, Calibration, expected_calibration_error
from classifier.evaluation.comparison import Comparison, compare, paired_comparison
from classifier.evaluation.confusable import (
    ConfusablePair,
    Disagreement,
    Remedy,
    confusable,
    disagreements,
)
from classifier.evaluation.coverage import Auto, CoveragePoint
from classifier.evaluation.evaluation import Evaluation, evaluate, evaluate_messages
from classifier.evaluation.learning_curve import LearningCurve, learning_curve
from classifier.evaluation.mistakes import Confusion, DriverScore
from classifier.evaluation.novelty import UnknownDrivers
from classifier.evaluation.parents import Parents
from classifier.evaluation.rates import Rate, grouped_rate, rate
from classifier.evaluation.several import Several
from classifier.evaluation.slices import Slice
from classifier.evaluation.splits import TimeSplit, split_by_time
from classifier.evaluation.weighting import Weighted

__all__ = [
    "Auto",
    "Bin",
    "Calibration",
    "Comparison",
    "ConfusablePair",
    "Confusion",
    "CoveragePoint",
    "Disagreement",
    "DriverScore",
    "Evaluation",
    "LearningCurve",
    "Parents",
    "Rate",
    "Remedy",
    "Several",
    "Slice",
    "TimeSplit",
    "UnknownDrivers",
    "Weighted",
    "compare",
    "confusable",
    "disagreements",
    "evaluate",
    "evaluate_messages",
    "expected_calibration_error",
    "grouped_rate",
    "learning_curve",
    "paired_comparison",
    "rate",
    "split_by_time",
]
