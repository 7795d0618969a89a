"""What an answer will buy: what next week's questions cost, and how sure its volumes will be."""

from service.labelplan.planning import label_plan
from service.labelplan.values import (
    AnswerTimes,
    Budget,
    DriverOutlook,
    LabelPlan,
    Minutes,
    OneMore,
    QueueOutlook,
)

__all__ = [
    "AnswerTimes",
    "Budget",
    "DriverOutlook",
    "LabelPlan",
    "Minutes",
    "OneMore",
    "QueueOutlook",
    "label_plan",
]
