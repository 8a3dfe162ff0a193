"""How good decisions are, counted on texts about which people have decided, with what chance leaves open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_Z = 1.959964
"""The normal quantile of 95 %, two-sided."""


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``of``, with its 95 % interval (Wilson, 1927). Of nothing, everything is possible."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        share, spread = self.hits / self.of, _Z**2 / self.of
        middle = share + spread / 2
        reach = _Z * math.sqrt(share * (1 - share) / self.of + spread / (4 * self.of))
        low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
        return max(0.0, low), min(1.0, high)

    def as_json(self) -> dict[str, float | int | None]:
        low, high = self.interval
        value = None if not self.of else round(self.value, 4)
        return {"value": value, "low": round(low, 4), "high": round(high, 4), "hits": self.hits, "of": self.of}


@dataclass(frozen=True, slots=True)
class Judged:
    """A text that a person found toxic or not. Without a score it is held whatever the threshold."""

    toxic: bool
    score: float | None
    held: bool
    """By everything that the policy asks for, not by the score alone."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of judged texts."""

    caught: int
    """toxic and held"""
    missed: int
    false_alarms: int
    """clean and held"""
    passed: int

    @property
    def queue(self) -> Share:
        """How much of everything waits for a moderator."""
        return Share(self.caught + self.false_alarms, self.caught + self.missed + self.false_alarms + self.passed)

    @property
    def precision(self) -> Share:
        """How much of the queue belongs there."""
        return Share(self.caught, self.caught + self.false_alarms)

    @property
    def recall(self) -> Share:
        """How much of what is toxic is held."""
        return Share(self.caught, self.caught + self.missed)

    @property
    def alarms(self) -> Share:
        """How much of what is clean is held."""
        return Share(self.false_alarms, self.false_alarms + self.passed)

    def as_json(self) -> dict[str, object]:
        return {
            "precision": self.precision.as_json(),
            "recall": self.recall.as_json(),
            "false_alarms": self.alarms.as_json(),
            "queue": self.queue.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Operating:
    """What holding at a threshold amounts to."""

    threshold: float
    tally: Tally


def tally(judged: Sequence[tuple[bool, bool]]) -> Tally:
    """Count pairs of ``toxic`` and ``held``."""
    caught = sum(toxic and held for toxic, held in judged)
    toxic_all = sum(toxic for toxic, _ in judged)
    held_all = sum(held for _, held in judged)
    alarms = held_all - caught
    return Tally(caught, toxic_all - caught, alarms, len(judged) - toxic_all - alarms)


def at_thresholds(judged: Sequence[Judged], thresholds: Sequence[float]) -> list[Operating]:
    """What would be held by the score alone at each threshold."""
    return [
        Operating(limit, tally([(one.toxic, one.score is None or one.score >= limit) for one in judged]))
        for limit in thresholds
    ]


def as_screened(judged: Sequence[Judged]) -> Tally:
    """What the policy as a whole holds."""
    return tally([(one.toxic, one.held) for one in judged])
