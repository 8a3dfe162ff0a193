"""Which examples are learnt from, how often, and which are kept back to choose thresholds on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderation.classifiers.training.corpus import Example

HELD_BACK = 0.08
"""This share of the comments is kept back. Which ones depends on their text only."""

_NEVER_LEARNT = frozenset({("davidson", "test"), ("davidson", "dev"), ("austrotox_en", "dev")})
"""Beside the benchmarks: what the English figures are measured on."""

WEIGHTS: Mapping[str, float] = {
    "austrotox": 1.5,
    "austrotox_en": 2.0,
    "bundestag": 0.25,
    "common_voice": 0.03,
    "davidson": 0.4,
    "gahd": 0.2,
    "iwg": 0.5,
    "mlma": 0.25,
    "stormfront": 0.5,
    "toxic_spans": 0.5,
    "ud_ewt": 2.0,
}
"""How much a row of a set counts; 1 for the others. Small for narrow, adversarial and plentiful sets."""

_LINEAR: Mapping[tuple[str, str], float] = {
    ("austrotox", "de"): 3.0,
    ("austrotox_en", "en"): 3.0,
    ("fox_news", "en"): 3.0,
    ("common_voice", "de"): 1 / 3,
    ("bundestag", "de"): 0.5,
}
"""The linear half is the better for much weight on comments under newspapers, and for less neutral text."""

_NETWORK: Mapping[tuple[str, str], float] = {
    ("austrotox", "de"): 2.0,
    ("davidson", "en"): 0.5,
    ("toxic_spans", "en"): 0.5,
    ("mlma", "en"): 0.5,
}
"""The network has room for less: comments under newspapers before plenty of English from elsewhere."""

_PLENTIFUL = frozenset({"common_voice", "bundestag"})
_KEPT = 0.2
"""The linear half learns from so many of the plentiful neutral texts: more takes longer and changes nothing."""


@dataclass(frozen=True, slots=True)
class Split:
    learnt: list[Example]
    held_back: list[Example]
    """Labelled comments to calibrate on; nothing that figures are reported on."""
    neutral: list[Example]
    """Neutral text to choose thresholds on."""
    benchmark: list[Example]


def split(examples: Sequence[Example]) -> Split:
    """Each example in its place."""
    parts = Split([], [], [], [e for e in examples if _is_measured_on(e)])
    measured = {_bare(example.text) for example in parts.benchmark}
    for example in examples:
        if _bare(example.text) in measured:
            continue
        if example.is_neutral and example.split == "dev":
            parts.neutral.append(example)
        elif not (example.is_neutral or example.is_written) and _share(example.text) < HELD_BACK:
            parts.held_back.append(example)
        else:
            parts.learnt.append(example)
    return parts


def network_weights(examples: Sequence[Example]) -> NDArray[np.float64]:
    """German counts twice: it comes first, and there is more English."""
    return np.array(
        [
            _weight(example)
            * _NETWORK.get((example.source, example.language), 1.0)
            * (0.5 if example.language == "en" else 1.0)
            for example in examples
        ]
    )


def linear_examples(learnt: Sequence[Example], language: str) -> list[Example]:
    """What the linear half of a language is fitted to."""
    return [
        example
        for example in learnt
        if example.language == language and (example.source not in _PLENTIFUL or _share(example.text) < _KEPT)
    ]


def linear_weights(examples: Sequence[Example]) -> NDArray[np.float64]:
    """How much each of the ``linear_examples`` counts; those that were kept stand for those that were not."""
    return np.array(
        [
            _weight(example)
            * _LINEAR.get((example.source, example.language), 1.0)
            / (_KEPT if example.source in _PLENTIFUL else 1.0)
            for example in examples
        ]
    )


def halves(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Two halves, for choosing something on one and measuring it on the other. Which is which depends on the text."""
    first = [example for example in examples if _share(example.text) < 0.5]
    return first, [example for example in examples if _share(example.text) >= 0.5]


def _weight(example: Example) -> float:
    return WEIGHTS.get(example.source, 1.0)


def _is_measured_on(example: Example) -> bool:
    return example.is_benchmark or (example.source, example.split) in _NEVER_LEARNT


def _bare(text: str) -> str:
    return " ".join(text.lower().split())


def _share(text: str) -> float:
    """A number from 0 to 1 that is the same for the same text, however it is spaced or capitalised."""
    digest = hashlib.sha256(_bare(text).encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
