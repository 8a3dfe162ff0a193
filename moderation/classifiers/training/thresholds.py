"""Choosing where to hold, so that people who write nothing wrong are left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEUTRAL_SHARE = 0.01
"""At most this share of neutral text may be held, all labels together, in each register. With the lists: under 2 %."""
NEWSPAPER_SHARE = 0.035
"""The same for clean comments under a newspaper. With the lists and disguised forms it comes to 7 to 9 %."""
CLEAN_SHARE = 0.05
"""The same for other clean comments."""

_FIRST = "toxicity"
_BESIDE = 0.05
"""What another label says, toxicity mostly says too: each may use this part of a share, so that most is left for it."""
_HIGHEST = 0.999


@dataclass(frozen=True, slots=True)
class Allowance:
    """Scores of texts that are all harmless, and the share of them that may be held."""

    scores: Sequence[Mapping[str, float]]
    share: float


def hold_thresholds(allowances: Sequence[Allowance]) -> dict[str, float]:
    """One language's threshold for each label: toxicity's is the lowest that keeps within every allowance."""
    labels = sorted({label for group in allowances for scores in group.scores for label in scores} - {_FIRST})
    best = {_FIRST: _HIGHEST} | {label: _limit(allowances, label, _BESIDE) for label in labels}
    for part in np.linspace(0.005, 1, 200):
        tried = best | {_FIRST: _limit(allowances, _FIRST, part)}
        if any(_held(group.scores, tried) > group.share for group in allowances):
            break
        best = tried
    return {label: round(limit, 4) for label, limit in best.items()}


def spread_like(scores: Sequence[float], others: Sequence[float]) -> list[float]:
    """Scores whose log odds have the mean and the spread of those of others, in the same order."""
    if len(scores) < 2 or len(others) < 2:
        return list(scores)
    odds, wanted = _log_odds(scores), _log_odds(others)
    moved = (odds - odds.mean()) / max(float(odds.std()), 1e-9) * wanted.std() + wanted.mean()
    found: list[float] = (1 / (1 + np.exp(-moved))).tolist()
    return found


def _log_odds(scores: Sequence[float]) -> NDArray[np.float64]:
    inside = np.clip(np.asarray(scores, dtype=np.float64), 1e-9, 1 - 1e-9)
    odds: NDArray[np.float64] = np.log(inside / (1 - inside))
    return odds


def _limit(allowances: Sequence[Allowance], label: str, part: float) -> float:
    """Above it lies at most this part of the share that each group allows."""
    known = (([one[label] for one in group.scores if label in one], group.share) for group in allowances)
    quantiles = (float(np.quantile(scores, 1 - share * part)) for scores, share in known if scores)
    return min(max(quantiles, default=_HIGHEST) + 1e-4, _HIGHEST)


def _held(scores: Sequence[Mapping[str, float]], limits: Mapping[str, float]) -> float:
    held = sum(any(score >= limits[label] for label, score in one.items()) for one in scores)
    return held / max(1, len(scores))
