"""How good the labels are."""

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from classifier.evaluation import Remedy
from service.quality import Verdict

RATE: dict[str, Any] = {"value": 0.88, "low": 0.84, "high": 0.91, "n": 251}
AGREEMENT: dict[str, Any] = {
    "value": 0.86,
    "low": 0.81,
    "high": 0.9,
    "differ": 0.12,
    "chance": 0.86,
    "messages": 251,
}
COUNTS: dict[str, Any] = {
    "asked": 260,
    "answered": 251,
    "differed": 41,
    "decided": 38,
    "for_first": 21,
    "for_second": 13,
    "for_another": 4,
}
EXAMPLE: dict[str, Any] = {
    "first_week": "2026-W36",
    "last_week": "2026-W47",
    "people": 4,
    "same": RATE,
    "agreement": AGREEMENT,
    "fleiss": AGREEMENT,
    "second_opinions": COUNTS,
    "suspects": {"asked": 20, "answered": 17, "changed": 9},
    "ceiling": {
        "people": RATE,
        "model": {**RATE, "value": 0.87},
        "difference": {"value": -0.01, "low": -0.04, "high": 0.02},
    },
    "verdict": "definitions",
    "sway": {
        "prefilled": {**RATE, "value": 0.95, "n": 61},
        "blind": {**RATE, "value": 0.91, "n": 548},
        "difference": {"value": 0.04, "low": -0.05, "high": 0.08},
    },
    "drivers": [{"driver": "delivery.late", "agreement": AGREEMENT, "both": RATE}],
    "weeks": [
        {"week": "2026-W47", "same": RATE, "agreement": AGREEMENT, "second_opinions": COUNTS}
    ],
    "mixed_up": [
        {
            "first": "delivery.late",
            "second": "delivery.lost",
            "times": 9,
            "disagreed": {**RATE, "value": 0.18, "low": 0.12, "high": 0.26},
            "remedy": "merge",
            "more": 0,
            "message_ids": [1841, 1722],
        }
    ],
    "persons": None,
}


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


Figure = Annotated[float | None, BeforeValidator(_known)]


class _Said(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class RateOut(_Said):
    """A share with its 95% interval; null, and 0 to 1, without messages."""

    value: float | None
    low: float
    high: float
    n: int = Field(description="Messages it rests on.")


class AgreementOut(_Said):
    """1 is perfect, 0 what chance would bring; null, and -1 to 1, where nothing can be said."""

    value: Figure
    low: float
    high: float
    differ: Figure = Field(description="How often two answers about one message differ.")
    chance: float = Field(description="How often they would if dealt out at random.")
    messages: int


class DifferenceOut(_Said):
    """One share less another, with its 95% interval."""

    value: float | None
    low: float
    high: float


class SecondOpinionsOut(_Said):
    """Plain counts of second opinions, and whose answer third looks chose."""

    asked: int
    answered: int
    differed: int = Field(description="Named another main driver than the first.")
    decided: int
    for_first: int
    for_second: int
    for_another: int


class SuspectsOut(_Said):
    """Labels that looked wrong and were asked of somebody else."""

    asked: int
    answered: int
    changed: int


class CeilingOut(_Said):
    """Of messages that two people answered, neither seeing the model's proposal."""

    people: RateOut = Field(description="Two people give the same main driver.")
    model: RateOut = Field(description="A person and the model that read it first do.")
    difference: DifferenceOut = Field(description="`model` less `people`.")


class SwayOut(_Said):
    """Of audits, in which chance decides whether the proposal is shown: how often people's main
    driver is the model's."""

    prefilled: RateOut
    blind: RateOut
    difference: DifferenceOut


class DriverQualityOut(_Said):
    """One main driver against the rest."""

    driver: str
    agreement: AgreementOut
    both: RateOut = Field(description="Of messages either of two people gave it, both did.")


class WeekQualityOut(_Said):
    """The messages of one week."""

    week: str
    same: RateOut
    agreement: AgreementOut
    second_opinions: SecondOpinionsOut


class MixedUpOut(_Said):
    """Two drivers that two people gave one message."""

    first: str
    second: str
    times: int
    disagreed: RateOut = Field(
        description="Of messages both people gave to one of the two, given to different ones."
    )
    remedy: Remedy = Field(
        description="`merge`: people do not tell them apart, so make them one or define them anew; "
        "`labels`: they do; `second_opinions`: `more` of these would tell."
    )
    more: int
    message_ids: list[int]


class BetweenOut(_Said):
    """Cohen's kappa of two people."""

    first: str
    second: str
    agreement: AgreementOut


class QualityOut(_Said):
    """How good the labels about messages of some weeks are. Every message counts as many times as
    it was rarely asked about, so that figures are of all messages; counts are plain."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE]})

    first_week: str
    last_week: str
    people: int = Field(description="How many people answered messages that were asked twice.")
    same: RateOut = Field(description="Two people give a message the same main driver.")
    agreement: AgreementOut = Field(description="Krippendorff's alpha of main drivers.")
    fleiss: AgreementOut = Field(description="Fleiss' kappa of the same.")
    second_opinions: SecondOpinionsOut
    suspects: SuspectsOut
    ceiling: CeilingOut
    verdict: Verdict = Field(
        description="What would help: clearer `definitions`, more `labels`, `unsure`, or `unknown` "
        "where no message was answered by two people blind."
    )
    sway: SwayOut
    drivers: list[DriverQualityOut] = Field(description="Least agreement first.")
    weeks: list[WeekQualityOut] = Field(description="Those with second opinions, in order.")
    mixed_up: list[MixedUpOut] = Field(description="The drivers people mix up, surest first.")
    persons: list[BetweenOut] | None = Field(
        None,
        description="Each two people: only with the setting `per_person_quality`, to an admin key.",
    )
