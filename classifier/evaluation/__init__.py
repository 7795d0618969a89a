"""What a model is worth, on messages it was not trained on.

`evaluate` judges one model; `compare` and `paired_comparison` two models on the same messages.
"""

from classifier.evaluation.calibration import Bin, Calibration, expected_calibration_error
from classifier.evaluation.comparison import Comparison, compare, paired_comparison
from classifier.evaluation.coverage import Auto, CoveragePoint
from classifier.evaluation.evaluation import Evaluation, evaluate
from classifier.evaluation.mistakes import Confusion, DriverScore
from classifier.evaluation.novelty import UnknownDrivers
from classifier.evaluation.rates import Rate, rate
from classifier.evaluation.slices import Slice

__all__ = [
    "Auto",
    "Bin",
    "Calibration",
    "Comparison",
    "Confusion",
    "CoveragePoint",
    "DriverScore",
    "Evaluation",
    "Rate",
    "Slice",
    "UnknownDrivers",
    "compare",
    "evaluate",
    "expected_calibration_error",
    "paired_comparison",
    "rate",
]
