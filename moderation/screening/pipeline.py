"""Screening one text: every rule is asked, the strictest verdict wins. Pure but for the classifier that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from moderation.classifiers.protocol import Classifier, ModelIdentity
from moderation.policies import Policy
from moderation.screening.assessment import assess, thresholds_for
from moderation.screening.context import ArticleFacts, AuthorFacts, Elsewhere, RuleContext
from moderation.screening.rules.address import AddressRule
from moderation.screening.rules.article import ArticleRule
from moderation.screening.rules.imported import ImportedRule
from moderation.screening.rules.limits import LimitsRule
from moderation.screening.rules.links import LinksRule
from moderation.screening.rules.protocol import Rule
from moderation.screening.rules.repeats import RepeatsRule
from moderation.screening.rules.standing import StandingRule
from moderation.screening.rules.toxicity import ToxicityRule
from moderation.screening.rules.word_lists import WordListsRule
from moderation.screening.verdicts import Outcome, Passage, Verdict, strictest
from moderation.text.languages import detect
from moderation.text.mixtures import only, sentences_in
from moderation.text.normalising import normalise

_RISK_OF = {Outcome.PUBLISH: 0.0, Outcome.HOLD: 0.5, Outcome.REJECT: 0.95}
"""What a verdict without a score is worth in the order of the queue."""

_OF_LANGUAGE = frozenset({WordListsRule.name, ToxicityRule.name})
"""The rules that read a language; all others say the same of a text in any."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that is known of a text before it is screened."""

    text: str
    site_language: str
    policy: Policy
    author: AuthorFacts = AuthorFacts()
    article: ArticleFacts = ArticleFacts()
    elsewhere: Elsewhere | None = None
    """What it was in the system that it was imported from."""


@dataclass(frozen=True, slots=True)
class Screening:
    """All verdicts on a text, and what they rest on."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    risk: float
    language: str
    identity: ModelIdentity | None
    scores: Mapping[str, float]
    thresholds: Mapping[str, float]
    duration_ms: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """The codes that led to the outcome, each once."""
        return tuple(dict.fromkeys(verdict.reason for verdict in self.verdicts if verdict.outcome == self.outcome))

    @property
    def passages(self) -> tuple[Passage, ...]:
        return tuple(sorted({passage for verdict in self.verdicts for passage in verdict.passages}))


def default_rules() -> tuple[Rule, ...]:
    return (
        LimitsRule(),
        RepeatsRule(),
        LinksRule(),
        WordListsRule(),
        StandingRule(),
        AddressRule(),
        ArticleRule(),
        ImportedRule(),
        ToxicityRule(),
    )


def screen(material: Material, rules: Sequence[Rule], classifier: Classifier) -> Screening:
    """Ask every rule about a text.

    Raises:
        ClassifierUnavailableError: there is no model to ask.
        ClassifierError: the text could not be scored. Nothing was decided then.
    """
    identity = classifier.identity
    language = detect(material.text, expected=material.site_language)
    found = _in_language(language, material.text, material, rules, classifier)
    for other in sorted(identity.languages):
        if spans := sentences_in(other, material.text, main=language):
            asked = [rule for rule in rules if rule.name in _OF_LANGUAGE]
            found = _together(found, _in_language(other, only(material.text, spans), material, asked, classifier))
    return found


def _in_language(
    language: str, text: str, material: Material, rules: Sequence[Rule], classifier: Classifier
) -> Screening:
    """What the rules say of a text that is in this language; ``text`` is the material's, or has blanks in its place."""
    identity, policy = classifier.identity, material.policy
    covered = language in identity.languages or "*" in identity.languages
    assessment = assess(text, language, classifier, policy.hold_thresholds) if covered else None
    context = RuleContext(
        text=text,
        normalised=normalise(text),
        language=language,
        policy=policy,
        author=material.author,
        article=material.article,
        assessment=assessment,
        elsewhere=material.elsewhere,
    )
    verdicts = tuple(verdict for rule in rules for verdict in rule.check(context))
    scores = assessment.scores if assessment else {}
    return Screening(
        outcome=strictest(verdicts),
        verdicts=verdicts,
        risk=max([*scores.values(), *(_RISK_OF[verdict.outcome] for verdict in verdicts)], default=0.0),
        language=language,
        identity=identity if assessment else None,
        scores=scores,
        thresholds=thresholds_for(policy.hold_thresholds, identity, language) if assessment else {},
        duration_ms=assessment.duration_ms if assessment else 0.0,
    )


def _together(whole: Screening, other: Screening) -> Screening:
    """A text's screening with that of its sentences in another language: the stricter of the two gives the scores.

    Of two that stop the text it is the one that sees the higher risk: by that the queue is sorted.
    """
    objects = other.outcome is not Outcome.PUBLISH
    stricter = other if objects and _strictness(other) > _strictness(whole) else whole
    return replace(
        stricter,
        verdicts=_joined(whole.verdicts, other.verdicts),
        risk=max(whole.risk, other.risk) if objects else whole.risk,
        duration_ms=whole.duration_ms + other.duration_ms,
    )


def _joined(verdicts: Sequence[Verdict], further: Sequence[Verdict]) -> tuple[Verdict, ...]:
    return (*verdicts, *(verdict for verdict in further if verdict not in verdicts))


def _strictness(screening: Screening) -> tuple[int, float]:
    return screening.outcome.severity, screening.risk


def with_verdicts(screening: Screening, verdicts: Sequence[Verdict]) -> Screening:
    """The same, with further objections. They can make it stricter, not milder."""
    together = _joined(screening.verdicts, verdicts)
    return replace(
        screening,
        verdicts=together,
        outcome=strictest(together),
        risk=max([screening.risk, *(_RISK_OF[verdict.outcome] for verdict in together)]),
    )


def failed(language: str, reason: str) -> Screening:
    """What is put on record for a text that could not be screened: it waits for a person."""
    verdict = Verdict("screening", Outcome.HOLD, reason)
    return Screening(Outcome.HOLD, (verdict,), _RISK_OF[Outcome.HOLD], language, None, {}, {}, 0.0)
