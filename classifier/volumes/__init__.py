"""Weekly volumes with intervals that hold, whatever the model does.

A week is summed into `VolumeTerms` once; everything else is computed from those sums:

    terms = volume_terms(probabilities, labels, inclusion, reviewed)
    volumes = estimate_volumes(terms, history)
    change = volume_change(volumes, volumes_of_the_week_before)
"""

from classifier.volumes.change import Change, volume_change
from classifier.volumes.estimates import Volumes, estimate_volumes
from classifier.volumes.terms import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms, volume_terms

__all__ = [
    "COLUMN_FIELDS",
    "SCALAR_FIELDS",
    "Change",
    "VolumeTerms",
    "Volumes",
    "estimate_volumes",
    "volume_change",
    "volume_terms",
]
