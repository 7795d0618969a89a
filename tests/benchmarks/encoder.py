"""What an encoder costs and is worth: alone, in batches, and behind a cascade.

    python -m tests.benchmarks.encoder [--set banking77] [--rounds 5] [--json]

The encoder is the one in the shared data. A model is trained on the set's training messages; its
points on the curve are chosen by out-of-fold predictions and the speed measured there, before the
test file is read: everything read; `auto`; and a tenth. (Behind folds stand models of fewer
messages, which are less sure: the final one reads less than they say, and is faster.) Then each
answers the test messages, in turns. Seconds are of processor time, of one thread; rates are
medians over the rounds, with the least and the most.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from classifier.cascade import effort
from classifier.cascade_curve import CascadeCurve, CascadePoint
from classifier.encoder import Encoder, load_encoder
from classifier.folded import Folded
from classifier.messages import LabeledMessage
from classifier.model import Model
from classifier.scorer import Warming
from classifier.training import TrainingConfig, train
from tests.benchmarks.frontier.sets import read_set
from tests.benchmarks.shared_data import shared

ENCODER = shared() / "encoders" / "minilm-l6-int8"
FAST = 0.1
"""The share of the fast point: it loses about 0.6 points out of fold on BANKING77."""

TOGETHER = (1, 8, 16, 32)
READ = 400


@dataclass(frozen=True)
class Rate:
    """Messages a second and core: the median over the rounds, the least and the most."""

    middle: float
    least: float
    most: float


@dataclass(frozen=True)
class Found:
    """A point of the curve: how right out of fold and on the test messages, and how fast.

    `read`: the share of what there was to read that should be, `really` of the test messages.
    """

    point: str
    read: float
    really: float
    out_of_fold: float
    test: float
    rate: Rate


def batches(encoder: Encoder, texts: Sequence[str], rounds: int) -> dict[int, tuple[Rate, float]]:
    """By texts a batch: how fast, and the least cosine with what the texts are alone."""
    one = replace(encoder, alone=True).encode(texts)
    taken: dict[int, list[float]] = {size: [] for size in TOGETHER}
    cosines = {}
    for _ in range(rounds):
        for size in TOGETHER:
            seconds, found = _timed(lambda size=size: _in_batches(encoder, texts, size))
            taken[size].append(len(texts) / seconds)
            cosines[size] = float((one * found).sum(axis=1).min())
    return {size: (_rate(each), cosines[size]) for size, each in taken.items()}


def _in_batches(encoder: Encoder, texts: Sequence[str], size: int) -> np.ndarray:
    """Texts of about one length together, so many at a time."""
    order = np.argsort([len(text) for text in texts], kind="stable")
    together = replace(encoder, alone=size == 1)
    found = np.empty((len(texts), encoder.width), dtype=np.float32)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        found[rows] = together.encode([texts[row] for row in rows])
    return found


def points(curve: CascadeCurve) -> dict[str, CascadePoint]:
    """The points to compare, chosen by what training knows."""
    chosen = {
        "everything read": curve.points[-1],
        "auto": curve.chosen,
        "words only": curve.points[0],
    }
    return chosen | {"a tenth": curve.judged.at(FAST)}


def compared(
    model: Model,
    learned: Folded,
    chosen: dict[str, CascadePoint],
    asked: Sequence[LabeledMessage],
    rounds: int,
) -> list[Found]:
    texts = [each.text for each in asked]
    truth = np.array([each.label.primary for each in asked])
    models = {name: _at(model, learned, point) for name, point in chosen.items()}
    taken: dict[str, list[float]] = {name: [] for name in chosen}
    right: dict[str, float] = {}
    for _ in range(rounds):
        for name, each in models.items():
            seconds, judged = _timed(lambda each=each: each.judge(texts))
            taken[name].append(len(texts) / seconds)
            said = np.array(model.drivers)[judged.probabilities.argmax(axis=1)]
            right[name] = float((said == truth).mean())
    return [
        Found(
            *(name, point.read, _share(models[name], texts)),
            *(point.accuracy.value or 0.0, right[name]),
            rate=_rate(taken[name]),
        )
        for name, point in chosen.items()
    ]


def _share(model: Model, texts: Sequence[str]) -> float:
    """The share of what there is to read that the model reads."""
    efforts = effort(texts)
    return float(efforts[model.read_for_meaning(texts)].sum() / efforts.sum())


def _at(model: Model, learned: Folded, point: CascadePoint) -> Model:
    """The model at another point of its curve, compiled."""
    cascade = learned.calibration.cascade
    moved = None if point.read == 1 or cascade is None else replace(cascade, cutoff=point.cutoff)
    made = replace(model, cascade=moved, warming=Warming(model.pipeline))
    made.warm_up()
    return made


def _timed(work: Callable[[], object]) -> tuple[float, object]:
    with threadpool_limits(limits=1):
        began = time.thread_time()
        found = work()
        return time.thread_time() - began, found


def _rate(found: Sequence[float]) -> Rate:
    return Rate(median(found), min(found), max(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default="banking77")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not ENCODER.is_dir():
        raise SystemExit(f"no encoder in {ENCODER}: set WAAROM_SHARED_DATA")
    encoder, messages = load_encoder(ENCODER), read_set(arguments.set)
    some = [each.text for each in messages.train[:: max(1, len(messages.train) // READ)]]
    sizes = batches(encoder, some, arguments.rounds)
    trained = train(messages.train, messages.taxonomy, config=TrainingConfig(encoder=encoder))
    if trained.cascade is None:
        raise SystemExit("too few messages for a curve")
    chosen = points(trained.cascade)
    known = [each for each in messages.test if each.label.primary]
    found = compared(trained.model, trained.folded, chosen, known, arguments.rounds)
    print(_written(sizes, trained.cascade, found, as_json=arguments.json))  # noqa: T201


def _written(
    sizes: dict[int, tuple[Rate, float]],
    curve: CascadeCurve,
    found: Sequence[Found],
    *,
    as_json: bool,
) -> str:
    if as_json:
        document = {
            "batches": {
                size: asdict(rate) | {"cosine": low} for size, (rate, low) in sizes.items()
            },
            "curve": curve.to_dict(),
            "points": [asdict(each) for each in found],
        }
        return json.dumps(document, indent=1)
    lines = ["Encoding only: texts a batch, messages/s a core, least cosine with each text alone"]
    lines += [f"{size:>4}  {_shown(rate)}  {low:.4f}" for size, (rate, low) in sizes.items()]
    lines += ["", "Out of fold: read, of the messages, accuracy, messages/s a core"]
    pace = curve.pace
    lines += [
        f"{each.read:6.1%}  {each.messages:6.1%}  {each.accuracy.value:.2%}"
        + (f"  {pace.rate(each.read):7,.0f}" if pace else "")
        for each in curve.points
    ]
    lines += [
        "",
        "Test messages: point, to read, really read, out of fold, accuracy, messages/s a core",
    ]
    lines += [
        f"{each.point:<16} {each.read:6.1%}  {each.really:6.1%}  {each.out_of_fold:.2%}  "
        f"{each.test:.2%}  {_shown(each.rate)}"
        for each in found
    ]
    return "\n".join(lines)


def _shown(rate: Rate) -> str:
    return f"{rate.middle:7,.0f} ({rate.least:,.0f} to {rate.most:,.0f})"


if __name__ == "__main__":
    main()
