"""The demo compared with the truth: is every message accounted for, is every interval honest?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.decisions import Status
from classifier.messages import UNKNOWN, Direction, Label
from service.demo.play import Played
from service.demo.trial import try_it
from service.reports import DriverVolume, WeeklyReport, up_to_date, weekly_reports
from service.runtime import Runtime, taxonomy_in_use
from service.sample import LATE_DRIVER, STRIKE_DRIVER, STRIKE_WEEK
from service.serving import in_background
from service.sync import pull
from service.tables import DecisionRow, LabelRow, MessageRow, PredictionRow
from service.twins import TAKEN_OVER

SHARE_COVERED = 0.88
FEWEST_ANSWERS = 120
FULL_SAMPLE = 12_000
TOUCH = 1e-6
Counts = Mapping[str, Mapping[str, int]]


def check_loop(runtime: Runtime, played: Played, *, key: str, now: datetime) -> dict[str, Any]:
    """Every promise of the loop, checked; `ok` is true when all of them hold.

    First what was played, then, over HTTP on a service with its worker, what a person would try.
    """
    again = pull(runtime, now=now).labels if runtime.settings.label_studio_url else 0
    up_to_date(runtime)
    with runtime.reading() as session:
        reports = weekly_reports(session, runtime, played.weeks, now=now)
        covered, total = coverage(reports, true_counts(session, played.truth))
        fallback = taxonomy_in_use(session, runtime).fallback_queue
        promises = {
            "every_message_accounted_for": accounted(session, played),
            "every_answer_a_label_once": again == 0 and labeled_once(session, played),
            "enough_answers_a_week": enough_answers(played),
            "a_doubtful_route_was_corrected": corrected(session, fallback),
            "strike_visible": strike_visible(reports[STRIKE_WEEK]),
            "late_driver_above_zero": _of(reports[-1], LATE_DRIVER).volume.value > 0,
            "intervals_cover": covered >= SHARE_COVERED * total > 0,
        }
        accuracy = accuracy_of(session, played)
    with in_background(runtime) as url:
        promises |= try_it(url, key, played.people)
    return {
        "ok": all(promises.values()),
        "messages": len(played.sample),
        "answers": sum(played.answers.values()),
        "imported_labels": played.imported_labels,
        "answers_a_week": played.answers,
        "weeks": len(played.weeks),
        "accuracy": round(accuracy, 4),
        "intervals_covering_truth": covered,
        "intervals_total": total,
        **promises,
    }


def accounted(session: Session, played: Played) -> bool:
    """Every message sent is stored under its own id, nothing else is, and every inbound one was
    routed to a queue."""
    stored = set(session.scalars(select(MessageRow.external_id)))
    routed = select(DecisionRow.message_id).where(DecisionRow.current, DecisionRow.queue != "")
    unrouted = select(func.count(MessageRow.id)).where(
        MessageRow.direction == Direction.INBOUND, MessageRow.id.not_in(routed)
    )
    return stored == set(played.truth) and not session.scalar(unrouted)


def labeled_once(session: Session, played: Played) -> bool:
    """There are as many labels as answers were given, and no message has two; beside those that
    were taken over by messages with the same text."""
    given = LabelRow.chosen != TAKEN_OVER
    rows = session.scalar(select(func.count(LabelRow.id)).where(given))
    messages = session.scalar(
        select(func.count(LabelRow.message_id.distinct())).where(LabelRow.current, given)
    )
    return rows == messages == played.imported_labels + sum(played.answers.values())


def enough_answers(played: Played) -> bool:
    """At least 120 in every week; of a smaller sample as many in proportion."""
    fewest = FEWEST_ANSWERS * min(1.0, len(played.sample) / FULL_SAMPLE)
    return min(played.answers.values()) >= fewest


def corrected(session: Session, fallback: str) -> bool:
    """A message went to the fallback queue first, and an answer sent it to a driver's own."""
    doubtful = select(DecisionRow.message_id).where(
        DecisionRow.status == Status.REVIEW, DecisionRow.queue == fallback
    )
    query = select(func.count()).where(
        DecisionRow.status == Status.PERSON,
        DecisionRow.current,
        DecisionRow.queue != fallback,
        DecisionRow.message_id.in_(doubtful),
    )
    return bool(session.scalar(query))


def true_counts(session: Session, truth: Mapping[str, Label]) -> dict[str, Counter[str]]:
    """week -> driver -> the number of counted messages it is really the reason of."""
    query = select(MessageRow.week, MessageRow.external_id).where(
        MessageRow.counted, MessageRow.direction == Direction.INBOUND
    )
    counts: dict[str, Counter[str]] = {}
    for week, external_id in session.execute(query):
        driver = truth[external_id].primary or UNKNOWN
        counts.setdefault(week, Counter())[driver] += 1
    return counts


def coverage(reports: Sequence[WeeklyReport], counts: Counts) -> tuple[int, int]:
    """How many of the measured drivers' intervals hold the true number, of how many."""
    covered = total = 0
    for report in reports:
        for row in report.drivers:
            if row.volume.low is None or row.volume.high is None:
                continue
            total += 1
            true = counts[report.week].get(row.driver, 0)
            covered += row.volume.low - TOUCH <= true <= row.volume.high + TOUCH
    return covered, total


def strike_visible(report: WeeklyReport) -> bool:
    """In the week of the strike late deliveries rose, beyond their interval."""
    change = _of(report, STRIKE_DRIVER).change
    return change is not None and change.low is not None and change.low > 0


def accuracy_of(session: Session, played: Played) -> float:
    """The model's share right on the later weeks, over drivers it was trained on."""
    query = (
        select(MessageRow.external_id, PredictionRow.top)
        .join(PredictionRow, PredictionRow.message_id == MessageRow.id)
        .where(PredictionRow.first, MessageRow.week.in_(played.weeks))
    )
    truth, right, known = played.truth, 0, 0
    for external_id, top in session.execute(query):
        driver = truth[external_id].primary
        if driver not in (None, LATE_DRIVER):
            known += 1
            right += top[0][0] == driver
    return right / known if known else 0.0


def _of(report: WeeklyReport, driver: str) -> DriverVolume:
    return next(row for row in report.drivers if row.driver == driver)
