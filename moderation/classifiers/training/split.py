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
    "common_voice": 0.1,
    "davidson": 0.4,
    "gahd": 0.2,
    "iwg": 0.5,
    "mlma": 0.25,
    "stormfront": 0.5,
    "toxic_spans": 0.5,
    "ud_ewt": 2.0,
}
"""How much a row of a set counts; 1 for the others. Small for narrow, adversarial and plentiful sets."""


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
    parts = Split([], [], [], [])
    for example in examples:
        if example.is_benchmark or (example.source, example.split) in _NEVER_LEARNT:
            parts.benchmark.append(example)
        elif example.is_neutral and example.split == "dev":
            parts.neutral.append(example)
        elif not example.is_neutral and _share(example.text) < HELD_BACK:
            parts.held_back.append(example)
        else:
            parts.learnt.append(example)
    return parts


def weights_of(examples: Sequence[Example]) -> NDArray[np.float64]:
    return np.array([WEIGHTS.get(example.source, 1.0) for example in examples])


def _share(text: str) -> float:
    """A number from 0 to 1 that is the same for the same text, however it is spaced or capitalised."""
    digest = hashlib.sha256(" ".join(text.lower().split()).encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
