"""A team that answers truly, in an installation of its own: archive, days of questions, a week.

What is asked comes out of the service's own queue, from a real SQLite database; only people are
played, and they know the label of every message.
"""

import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import select

from classifier.embeddings import CachedEncoder
from classifier.encoder import load_encoder
from classifier.messages import UNKNOWN, Label, LabeledMessage, RawMessage
from classifier.model import Model
from classifier.taxonomy import flat_taxonomy
from classifier.training import TrainingConfig, train
from labeling.picks import Pick
from service import reviews
from service.intake import receive
from service.labels import Answer, record
from service.picking import Filled, fill_day
from service.picking.candidates import Candidates
from service.reports import WeeklyReport, up_to_date, weekly_report
from service.runtime import Runtime, open_runtime, use_taxonomy
from service.settings import Settings
from service.tables import LabelRow, MessageRow, ReviewRow
from service.training_rows import training_set
from service.triage import OPEN_STATES
from service.weeks import day_of, week_of
from tests.benchmarks.frontier.jobs import encoder_folder

ARCHIVE = datetime(2026, 7, 1, 12, tzinfo=UTC)
ARCHIVED_DAYS = 28
WEEK = datetime(2026, 11, 18, 12, tzinfo=UTC)
"""Long after the archive, so that picks come from this week alone."""
BATCH = 1000
SECRET = "a key for benchmarks only"


@dataclass
class Taught(Runtime):
    """A runtime whose model is handed over instead of read from a folder."""

    taught: Model | None = None

    def current_model(self) -> Model | None:
        return self.taught


