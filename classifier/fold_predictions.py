"""What a model's folds said of its own training messages, kept beside it.

Whoever asks a model about a message it was trained on gets an answer that flatters it. What the
folds said of it, which never saw it, is what the model would say of one just like it.
"""

import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from classifier.messages import LabeledMessage, Prediction
from classifier.model import fingerprint
from classifier.training import Trained

FILE: Final = "folds.npz"
TOP: Final = 8
"""So many of the likeliest drivers are kept of each message; the rest is spread over the others."""


@dataclass(frozen=True, eq=False)
class FoldPredictions:
    """Of n training texts: `keys` (n,), their fingerprints; `columns` (n, m), the m likeliest of
    the `drivers`, and their `probabilities` (n, m) given that it is one of them; `unknown` (n,)."""

    drivers: tuple[str, ...]
    keys: NDArray[np.str_]
    columns: NDArray[np.uint16]
    probabilities: NDArray[np.float32]
    unknown: NDArray[np.float32]

    @classmethod
    def of(cls, trained: Trained, messages: Iterable[LabeledMessage]) -> Self:
        """Of a model just trained on some of these messages; without those that share their id with
        another text, which nobody can tell apart."""
        keys = defaultdict[str, set[str]](set)
        for each in messages:
            keys[each.message_id].add(fingerprint(each.text))
        folded = trained.folded
        alone = np.array([len(keys[id_]) == 1 for id_ in trained.training_ids], dtype=bool)
        rows = np.flatnonzero(folded.found.predicted & alone)
        p = folded.calibration.probabilities[rows]
        columns = np.argsort(-p, axis=1, kind="stable")[:, :TOP]
        return cls(
            folded.drivers,
            np.array([min(keys[trained.training_ids[row]]) for row in rows], dtype=np.str_),
            columns.astype(np.uint16),
            np.take_along_axis(p, columns, axis=1).astype(np.float32),
            folded.calibration.unknown[rows].astype(np.float32),
        )

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Those beside a verified model; None beside one made before they were kept."""
        try:
            with np.load(folder / FILE, allow_pickle=False) as found:
                drivers = tuple(found["drivers"].tolist())
                parts = (found[n] for n in ("keys", "columns", "probabilities", "unknown"))
                return cls(drivers, *parts)
        except FileNotFoundError:
            return None

    def to_bytes(self) -> bytes:
        """The content of the file: numbers and fingerprints, no text."""
        written = io.BytesIO()
        np.savez_compressed(
            written,
            drivers=np.array(self.drivers, dtype=np.str_),
            keys=self.keys,
            columns=self.columns,
            probabilities=self.probabilities,
            unknown=self.unknown,
        )
        return written.getvalue()

    def find(self, text: str) -> Prediction | None:
        """What the folds said of a text; None if it was not trained on, or in no fold."""
        row = self._rows.get(fingerprint(text))
        if row is None:
            return None
        top = self.probabilities[row].astype(np.float64)
        k, m = len(self.drivers), len(top)
        p = np.full(k, max(0.0, 1.0 - top.sum()) / max(1, k - m))
        p[self.columns[row]] = top
        return Prediction(self.drivers, p / p.sum(), float(self.unknown[row]))

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self.keys.tolist())}
