"""The plan of next week's questions: what some budgets cost, and what they buy."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.errors import ModelNotFound
from classifier.volumes.forecast import TOO_UNCERTAIN
from service.errors import BadRequest
from service.labelplan.lastweek import read_last_week
from service.labelplan.outlook import Outlook
from service.labelplan.values import AnswerTimes, LabelPlan, OneMore
from service.names import driver_name
from service.queues import overview
from service.reports import up_to_date
from service.runtime import Runtime, taxonomy_in_use
from service.tables import LabelRow
from service.terms import Columns, history, load_terms, weeks_before
from service.translations import language as language_of
from service.versions import learned_drivers
from service.weeks import last_complete_week, monday, shifted

TIMED_SINCE = timedelta(days=56)
MOST_TIMES = 5000
MOST_BUDGETS = 20
STEP = 0.1
"""The budget is raised by a tenth to say what one more answer buys."""


def label_plan(
    runtime: Runtime,
    budgets: Sequence[float] = (),
    *,
    now: datetime,
    week: str | None = None,
    limit: float = TOO_UNCERTAIN,
) -> LabelPlan:
    """What budgets, in answers to graded questions a week, would buy next week, in their order;
    half the present budget, that, and double if none is named.

    Next week is taken to be like `week`, the last complete one if none is named; a driver is too
    uncertain when its half-width is above `limit`, a fraction of its volume. Raises `ModelNotFound`
    without a model, `NotFound` where that week has no messages to plan from, and `BadRequest`.
    """
    chosen = _checked(runtime, budgets, week, limit, now)
    model = runtime.current_model()
    if model is None:
        advice = "no model is in use, so nothing can be foretold; `waarom train` makes one"
        raise ModelNotFound(runtime.settings.models_dir, advice)
    up_to_date(runtime)
    with runtime.reading() as session:
        outlook = _outlook(session, runtime, chosen, model.version, limit, now)
    present, last = runtime.settings.graded_budget, outlook.last
    return LabelPlan(
        week=chosen,
        model=model.version,
        messages=last.messages,
        required=outlook.required,
        required_minutes=outlook.times.minutes(outlook.required),
        graded=outlook.graded,
        answered=last.answered / last.drawn if last.drawn else None,
        present=present,
        limit=limit,
        times=outlook.times,
        budgets=tuple(map(outlook.of, budgets or (present / 2, present, 2 * present))),
        one_more=_one_more(outlook, present),
    )


def _checked(
    runtime: Runtime, budgets: Sequence[float], week: str | None, limit: float, now: datetime
) -> str:
    """The week to plan from."""
    if len(budgets) > MOST_BUDGETS:
        raise BadRequest("budget", f"more than {MOST_BUDGETS} at once")
    if not all(np.isfinite(each) and each > 0 for each in budgets):
        raise BadRequest("budget", "must be a number of answers above 0")
    if not (np.isfinite(limit) and limit > 0):
        raise BadRequest("limit", "must be a share above 0, such as 0.25")
    if week is None:
        return last_complete_week(now, runtime.settings.timezone)
    try:
        monday(week)
    except ValueError:
        raise BadRequest("week", "is not a week of that year; write it as 2026-W07") from None
    return week


def _outlook(
    session: Session, runtime: Runtime, week: str, model: str, limit: float, now: datetime
) -> Outlook:
    settings, taxonomy = runtime.settings, taxonomy_in_use(session, runtime)
    following = shifted(week, 1)
    terms = load_terms(session, Columns.of(taxonomy), weeks_before(following))
    return Outlook(
        last=read_last_week(session, settings, taxonomy, week),
        history=history(terms, following),
        taxonomy=taxonomy,
        learned=learned_drivers(settings.models_dir, model),
        standing=overview(session, runtime),
        times=answer_times(session, now=now),
        catch=settings.smallest_misroute,
        limit=limit,
        language=language_of(settings.language),
    )


def answer_times(session: Session, *, now: datetime) -> AnswerTimes:
    """How long people took over questions in the last eight weeks, where it was timed."""
    query = (
        select(LabelRow.seconds)
        .where(
            LabelRow.current,
            LabelRow.review_id.is_not(None),
            LabelRow.seconds > 0,
            LabelRow.answered_at >= now - TIMED_SINCE,
        )
        .order_by(LabelRow.id.desc())
        .limit(MOST_TIMES)
    )
    seconds = np.array(session.scalars(query).all(), dtype=np.float64)
    if not len(seconds):
        return AnswerTimes(0)
    low, median, high = (float(each) for each in np.quantile(seconds, (0.25, 0.5, 0.75)))
    return AnswerTimes(len(seconds), median, low, high)


def _one_more(outlook: Outlook, present: float) -> OneMore | None:
    more = max(1.0, STEP * present)
    columns = Columns.of(outlook.taxonomy)
    leaves = slice(len(columns.leaves))
    now, then = (outlook.forecast(each).half_width[leaves] for each in (present, present + more))
    if present >= outlook.graded or now.sum() <= 0:
        return None
    gains = (now - then) / more
    best = int(np.argmax(gains))
    return OneMore(
        narrower=max(0.0, float(gains.sum() / now.sum())),
        driver=columns.leaves[best],
        name=driver_name(outlook.taxonomy, columns.leaves[best], outlook.language),
        messages=max(0.0, float(gains[best])),
        seconds=outlook.times.median if outlook.times.enough else None,
    )
