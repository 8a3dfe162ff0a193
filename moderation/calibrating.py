"""Which thresholds would hold, or miss, a wished share of a site's comments. Pure: nothing here changes anything.

All thresholds of a language are moved together, by the same distance in log odds, so that each label keeps its weight
against the others. A text's *margin* is the furthest that any of its scores lies above its threshold now; moved by a
distance, the thresholds hold what has at least that margin. What other rules hold anyway has no limit to its margin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from moderation.judgements import Judgement
from moderation.measuring import Judged, Share, Tally, as_screened

Margins = NDArray[np.float64]

_DRAWS = 500
_STEPS = 10_000
"""Thresholds have four digits."""
_LEAST = 1e-6


class Kind(StrEnum):
    HELD = "held"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Wish:
    """At most ``share`` (0..1) of all comments held, or of those that moderators refused missed."""

    kind: Kind
    share: float

    @property
    def at_least(self) -> int:
        """So many texts it takes to say anything: fewer, and one text more or less would be the answer."""
        return math.ceil((20 if self.kind is Kind.HELD else 5) / min(self.share, 1 - self.share))


@dataclass(frozen=True, slots=True)
class Effect:
    """What thresholds do to the texts that are known."""

    held: Share
    """Of all that was screened."""
    missed: Share
    """Of what moderators refused for its tone: would have been published."""
    judged: Tally
    """Of what moderators judged."""

    def as_json(self) -> dict[str, object]:
        return {"held": self.held.as_json(), "missed": self.missed.as_json(), **self.judged.as_json()}


@dataclass(frozen=True, slots=True)
class Moved:
    """One label's threshold, and the middle 95 % of what it comes to when the texts are drawn again."""

    now: float
    proposed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Proposal:
    language: str
    texts: int
    """All that was screened."""
    judged: int
    now: Effect
    thresholds: Mapping[str, Moved]
    proposed: Effect | None
    refusal: str
    """Why there are no thresholds to propose; empty where there are."""


def propose(texts: Sequence[Judgement], language: str, limits: Mapping[str, float], wish: Wish | None) -> Proposal:
    """
    Args:
        texts: scored ones; those in other languages are ignored.
        limits: label to the threshold in force.
        wish: without one, only what is now is measured.
    """
    own = [one for one in texts if one.language == language]
    now, judged = effect(own, limits), sum(one.toxic is not None for one in own)
    screened = sum(one.is_screened for one in own)
    if wish is None:
        return Proposal(language, screened, judged, now, {}, None, "")
    margins = np.array([margin(one, limits) for one in own if _counts(one, wish)])
    refusal = _refusal(margins, wish)
    if refusal:
        return Proposal(language, screened, judged, now, {}, None, refusal)
    distance = _distance(margins, wish)
    low, high = _interval(margins, wish)
    moved = {
        label: Moved(limit, _shifted(limit, distance, wish), _shifted(limit, low, wish), _shifted(limit, high, wish))
        for label, limit in limits.items()
    }
    proposed = effect(own, {label: one.proposed for label, one in moved.items()})
    return Proposal(language, screened, judged, now, moved, proposed, "")


def margin(text: Judgement, limits: Mapping[str, float]) -> float:
    """How far, in log odds, the text's scores lie above the thresholds: at least 0 is held."""
    if text.held_otherwise:
        return math.inf
    above = (_logit(text.scores[label]) - _logit(limits[label]) for label in limits if label in text.scores)
    return max(above, default=math.inf)


def effect(texts: Sequence[Judgement], limits: Mapping[str, float]) -> Effect:
    held = [(one, is_held(one, limits)) for one in texts]
    screened = [is_held for one, is_held in held if one.is_screened]
    refused = [is_held for one, is_held in held if one.toxic]
    judged = [Judged(one.toxic, None, is_held) for one, is_held in held if one.toxic is not None]
    return Effect(
        held=Share(sum(screened), len(screened)),
        missed=Share(len(refused) - sum(refused), len(refused)),
        judged=as_screened(judged),
    )


def is_held(text: Judgement, limits: Mapping[str, float]) -> bool:
    """As the screening decides: scores that no threshold judges are held."""
    judged = {label: score for label, score in text.scores.items() if label in limits}
    return text.held_otherwise or not judged or any(score >= limits[label] for label, score in judged.items())


def _counts(text: Judgement, wish: Wish) -> bool:
    return text.is_screened if wish.kind is Kind.HELD else text.toxic is True


def _refusal(margins: Margins, wish: Wish) -> str:
    if len(margins) < wish.at_least:
        what = "screened texts" if wish.kind is Kind.HELD else "texts that moderators refused for their tone"
        return f"too few: {len(margins)} {what}, it takes {wish.at_least}"
    if not math.isfinite(_distance(margins, wish)):
        fixed, end = float(np.isinf(margins).mean()), "out of reach" if wish.kind is Kind.HELD else "met already"
        return f"{end}: rules other than scores hold {fixed:.1%} of them whatever the thresholds are"
    return ""


def _distance(margins: Margins, wish: Wish) -> float:
    """The least that holds no more than the wished share, or the most that misses no more than it."""
    allowed = math.floor(wish.share * len(margins) + 1e-9)
    if wish.kind is Kind.MISSED:
        return float(np.partition(margins, allowed)[allowed])
    place = len(margins) - 1 - allowed
    first_let_through = float(np.partition(margins, place)[place])
    above = margins[margins > first_let_through]
    if not len(above) or not math.isfinite(first_let_through):
        return first_let_through + _LEAST
    nearest = float(above.min())
    return (first_let_through + nearest) / 2 if math.isfinite(nearest) else first_let_through + _LEAST


def _interval(margins: Margins, wish: Wish) -> tuple[float, float]:
    """Percentile bootstrap (Efron 1979), 95 %, of the distance."""
    numbers = np.random.default_rng(0)
    drawn = [_distance(margins[numbers.integers(0, len(margins), len(margins))], wish) for _ in range(_DRAWS)]
    low, high = np.quantile(drawn, [0.025, 0.975], method="nearest")
    return float(low), float(high)


def _shifted(limit: float, distance: float, wish: Wish) -> float:
    """Rounded to the side on which the wish is kept."""
    moved = 1 / (1 + math.exp(-min(max(_logit(limit) + distance, -50.0), 50.0)))
    steps = math.ceil(moved * _STEPS) if wish.kind is Kind.HELD else math.floor(moved * _STEPS)
    return steps / _STEPS


def _logit(share: float) -> float:
    kept = min(max(share, _LEAST), 1 - _LEAST)
    return math.log(kept / (1 - kept))
