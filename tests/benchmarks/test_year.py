"""The rows that the benchmark of a year makes up are those that summing makes of such messages."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from classifier.messages import UNKNOWN, RedactedText
from service.runtime import Runtime, open_runtime, taxonomy_in_use
from service.settings import Settings
from service.tables import DrawRow, LabelRow, MessageRow, ModelRow, PredictionRow, TermRow
from service.terms import (
    Columns,
    asked,
    asked_and_answered,
    label_columns,
    logged_of,
    mark_stale,
    probabilities,
    refresh,
)
from service.terms.mentions import mention_labels, mention_probabilities, named_drivers
from service.weeks import shifted
from tests.benchmarks.year import rows as year

MONDAY, WEEK, MESSAGES = date(2026, 11, 9), "2026-W46", 60
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MODEL = "2026-11-02.1"


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    taxonomy = tmp_path / "taxonomy.toml"
    taxonomy.write_text(year.shop(), encoding="utf-8")
    settings = Settings(home=tmp_path, models_dir=tmp_path / "models", taxonomy=taxonomy)
    opened = open_runtime(settings.model_copy(update={"pairs": [year.PAIR], "warm_up": False}))
    yield opened
    opened.close()


def stored(runtime: Runtime, values: dict[str, list[str]], columns: Columns) -> None:
    """Messages of one day as intake stores them, some of them asked about and answered."""
    rng = np.random.default_rng(3)
    drivers = list(columns.leaves[:-1])
    with runtime.writing() as session:
        shares = [1 / len(drivers)] * len(drivers)
        session.add(
            ModelRow(
                version=MODEL,
                taxonomy="t",
                drivers=drivers,
                base_shares=shares,
                used_since=NOW,
            )
        )
        for number in range(MESSAGES):
            chosen = rng.choice(len(drivers), 5, replace=False)
            about = {name: each[number] for name, each in values.items()}
            session.add(_message(number, about))
            session.flush()
            top = [
                [drivers[n], p] for n, p in zip(chosen, (0.6, 0.2, 0.1, 0.05, 0.02), strict=True)
            ]
            session.add_all(_asked(number, top, answered=number % 3 == 0))
        mark_stale(session, [WEEK])


def _message(number: int, about: dict[str, str]) -> MessageRow:
    return MessageRow(
        id=number + 1,
        external_id=str(number),
        content_hash="",
        channel=about["channel"],
        direction="inbound",
        counted=True,
        subject=RedactedText(""),
        text=RedactedText("x"),
        text_key="",
        holdout=False,
        language=about["language"],
        received_at=NOW,
        day=MONDAY,
        week=WEEK,
        attributes={name: about[name] for name in ("product", "partner")},
        scores={},
        stored_at=NOW,
    )


def _asked(number: int, top: list[list[Any]], *, answered: bool) -> Iterator[Any]:
    yield DrawRow(
        message_id=number + 1,
        inclusion=0.4,
        drawn=answered or number % 2 == 0,
        required=False,
        stratum="graded/middle/2026-11-09",
        uncertainty=0.5,
        made_at=NOW,
    )
    yield PredictionRow(
        message_id=number + 1,
        first=True,
        model=MODEL,
        recalibration="none",
        taxonomy="t",
        top=top,
        rest=0.03,
        unknown=0.05,
        confidence=0.6,
        threshold=None,
        mentions=[[top[0][0], 0.9, True, []], [top[1][0], 0.4, True, []]],
        made_at=NOW,
    )
    if answered:
        yield LabelRow(
            message_id=number + 1,
            review_id=None,
            driver=top[number % 2][0],
            also=[top[2][0]] if number % 4 == 0 else [],
            note=RedactedText(""),
            suggestion=RedactedText(""),
            person="p",
            door="d",
            door_ref=str(number),
            version="1",
            chosen="audit",
            counts=True,
            current=True,
            origin="manual",
            seconds=None,
            taxonomy="t",
            answered_at=NOW,
            stored_at=NOW,
        )


def read_back(runtime: Runtime, values: dict[str, list[str]]) -> year.Arrived:
    """The same messages in the shape in which the benchmark makes them up."""
    with runtime.reading() as session:
        columns = Columns.of(taxonomy_in_use(session, runtime))
        rows = session.execute(asked(WEEK)).all()
        logged = logged_of(rows)
        primary = probabilities(session, columns.leaves, logged)
    labels = label_columns(rows, columns)
    reviewed = labels >= 0
    drawn = np.array([row.drawn for row in rows])
    first, second = year.PAIR
    both = [f"{a}/{b}" for a, b in zip(values[first], values[second], strict=True)]
    return year.Arrived(
        primary=primary,
        labels=np.where(reviewed, labels, -1),
        mentions=mention_probabilities(primary, named_drivers(primary, logged, columns), columns),
        mentioned=mention_labels(rows, columns),
        inclusion=asked_and_answered(rows, drawn, reviewed),
        reviewed=reviewed,
        values={"": [""] * MESSAGES, **values, f"{first}/{second}": both},
    )


def test_its_rows_are_those_of_summing(runtime: Runtime) -> None:
    rng = np.random.default_rng(4)
    values = {
        name: [f"{name}-{n}" for n in rng.integers(0, 3, size=MESSAGES)] for name in year.VALUES
    }
    with runtime.reading() as session:
        columns = Columns.of(taxonomy_in_use(session, runtime))
    assert columns.leaves[-1] == UNKNOWN
    assert len(columns.leaves) == 41
    stored(runtime, values, columns)
    with runtime.writing() as session:
        assert refresh(session, runtime) == [WEEK]
    with runtime.reading() as session:
        summed = {
            (row.kind, row.slice, row.value, row.driver): [getattr(row, n) for n in year.NUMBERS]
            for row in session.scalars(select(TermRow))
        }
    made_up = {
        (kind, *place): numbers
        for kind, *place, numbers in year.day_sums(read_back(runtime, values), columns)
    }
    assert made_up.keys() == summed.keys()
    for place, numbers in summed.items():
        np.testing.assert_allclose(made_up[place], numbers, atol=1e-9, err_msg=str(place))


def test_a_new_model_takes_over_within_its_week() -> None:
    weeks = [shifted(WEEK, -back) for back in range(8)]
    counts = sorted(len(list(year.makers(week))) for week in weeks)
    assert counts == [7] * 6 + [8] * 2
    (swap,) = [week for week in weeks[:4] if len(list(year.makers(week))) == 8]
    before, after = {model for _, model in year.makers(swap)}
    assert {day for day, _ in year.makers(swap)} == set(range(7))
    assert before != after
