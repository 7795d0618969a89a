"""How many labels a model needs when it picks what to be taught: beside random ones and margins.

    python -m tests.benchmarks.picks [--sets banking77,clinc150] [--models sparse,encoder]
                                     [--seeds 2] [--quick] [--json] [--out FILE]

Each curve starts with the same number of labels and adds a fifth of what it has a round. A model of
the labels so far judges messages it never sees and picks the next ones from the rest: at random, by
the smallest margin, or as `labeling.picks` does, which also begins with `labeling.first_sample`.
What counts is how many labels it takes to reach shares of the accuracy that the same model has with
all the labels. Then how long it takes to pick among 100,000 messages.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, vstack

from classifier.calibration import tempered
from classifier.combination import USUAL_WEIGHT, Remembered, meaning_reader
from classifier.counts import Counts
from classifier.encoder import load_encoder
from classifier.features import NgramFeatures
from classifier.messages import Predictions
from classifier.opinions import opinions_by
from classifier.pipeline import PipelineConfig
from classifier.text import normalized
from labeling.first_sample import first_picks
from labeling.picks import learning_picks, spread
from tests.benchmarks.frontier.jobs import encoder_folder
from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.report import table, written
from tests.benchmarks.frontier.sets import read_set
from tests.benchmarks.shared_data import ROOT

SETS = ("banking77", "clinc150", "dekamer_nl")
MODELS = ("sparse", "encoder")
STRATEGIES = ("random", "margin", "margin + k-means")
OURS = STRATEGIES[-1]
GOALS = (0.80, 0.90, 0.95)
"""Shares of the accuracy with all the labels."""
WANTED = {"sparse": 0.52, "encoder": 0.50}
"""Labels to the last goal, of those of random picks: what we want at most."""
START, GROWTH, LEAST = 1.5, 0.2, 25
"""Labels a driver to begin with; the share added a round, and at least so many."""
CANDIDATES, PICKED = 100_000, 100
SECTION = "picks"


@dataclass(frozen=True)
class Curve:
    """The accuracy at each number of labels, and of all of them."""

    data: str
    model: str
    strategy: str
    seed: int
    labels: tuple[int, ...]
    accuracy: tuple[float, ...]
    whole: float

    def needed(self, share: float) -> float:
        """Labels, interpolated, from which the best so far is this share of the whole; nan if
        never."""
        best = np.maximum.accumulate(self.accuracy)
        reached = np.flatnonzero(best >= share * self.whole)
        if not len(reached):
            return float("nan")
        upto = int(reached[0]) + 1
        return float(np.interp(share * self.whole, best[:upto], self.labels[:upto]))


class Pool:
    """Messages to pick from and others to judge by, with what a model of some labels says."""

    def __init__(self, data: str, model: str, *, quick: bool) -> None:
        self.data, self.model = data, model
        source = read_set(data, quick=quick)
        self.train, self.test = next(source.rounds())
        self.texts = [message.text for message in self.train]
        judged = [*self.texts, *(message.text for message in self.test)]
        self.asked, self.counts = judged, Counts(judged)
        self.keys = [normalized(text) for text in self.texts]
        self.truth = np.array([str(message.label.primary) for message in self.test])
        self.drivers = len({message.label.primary for message in self.train})
        folder = encoder_folder() if model == "encoder" else None
        self.encoder = Remembered(load_encoder(folder)) if folder else None
        self.features = (
            NgramFeatures().fit_transform(self.texts)
            if self.encoder is None
            else self.encoder.encode(self.texts)
        )

    def judged(self, rows: Sequence[int]) -> tuple[float, Predictions]:
        """Of a model of these rows: its accuracy, and what it says of all that can be picked."""
        some = [self.train[row] for row in rows]
        config, counts = PipelineConfig(), self.counts
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = opinions_by(
                config,
                some,
                (),
                self.asked,
                second=meaning_reader(self.encoder),
                counts=counts if counts.covers(len(some)) else None,
            )
        probabilities = tempered(found.blended(USUAL_WEIGHT), 1.0)
        tested = found.drivers[probabilities[len(self.train) :].argmax(axis=1)]
        here = probabilities[: len(self.train)]
        said = Predictions(tuple(map(str, found.drivers)), here, np.zeros(len(here)))
        return float((tested == self.truth).mean()), said


def next_rows(
    pool: Pool, strategy: str, said: Predictions | None, had: Sequence[int], count: int, seed: int
) -> list[int]:
    """So many more rows of the pool to label."""
    left = np.setdiff1d(np.arange(len(pool.texts)), had)
    keys = [pool.keys[row] for row in left]
    if said is None and strategy == OURS:
        same = [""] * len(left)
        chosen = first_picks(pool.features[left], same, same, keys, count, seed=seed)
        return [int(left[pick.row]) for pick in chosen]
    if said is None or strategy == "random":
        return np.random.default_rng(seed).permutation(left)[:count].tolist()
    here = Predictions(said.drivers, said.probabilities[left], said.unknown[left])
    if strategy == "margin":
        best = np.sort(here.probabilities, axis=1)
        return left[np.argsort(best[:, -1] - best[:, -2], kind="stable")[:count]].tolist()
    chosen = learning_picks(pool.features[left], here, keys, count, seed=seed)
    return [int(left[pick.row]) for pick in chosen]


def curve(pool: Pool, strategy: str, seed: int, whole: float) -> Curve:
    """Accuracy by labels, until it is the last goal's share of that of all labels, and a bit."""
    rows: list[int] = []
    said: Predictions | None = None
    labels, accuracy = [], []
    while not accuracy or (max(accuracy) < GOALS[-1] * whole and len(rows) < len(pool.texts)):
        more = int(max(LEAST, GROWTH * len(rows))) if rows else int(START * pool.drivers)
        rows += next_rows(pool, strategy, said, rows, more, 1000 * seed + len(rows))
        right, said = pool.judged(rows)
        labels.append(len(rows))
        accuracy.append(right)
    return Curve(pool.data, pool.model, strategy, seed, tuple(labels), tuple(accuracy), whole)


