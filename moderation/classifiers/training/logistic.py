"""Fitting the linear half: a logistic regression on hashed n-grams for each language and label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]  # it has no types
from sklearn.linear_model import LogisticRegression

from moderation.classifiers.linear import LinearModel, weighted
from moderation.classifiers.ngrams import WIDTH, SparseRows, features
from moderation.classifiers.training.corpus import LABELS, Example

_CHUNK = 512
LEAST_POSITIVES = 100
"""A label with fewer examples of either kind in a language is not learnt there."""


def fit_linear(examples: Sequence[Example], weights: NDArray[np.float64], *, strength: float = 1.0) -> LinearModel:
    """One language's model. ``strength`` is the inverse of the regularisation (scikit-learn's ``C``)."""
    counts = _matrix([example.text for example in examples])
    seen = np.bincount(counts.indices, minlength=WIDTH)
    rarity = (np.log((1 + counts.shape[0]) / (1 + seen)) + 1).astype(np.float32)
    rows = _weighted(counts, rarity)
    labels = [label for label in LABELS if _is_learnable(examples, label)]
    fitted = [_fit(rows, examples, weights, label, strength) for label in labels]
    return LinearModel(
        labels=tuple(labels),
        rarity=np.where(seen > 0, rarity, rarity.max()).astype(np.float32),
        weights=np.stack([model.coef_[0] for model in fitted]).astype(np.float32),
        bias=np.array([model.intercept_[0] for model in fitted], dtype=np.float32),
    )


def _is_learnable(examples: Sequence[Example], label: str) -> bool:
    targets = [example.targets[LABELS.index(label)] for example in examples if not example.is_neutral]
    return min(sum(target == kind for target in targets) for kind in (0.0, 1.0)) >= LEAST_POSITIVES


def _fit(
    rows: sparse.csr_matrix, examples: Sequence[Example], weights: NDArray[np.float64], label: str, strength: float
) -> LogisticRegression:
    targets = np.array([example.targets[LABELS.index(label)] for example in examples])
    known = ~np.isnan(targets)
    model = LogisticRegression(C=strength, solver="liblinear", random_state=0)
    return model.fit(rows[known], targets[known] >= 0.5, sample_weight=weights[known])


def _matrix(texts: Sequence[str]) -> sparse.csr_matrix:
    chunks = (features(texts[start : start + _CHUNK]) for start in range(0, len(texts), _CHUNK))
    return sparse.vstack([_as_matrix(chunk) for chunk in chunks]).tocsr()


def _as_matrix(rows: SparseRows) -> sparse.csr_matrix:
    return sparse.csr_matrix((rows.values, (rows.rows, rows.columns)), shape=(rows.count, WIDTH))


def _weighted(counts: sparse.csr_matrix, rarity: NDArray[np.float32]) -> sparse.csr_matrix:
    pieces = counts.tocoo()
    rows = SparseRows(
        counts.shape[0], pieces.row.astype(np.int64), pieces.col.astype(np.int64), pieces.data.astype(np.float32)
    )
    return _as_matrix(weighted(rows, rarity))
