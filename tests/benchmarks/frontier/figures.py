"""From what models said to the figures of the tables. Fractions of 1, each with its interval."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from classifier.evaluation.calibration import calibration
from classifier.evaluation.rates import Rate, grouped_rate
from tests.benchmarks import promise
from tests.benchmarks.frontier.jobs import EMBEDDINGS, FAILED, WAAROM, Result
from tests.benchmarks.frontier.judged import (
    Judged,
    auroc,
    empirical_threshold,
    recall_at_95_kept,
    routed,
)
from tests.benchmarks.frontier.ours import ENCODER, SPARSE
from tests.benchmarks.frontier.plan import ROUTED_SET, UNKNOWN_SET
from tests.benchmarks.frontier.sets import SAMPLE, SOURCES

TARGETS = (0.95, 0.98)
REPEATS = 20
QUEUES = (1, 8, 77)
Row = dict[str, Any]


def accuracies(results: Sequence[Result]) -> list[Row]:
    """A row a set and model: accuracy on the test, and out of fold where that is ours."""
    order = list(SOURCES)
    rows = [row for each in _whole(results) for row in _accuracy(each)]
    return sorted(rows, key=lambda row: order.index(row["set"]))


def _accuracy(result: Result) -> Iterator[Row]:
    source = SOURCES[result.job.data]
    shared = {"set": source.name, "how": source.how, "measured": result.measured}
    if not result.found:
        yield shared | {"model": result.job.model, "accuracy": None}
    for model, parts in result.found.items():
        folds = parts.get("folds")
        yield shared | {
            "model": model,
            "accuracy": parts["test"].accuracy().to_dict(),
            "folds": folds.accuracy().to_dict() if folds else None,
            "job_seconds": result.seconds,
        }


def languages(results: Sequence[Result]) -> list[Row]:
    """Accuracy on our own sample messages by language."""
    return [
        {"model": model, "language": language, "accuracy": _in(parts["test"], language).to_dict()}
        for each in _whole(results)
        if each.job.data == SAMPLE
        for model, parts in each.found.items()
        for language in ("nl", "en")
    ]


def _in(found: Judged, language: str) -> Rate:
    rows = found.counted & (found.language == language)
    return grouped_rate(found.right[rows], found.group[rows])


def few_labels(results: Sequence[Result]) -> list[Row]:
    """A row a model, number of labels, and whether the taxonomy's own words train: the mean of
    the draws, and the lowest and highest of them."""
    found: dict[tuple[str, bool, int], list[float]] = {}
    for each in results:
        if each.job.labels is not None:
            for model, parts in each.found.items():
                right = parts["test"].accuracy().value or 0.0
                found.setdefault((model, each.job.seeded, each.job.labels), []).append(right)
    return [
        {
            "model": model,
            "own words": seeded,
            "labels": labels,
            "accuracy": float(np.mean(values)),
            "low": min(values),
            "high": max(values),
            "draws": len(values),
        }
        for (model, seeded, labels), values in sorted(found.items())
    ]


def calibrations(results: Sequence[Result]) -> list[Row]:
    """A row a set and model of ours: the expected calibration error on the test."""
    return [
        {
            "set": name,
            "model": model,
            "ece": found.ece,
            "low": found.low,
            "high": found.high,
            "perfect": found.perfect,
            "n": int(test.counted.sum()),
        }
        for name, model, test, _ in _ours(results)
        if (found := _calibration(test))
    ]


def _calibration(test: Judged) -> Any:
    rows = test.at(test.counted)
    return calibration(rows.top, rows.right, groups=rows.group)


def routings(results: Sequence[Result]) -> list[Row]:
    """A row a set, model and target: what the threshold that kept the target out of fold routes
    of the test, and how often that is right."""
    rows = []
    for name, model, test, folds in _ours(results):
        for target in TARGETS:
            threshold = empirical_threshold(folds, target)
            share, precision = routed(test, threshold)
            rows.append(
                {
                    "set": name,
                    "model": model,
                    "target": target,
                    "share": share.to_dict(),
                    "precision": precision.to_dict(),
                }
            )
    return rows


def promises(results: Sequence[Result]) -> list[Row]:
    """A row a model, number of queues and labels a queue: what the promise routes, on
    out-of-fold predictions of the training messages: half answer, the other half is routed."""
    rows = []
    for name, model, _, folds in _ours(results):
        if name == ROUTED_SET:
            known = folds.at(folds.counted)
            said = promise.Predicted(known.confidence, known.right, known.driver)
            routable = said.at(known.routable)
            for queues in QUEUES:
                for labels in promise.LABELS:
                    found = promise.coverages(routable, queues, labels, REPEATS)
                    rows.append({"model": model} | found)
    return rows


def unknowns(results: Sequence[Result]) -> list[Row]:
    """A row a model: how well it sees messages about none of the drivers, none trained on."""
    return [
        {
            "set": each.job.data,
            "model": model,
            "auroc": area,
            "recall": recall_at_95_kept(parts["test"]).to_dict(),
        }
        for each in _whole(results)
        for model, parts in each.found.items()
        if (area := auroc(parts["test"])) is not None
    ]


def failures(results: Sequence[Result]) -> list[str]:
    return [each.job.name for each in results if each.measured == FAILED]


def _whole(results: Sequence[Result]) -> list[Result]:
    """Results on whole sets, not on few labels."""
    return [each for each in results if each.job.labels is None and each.job.model != EMBEDDINGS]


def _ours(results: Sequence[Result]) -> Iterator[tuple[str, str, Judged, Judged]]:
    """Set, model, test and out-of-fold predictions of our two models where routing is judged."""
    for each in _whole(results):
        if each.job.model == WAAROM and each.job.data in (ROUTED_SET, UNKNOWN_SET):
            for model in (SPARSE, ENCODER):
                if model in each.found:
                    parts = each.found[model]
                    yield each.job.data, model, parts["test"], parts["folds"]
