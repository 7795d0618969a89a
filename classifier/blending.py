"""Two linear classifiers as one: what logistic regression and support vectors both learned."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from classifier.descent import regression

STEEPNESS = 3.0
"""What margins are multiplied by to be about as large as logits."""


class Line(NamedTuple):
    """Weights (k, features) and intercepts (k,); one row for two classes, as in scikit-learn."""

    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]


class BlendedLines(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The weighted mean of a logistic regression and of linear support vector machines.

    The mean of two linear scores is linear, so this is as fast and as easily explained as either.
    The machines' coefficients are centered over the classes and brought to the length of the
    regression's before they are mixed: scores stay logits, to be tempered. The machines come
    first, and the regression sets out from where they arrived, which halves its way.

    Parameters
    ----------
    C : float, default=20.0
        Of the regression: the larger, the more single rows weigh.
    margin_share : float, default=0.5
        In [0, 1]: what the machines (one against the rest) have to say. At 1 there is no
        regression at all.
    margin_strength : float, default=1.0
        Their C.
    tol, max_iter : float and int, default=1e-5 and 15
        Where the regression stops. After so many steps from the machines more change nothing.

    Attributes
    ----------
    classes_ : (k,) the classes
    coef_, intercept_ : (k, features) and (k,); one row for two classes, as in scikit-learn
    """

    def __init__(
        self,
        C: float = 20.0,
        margin_share: float = 0.5,
        margin_strength: float = 1.0,
        tol: float = 1e-5,
        max_iter: int = 15,
    ) -> None:
        self.C = C
        self.margin_share = margin_share
        self.margin_strength = margin_strength
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Fit both on rows X (n, features) of classes y (n,), at least two, and mix them."""
        machines, regression = self._lines([self.margin_share], X, y, sample_weight)
        return self._mix(self.margin_share, np.unique(y), machines, regression)

    def fit_each(
        self,
        shares: Sequence[float],
        X: Any,
        y: Any,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Iterator[Self]:
        """As `fit`, a fitted copy for each share of the machines, in the time of one."""
        machines, regression = self._lines(shares, X, y, sample_weight)
        for share in shares:
            copy: Self = clone(self).set_params(margin_share=share)
            yield copy._mix(share, np.unique(y), machines, regression)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Logits (n, k); of the second class against the first (n,) when there are two."""
        check_is_fitted(self)
        found = np.asarray(X @ self.coef_.T + self.intercept_, dtype=np.float64)
        return found if found.shape[1] > 1 else found.ravel()

    def logits(self, X: Any) -> NDArray[np.float64]:
        """Logits (n, k), two columns also for two classes."""
        found = self.decision_function(X)
        return found if found.ndim > 1 else np.stack([-found / 2, found / 2], axis=1)

    def predict(self, X: Any) -> NDArray[Any]:
        """The class with the highest logit (n,)."""
        found = self.decision_function(X)
        columns = found.argmax(axis=1) if found.ndim > 1 else (found > 0).astype(int)
        return np.asarray(self.classes_[columns])

    def _lines(
        self, shares: Sequence[float], X: Any, y: Any, weights: NDArray[np.float64] | None
    ) -> tuple[Line, Line | None]:
        """The machines, as steep as logits are; and the regression, where any share needs it."""
        machines = LinearSVC(C=self.margin_strength, random_state=0)
        machines.fit(X, y, sample_weight=weights)
        start = Line(
            STEEPNESS * _centered(machines.coef_), STEEPNESS * _centered(machines.intercept_)
        )
        return start, self._regression(start, X, y, weights) if min(shares) < 1 else None

    def _regression(self, start: Line, X: Any, y: Any, weights: NDArray[np.float64] | None) -> Line:
        classes, truth = np.unique(y, return_inverse=True)
        two = len(classes) == 2
        # Two columns of a softmax that mirror each other are one line, penalized half as much.
        lines = np.column_stack(start) if not two else _mirrored(np.column_stack(start))
        found = regression(
            csr_matrix(X, dtype=np.float32),
            truth,
            np.ones(len(truth)) if weights is None else np.asarray(weights),
            lines.T.astype(np.float32, order="C"),
            strength=self.C / 2 if two else self.C,
            tolerance=self.tol,
            steps=self.max_iter,
        )
        learned = found.T.astype(np.float64)
        learned = learned[1:] - learned[:1] if two else learned
        return Line(learned[:, :-1], learned[:, -1])

    def _mix(
        self, share: float, classes: NDArray[Any], machines: Line, regression: Line | None
    ) -> Self:
        weights, intercepts = machines
        if regression is not None and share < 1:
            length = np.linalg.norm(regression.weights) / (np.linalg.norm(weights) or 1.0)
            weights = (1 - share) * regression.weights + share * length * weights
            intercepts = (1 - share) * regression.intercepts + share * length * intercepts
        self.classes_, self.coef_, self.intercept_ = classes, weights, intercepts
        return self


def _mirrored(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row, of the second class against the first, as a row for each."""
    return np.concatenate([-line / 2, line / 2])


def _centered(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, …) with mean 0 over the classes; for two classes there is one row, centered already."""
    return weights - weights.mean(axis=0) if len(weights) > 1 else weights
