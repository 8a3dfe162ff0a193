"""Choosing where to hold, so that people who write nothing wrong are left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

NEUTRAL_SHARE = 0.02
"""At most this share of neutral text may be held, all labels together, in each register."""

_HIGHEST = 0.999


def hold_thresholds(
    neutral: Sequence[Sequence[Mapping[str, float]]],
    clean: Sequence[Mapping[str, float]],
    *,
    neutral_share: float = NEUTRAL_SHARE,
    clean_share: float = 0.05,
) -> dict[str, float]:
    """One language's threshold for each label.

    ``neutral`` are the scores of the texts of each register, ``clean`` those of comments that people found harmless.
    All labels get the threshold above which the same share of texts lies, the largest share that keeps the texts held
    under any label within ``neutral_share`` of every register and within ``clean_share`` of the clean comments.
    """
    labels = sorted({label for scores in clean for label in scores})
    groups = [(scores, neutral_share) for scores in neutral] + [(clean, clean_share)]
    best = dict.fromkeys(labels, _HIGHEST)
    for share in np.linspace(0.0005, clean_share, 100):
        tried = {label: _limit(groups, label, share / clean_share) for label in labels}
        if any(_held(scores, tried) > allowed for scores, allowed in groups):
            break
        best = tried
    return {label: round(limit, 4) for label, limit in best.items()}


def _limit(groups: Sequence[tuple[Sequence[Mapping[str, float]], float]], label: str, part: float) -> float:
    """Above it lies at most this part of the share that each group allows."""
    quantiles = (
        float(np.quantile([one[label] for one in scores], 1 - allowed * part)) for scores, allowed in groups if scores
    )
    return min(max(quantiles, default=_HIGHEST) + 1e-4, _HIGHEST)


def _held(scores: Sequence[Mapping[str, float]], limits: Mapping[str, float]) -> float:
    held = sum(any(one[label] >= limit for label, limit in limits.items()) for one in scores)
    return held / max(1, len(scores))
