"""Four weeks together, where one has too few answers to say much."""

from classifier.taxonomy import Taxonomy
from service.reports.estimating import Estimator
from service.reports.rows import volume_rows
from service.reports.values import Pooled
from service.terms import HISTORY
from service.weeks import shifted


def pooled(estimator: Estimator, week: str, taxonomy: Taxonomy) -> Pooled | None:
    """The four weeks that end with this one; None where the others have no answers to add."""
    terms, volumes = estimator.together(week)
    if terms.answers <= estimator.terms(week).answers:
        return None
    rows = tuple(volume_rows(estimator.columns, taxonomy, terms, volumes))
    leaves = len(estimator.columns.leaves)
    return Pooled(
        first=shifted(week, 1 - HISTORY),
        last=week,
        messages=terms.messages,
        answers=terms.answers,
        drivers=rows[:leaves],
        parents=rows[leaves:],
    )
