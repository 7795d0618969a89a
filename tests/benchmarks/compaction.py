"""What fewer n-grams and rounded weights cost, by folds of training files; no test file is read.

    python -m tests.benchmarks.compaction [SET …] [--labels N] [--most N]

Each set's messages are judged by folds that never saw them, by the pipeline as it was and by the
compact one (see `classifier.compaction`). The temperature is the one that the pipeline as it was
needs, as in training: what is calibrated on full folds must hold for the compact model. AUROC: how
well the largest logit tells the file's messages about none of the drivers, where it has any.
`--labels`: so many labels a driver, at random. `--most`: so many n-grams instead of what
`enough` says.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from classifier.calibration import fit_temperature, tempered
from classifier.compaction import fit_compact
from classifier.evaluation.calibration import expected_calibration_error
from classifier.folds import assign_folds, at, columns_of, drivers_of, training_rows
from classifier.messages import LabeledMessage
from classifier.model import two_columns
from classifier.pipeline import build_pipeline
from tests.benchmarks.frontier.sets import SAMPLE, SOURCES, _read, drawn, read_set

SETS = ("banking77", "clinc150", "dekamer_nl", SAMPLE)
FOLDS = 3


@dataclass
class Judged:
    """Logits (n, k) of messages by folds that never saw them; and how well, in each fold, those
    about a driver are told from those that are not."""

    logits: NDArray[np.float64]
    aurocs: list[float]
    ngrams: int = 0
    weights: int = 0


def judge(
    pipeline: Pipeline,
    said: Judged,
    rows: NDArray[np.bool_],
    texts: Sequence[str],
    strange: Sequence[str],
    drivers: Sequence[str],
) -> None:
    columns = [drivers.index(str(each)) for each in pipeline.classes_]
    found = two_columns(pipeline.decision_function(texts))
    said.logits[np.ix_(rows, columns)] = found
    said.ngrams, lines = len(pipeline[0].get_feature_names_out()), pipeline[-1]
    said.weights = lines.steps_.size // 2 if hasattr(lines, "steps_") else 4 * lines.coef_.size
    if strange:
        others = two_columns(pipeline.decision_function(strange))
        truth = np.arange(len(found) + len(others)) < len(found)
        said.aurocs.append(
            roc_auc_score(truth, np.concatenate([found.max(axis=1), others.max(axis=1)]))
        )


def compare(
    messages: list[LabeledMessage], strange: Sequence[str], most: int | None
) -> tuple[Judged, Judged, NDArray[np.intp]]:
    """The pipeline as it was and the compact one, and the truth (n,)."""
    drivers = drivers_of(messages)
    fold_of = assign_folds(messages, FOLDS)
    said = [Judged(np.full((len(messages), len(drivers)), -np.inf), []) for _ in range(2)]
    for fold in range(FOLDS):
        rows = fold_of == fold
        texts, labels, weights = training_rows(at(messages, ~rows))
        asked = [message.text for message in at(messages, rows)]
        full = build_pipeline().fit(texts, labels, classifier__sample_weight=weights)
        compact = fit_compact(build_pipeline(), texts, labels, weights, most=most)
        for pipeline, each in zip((full, compact), said, strict=True):
            judge(pipeline, each, rows, asked, strange, drivers)
    return said[0], said[1], columns_of(messages, drivers)


def table(name: str, messages: list[LabeledMessage], most: int | None) -> None:
    strange = [] if name == SAMPLE else _strange(name)
    full, compact, truth = compare(messages, strange, most)
    temperature = fit_temperature(full.logits, truth)
    right = [each.logits.argmax(axis=1) == truth for each in (full, compact)]
    difference = 100 * (right[1].astype(float) - right[0])
    error = difference.std() / np.sqrt(len(difference))
    for label, each, good in (("full", full, right[0]), ("compact", compact, right[1])):
        probabilities = tempered(each.logits, temperature)
        own = np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)
        cells = [
            *(name, label, f"{each.ngrams:,}", f"{each.weights / 1e6:.2f}"),
            f"{100 * good.mean():.2f}",
            "" if label == "full" else f"{difference.mean():+.2f} ± {error:.2f}",
            f"{-np.log(own).mean():.4f}",
            f"{100 * expected_calibration_error(probabilities.max(axis=1), good):.2f}",
            f"{np.mean(each.aurocs):.4f}" if each.aurocs else "",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)  # noqa: T201


def _strange(name: str) -> list[str]:
    """The messages of a set's training file that are about none of the drivers."""
    source = SOURCES[name]
    return [each.text for each in _read(source, source.train) if not each.label.primary]


def main() -> None:
    """Print a table of the sets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET")
    parser.add_argument("--labels", type=int)
    parser.add_argument("--most", type=int)
    asked = parser.parse_args()
    heads = "| set | | n-grams | MB of weights | right % | difference | log loss | ECE % | AUROC |"
    print(f"{heads}\n|{'---|' * 9}")  # noqa: T201
    with threadpool_limits(1):
        for name in asked.sets:
            messages = read_set(name).train
            some = drawn(messages, asked.labels, seed=0) if asked.labels else messages
            table(name, some, asked.most)


if __name__ == "__main__":
    main()