def curves(sets: Sequence[str], models: Sequence[str], seeds: int, quick: bool) -> Iterator[Curve]:
    for data in sets:
        for model in models:
            if model == "encoder" and (encoder_folder() is None or data == "dekamer_nl"):
                continue
            pool = Pool(data, model, quick=quick)
            whole, _ = pool.judged(range(len(pool.texts)))
            for seed in range(seeds):
                yield from (curve(pool, strategy, seed, whole) for strategy in STRATEGIES)


def seconds() -> dict[str, float]:
    """Seconds to pick among messages whose features and predictions are known."""
    texts = [message.text for message in read_set("clinc150").train]
    some = NgramFeatures().fit_transform(texts)
    random = np.random.default_rng(0)
    # Made of two real messages each, so that hardly any are near duplicates.
    one, other = random.integers(len(texts), size=(2, CANDIDATES))
    features = csr_matrix(vstack([some[one[:1]], (some[one] + some[other])[1:]]))
    said = random.dirichlet(np.full(77, 0.1), size=CANDIDATES)
    predictions = Predictions(tuple(map(str, range(77))), said, np.zeros(CANDIDATES))
    keys = range(CANDIDATES)
    blank = [""] * CANDIDATES
    return {
        "the doubtful, spread": _timed(lambda: spread(features, said.max(axis=1), PICKED, seed=0)),
        "all, with near duplicates": _timed(
            lambda: learning_picks(features, predictions, keys, PICKED, seed=0)
        ),
        "a first sample": _timed(lambda: first_picks(features, blank, blank, keys, PICKED, seed=0)),
    }


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def mean_needed(found: Sequence[Curve], data: str, model: str, strategy: str, goal: float) -> float:
    same = (c for c in found if (c.data, c.model, c.strategy) == (data, model, strategy))
    return float(np.mean([each.needed(goal) for each in same]))


def markdown(found: Sequence[Curve], took: dict[str, float]) -> str:
    """The section: labels needed and their ratio to random ones, and seconds."""
    sets = ",".join(dict.fromkeys(each.data for each in found))
    models = ",".join(dict.fromkeys(each.model for each in found))
    rows, goals = [], []
    for data, model in dict.fromkeys((each.data, each.model) for each in found):
        whole = next(each.whole for each in found if (each.data, each.model) == (data, model))
        base = [mean_needed(found, data, model, "random", goal) for goal in GOALS]
        for strategy in STRATEGIES:
            needed = [mean_needed(found, data, model, strategy, goal) for goal in GOALS]
            said = [f"{n:,.0f} ({n / b:.2f})" for n, b in zip(needed, base, strict=True)]
            rows.append((data, model, strategy, f"{100 * whole:.1f}", *said))
        ratio = needed[-1] / base[-1]
        met = "met" if ratio <= WANTED[model] else "missed"
        goals.append((f"{data}, {model}", f"{WANTED[model]:.2f}", f"{ratio:.2f}", met))
    names = ("set", "model", "picks", "accuracy with all")
    columns = (*names, *(f"to {goal:.0%} of it" for goal in GOALS))
    about = machine()
    seeds = len({each.seed for each in found})
    command = f"python -m tests.benchmarks.picks --sets {sets} --models {models} --seeds {seeds}"
    when = f"{datetime.now(UTC).date()}, commit {commit(ROOT)}, {about['cores']} cores"
    took_rows = [(name, f"{value:.1f}") for name, value in took.items()]
    return "\n\n".join(
        [
            "## Learning picks",
            f"Written by `{command}`. {when}.",
            (
                "Labels needed to reach shares of the accuracy that the same model has with all "
                "the labels, the mean over seeds; in brackets, of what random picks need. Judged "
                "by the test file, or by one of five folds where there is none."
            ),
            table(columns, rows),
            table(("labels to 95 %, of random ones", "wanted", "found", "outcome"), goals),
            f"Seconds to pick {PICKED} of {CANDIDATES:,} messages whose features are known:",
            table(("picks", "seconds"), took_rows),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a fifth of the messages")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="the document to write the section into")
    options = parser.parse_args(arguments)
    found = []
    sets, models = options.sets.split(","), options.models.split(",")
    for each in curves(sets, models, options.seeds, options.quick):
        found.append(each)
        if not options.json:
            said = ", ".join(f"{goal:.0%}: {each.needed(goal):,.0f}" for goal in GOALS)
            print(each.data, each.model, each.strategy, each.seed, said, flush=True)  # noqa: T201
    took = seconds()
    if options.json:
        print(json.dumps({"curves": [asdict(each) for each in found], "seconds": took}))  # noqa: T201
    else:
        print(markdown(found, took))  # noqa: T201
    if options.out:
        written(options.out, SECTION, markdown(found, took))


if __name__ == "__main__":
    main()
