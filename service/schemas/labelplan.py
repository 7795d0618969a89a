"""What the answers of next week will buy."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from classifier.promise import Rung
from service.schemas.fields import Fraction

DRIVER: dict[str, Any] = {
    "driver": "delivery.late",
    "name": "Te laat",
    "volume": 212.4,
    "half_width": 27.9,
    "share": 0.131,
    "too_uncertain": False,
    "learned": True,
}
EXAMPLE: dict[str, Any] = {
    "week": "2026-W46",
    "model": "2026-11-16.1",
    "messages": 1042,
    "required": 131.0,
    "required_minutes": {"median": 39.3, "low": 24.0, "high": 65.5},
    "graded": 911.0,
    "answered": 0.93,
    "present": 60.0,
    "limit": 0.25,
    "times": {"answers": 214, "enough": True, "median": 18.0, "low": 11.0, "high": 30.0},
    "budgets": [
        {
            "answers": 60.0,
            "asked": 60.0,
            "minutes": {"median": 18.0, "low": 11.0, "high": 30.0},
            "drivers": [DRIVER],
            "parents": [{**DRIVER, "driver": "delivery", "name": "Bezorging", "volume": 301.0}],
            "too_uncertain": [],
            "queues": [
                {
                    "queue": "logistics",
                    "rung": "select",
                    "checked": True,
                    "needed": 41,
                    "a_week": 9.8,
                    "weeks": 5,
                }
            ],
        }
    ],
    "one_more": {
        "narrower": 0.0061,
        "driver": "delivery.late",
        "name": "Te laat",
        "messages": 0.21,
        "seconds": 18.0,
    },
}


class _Said(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MinutesOut(_Said):
    """At the median answer time, and at its quartiles."""

    median: float
    low: float
    high: float


class AnswerTimesOut(_Said):
    """Seconds that answers of the last eight weeks took."""

    answers: int = Field(description="How many were timed.")
    enough: bool = Field(description="Whether minutes are said from them; it takes 20.")
    median: float | None
    low: float | None = Field(description="A quarter took no longer than this.")
    high: float | None = Field(description="A quarter took at least this long.")


class DriverOutlookOut(_Said):
    """A driver's expected volume, and half of its 95% interval, in messages a week."""

    driver: str
    name: str
    volume: float
    half_width: float
    share: float | None = Field(description="Half-width by volume; null: no volume is expected.")
    too_uncertain: bool = Field(description="Whether `share` is above the limit.")
    learned: bool = Field(description="Whether the model in use had labels of it.")


class QueueOutlookOut(_Said):
    """How far a queue is from its promise, at this budget."""

    queue: str
    rung: Rung
    checked: bool = Field(
        description="Whether labels were looked at for the model in use; else `needed` is as many "
        "as it takes when all are right."
    )
    needed: int | None = Field(
        description="More labels that show the promise; 0: it is promised; null: no number would."
    )
    a_week: float = Field(description="Labels a week that count for it.")
    weeks: int | None = Field(description="Weeks until then; null: cannot be said.")


class BudgetOut(_Said):
    """What so many answers to graded questions a week buy."""

    answers: float
    asked: float = Field(description="Expected questions: no more than there are messages.")
    minutes: MinutesOut | None = Field(description="Null where too few answers were timed.")
    drivers: list[DriverOutlookOut] = Field(description="The leaves, largest first.")
    parents: list[DriverOutlookOut]
    too_uncertain: list[str] = Field(description="The leaves that stay too uncertain.")
    queues: list[QueueOutlookOut]


class OneMoreOut(_Said):
    """What one more answer a week buys, beyond the present budget."""

    narrower: float = Field(description="Of all half-widths together, this fraction less.")
    driver: str = Field(description="The driver whose interval gains most.")
    name: str
    messages: float = Field(description="Its half-width is so much less.")
    seconds: float | None = Field(description="What the answer takes; null: not known.")


class LabelPlanOut(_Said):
    """What the answers of next week will buy, were it like the week that is named."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE]})

    week: str = Field(description="Next week is taken to be like this one.")
    model: str
    messages: int = Field(description="Its counted messages.")
    required: float = Field(description="Doubtful ones, asked about whatever the budget.")
    required_minutes: MinutesOut | None
    graded: float = Field(description="The others, of which a budget is drawn.")
    answered: Fraction | None = Field(description="Share of that week's questions answered.")
    present: float = Field(description="The budget in force: the setting `graded_budget`.")
    limit: float = Field(description="A half-width above this share is too uncertain.")
    times: AnswerTimesOut
    budgets: list[BudgetOut]
    one_more: OneMoreOut | None = Field(description="Null: everything is asked already.")
