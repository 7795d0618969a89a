"""How fast messages are scored: the compiled scorer beside scikit-learn and fastText.

    python -m tests.benchmarks.speed [--rounds 7] [--json]

On our sample messages and, where it is in the shared data, the test file of BANKING77. The model is
compact, as training makes it; beside it stands the compiled scorer of all n-grams. All of them
take turns in the same process, one thread each. Batches are timed by the processor, one message by
the clock on the wall; what is printed are medians over the rounds, and of
each round's ratio to scikit-learn, and to fastText, the median, the least and the most. What is
saved is weighed and loaded, too: in a process of its own, after the imports. fastText, where it is
installed (`make bench-setup`), has the sizes it has in the accuracy benchmark and is trained less,
which its speed does not depend on; it reads texts lower-cased beforehand, and is timed on its
`predict` alone.
"""

import argparse
import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from classifier.candidates import READINGS
from classifier.compaction import fit_compact
from classifier.pipeline import build_pipeline
from classifier.scorer import Scorer, compile_scorer, store_scorer
from tests.benchmarks.frontier.sets import SAMPLE, read_set
from tests.benchmarks.shared_data import ROOT, shared

REFERENCE, PEER = "scikit-learn", "fastText"
LOADING = """
import json, pickle, sys, time
from pathlib import Path
import numba, classifier.compaction, classifier.features, sklearn.pipeline
from classifier.scorer import stored_scorer

def state():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return time.process_time(), pages * 4096 / 1e6

began, before = state()
pipeline = pickle.loads(Path(sys.argv[1]).read_bytes())
scorer = stored_scorer(Path(sys.argv[2]))
loaded, after = state()
scorer.scores(["a"])
print(json.dumps([loaded - began, after - before, state()[0] - began]))
"""
ONE_BY_ONE = 500
Scores = Callable[[Sequence[str]], object]


@dataclass(frozen=True)
class Pace:
    """Of one scorer on one set: messages a second, and how many times the reference's and those of
    fastText in the same round (median, least, most); microseconds for one message alone (median,
    99 of 100)."""

    name: str
    rate: float
    ratio: tuple[float, float, float]
    peer: tuple[float, float, float] | None
    one_p50: float
    one_p99: float


@dataclass(frozen=True)
class Saved:
    """What is saved, in MB: the weights, the stored scorer, the pickled pipeline. How long reading
    both takes, in seconds of processor, and by how many MB memory grows; likewise until the stored
    scorer has scored its first text (numba's own import apart)."""

    weights: float
    scorer: float
    pipeline: float
    seconds_to_load: float
    grown: float
    seconds_to_first: float


@dataclass(frozen=True)
class Found:
    """A set, what was read of it, and what each scorer did; `difference`: the largest between a
    score of the compiled scorer and the pipeline's."""

    messages: str
    reading: str
    n: int
    drivers: int
    ngrams: int
    seconds_to_compile: float
    difference: float
    saved: Saved
    paces: tuple[Pace, ...]


def compare(name: str, reading: str, rounds: int) -> Found:
    """Train on a set, and time what scores its test messages."""
    learn, drivers, asked = _texts(name)
    pipeline = fit_compact(build_pipeline(READINGS[reading]), learn, np.array(drivers))
    whole = build_pipeline(READINGS[reading]).fit(learn, drivers)
    began = time.perf_counter()
    scorer = compile_scorer(pipeline)
    seconds = time.perf_counter() - began
    difference = np.abs(scorer.scores(asked) - pipeline.decision_function(asked)).max()
    contestants = _contestants(pipeline, scorer, compile_scorer(whole), learn, drivers)
    return Found(
        *(name, reading, len(asked), len(pipeline.classes_), len(scorer.tables.rows)),
        seconds_to_compile=seconds,
        difference=float(difference),
        saved=_saved(pipeline, scorer),
        paces=tuple(_paces(contestants, asked, rounds)),
    )


def _texts(name: str) -> tuple[list[str], list[str], list[str]]:
    """Texts to learn from, their drivers, and texts to score."""
    messages = read_set(name)
    learn = messages.train
    drivers = [each.label.primary or "" for each in learn]
    return [each.text for each in learn], drivers, [each.text for each in messages.test]


def _contestants(
    pipeline: Pipeline,
    scorer: Scorer,
    whole: Scorer,
    learn: Sequence[str],
    drivers: Sequence[str],
) -> Mapping[str, Scores]:
    found: dict[str, Scores] = {
        REFERENCE: pipeline.decision_function,
        "compiled": scorer.scores,
        "compiled, all n-grams": whole.scores,
    }
    if find_spec("fasttext"):
        found[PEER] = _fasttext(learn, drivers)
    return found


