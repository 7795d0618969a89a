"""The drawn and answered messages of a week, as a model reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row
from sqlalchemy.orm import Session

from classifier import registry
from classifier.fold_predictions import FOLDS, FoldPredictions, read_folds
from classifier.messages import Prediction
from classifier.model import Model
from service.tables import DrawRow, MessageRow, RecalibrationRow
from service.terms import (
    FINAL,
    Columns,
    Logged,
    aligned,
    asked,
    asked_and_answered,
    classified_text,
    label_columns,
    logged_of,
    mention_labels,
    recalibration_id,
    tells_of_several,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Answered:
    """Of n messages what a model said, and what people did: the column of the primary driver (n,)
    and, (n, leaves) of 0 and 1, all drivers and whether they are several; π·ρ̂ (n,).

    `several`: whether anybody, or the model, could name more than one driver a message. `q_emq`:
    the shares that the final recalibration of the week and the model found, if there is one.
    """

    logged: list[Logged]
    labels: NDArray[np.int64]
    mentions: NDArray[np.int8]
    inclusion: Floats
    several: bool
    q_emq: Floats | None


class ReadBy:
    """What a model says of messages it may have been trained on, or never seen at all.

    Of one that it predicted when it came, what was logged; of one it was trained on, what folds
    said; of any other, what it says now. None where it was trained on it and no fold spoke.
    """

    def __init__(self, model: Model, models: Path) -> None:
        self.model, self._folder = model, models / model.version

    def logged(self, rows: Sequence[Row[Any]]) -> list[Logged | None]:
        """Of each row of the store, with the words of its message."""
        version = self.model.version
        found: list[Logged | None] = [
            mine if mine.model == version else None for mine in logged_of(rows)
        ]
        others = [number for number, mine in enumerate(found) if mine is None]
        said = self._said([classified_text(rows[n].subject, rows[n].text) for n in others])
        for number, prediction in zip(others, said, strict=True):
            found[number] = Logged.of(prediction, version) if prediction else None
        return found

    @cached_property
    def _folds(self) -> FoldPredictions | None:
        """None of a version that was made before folds were kept."""
        if not (self._folder / FOLDS).exists():
            return None
        registry.verify(self._folder)
        return read_folds(self._folder / FOLDS)

    def _said(self, texts: Sequence[str]) -> list[Prediction | None]:
        said: list[Prediction | None] = [None] * len(texts)
        if texts and self._folds:
            said = self._folds.find(texts)
        trained = self.model.trained_on(texts)
        new = [n for n, each in enumerate(said) if each is None and not trained[n]]
        for number, now in zip(new, self.model.predict([texts[n] for n in new]), strict=True):
            said[number] = now
        return said


@dataclass(frozen=True, eq=False, kw_only=True)
class DrawnAnswers:
    """The drawn and answered messages of a week as they are stored, whoever read them."""

    columns: Columns
    rows: Sequence[Row[Any]]
    inclusion: Floats
    q_emq: Floats | None

    def read_by(self, reader: ReadBy) -> Answered:
        """The same messages as a model reads them, those it can tell us about."""
        told = reader.logged(self.rows)
        there = np.array([each is not None for each in told], dtype=np.bool_)
        logged = [each for each in told if each is not None]
        rows = [row for row, each in zip(self.rows, told, strict=True) if each is not None]
        return Answered(
            logged=logged,
            labels=label_columns(rows, self.columns),
            mentions=mention_labels(rows, self.columns)[:, : len(self.columns.leaves)],
            inclusion=self.inclusion[there],
            several=tells_of_several(logged, rows, np.ones(len(rows), dtype=np.bool_)),
            q_emq=self.q_emq,
        )


def drawn_answers(session: Session, week: str, columns: Columns, model: str) -> DrawnAnswers:
    """Those of a week, with the shares by which this model closed it."""
    query = asked(week).add_columns(MessageRow.subject, MessageRow.text).where(DrawRow.drawn)
    rows = session.execute(query).all()
    known = label_columns(rows, columns) >= 0
    pi = asked_and_answered(rows, np.ones(len(rows), dtype=np.bool_), known)
    mine: list[Row[Any]] = [row for row, is_known in zip(rows, known, strict=True) if is_known]
    final = session.get(RecalibrationRow, recalibration_id(week, FINAL, model))
    shares = aligned(final.parameters, columns.leaves).q_emq if final else None
    return DrawnAnswers(columns=columns, rows=mine, inclusion=pi[known], q_emq=shares)
