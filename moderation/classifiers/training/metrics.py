"""Figures that say how good scores are, with what chance leaves open about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Figure = Callable[[NDArray[np.bool_], NDArray[np.float64]], float]
"""Truths and scores to one number."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and the middle 95 % of what it comes to when the rows are drawn again."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def auc(truths: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a toxic text scores above a clean one, ties counting half."""
    truth, score = np.asarray(truths, dtype=bool), np.asarray(scores, dtype=np.float64)
    _, places, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def macro_f1(truths: ArrayLike, held: ArrayLike) -> float:
    """Mean of the F1 of the toxic and of the clean texts."""
    truth, hold = np.asarray(truths, dtype=bool), np.asarray(held, dtype=bool)
    return (_f1(truth, hold) + _f1(~truth, ~hold)) / 2


def share_caught(truths: ArrayLike, scores: ArrayLike, *, held_clean: float) -> float:
    """The share of toxic texts above the threshold that holds the share ``held_clean`` of the clean ones."""
    truth, score = np.asarray(truths, dtype=bool), np.asarray(scores, dtype=np.float64)
    return float((score[truth] > np.quantile(score[~truth], 1 - held_clean)).mean())


def best_threshold(truths: ArrayLike, scores: ArrayLike) -> float:
    """The threshold with the best ``macro_f1``; to be chosen on other rows than it is judged on."""
    truth, score = np.asarray(truths, dtype=bool), np.asarray(scores, dtype=np.float64)
    candidates = np.quantile(score, np.linspace(0.05, 0.95, 91))
    return float(max(candidates, key=lambda limit: macro_f1(truth, score >= limit)))


def bootstrap(figure: Figure, truths: ArrayLike, scores: ArrayLike, *, draws: int = 1000, seed: int = 0) -> Interval:
    """The figure with its percentile bootstrap interval (Efron 1979), 95 %."""
    truth, score = np.asarray(truths, dtype=bool), np.asarray(scores, dtype=np.float64)
    numbers = np.random.default_rng(seed)
    picks = (numbers.integers(0, len(truth), len(truth)) for _ in range(draws))
    drawn = [figure(truth[pick], score[pick]) for pick in picks]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Interval(figure(truth, score), float(low), float(high))


def bootstrap_gain(
    truths: ArrayLike, better: Sequence[float], worse: Sequence[float], *, draws: int = 1000, seed: int = 0
) -> Interval:
    """By how much one model's AUC is above another's on the same rows, drawn in pairs."""
    first, second = np.asarray(better, dtype=np.float64), np.asarray(worse, dtype=np.float64)
    truth = np.asarray(truths, dtype=bool)
    numbers = np.random.default_rng(seed)
    picks = [numbers.integers(0, len(truth), len(truth)) for _ in range(draws)]
    drawn = [auc(truth[pick], first[pick]) - auc(truth[pick], second[pick]) for pick in picks]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Interval(auc(truth, first) - auc(truth, second), float(low), float(high))


def _f1(truth: NDArray[np.bool_], hold: NDArray[np.bool_]) -> float:
    right = int((truth & hold).sum())
    wrong = int((truth ^ hold).sum())
    return 2 * right / (2 * right + wrong) if right + wrong else 0.0
