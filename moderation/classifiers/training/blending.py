"""Two halves into one score, on a scale where a score is the share of toxic comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from moderation.classifiers.blended import Mixture
from moderation.classifiers.training.corpus import LABELS, Example
from moderation.classifiers.training.metrics import auc

Logits = NDArray[np.float64]

SHARES = (0.15, 0.3, 0.5, 1.0)
"""How much the network may say beside the linear half. Never nothing: comments kept back have their authors in common
with those learnt from, which favours n-grams that know the authors."""


def fit_blend(
    examples: Sequence[Example], network: Logits, linear: Logits, labels: Sequence[str]
) -> dict[str, Mixture]:
    """One language's mixtures. ``network`` has a column for each of ``LABELS``, ``linear`` for each of ``labels``.

    Both halves are brought to the same spread, then one logistic regression (Platt 1999) on the comments kept back
    makes probabilities of their sum. The network's share is the one with the best AUC for toxicity.
    """
    toxic, place = np.array([example.toxic for example in examples]), labels.index("toxicity")
    share = max(SHARES, key=lambda tried: auc(toxic, _sum(network[:, 0], linear[:, place], tried)[0]))
    return {
        label: _mixture(_targets(examples, label), network[:, LABELS.index(label)], linear[:, place], share)
        for place, label in enumerate(labels)
    }


def blended(
    blend: Mapping[str, Mixture], network: Logits, linear: Logits, labels: Sequence[str]
) -> list[dict[str, float]]:
    """The scores of each row, by label."""
    columns = {
        label: mix.network * network[:, LABELS.index(label)] + mix.linear * linear[:, labels.index(label)] + mix.bias
        for label, mix in blend.items()
    }
    chances = {label: 1 / (1 + np.exp(-column)) for label, column in columns.items()}
    return [{label: float(chance[row]) for label, chance in chances.items()} for row in range(len(network))]


def _targets(examples: Sequence[Example], label: str) -> NDArray[np.float64]:
    return np.array([example.targets[LABELS.index(label)] for example in examples])


def _sum(network: Logits, linear: Logits, share: float) -> tuple[Logits, float, float]:
    """The weighted sum of two halves of like spread, and what each is multiplied by."""
    factors = share / max(float(network.std()), 1e-6), 1 / max(float(linear.std()), 1e-6)
    return network * factors[0] + linear * factors[1], *factors


def _mixture(targets: Logits, network: Logits, linear: Logits, share: float) -> Mixture:
    both, for_network, for_linear = _sum(network, linear, share)
    known = ~np.isnan(targets)
    truth = targets[known] >= 0.5
    if truth.all() or not truth.any():
        return Mixture(0.5, 0.5, 0.0)
    fitted = LogisticRegression().fit(both[known, None], truth)
    slope, bias = max(float(fitted.coef_[0, 0]), 0.1), float(fitted.intercept_[0])
    return Mixture(network=slope * for_network, linear=slope * for_linear, bias=bias)
