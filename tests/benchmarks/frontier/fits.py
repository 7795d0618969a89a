"""Pipelines fitted once: two models and two rounds of folds ask for the very same fits."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from classifier.combination import MeaningClassifier

Fit = Callable[..., Any]


@contextmanager
def remembered_fits() -> Iterator[None]:
    """While it lasts, a pipeline or a classifier of embeddings asked to fit what one like it was
    fitted on is given what that one learned. Nothing else changes: a fit is the same every time."""
    usual: dict[Any, Fit] = {kind: kind.fit for kind in (Pipeline, MeaningClassifier)}
    learned: dict[str, dict[str, Any]] = {}
    for kind, fit in usual.items():
        kind.fit = _remembering(fit, learned)
    try:
        yield
    finally:
        for kind, fit in usual.items():
            kind.fit = fit


def _remembering(fit: Fit, learned: dict[str, dict[str, Any]]) -> Fit:
    def remembering(self: Any, X: Any, y: Any, sample_weight: Any = None, **others: Any) -> Any:
        key = _key(self, X, y, sample_weight, *others.values())
        if key not in learned:
            given = others if sample_weight is None else {**others, "sample_weight": sample_weight}
            fit(self, X, y, **given)
            learned[key] = _learned(self)
        vars(self).update(learned[key])
        return self

    return remembering


def _learned(estimator: Any) -> dict[str, Any]:
    """What a fit changed: the steps of a pipeline, the fitted attributes of anything else."""
    return {
        name: value for name, value in vars(estimator).items() if name == "steps" or name[-1] == "_"
    }


def _key(estimator: Any, *given: Any) -> str:
    """What the outcome of a fit depends on; an encoder is the same one throughout."""
    digest = hashlib.sha256(type(estimator).__name__.encode())
    for name, value in sorted(estimator.get_params().items()):
        if name not in ("encoder", "steps") and not isinstance(value, BaseEstimator):
            digest.update(f"{name}={value!r} ".encode())
    for part in given:
        digest.update(b"nothing" if part is None else f"{len(part)} ".encode() + _content(part))
    return digest.hexdigest()


def _content(part: Any) -> bytes:
    """The bytes of numbers or of texts; an array of long texts would be many times as large."""
    if isinstance(part, np.ndarray) and part.dtype.kind != "U":
        return np.ascontiguousarray(part).tobytes()
    return "\0".join(map(str, part)).encode("utf-8", "surrogatepass")
