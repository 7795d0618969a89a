"""How many labels a model needs when the queue picks what it is taught: beside random ones.

    python -m tests.benchmarks.picks [--sets banking77,clinc150] [--seeds 2] [--encoder]
                                     [--quick] [--json] [--out FILE]

Everything goes through the service: an archive is stored, each day is filled up with questions by
`service.picking`, people answer truly, and a model is trained of all answers; the next day asks a
fifth more. What counts is how many labels it takes to reach shares of the accuracy that the same
model has with all the labels, beside teams that are asked at random. Then how long it takes to pick
among 100,000 messages. What picks do to volumes: `tests.benchmarks.picks_volumes`.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, vstack

from classifier.features import NgramFeatures
from classifier.messages import LabeledMessage, Predictions
from classifier.model import Model
from labeling.first_sample import first_picks
from labeling.picks import learning_picks, spread
from service.triage import LEARNING
from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.report import table, written
from tests.benchmarks.frontier.sets import read_set
from tests.benchmarks.picks_queue import Team, archived
from tests.benchmarks.shared_data import ROOT

SETS = ("banking77", "clinc150", "dekamer_nl")
RANDOM, OURS = "at random", "by the queue"
STRATEGIES = (RANDOM, OURS)
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


def judged(model: Model, test: Sequence[LabeledMessage]) -> float:
    """The accuracy over messages that are about a driver."""
    known = [message for message in test if message.label.primary]
    said = model.judge([message.text for message in known])
    right = [
        said.drivers[column] == message.label.primary
        for column, message in zip(said.likeliest.tolist(), known, strict=True)
    ]
    return float(np.mean(right))


def curve(
    team: Team, data: str, test: Sequence[LabeledMessage], *, strategy: str, seed: int, whole: float
) -> Curve:
    """Accuracy by labels, until it is the last goal's share of that of all labels."""
    drivers = len({message.label.primary for message in test} - {None})
    labels, accuracy = [0], [0.0]
    more = int(START * drivers)
    team.begin(seed)
    while max(accuracy) < GOALS[-1] * whole:
        picked = team.ask(more, at_random=strategy == RANDOM, seed=1000 * seed + labels[-1])
        if not picked.picked:
            break
        team.answer([LEARNING])
        labels.append(team.learn())
        accuracy.append(judged(team.model, test))
        more = max(LEAST, int(GROWTH * labels[-1]))
    return Curve(data, strategy, seed, tuple(labels[1:]), tuple(accuracy[1:]), whole)


def measured(sets: Sequence[str], seeds: int, *, encoder: bool, quick: bool) -> Iterator[Curve]:
    for data in sets:
        source = read_set(data, quick=quick)
        train, test = next(source.rounds())
        test = [replace(each, message_id=f"test-{n}") for n, each in enumerate(test)]
        train = [replace(each, message_id=f"train-{n}") for n, each in enumerate(train)]
        with archived(train, test, encoder=encoder) as archive:
            everybody = archive.team()
            whole = judged(everybody.model_of(everybody.pool()), test)
            for seed in range(seeds):
                for strategy in STRATEGIES:
                    team = archive.team()
                    yield curve(team, data, test, strategy=strategy, seed=seed, whole=whole)


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


def mean_needed(found: Sequence[Curve], data: str, strategy: str, goal: float) -> float:
    same = (each for each in found if (each.data, each.strategy) == (data, strategy))
    return float(np.mean([each.needed(goal) for each in same]))


def curve_tables(found: Sequence[Curve], wanted: float) -> Iterator[str]:
    rows, goals = [], []
    for data in dict.fromkeys(each.data for each in found):
        whole = next(each.whole for each in found if each.data == data)
        base = [mean_needed(found, data, RANDOM, goal) for goal in GOALS]
        for strategy in STRATEGIES:
            needed = [mean_needed(found, data, strategy, goal) for goal in GOALS]
            said = [f"{n:,.0f} ({n / b:.2f})" for n, b in zip(needed, base, strict=True)]
            rows.append((data, strategy, f"{100 * whole:.1f}", *said))
        seeds = sorted({each.seed for each in found if each.data == data})
        last = needed[-1] / base[-1]
        each_seed = ", ".join(f"{_ratio(found, data, seed):.2f}" for seed in seeds)
        met = "met" if last <= wanted else "missed"
        goals.append((data, f"{wanted:.2f}", f"{last:.2f}", each_seed, met))
    columns = ("set", "asked", "accuracy with all", *(f"to {goal:.0%} of it" for goal in GOALS))
    yield table(columns, rows)
    yield table(("labels to 95 %, of random ones", "wanted", "found", "by seed", "outcome"), goals)


def _ratio(found: Sequence[Curve], data: str, seed: int) -> float:
    needed = {
        each.strategy: each.needed(GOALS[-1])
        for each in found
        if (each.data, each.seed) == (data, seed)
    }
    return needed[OURS] / needed[RANDOM]


def markdown(found: Sequence[Curve], took: dict[str, float], command: str) -> str:
    """The section: labels needed and their ratio to random ones, and seconds."""
    wanted = WANTED["encoder" if "--encoder" in command else "sparse"]
    when = f"{datetime.now(UTC).date()}, commit {commit(ROOT)}, {machine()['cores']} cores"
    return "\n\n".join(
        [
            "## Learning picks",
            f"Written by `{command}`. {when}.",
            (
                "Labels needed to reach shares of the accuracy that the same model has with all "
                "the labels, the mean over seeds; in brackets, of what random questions need. All "
                "asked by the service's own queue; judged by the test file, or by one of five "
                "folds where there is none."
            ),
            *curve_tables(found, wanted),
            f"Seconds to pick {PICKED} of {CANDIDATES:,} messages whose features are known:",
            table(("picks", "seconds"), [(name, f"{value:.1f}") for name, value in took.items()]),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--encoder", action="store_true", help="read meaning beside words")
    parser.add_argument("--quick", action="store_true", help="a fifth of the messages")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="the document to write the section into")
    options = parser.parse_args(arguments)
    found: list[Curve] = []
    sets, quick = options.sets.split(","), options.quick
    for each in measured(sets, options.seeds, encoder=options.encoder, quick=quick):
        found.append(each)
        print(each, file=sys.stderr, flush=True)  # noqa: T201
    took = seconds()
    if options.json:
        print(json.dumps({"found": [asdict(each) for each in found], "seconds": took}))  # noqa: T201
        return
    command = f"python -m tests.benchmarks.picks --sets {options.sets} --seeds {options.seeds}"
    section = markdown(found, took, command + " --encoder" * options.encoder + " --quick" * quick)
    print(section)  # noqa: T201
    if options.out:
        written(options.out, SECTION, section)


if __name__ == "__main__":
    main()