class Team:
    """An installation whose messages have known labels, and the people who answer."""

    def __init__(self, runtime: Taught, truth: dict[str, Label], config: TrainingConfig) -> None:
        self.runtime, self._truth, self._config = runtime, truth, config
        self._today = ARCHIVE + timedelta(days=ARCHIVED_DAYS)

    def arrive(self, messages: Sequence[LabeledMessage], now: datetime, *, old: bool) -> None:
        """Messages come in within a week before now; `old` ones, an archive, over four."""
        days = ARCHIVED_DAYS if old else 3
        made = [
            RawMessage(
                text=message.text,
                external_id=message.message_id,
                received_at=now - timedelta(days=number % days, hours=1),
            )
            for number, message in enumerate(messages)
        ]
        for start in range(0, len(made), BATCH):
            with self.runtime.writing() as session:
                some = made[start : start + BATCH]
                receive(session, self.runtime, some, now=now, draw_since=now if old else None)

    def ask(self, count: int, *, at_random: bool, seed: int) -> Filled:
        """A day with so many questions, by the service's choice or at random."""
        self._today += timedelta(days=1)
        self.runtime.settings.questions_a_day = count

        def anything(found: Candidates, model: Model | None, count: int, **_: object) -> list[Pick]:
            rows = np.random.default_rng(seed).permutation(len(found))[:count]
            return [Pick(row, "random") for row in rows.tolist()]

        if at_random:
            return fill_day(self.runtime, now=self._today, choose=anything)
        return fill_day(self.runtime, now=self._today)

    def begin(self, seed: int) -> None:
        """Another seed is another day: the queue chooses by that."""
        self._today += timedelta(weeks=seed)

    def begin_week(self, messages: Sequence[LabeledMessage], number: int) -> str:
        """A week of messages comes in, to be drawn from; its name."""
        self._today = WEEK + timedelta(weeks=number)
        self._truth |= {message.message_id: message.label for message in messages}
        self.arrive(messages, self._today, old=False)
        return week_of(day_of(self._today, self.runtime.settings.timezone))

    @property
    def model(self) -> Model:
        assert self.runtime.taught is not None
        return self.runtime.taught

    @property
    def left(self) -> int:
        """Questions that wait for an answer."""
        with self.runtime.reading() as session:
            return reviews.left(session)

    def answer(self, purposes: Sequence[str]) -> list[str]:
        """Everything that is open for these purposes, truly; the main drivers."""
        query = (
            select(ReviewRow, MessageRow.external_id)
            .join(MessageRow, MessageRow.id == ReviewRow.message_id)
            .where(ReviewRow.purpose.in_(purposes), ReviewRow.state.in_(OPEN_STATES))
        )
        with self.runtime.writing() as session:
            answers = [
                Answer(
                    message_id=review.message_id,
                    label=self._truth[name],
                    person="somebody",
                    door="review",
                    door_ref=f"review-{review.id}",
                    answered_at=self._today,
                    review_id=review.id,
                    chosen=review.purpose,
                )
                for review, name in session.execute(query)
            ]
            record(session, self.runtime, answers, now=self._today)
        return [answer.label.primary or UNKNOWN for answer in answers]

    def learn(self) -> int:
        """A new model of all labels there are; how many taught it."""
        with self.runtime.reading() as session:
            rows = [row.message for row in training_set(session) if not row.holdout]
        self.runtime.taught = replace(self.model_of(rows), version=f"labels.{len(rows)}")
        return len(rows)

    def model_of(self, messages: Sequence[LabeledMessage]) -> Model:
        taxonomy = flat_taxonomy(
            {driver for each in self._truth.values() for driver in each.drivers}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return train(messages, taxonomy, config=self._config).model

    def pool(self) -> list[LabeledMessage]:
        """All that may be picked, labeled."""
        with self.runtime.reading() as session:
            query = select(MessageRow.external_id, MessageRow.text).where(~MessageRow.holdout)
            return [
                LabeledMessage(text=row.text, label=self._truth[row.external_id])
                for row in session.execute(query)
            ]

    def week(self, name: str) -> WeeklyReport:
        up_to_date(self.runtime)
        with self.runtime.reading() as session:
            return weekly_report(session, self.runtime, name, now=self._today)

    def said(self, week: str) -> Counter[str]:
        """The main drivers of all answers about the messages of a week, picked ones too."""
        query = (
            select(LabelRow.driver)
            .join(MessageRow, MessageRow.id == LabelRow.message_id)
            .where(MessageRow.week == week, LabelRow.current)
        )
        with self.runtime.reading() as session:
            return Counter(driver or UNKNOWN for driver in session.scalars(query))


@contextmanager
def archived(
    messages: Sequence[LabeledMessage], others: Sequence[LabeledMessage], *, encoder: bool
) -> Iterator["Archive"]:
    """An installation that has stored these; `others` are known to the people, too."""
    with tempfile.TemporaryDirectory() as folder:
        yield Archive(Path(folder), [*messages, *others], messages, encoder)


class Archive:
    """A store of messages from which each team begins with a copy."""

    def __init__(
        self,
        folder: Path,
        known: Sequence[LabeledMessage],
        stored: Sequence[LabeledMessage],
        encoder: bool,
    ) -> None:
        self._folder, self._copies = folder, 0
        self._truth = {each.message_id: each.label for each in known}
        self._config = TrainingConfig(search=False, folds=2)
        found = encoder_folder() if encoder else None
        if found:
            cached = CachedEncoder(load_encoder(found), folder / "embeddings", SECRET.encode())
            self._config = TrainingConfig(search=False, folds=2, encoder=cached)
        first = self._opened(folder / "first")
        with first.runtime.writing() as session:
            drivers = {driver for each in self._truth.values() for driver in each.drivers}
            use_taxonomy(session, flat_taxonomy(drivers), now=ARCHIVE)
        first.arrive(stored, ARCHIVE + timedelta(days=ARCHIVED_DAYS), old=True)
        first.runtime.close()

    def team(self) -> Team:
        self._copies += 1
        home = self._folder / f"team-{self._copies}"
        shutil.copytree(self._folder / "first", home)
        return self._opened(home)

    def _opened(self, home: Path) -> Team:
        home.mkdir(exist_ok=True)
        settings = Settings(
            home=home, models_dir=home / "models", taxonomy=home / "none.toml", secret=SECRET,
            ask_doubtful="graded", warm_up=False,
        )  # fmt: skip
        opened = open_runtime(settings)
        return Team(
            Taught(opened.settings, opened.engine, opened.secret), self._truth, self._config
        )
