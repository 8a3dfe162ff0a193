"""Stand-ins that keep the contract of the real thing."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from moderation.classifiers.protocol import ModelIdentity, Scores, ScoringInput
from moderation.errors import ClassifierError, ClassifierUnavailableError

IDENTITY = ModelIdentity(
    name="fake",
    digest="f" * 64,
    labels=("toxicity", "insult"),
    languages=frozenset({"de", "en"}),
    hold_thresholds={"*": {"toxicity": 0.5, "insult": 0.5}},
)


@dataclass
class FakeClassifier:
    """Finds a text toxic that contains ``murrkopf``. Can be told to break, to wait, or not to be there."""

    words: tuple[str, ...] = ("murrkopf", "dummkopf")
    available: bool = True
    failures: int = 0
    """So many calls raise before one succeeds."""
    gate: threading.Event | None = None
    """Calls wait until it is set."""
    entered: threading.Event = field(default_factory=threading.Event)
    calls: list[list[ScoringInput]] = field(default_factory=list)

    @property
    def identity(self) -> ModelIdentity:
        if not self.available:
            raise ClassifierUnavailableError("the weights are missing")
        return IDENTITY

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        self.calls.append(list(inputs))
        self.entered.set()
        if self.gate is not None and not self.gate.wait(timeout=60):
            raise ClassifierError("nobody opened the gate")
        if not self.available:
            raise ClassifierUnavailableError("the weights are missing")
        if self.failures > 0:
            self.failures -= 1
            raise RuntimeError("the classifier broke")
        return [self._score(one) for one in inputs]

    def _score(self, one: ScoringInput) -> Scores:
        toxic = any(word in one.text.casefold() for word in self.words)
        return {"toxicity": 0.9, "insult": 0.8} if toxic else {"toxicity": 0.01, "insult": 0.01}


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self, now: dt.datetime | None = None) -> None:
        self.now = now or dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += dt.timedelta(**by)
