"""Asking the classifier about a whole text: in overlapping windows, as written and normalised, the worst one counts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from moderation.classifiers.protocol import Classifier, ModelIdentity, Scores, ScoringInput
from moderation.errors import ClassifierError
from moderation.policies import Thresholds
from moderation.screening.context import Assessment, ScoredWindow
from moderation.text.normalising import legible, normalise
from moderation.text.passages import Window, sentences, windows

WINDOW_CHARS = 400
"""Below the embedded model's limit of tokens: a long harmless opening must not hide an insult behind it."""


def thresholds_for(chosen: Thresholds, identity: ModelIdentity, language: str) -> Mapping[str, float]:
    """The site's thresholds for a language, over those that the model's makers recommend for it."""
    recommended = identity.hold_thresholds
    return {
        **recommended.get("*", {}),
        **recommended.get(language, {}),
        **chosen.get("*", {}),
        **chosen.get(language, {}),
    }


def assess(text: str, language: str, classifier: Classifier, chosen: Thresholds) -> Assessment:
    """Score a text of any length.

    Raises:
        ClassifierUnavailableError: there is no model to ask.
        ClassifierError: the text could not be scored.
    """
    began = time.perf_counter()
    identity = classifier.identity
    limits = thresholds_for(chosen, identity, language)
    scored = score_spans(text, windows(text, max_chars=WINDOW_CHARS), language, classifier)
    doubtful = [window for window in scored if _passes(window.scores, limits)]
    return Assessment(
        identity=identity,
        windows=scored,
        sentences=score_spans(text, _sentences_of(text, doubtful), language, classifier),
        scores=worst(window.scores for window in scored),
        duration_ms=(time.perf_counter() - began) * 1000,
    )


def _passes(scores: Scores, limits: Mapping[str, float]) -> bool:
    return any(score >= limits.get(label, 2.0) for label, score in scores.items())


def _sentences_of(text: str, doubtful: Sequence[ScoredWindow]) -> tuple[Window, ...]:
    spans = sentences(text) if doubtful else ()
    if len(spans) < 2:
        return ()
    return tuple(
        span for span in spans if any(span.begin < window.end and window.begin < span.end for window in doubtful)
    )


def score_spans(text: str, spans: Sequence[Window], language: str, classifier: Classifier) -> tuple[ScoredWindow, ...]:
    """Each span's higher score of two: as written, and normalised.

    Raises:
        ClassifierUnavailableError: there is no model to ask.
        ClassifierError: a span could not be scored.
    """
    if not spans:
        return ()
    forms = [_forms(text[span.begin : span.end]) for span in spans]
    inputs = [ScoringInput(form, language) for both in forms for form in both]
    answers = iter(_checked(classifier.score(inputs), count=len(inputs)))
    return tuple(
        ScoredWindow(span.begin, span.end, worst([next(answers) for _ in both]))
        for span, both in zip(spans, forms, strict=True)
    )


def _checked(answers: Sequence[Scores], *, count: int) -> Sequence[Scores]:
    """A missing score, or NaN, passes no threshold and would let everything through."""
    if len(answers) != count:
        raise ClassifierError("the model answered for another number of texts")
    if not all(scores and all(0 <= score <= 1 for score in scores.values()) for scores in answers):
        raise ClassifierError("the model answered with something that is no score")
    return answers


def _forms(text: str) -> tuple[str, ...]:
    # What cannot be read as words says nothing: left in, it would only raise the scores of what it is strewn over.
    return tuple(dict.fromkeys((legible(text), normalise(text).text)))


def worst(all_scores: Iterable[Scores]) -> dict[str, float]:
    """Each label's highest score."""
    found: dict[str, float] = {}
    for scores in all_scores:
        for label, score in scores.items():
            found[label] = max(score, found.get(label, 0.0))
    return found
