"""What each step of `Model.predict` takes, in batches, and what one message alone takes.

    python -m tests.benchmarks.prediction [--rounds 25] [--json]

On our sample messages and, where it is in the shared data, the test file of BANKING77, by a model
that is warm; what comes after (decisions) and what answers before it is (Python) beside it. CPU
time, for a clock on the wall tells who else is at work: medians over rounds in which the steps take
turns.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from classifier.calibration import UnknownCurve, tempered
from classifier.decisions import decide, decide_many
from classifier.model import Model, two_columns
from classifier.novelty import Novelty, Vocabulary, either
from classifier.pipeline import build_pipeline
from classifier.scorer import Scorer, Warming
from classifier.scorer.lexicon import compile_reader
from classifier.taxonomy import flat_taxonomy
from tests.benchmarks.frontier.sets import SAMPLE, read_set
from tests.benchmarks.shared_data import shared

BATCH = 1000
ONE_BY_ONE = 2000
ALL, SCORER = "Model.predict", "n-grams: the scorer"
Step = Callable[[], object]


@dataclass(frozen=True)
class Found:
    """A set, its messages' mean length in characters; of each step the microseconds a message, in
    batches; of one message alone, the microseconds (median, 99 of 100) that predicting and the
    scorer take of the processor, and that predicting takes by the clock."""

    messages: str
    n: int
    drivers: int
    characters: float
    steps: Mapping[str, float]
    alone: tuple[float, float]
    alone_scorer: tuple[float, float]
    alone_by_clock: tuple[float, float]


def measure(name: str, rounds: int) -> Found:
    """Train on a set without calibration, and time what predicts its test messages."""
    messages = read_set(name)
    model = _model(
        [each.text for each in messages.train],
        [each.label.primary or "" for each in messages.train],
    )
    scorer = model.warming.scorer() if model.warming else None
    if scorer is None:
        raise RuntimeError("no compiled scorer to compare with")
    asked: list[str] = [each.text for each in messages.test]
    steps = _steps(model, scorer, (asked * (BATCH // len(asked) + 1))[:BATCH])
    one_by_one = asked[:ONE_BY_ONE]
    return Found(
        *(name, len(asked), len(model.drivers)),
        characters=float(np.mean([len(each) for each in asked])),
        steps=_medians(steps, rounds),
        alone=_alone(model.predict, one_by_one, time.thread_time_ns),
        alone_scorer=_alone(scorer.judge, one_by_one, time.thread_time_ns),
        alone_by_clock=_alone(model.predict, one_by_one, time.perf_counter_ns),
    )


def _model(texts: list[str], drivers: list[str]) -> Model:
    pipeline = build_pipeline().fit(texts, drivers)
    k = len(pipeline.classes_)
    model = Model(
        pipeline=pipeline,
        taxonomy=flat_taxonomy(pipeline.classes_.tolist()),
        temperature=0.8,
        unknown_curve=UnknownCurve(1.0, 1.0),
        base_shares=(1 / k,) * k,
        threshold=0.5,
        target_precision=0.95,
        novelty=Novelty(Vocabulary.of(texts), (1.0, 2.0)),
        warming=Warming(pipeline),
    )
    model.warm_up()
    return model


def _steps(model: Model, scorer: Scorer, texts: list[str]) -> Mapping[str, Step]:
    """What is timed, each by name, on one batch."""
    novelty, curve = model.novelty, model.unknown_curve
    vocabulary = novelty.vocabulary or Vocabulary()
    reader = compile_reader(vocabulary)
    logits, heard = two_columns(scorer.judge(texts)[0]), reader.heard(texts)
    judged = model.judge(texts)
    one_by_one = list(judged)
    how = {"taxonomy": model.taxonomy, "threshold": model.threshold}

    def unknown() -> object:
        scores = novelty.scores(heard, logits)
        return either(curve.probability(scores), novelty.foreign(heard))

    return {
        ALL: lambda: model.predict(texts),
        "Model.judge": lambda: model.judge(texts),
        SCORER: lambda: scorer.judge(texts),
        "words: the reader": lambda: reader.heard(texts),
        "probabilities": lambda: tempered(logits, model.temperature),
        "unknown": unknown,
        "an object each": lambda: list(judged),
        "after it: decide_many": lambda: decide_many(judged, texts=texts, **how),
        "after it: decide, one by one": lambda: [
            decide(each, text=text, **how) for each, text in zip(one_by_one, texts, strict=True)
        ],
        "instead: words in Python": lambda: vocabulary.heard(texts),
    }


def _medians(steps: Mapping[str, Step], rounds: int) -> Mapping[str, float]:
    """Microseconds a message that each step takes."""
    took: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, step in steps.items():
            began = time.thread_time_ns()
            step()
            if number:  # the first round warms caches
                took[name].append((time.thread_time_ns() - began) / 1e3 / BATCH)
    return {name: float(np.median(each)) for name, each in took.items()}


def _alone(
    predict: Callable[[list[str]], object], texts: list[str], clock: Callable[[], int]
) -> tuple[float, float]:
    """Microseconds for one message alone: the median, and what 99 of 100 stay under."""
    took = []
    for text in texts:
        began = clock()
        predict([text])
        took.append((clock() - began) / 1e3)
    p50, p99 = np.percentile(took, [50, 99])
    return float(p50), float(p99)


def _printed(found: Found) -> None:
    steps = found.steps
    print(  # noqa: T201
        f"\n{found.messages}: {found.n} messages of {found.characters:.0f} characters, "
        f"{found.drivers} drivers; {1e6 / steps[ALL]:,.0f} predictions a second, "
        f"{steps[SCORER] / steps[ALL]:.0%} of the rate of the scorer\n\n"
        "| step | µs a message | share |\n|---|---|---|"
    )
    for name, took in steps.items():
        print(f"| {name} | {took:.2f} | {took / steps[ALL]:.0%} |")  # noqa: T201
    print(  # noqa: T201
        "\none message, µs, p50 / p99: "
        f"{found.alone[0]:.0f} / {found.alone[1]:.0f} of the processor, "
        f"{found.alone_by_clock[0]:.0f} / {found.alone_by_clock[1]:.0f} by the clock; "
        f"the scorer {found.alone_scorer[0]:.0f} / {found.alone_scorer[1]:.0f}"
    )


def main() -> None:
    """Print a table for each set, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    there = (shared() / "data" / "banking77").is_dir()
    every = []
    with threadpool_limits(1):
        for name in (SAMPLE, "banking77") if there else (SAMPLE,):
            every.append(measure(name, asked.rounds))
            if not asked.json:
                _printed(every[-1])
    if asked.json:
        print(json.dumps([asdict(each) for each in every], indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
