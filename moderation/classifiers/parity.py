"""Do two models decide alike? Measured on labelled texts, before one may take the other's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from moderation.classifiers.protocol import Scores
from moderation.classifiers.training.metrics import auc

Thresholds = Mapping[str, Mapping[str, float]]
"""As in ``ModelIdentity.hold_thresholds``."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One text's scores by both models. ``toxic`` is what people say."""

    language: str
    toxic: bool
    before: Scores
    after: Scores


@dataclass(frozen=True, slots=True)
class Parity:
    texts: int
    largest_difference: float
    """Between any two scores."""
    flips: int
    """Texts that one model's thresholds hold and the other's don't."""
    auc_before: float | None
    auc_after: float | None
    """Of toxicity; ``None`` where one kind of text is missing."""

    @property
    def area_lost(self) -> float:
        return (self.auc_before or 0.0) - (self.auc_after or 0.0)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(pairs: Sequence[Pair], thresholds: Thresholds) -> Parity:
    """``thresholds`` are those of the first model's makers, or a site's."""
    truths = [pair.toxic for pair in pairs]
    both_kinds = 0 < sum(truths) < len(truths)
    areas = [
        auc(truths, [scores["toxicity"] for scores in side]) if both_kinds else None
        for side in ([pair.before for pair in pairs], [pair.after for pair in pairs])
    ]
    differences = (abs(score - pair.after[label]) for pair in pairs for label, score in pair.before.items())
    return Parity(
        texts=len(pairs),
        largest_difference=max(differences, default=0.0),
        flips=sum(_holds(pair, pair.before, thresholds) != _holds(pair, pair.after, thresholds) for pair in pairs),
        auc_before=areas[0],
        auc_after=areas[1],
    )


def _holds(pair: Pair, scores: Scores, thresholds: Thresholds) -> bool:
    limits = {**thresholds.get("*", {}), **thresholds.get(pair.language, {})}
    return any(score >= limits.get(label, 2.0) for label, score in scores.items())
