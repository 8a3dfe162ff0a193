"""Fitting the linear half: a logistic regression on hashed n-grams and listed words for each language and label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]  # it has no types
from sklearn.linear_model import LogisticRegression

from moderation.classifiers.linear import LinearModel, weighted
from moderation.classifiers.ngrams import WIDTH, SparseRows, features
from moderation.classifiers.signs import signs
from moderation.classifiers.training.corpus import LABELS, Example
from moderation.lexicons.entries import Entry
from moderation.lexicons.lexicon import Lexicon

_CHUNK = 512
_SMOOTHING = 3.0
_SIGN_SCALE = 0.3
"""Signs are dense and speak of the same thing: so scaled, their weights are held smaller than those of n-grams."""
LEAST_POSITIVES = 100
"""A label with fewer examples of either kind in a language is not learnt there."""


@dataclass(frozen=True, slots=True)
class Table:
    """Examples as the linear half sees them: n-grams first, then signs."""

    examples: Sequence[Example]
    weights: NDArray[np.float64]
    rarity: NDArray[np.float32]
    rows: sparse.csr_matrix
    entries: tuple[Entry, ...]


def table_of(examples: Sequence[Example], weights: NDArray[np.float64], entries: tuple[Entry, ...]) -> Table:
    """One language's examples. A feature that stands in one text only counts for nothing."""
    texts = [example.text for example in examples]
    counts = _matrix(texts)
    seen = np.bincount(counts.indices, minlength=WIDTH)
    # In half precision, as it will be read back.
    halved = np.where(seen >= 2, np.log((1 + counts.shape[0]) / (1 + seen)) + 1, 0.0).astype(np.float16)
    rarity = halved.astype(np.float32)
    rows = sparse.hstack([_weighted(counts, rarity), sparse.csr_matrix(signs(texts, Lexicon(entries)))]).tocsr()
    return Table(examples, weights, rarity, rows, entries)


def fit_linear(table: Table) -> LinearModel:
    """One language's model."""
    labels = [label for label in LABELS if _is_learnable(table.examples, label)]
    fitted = [_fit(table.rows, table.examples, table.weights, label) for label in labels]
    columns = np.stack([both for both, _ in fitted]).astype(np.float32)
    return LinearModel(
        labels=tuple(labels),
        rarity=table.rarity,
        weights=columns[:, :WIDTH],
        sign_weights=columns[:, WIDTH:],
        bias=np.array([bias for _, bias in fitted], dtype=np.float32),
        entries=table.entries,
    )


def cross_fitted(table: Table, labels: Sequence[str], *, folds: int) -> NDArray[np.float64]:
    """Each labelled comment's logits by regressions that have not seen it, one column for each label.

    ``nan`` for the neutral texts.
    """
    logits = np.full((len(table.examples), len(labels)), np.nan)
    neutral = np.array([example.is_neutral for example in table.examples])
    fold = np.where(neutral, -1, np.random.default_rng(0).integers(0, folds, len(table.examples)))
    for number in range(folds):
        seen, unseen = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        learnt = [table.examples[int(at)] for at in seen]
        for place, label in enumerate(labels):
            columns, bias = _fit(table.rows[seen], learnt, table.weights[seen], label)
            logits[unseen, place] = table.rows[unseen] @ columns + bias
    return logits


def _is_learnable(examples: Sequence[Example], label: str) -> bool:
    targets = [example.targets[LABELS.index(label)] for example in examples if not example.is_neutral]
    return min(sum(target == kind for target in targets) for kind in (0.0, 1.0)) >= LEAST_POSITIVES


def _fit(
    rows: sparse.csr_matrix, examples: Sequence[Example], weights: NDArray[np.float64], label: str
) -> tuple[NDArray[np.float64], float]:
    """Weights and bias: the mean of a plain regression and one on columns scaled by how telling each is.

    The second is the idea of NB-SVM (Wang and Manning 2012): features are multiplied by the logarithm of how much more
    often they stand in one class; signs are few and telling anyway. Both are linear in the same features, so that their
    mean costs nothing at run time.
    """
    targets = np.array([example.targets[LABELS.index(label)] for example in examples])
    known = ~np.isnan(targets)
    scale = np.where(np.arange(rows.shape[1]) < WIDTH, 1.0, _SIGN_SCALE)
    table, truth, weight = rows[known].multiply(scale).tocsr(), targets[known] >= 0.5, weights[known]
    telling = _telling(table, truth, weight)
    plain = LogisticRegression(C=1.0, solver="liblinear", random_state=0).fit(table, truth, sample_weight=weight)
    scaled = LogisticRegression(C=0.5, solver="liblinear", random_state=0)
    scaled.fit(table.multiply(telling).tocsr(), truth, sample_weight=weight)
    halves = [(plain.coef_[0], plain.intercept_[0]), (scaled.coef_[0] * telling, scaled.intercept_[0])]
    spreads = [float((table @ columns).std()) for columns, _ in halves]
    parts = [(columns / spread, bias / spread) for (columns, bias), spread in zip(halves, spreads, strict=True)]
    return spreads[0] * scale * np.mean([columns for columns, _ in parts], axis=0), spreads[0] * float(
        np.mean([bias for _, bias in parts])
    )


def _telling(table: sparse.csr_matrix, truth: NDArray[np.bool_], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    present = (table > 0).astype(np.float64)
    toxic = present.T @ (weight * truth) + _SMOOTHING
    clean = present.T @ (weight * ~truth) + _SMOOTHING
    ratio: NDArray[np.float64] = np.abs(np.log((toxic / toxic.sum()) / (clean / clean.sum())))
    ratio[WIDTH:] = 1.0
    return ratio


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
