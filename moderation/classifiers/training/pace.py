"""How the learning rate runs, and which weights are drawn towards zero: the same for reading and for learning."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

Progress = Callable[[str, int, int, float], None]
"""What is being done, steps done, steps in all, the latest loss."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A warm-up to ``peak_rate``, then half a cosine down to a fiftieth of it."""

    steps: int
    peak_rate: float
    warmup: int


def rate(step: int, pace: Pace) -> float:
    """The learning rate of a step."""
    if step < pace.warmup:
        return pace.peak_rate * (step + 1) / pace.warmup
    done = (step - pace.warmup) / max(1, pace.steps - pace.warmup)
    return pace.peak_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def groups(model: nn.Module, decay: float) -> list[dict[str, object]]:
    """The parameters for an optimizer: matrices with weight decay, vectors without."""
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    vectors = [weight for weight in model.parameters() if weight.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