def _paces(contestants: Mapping[str, Scores], asked: list[str], rounds: int) -> Iterator[Pace]:
    lowered = [" ".join(text.lower().split()) for text in asked]
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    alone: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, scores in contestants.items():
            texts = lowered if name == PEER else asked
            took = _seconds(scores, texts, time.thread_time)
            if number:  # the first round warms caches
                seconds[name].append(took)
                alone[name] += [_seconds(scores, [text]) for text in texts[:ONE_BY_ONE]]
    for name in contestants:
        rate = float(len(asked) / np.median(seconds[name]))
        p50, p99 = (float(each) * 1e6 for each in np.percentile(alone[name], [50, 99]))
        peer = _times(seconds[PEER], seconds[name]) if PEER in seconds else None
        yield Pace(name, rate, _times(seconds[REFERENCE], seconds[name]), peer, p50, p99)


def _times(others: Sequence[float], own: Sequence[float]) -> tuple[float, float, float]:
    ratios = np.divide(others, own)
    return float(np.median(ratios)), float(ratios.min()), float(ratios.max())


def _saved(pipeline: Pipeline, scorer: Scorer) -> Saved:
    with tempfile.TemporaryDirectory() as folder:
        pickled, stored = Path(folder) / "pipeline.pickle", Path(folder) / "scorer.npy"
        pickled.write_bytes(pickle.dumps(pipeline))
        store_scorer(scorer, stored)
        command = [sys.executable, "-c", LOADING, str(pickled), str(stored)]
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        seconds, grown, first = json.loads(said.stdout)
        sizes = scorer.tables.rows.nbytes, stored.stat().st_size, pickled.stat().st_size
    return Saved(*(size / 1e6 for size in sizes), seconds, grown, first)


def _seconds(
    scores: Scores, texts: Sequence[str], clock: Callable[[], float] = time.perf_counter
) -> float:
    began = clock()
    scores(texts)
    return clock() - began


def _fasttext(texts: Sequence[str], drivers: Sequence[str]) -> Scores:
    import fasttext as library

    numbers = {driver: number for number, driver in enumerate(sorted(set(drivers)))}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        lines = (
            f"__label__{numbers[driver]} {' '.join(text.lower().split())}\n"
            for driver, text in zip(drivers, texts, strict=True)
        )
        file.write_text("".join(lines), encoding="utf-8")
        model = library.train_supervised(
            *(str(file),),
            **{"lr": 0.1, "epoch": 5, "dim": 50, "wordNgrams": 2, "minn": 2, "maxn": 5},
            **{"bucket": 200_000, "thread": 1, "verbose": 0},
        )
    return lambda asked: model.predict(list(asked))


def _printed(found: Found) -> None:
    print(  # noqa: T201
        f"\n{found.messages}, {found.reading}: {found.n} messages, {found.drivers} drivers, "
        f"{found.ngrams} n-grams; compiled in {found.seconds_to_compile:.2f} s; "
        f"largest difference {found.difference:.1e}; "
        f"weights {found.saved.weights:.2f} MB, stored scorer {found.saved.scorer:.2f} MB, "
        f"pipeline {found.saved.pipeline:.2f} MB; loaded in {found.saved.seconds_to_load:.3f} s, "
        f"{found.saved.grown:.0f} MB more memory; first text after "
        f"{found.saved.seconds_to_first:.2f} s\n\n"
        "| | messages/s | × scikit-learn (least–most) | × fastText | one message, µs, p50 / p99 |\n"
        "|---|---|---|---|---|"
    )
    for pace in found.paces:
        alone = f"{pace.one_p50:.0f} / {pace.one_p99:.0f}"
        ratios = [
            f"{each[0]:.2f} ({each[1]:.2f}–{each[2]:.2f})" if each else "–"
            for each in (pace.ratio, pace.peer)
        ]
        print(f"| {pace.name} | {pace.rate:,.0f} | {' | '.join(ratios)} | {alone} |")  # noqa: T201


def main() -> None:
    """Print a table for each set and reading, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    there = (shared() / "data" / "banking77").is_dir()
    every = []
    with threadpool_limits(1):
        for name in (SAMPLE, "banking77") if there else (SAMPLE,):
            for reading in READINGS:
                every.append(compare(name, reading, asked.rounds))
                if not asked.json:
                    _printed(every[-1])
    if asked.json:
        print(json.dumps([asdict(each) for each in every], indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
