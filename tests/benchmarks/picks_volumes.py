"""What picks do to weekly volumes: nothing, where all answers counted together are far off.

    python -m tests.benchmarks.picks_volumes [--sets banking77,clinc150] [--weeks 2] [--out FILE]

Through the service's own queue, as `tests.benchmarks.picks`: a model is taught by three days of
questions about an archive. Then weeks come in, made of the test messages with shares of drivers
that differ from week to week; some are drawn, as many more are picked, all are answered, and each
week's volumes are read when all weeks are over, beside the true counts.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from classifier.messages import UNKNOWN, LabeledMessage
from service.reports import WeeklyReport
from service.triage import LEARNING
from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.report import table, written
from tests.benchmarks.frontier.sets import read_set
from tests.benchmarks.picks import SETS
from tests.benchmarks.picks_queue import Team, archived
from tests.benchmarks.shared_data import ROOT

LESSONS = (200, 500, 800)
"""Questions of the days that teach the model."""
DRAWN, PART = 300, 6
"""Questions drawn in a week, at most one of so many messages; and as many picked."""
SCARCE = 0.1
"""The least part of a driver's test messages that are in a week; the most is all of them."""
SECTION = "picks-volumes"


@dataclass(frozen=True)
class Week:
    """How a week came out. Mean absolute errors over drivers, in messages, of counting all answers
    and of ours; of the half of the drivers that the model is less sure about, the share of all
    messages, in truth, by counting all answers, and by ours; and the share of our intervals that
    hold."""

    data: str
    messages: int
    drawn: int
    picked: int
    error_counted: float
    error_ours: float
    hard: float
    hard_counted: float
    hard_ours: float
    held: float


def weeks(data: str, count: int) -> Iterator[Week]:
    source = read_set(data)
    train, test = next(source.rounds())
    train = [replace(each, message_id=f"train-{n}") for n, each in enumerate(train)]
    with archived(train, (), encoder=False) as archive:
        team = archive.team()
        for lesson in LESSONS:
            team.ask(lesson, at_random=False, seed=0)
            team.answer([LEARNING])
            team.learn()
        came: dict[str, tuple[Counter[str], set[str], int, int]] = {}
        for number in range(count):
            name, week = _come_in(team, test, number)
            picked = team.ask(team.left + _budget(week), at_random=False, seed=number).picked
            team.answer([LEARNING])
            drawn = len(team.answer(["audit"]))
            came[name] = (_counted(week), _hard(team, week), drawn, picked)
        for name, facts in came.items():
            yield _week(data, team.week(name), team.said(name), *facts)


def _come_in(
    team: Team, test: Sequence[LabeledMessage], number: int
) -> tuple[str, list[LabeledMessage]]:
    random = np.random.default_rng(number)
    drivers = sorted({each.label.primary or UNKNOWN for each in test})
    part = dict(zip(drivers, random.uniform(SCARCE, 1.0, len(drivers)).tolist(), strict=True))
    week = [
        replace(each, message_id=f"week-{number}-{n}")
        for n, each in enumerate(test)
        if random.random() < part[each.label.primary or UNKNOWN]
    ]
    team.runtime.settings.graded_budget = _budget(week)
    team.runtime.settings.expected_messages = len(week)
    return team.begin_week(week, number), week


def _budget(week: Sequence[LabeledMessage]) -> int:
    return min(DRAWN, len(week) // PART)


def _hard(team: Team, week: Sequence[LabeledMessage]) -> set[str]:
    """The half of the drivers of whose messages the model is less sure."""
    sure: dict[str, list[float]] = defaultdict(list)
    said = team.model.judge([each.text for each in week]).confidence.tolist()
    for each, confidence in zip(week, said, strict=True):
        sure[each.label.primary or UNKNOWN].append(confidence)
    ordered = sorted(sure, key=lambda driver: float(np.mean(sure[driver])))
    return set(ordered[: len(ordered) // 2])


def _counted(week: Sequence[LabeledMessage]) -> Counter[str]:
    return Counter(each.label.primary or UNKNOWN for each in week)


def _week(
    data: str,
    report: WeeklyReport,
    said: Counter[str],
    true: Counter[str],
    hard_drivers: set[str],
    drawn: int,
    picked: int,
) -> Week:
    n, rows = true.total(), report.drivers
    truth = np.array([true[row.driver] for row in rows])
    counted = np.array([n * said[row.driver] / said.total() for row in rows])
    ours = np.array([row.volume.value for row in rows])
    low = np.array([row.volume.low or 0.0 for row in rows])
    high = np.array([row.volume.high or 0.0 for row in rows])
    hard = np.array([row.driver in hard_drivers for row in rows])
    return Week(
        data=data,
        messages=n,
        drawn=drawn,
        picked=picked,
        error_counted=float(np.abs(counted - truth).mean()),
        error_ours=float(np.abs(ours - truth).mean()),
        hard=float(truth[hard].sum() / n),
        hard_counted=float(counted[hard].sum() / n),
        hard_ours=float(ours[hard].sum() / n),
        held=float(((low <= truth) & (truth <= high)).mean()),
    )


def markdown(found: Sequence[Week], command: str) -> str:
    when = f"{datetime.now(UTC).date()}, commit {commit(ROOT)}, {machine()['cores']} cores"
    columns = (
        *("set", "messages", "drawn", "picked", "error, all answers", "error, ours"),
        *("hard drivers, %", "by all answers", "by ours", "our intervals that hold, %"),
    )
    rows = [
        (
            *(each.data, f"{each.messages:,}", str(each.drawn), str(each.picked)),
            *(f"{each.error_counted:.1f}", f"{each.error_ours:.1f}"),
            *(f"{100 * value:.1f}" for value in (each.hard, each.hard_counted, each.hard_ours)),
            f"{100 * each.held:.0f}",
        )
        for each in found
    ]
    return "\n\n".join(
        [
            "## Volumes while picks are answered",
            f"Written by `{command}`. {when}.",
            (
                "A row a week, in which messages are drawn and as many more picked, all of them "
                "answered: the mean absolute error over drivers, in messages, of scaling up all "
                "answers and of our volumes; and which share of the messages the half of the "
                "drivers has that the model is less sure about, in truth and by either. Picks look "
                "for doubt, so that all answers together have too many of these drivers; our "
                "volumes rest on drawn ones alone."
            ),
            table(columns, rows),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--weeks", type=int, default=2)
    parser.add_argument("--out", type=Path, help="the document to write the section into")
    options = parser.parse_args(arguments)
    found: list[Week] = []
    for data in options.sets.split(","):
        for each in weeks(data, options.weeks):
            found.append(each)
            print(each, file=sys.stderr, flush=True)  # noqa: T201
    command = f"python -m tests.benchmarks.picks_volumes --sets {options.sets}"
    section = markdown(found, f"{command} --weeks {options.weeks}")
    print(section)  # noqa: T201
    if options.out:
        written(options.out, SECTION, section)


if __name__ == "__main__":
    main()
