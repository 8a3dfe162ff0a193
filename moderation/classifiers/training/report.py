"""How good a trained model is: its blend, its thresholds, and figures on texts that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from moderation.classifiers.blended import Mixture
from moderation.classifiers.linear import LinearModel
from moderation.classifiers.training.blending import Logits, blended, fit_blend
from moderation.classifiers.training.corpus import LANGUAGES, Example
from moderation.classifiers.training.metrics import (
    auc,
    best_threshold,
    bootstrap,
    bootstrap_gain,
    macro_f1,
    share_caught,
)
from moderation.classifiers.training.network import logits_of
from moderation.classifiers.training.pace import Progress
from moderation.classifiers.training.split import Split, halves, linear_examples
from moderation.classifiers.training.thresholds import (
    CLEAN_SHARE,
    NEUTRAL_SHARE,
    NEWSPAPER_SHARE,
    Allowance,
    hold_thresholds,
    spread_like,
)

ScoredTexts = list[dict[str, float]]

_NEWSPAPERS = frozenset({"austrotox", "austrotox_en"})
_WRITTEN_TO_FOOL = "gahd"
"""Nobody's comments: how many of them are held says nothing about a comment section."""


@dataclass(frozen=True, slots=True)
class Halves:
    network: Any
    tokenizer: Tokenizer
    linear: Mapping[str, LinearModel]
    crossed: Mapping[str, Logits]
    """By language: logits of the ``linear_examples``, each by a linear half that had not seen it, for its labels."""

    def logits(self, examples: Sequence[Example], language: str) -> tuple[Logits, Logits]:
        linear = self.linear[language].logits([example.text for example in examples])
        return self.network_logits(examples), linear.astype(np.float64)

    def network_logits(self, examples: Sequence[Example]) -> Logits:
        return logits_of(self.network, self.tokenizer, [example.text for example in examples])


@dataclass(frozen=True, slots=True)
class Report:
    blend: Mapping[str, Mapping[str, Mixture]]
    hold_thresholds: Mapping[str, Mapping[str, float]]
    figures: Mapping[str, Mapping[str, str | float]]
    """Name of a set to what was found on it."""


def measure(model: Halves, parts: Split, progress: Progress) -> Report:
    """Fit blend and thresholds on what was kept back, and measure them on what played no part in it."""
    blend, limits = {}, {}
    figures: dict[str, Mapping[str, str | float]] = {}
    for number, language in enumerate(LANGUAGES, start=1):
        judge = _Judge(model, parts, language)
        blend[language], limits[language] = judge.blend, judge.limits
        figures.update(judge.figures())
        progress("measuring", number, len(LANGUAGES), 0.0)
    return Report(blend, limits, figures)


class _Judge:
    """One language's blend, thresholds and figures."""

    def __init__(self, model: Halves, parts: Split, language: str) -> None:
        self._model, self._language = model, language
        self._labels = model.linear[language].labels
        self._benchmark = [example for example in parts.benchmark if example.language == language]
        registers = _by_source(example for example in parts.neutral if example.language == language)
        split = {source: halves(examples) for source, examples in registers.items()}
        self._unseen = {source: second for source, (_, second) in split.items()}
        held_back = [example for example in parts.held_back if example.language == language]
        self.blend = fit_blend(held_back, *model.logits(held_back, language), self._labels)
        clean = [example for example in held_back if not example.toxic and example.source != _WRITTEN_TO_FOOL]
        self.limits = hold_thresholds(
            [
                *(Allowance(self._scores(first), NEUTRAL_SHARE) for first, _ in split.values()),
                Allowance(self._scores(clean), CLEAN_SHARE),
                Allowance(self._crossed(linear_examples(parts.learnt, language), held_back), NEWSPAPER_SHARE),
            ]
        )
        self._threshold = best_threshold([example.toxic for example in held_back], _toxicity(self._scores(held_back)))

    def figures(self) -> Iterator[tuple[str, Mapping[str, str | float]]]:
        for source, examples in _by_source(self._benchmark).items():
            yield f"{source} ({self._language})", self._on_comments(examples)
        for source, examples in self._unseen.items():
            share = sum(map(self._is_held, self._scores(examples))) / max(1, len(examples))
            yield f"{source} ({self._language}), neutral", {"texts": len(examples), "held": round(share, 4)}

    def _on_comments(self, examples: Sequence[Example]) -> Mapping[str, str | float]:
        truth = np.array([example.toxic for example in examples])
        network, linear = self._model.logits(examples, self._language)
        scores = blended(self.blend, network, linear, self._labels)
        toxicity, baseline = _toxicity(scores), linear[:, self._labels.index("toxicity")].tolist()
        held = np.array([self._is_held(one) for one in scores])
        return {
            "texts": len(examples),
            "AUC": str(bootstrap(auc, truth, toxicity)),
            "AUC, linear half alone": str(bootstrap(auc, truth, baseline)),
            "AUC, network alone": str(bootstrap(auc, truth, network[:, 0])),
            "gain over the linear half": str(bootstrap_gain(truth, toxicity, baseline)),
            "macro-F1": str(bootstrap(lambda t, s: macro_f1(t, s >= self._threshold), truth, toxicity)),
            "caught at 5 % of clean held": str(
                bootstrap(lambda t, s: share_caught(t, s, held_clean=0.05), truth, toxicity)
            ),
            "toxic held at shipped thresholds": round(float(held[truth].mean()), 4),
            "clean held at shipped thresholds": round(float(held[~truth].mean()), 4),
        }

    def _scores(self, examples: Sequence[Example]) -> ScoredTexts:
        return blended(self.blend, *self._model.logits(examples, self._language), self._labels)

    def _crossed(self, learnt: Sequence[Example], held_back: Sequence[Example]) -> ScoredTexts:
        """Scores of clean comments under newspapers; those kept back are too few for a threshold.

        They only say how widely the whole model's scores spread: it is surer than those that learnt from two thirds.
        """
        places = [place for place, one in enumerate(learnt) if one.source in _NEWSPAPERS]
        chosen = [learnt[place] for place in places]
        linear = self._model.crossed[self._language][places]
        crossed = blended(self.blend, self._model.network_logits(chosen), linear, self._labels)
        known = self._scores([example for example in held_back if example.source in _NEWSPAPERS])
        columns = [spread_like([one[label] for one in crossed], [one[label] for one in known]) for label in self.blend]
        scores = [dict(zip(self.blend, row, strict=True)) for row in zip(*columns, strict=True)]
        return [one for example, one in zip(chosen, scores, strict=True) if not example.toxic]

    def _is_held(self, scores: Mapping[str, float]) -> bool:
        return any(scores[label] >= limit for label, limit in self.limits.items())


def _toxicity(scores: Sequence[Mapping[str, float]]) -> list[float]:
    return [one["toxicity"] for one in scores]


def _by_source(examples: Sequence[Example] | Iterator[Example]) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {}
    for example in examples:
        found.setdefault(example.source, []).append(example)
    return found
