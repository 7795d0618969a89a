"""Messages that nobody trained on, and what the project's own model says of them, kept."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from classifier.messages import LabeledMessage
from classifier.taxonomy import flat_taxonomy
from classifier.training import train
from service.sample.typos import mistype
from tests.benchmarks.frontier.jobs import digest
from tests.benchmarks.frontier.sets import drawn, read_set
from tests.benchmarks.shared_data import ROOT

SLIPS = 2
"""How often a message is mistyped over: one to three words each time."""
NOT_ASKED = ("volumes", "promise", "evaluation", "__pycache__")
"""Parts of the classifier that have no say in a model's probabilities."""


@dataclass(frozen=True)
class Source:
    """A set, and how many labels of each driver a model learns from: all, if it is not said."""

    data: str
    labels: int | None

    @property
    def name(self) -> str:
        return f"{self.data} {self.labels or 'all'}"


SOURCES = {
    each.name: each
    for each in (
        Source("banking77", 30),
        Source("banking77", None),
        Source("clinc150", 30),
        Source("clinc150", None),
    )
}


@dataclass(frozen=True, eq=False)
class Pool:
    """Messages (n) to draw weeks from. Columns are the k trained drivers, one that the taxonomy
    has and nobody trained on, and unknown.

    `truth` (n,) columns; `drivers` (n, k) the model's probabilities given that it is one of the
    trained drivers, `unknown` (n,) that it is none, and the same of the mistyped messages; `base`
    (k,) what the probabilities are calibrated to.
    """

    truth: np.ndarray
    drivers: np.ndarray
    unknown: np.ndarray
    mistyped_drivers: np.ndarray
    mistyped_unknown: np.ndarray
    base: np.ndarray

    @property
    def unseen(self) -> int:
        return len(self.base)

    @property
    def columns(self) -> int:
        return len(self.base) + 2

    def accuracy(self, *, mistyped: bool = False) -> float:
        """Of the messages about a trained driver."""
        known = self.truth < self.unseen
        said = (self.mistyped_drivers if mistyped else self.drivers)[known].argmax(axis=1)
        return float(np.mean(said == self.truth[known]))

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.npz")
        np.savez_compressed(part, allow_pickle=False, **vars(self))
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Pool":
        with np.load(path) as kept:
            return cls(**{name: kept[name] for name in kept.files if name != "allow_pickle"})


def kept_pool(
    source: Source, cache: Path, *, log: Callable[[str], None] = lambda line: None
) -> Path:
    """Where it is kept as long as the code it came from has not changed; made if it is not."""
    path = cache / code() / f"volumes-{source.name.replace(' ', '-')}.npz"
    if not path.exists():
        log(f"training on {source.name}")
        made(source).save(path)
    return path


def code() -> str:
    here = ROOT / "classifier"
    parts = [f"classifier/{each.name}" for each in here.iterdir() if each.name not in NOT_ASKED]
    return digest([*parts, "service/sample/typos.py", "tests/benchmarks/volumes/pools.py"])


def made(source: Source) -> Pool:
    """Train as `waarom train` does, and judge all other messages, as they are and mistyped."""
    given = read_set(source.data)
    unseen = Random(source.data).choice(given.known)
    known = [driver for driver in given.known if driver != unseen]
    teachable = [message for message in given.train if message.label.primary in known]
    learned = drawn(teachable, source.labels, seed=0) if source.labels else teachable
    model = train(learned, flat_taxonomy(known)).model
    taught = {id(message) for message in learned}
    others = [each for each in (*given.train, *given.test) if id(each) not in taught]
    index = {driver: at for at, driver in enumerate((*model.drivers, unseen))}
    texts = [str(message.text) for message in others]
    said, typed = model.judge(texts), model.judge(mistyped(texts))
    return Pool(
        truth=np.array([_column(message, index) for message in others]),
        drivers=np.asarray(said.probabilities),
        unknown=np.asarray(said.unknown),
        mistyped_drivers=np.asarray(typed.probabilities),
        mistyped_unknown=np.asarray(typed.unknown),
        base=np.array(model.base_shares),
    )


def mistyped(texts: list[str]) -> list[str]:
    random = Random("typos")
    for _ in range(SLIPS):
        texts = [mistype(text, random) for text in texts]
    return texts


def _column(message: LabeledMessage, index: dict[str, int]) -> int:
    return index.get(message.label.primary or "", len(index))
