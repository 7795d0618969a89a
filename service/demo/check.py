"""The demo compared with the truth: is every message accounted for, is every interval honest?"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN, Direction, Label
from service.reports import WeeklyReport, weekly_reports
from service.runtime import Runtime
from service.sample import LATE_DRIVER, STRIKE_DRIVER, STRIKE_WEEK
from service.sync import pull
from service.tables import DecisionRow, LabelRow, MessageRow, PredictionRow
from service.terms import refresh

if TYPE_CHECKING:
    from service.demo.loop import Played

SHARE_COVERED = 0.88
FEWEST_ANSWERS = 120


def check_loop(runtime: Runtime, played: "Played", *, key: str, now: datetime) -> dict[str, Any]:
    """Every promise of the loop, checked; `ok` is true when all of them hold."""
    again = pull(runtime, now=now).labels if runtime.settings.label_studio_url else 0
    with runtime.writing() as session:
        refresh(session, runtime)
    truth = {each.raw.external_id: each.truth for each in played.sample}
    with runtime.reading() as session:
        reports = weekly_reports(session, runtime, list(played.weeks), now=now)
        counts = _true_counts(session, truth)
        covered, total = _coverage(reports, counts)
        answers = played.imported_labels + sum(played.answers.values())
        promises = {
            "every_message_accounted_for": _accounted(session, played),
            "every_answer_a_label_once": again == 0 and _labels(session) == (answers, answers),
            "enough_answers_a_week": min(played.answers.values()) >= FEWEST_ANSWERS,
            "a_doubtful_route_was_corrected": _corrected(session),
            "strike_visible": _strike_visible(reports),
            "late_driver_above_zero": _volume(reports[-1], LATE_DRIVER).volume.value > 0,
            "intervals_cover": covered >= SHARE_COVERED * total > 0,
        }
        return {
            "ok": all(promises.values()),
            "messages": len(played.sample),
            "answers": answers,
            "answers_a_week": played.answers,
            "weeks": len(played.weeks),
            "accuracy": _accuracy(session, played, truth),
            "intervals_covering_truth": covered,
            "intervals_total": total,
            **promises,
        }


def _accounted(session: Session, played: "Played") -> bool:
    """Every message sent is stored under its own id, and nothing else is."""
    stored = set(session.scalars(select(MessageRow.external_id)))
    return stored == {each.raw.external_id for each in played.sample}


def _labels(session: Session) -> tuple[int, int]:
    """All labels, and messages with a current one."""
    rows = session.scalar(select(func.count(LabelRow.id))) or 0
    messages = session.scalar(
        select(func.count(LabelRow.message_id.distinct())).where(LabelRow.current)
    )
    return rows, messages or 0


def _corrected(session: Session) -> bool:
    """A message went to review first, and an answer sent it to a driver's own queue."""
    doubtful = select(DecisionRow.message_id).where(DecisionRow.status == "review")
    query = select(func.count()).where(
        DecisionRow.status == "person",
        DecisionRow.current,
        DecisionRow.queue != "triage",
        DecisionRow.message_id.in_(doubtful),
    )
    return bool(session.scalar(query))


def _true_counts(session: Session, truth: Mapping[str | None, Label]) -> dict[str, Counter[str]]:
    """week -> driver -> the number of counted messages it is really the reason of."""
    query = select(MessageRow.week, MessageRow.external_id).where(
        MessageRow.counted, MessageRow.direction == Direction.INBOUND
    )
    counts: dict[str, Counter[str]] = {}
    for week, external_id in session.execute(query):
        driver = truth[external_id].primary or UNKNOWN
        counts.setdefault(week, Counter())[driver] += 1
    return counts


def _coverage(reports: list[WeeklyReport], counts: Mapping[str, Counter[str]]) -> tuple[int, int]:
    """How many of the measured drivers' intervals hold the true number, of how many."""
    covered = total = 0
    for report in reports:
        for row in report.drivers:
            if row.volume.low is None or row.volume.high is None:
                continue
            total += 1
            true = counts[report.week][row.driver]
            covered += row.volume.low - 1e-6 <= true <= row.volume.high + 1e-6
    return covered, total


def _strike_visible(reports: list[WeeklyReport]) -> bool:
    """In the week of the strike late deliveries rose, beyond their interval."""
    change = _volume(reports[STRIKE_WEEK], STRIKE_DRIVER).change
    return change is not None and change.low is not None and change.low > 0


def _volume(report: WeeklyReport, driver: str) -> Any:
    return next(row for row in report.drivers if row.driver == driver)


def _accuracy(session: Session, played: "Played", truth: Mapping[str | None, Label]) -> float:
    """The model's share right on the later weeks, over drivers it was trained on."""
    query = (
        select(MessageRow.external_id, PredictionRow.top)
        .join(PredictionRow, PredictionRow.message_id == MessageRow.id)
        .where(PredictionRow.first, MessageRow.week.in_(played.weeks))
    )
    right = known = 0
    for external_id, top in session.execute(query):
        driver = truth[external_id].primary
        if driver not in (None, LATE_DRIVER):
            known += 1
            right += top[0][0] == driver
    return right / known if known else 0.0
