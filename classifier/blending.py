"""Two linear classifiers as one: what logistic regression and support vectors both learned."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted


class BlendedLines(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The weighted mean of a logistic regression and of linear support vector machines.

    The mean of two linear scores is linear, so this is as fast and as easily explained as either.
    The machines' coefficients are centered over the classes and brought to the length of the
    regression's before they are mixed: scores stay logits, to be tempered.

    Parameters
    ----------
    C : float, default=20.0
        Of the regression: the larger, the more single rows weigh.
    margin_share : float, default=0.5
        In [0, 1]: what the machines (one against the rest) have to say.
    margin_strength : float, default=1.0
        Their C.
    tol, max_iter : float and int, default=1e-4 and 1000
        Where the regression stops.

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
        tol: float = 1e-4,
        max_iter: int = 1000,
    ) -> None:
        self.C = C
        self.margin_share = margin_share
        self.margin_strength = margin_strength
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Fit both on rows X (n, features) of classes y (n,), at least two, and mix them."""
        regression = LogisticRegression(C=self.C, tol=self.tol, max_iter=self.max_iter)
        regression.fit(X, y, sample_weight=sample_weight)
        machines = LinearSVC(C=self.margin_strength, random_state=0)
        machines.fit(X, y, sample_weight=sample_weight)
        self.classes_ = regression.classes_
        coefficients, intercepts = _centered(machines.coef_), _centered(machines.intercept_)
        length = np.linalg.norm(regression.coef_) / (np.linalg.norm(coefficients) or 1.0)
        share = self.margin_share
        self.coef_ = (1 - share) * regression.coef_ + share * length * coefficients
        self.intercept_ = (1 - share) * regression.intercept_ + share * length * intercepts
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Logits (n, k); of the second class against the first (n,) when there are two."""
        check_is_fitted(self)
        found = np.asarray(X @ self.coef_.T + self.intercept_, dtype=np.float64)
        return found if found.shape[1] > 1 else found.ravel()

    def predict(self, X: Any) -> NDArray[Any]:
        """The class with the highest logit (n,)."""
        found = self.decision_function(X)
        columns = found.argmax(axis=1) if found.ndim > 1 else (found > 0).astype(int)
        return np.asarray(self.classes_[columns])


def _centered(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, …) with mean 0 over the classes; for two classes there is one row, centered already."""
    return weights - weights.mean(axis=0) if len(weights) > 1 else weights
