"""What folds said of the messages a model was trained on, kept beside it.

A model is too sure of what it learned from. What a model of the other folds said of such a message
is as good as what this one will say of new messages: whoever asks what it would have said of
earlier ones goes by that.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from classifier.folded import Folded
from classifier.mentions.reader import LEAST, MOST
from classifier.messages import LabeledMessage, Mention, Prediction
from classifier.model import fingerprint
from classifier.volumes.recalibration import TOP

FOLDS: Final = "folds.npz"
"""In a version's folder."""

LISTED: Final = np.dtype([("row", "u4"), ("driver", "u2"), ("probability", "f4"), ("said", "?")])
CERTAINLY: Final = 2.0


@dataclass(frozen=True, eq=False, kw_only=True)
class FoldPredictions:
    """Of n texts, by their fingerprints (n,), ascending: the `drivers` that were likeliest (n, ≤5),
    their probabilities, and that of none of them (n,).

    `mentions` (m,) of all drivers a text may be about: the row of the text, the driver, the
    probability and whether it is said of the message; none where a model knows one a message.
    """

    drivers: tuple[str, ...]
    keys: NDArray[np.str_]
    likeliest: NDArray[np.uint16]
    probabilities: NDArray[np.float32]
    unknown: NDArray[np.float32]
    mentions: NDArray[np.void]

    @classmethod
    def of(cls, messages: Sequence[LabeledMessage], learned: Folded) -> Self:
        """Of the messages (n) that folds taught from; the first of each text that was predicted."""
        every = np.array([fingerprint(message.text) for message in messages], dtype="U16")
        places = np.flatnonzero(learned.found.predicted)
        keys, first = np.unique(every[places], return_index=True)
        rows = places[first]
        p = learned.calibration.probabilities[rows]
        likeliest = np.argsort(-p, axis=1, kind="stable")[:, :TOP]
        return cls(
            drivers=learned.drivers,
            keys=keys,
            likeliest=likeliest.astype(np.uint16),
            probabilities=np.take_along_axis(p, likeliest, axis=1).astype(np.float32),
            unknown=learned.calibration.unknown[rows].astype(np.float32),
            mentions=_mentioned(learned, rows),
        )

    def find(self, texts: Iterable[str]) -> list[Prediction | None]:
        """What folds said of each text; None for one that is not here. Beyond the likeliest five
        what is left is spread evenly, and where sentences stand is not known."""
        wanted = np.array([fingerprint(text) for text in texts], dtype="U16")
        if not len(self.keys):
            return [None] * len(wanted)
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found = self.keys[places] == wanted
        return [
            self._at(int(row)) if here else None for row, here in zip(places, found, strict=True)
        ]

    def to_bytes(self) -> bytes:
        """A file that `read_folds` reads back; no text is in it."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            drivers=np.array(self.drivers, dtype=np.str_),
            keys=self.keys.astype("S16"),
            likeliest=self.likeliest,
            probabilities=self.probabilities,
            unknown=self.unknown,
            mentions=self.mentions,
        )
        return file.getvalue()

    def _at(self, row: int) -> Prediction:
        kept, k = self.likeliest[row].astype(np.intp), len(self.drivers)
        p = self.probabilities[row].astype(np.float64)
        rest = max(0.0, 1.0 - float(p.sum()))
        probabilities = np.full(k, rest / max(1, k - len(kept)))
        probabilities[kept] = p
        mentions = tuple(self._mentions(row))
        return Prediction(self.drivers, probabilities, float(self.unknown[row]), mentions)

    def _mentions(self, row: int) -> Iterator[Mention]:
        start, end = np.searchsorted(self.mentions["row"], [row, row + 1])
        for _, driver, probability, said in self.mentions[start:end].tolist():
            yield Mention(self.drivers[driver], probability, said)


def read_folds(path: Path) -> FoldPredictions:
    """What `to_bytes` wrote. Verify its folder first (`classifier.registry`)."""
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    drivers, keys = tuple(found.pop("drivers").tolist()), found.pop("keys").astype("U16")
    return FoldPredictions(drivers=drivers, keys=keys, **found)


def _mentioned(learned: Folded, rows: NDArray[np.intp]) -> NDArray[np.void]:
    """What a reader of mentions would list of the messages in some rows, in its order."""
    if learned.mentions is None:
        return np.zeros(0, dtype=LISTED)
    found = learned.mentions.found
    p, said = found.probabilities[rows], found.chosen[rows]
    ranked = p.copy()
    ranked[np.arange(len(p)), learned.calibration.probabilities[rows].argmax(axis=1)] = CERTAINLY
    best = np.argsort(-ranked, axis=1, kind="stable")[:, :MOST]
    likely = np.take_along_axis(ranked, best, axis=1) >= LEAST
    row, driver = np.nonzero(likely)[0], best[likely]
    listed = np.zeros(len(row), dtype=LISTED)
    listed["row"], listed["driver"] = row, driver
    listed["probability"], listed["said"] = p[row, driver], said[row, driver]
    return listed
