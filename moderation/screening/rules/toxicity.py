"""What the classifier thinks of the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moderation.screening.assessment import thresholds_for
from moderation.screening.context import Assessment, RuleContext, ScoredWindow
from moderation.screening.verdicts import Outcome, Passage, Verdict


class ToxicityRule:
    """Holds what scores at or above the threshold of a label, and rejects where the site has asked for that."""

    name = "toxicity"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        if context.assessment is None:
            return [Verdict(self.name, Outcome.HOLD, "language_not_covered", evidence={"language": context.language})]
        holding = thresholds_for(context.policy.hold_thresholds, context.assessment.identity, context.language)
        if not any(label in holding for label in context.assessment.scores):
            # Scores that no threshold judges would let everything through.
            return [Verdict(self.name, Outcome.HOLD, "language_not_covered", evidence={"language": context.language})]
        rejecting = context.policy.reject_thresholds
        refusing = rejecting.get(context.language, rejecting.get("*", {}))
        verdicts = self._verdicts(context.assessment, refusing, Outcome.REJECT)
        return verdicts or self._verdicts(context.assessment, holding, Outcome.HOLD)

    def _verdicts(self, assessment: Assessment, limits: Mapping[str, float], outcome: Outcome) -> list[Verdict]:
        passed = {label: score for label, score in assessment.scores.items() if score >= limits.get(label, 2.0)}
        if not passed:
            return []
        evidence = {"scores": dict(passed), "thresholds": {label: limits[label] for label in passed}}
        return [Verdict(self.name, outcome, "toxicity", _passages(assessment, limits), evidence)]


def _passages(assessment: Assessment, limits: Mapping[str, float]) -> tuple[Passage, ...]:
    """The sentences that score high, or the whole windows where no sentence does by itself."""
    return _passing(assessment.sentences, limits) or _passing(assessment.windows, limits)


def _passing(windows: Sequence[ScoredWindow], limits: Mapping[str, float]) -> tuple[Passage, ...]:
    passages = []
    for window in windows:
        labels = tuple(label for label, score in window.scores.items() if score >= limits.get(label, 2.0))
        if labels:
            passages.append(Passage(window.begin, window.end, labels))
    return tuple(passages)
