"""Weekly volumes with intervals that hold, whatever the model does.

A week is summed into `VolumeTerms` once; everything else is computed from those sums:

    start = fit_provisional(q_base, answered_draws_of_four_weeks)
    probabilities = finalized(start, logged).apply(logged)
    terms = volume_terms(probabilities, labels, inclusion, reviewed, second=second_opinions)
    volumes = estimate_volumes(terms, history)
    change = volume_change(volumes, volumes_of_the_week_before)
    real = real_changes(volumes, volumes_of_the_week_before)
"""

from classifier.volumes.change import Change, volume_change
from classifier.volumes.estimates import Volumes, estimate_volumes
from classifier.volumes.mention_recalibration import (
    AnsweredMentions,
    MentionRecalibration,
    fit_mentions,
)
from classifier.volumes.prevalence import emq
from classifier.volumes.recalibration import (
    AnsweredDraws,
    Recalibration,
    compressed,
    finalized,
    fit_provisional,
)
from classifier.volumes.second_opinions import SecondOpinions
from classifier.volumes.significance import FALSE_ALARMS, real_changes
from classifier.volumes.terms import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms, volume_terms

__all__ = [
    "COLUMN_FIELDS",
    "FALSE_ALARMS",
    "SCALAR_FIELDS",
    "AnsweredDraws",
    "AnsweredMentions",
    "Change",
    "MentionRecalibration",
    "Recalibration",
    "SecondOpinions",
    "VolumeTerms",
    "Volumes",
    "compressed",
    "emq",
    "estimate_volumes",
    "finalized",
    "fit_mentions",
    "fit_provisional",
    "real_changes",
    "volume_change",
    "volume_terms",
]
