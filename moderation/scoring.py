"""Scores for texts that other servers ask about. Nothing of them is kept, unless somebody suggests a score to keep."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from moderation.classifiers.protocol import Classifier, ModelIdentity
from moderation.errors import LanguageNotCoveredError
from moderation.models import SuggestedScore
from moderation.screening.assessment import WINDOW_CHARS, score_spans, worst
from moderation.screening.context import ScoredWindow
from moderation.text.languages import detect, likelihood
from moderation.text.passages import Window, sentences, windows

_DOUBT = 0.1
"""A language that is likelier than this, against the likeliest, is scored too."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model makes of a text. ``spans`` are its sentences, each by itself."""

    scores: Mapping[str, float]
    spans: tuple[ScoredWindow, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a person elsewhere thinks of a text: scores (0..1) by our labels."""

    text: str
    scores: Mapping[str, float] = field(default_factory=dict)
    requested: tuple[str, ...] = ()
    community: str | None = None


def spoken(text: str, requested: Sequence[str], home: str) -> tuple[str, ...]:
    """The languages that a text is to be scored in, the likeliest first; ``und`` for an unknown one.

    What the request names is not believed blindly: some clients name English for every language that they don't know.
    A text that is clearly in another language counts as that. Where the requested language and ``home``, the site's,
    are both likely, as they are for a word or two, the text is scored in both: no German insult passes as harmless
    English.
    """
    if not requested:
        return (detect(text, expected=home),)
    found = detect(text, expected=requested[0])
    if found not in requested:
        return (found,)
    odds = {rival: likelihood(text, rival, against=found) for rival in {*requested, home} - {found}}
    best = max(odds, key=odds.__getitem__, default=found)
    odds[found] = 1 - odds[best] if odds else 1.0
    return tuple(sorted((one for one in odds if odds[one] > _DOUBT), key=lambda one: (-odds[one], one)))


def covered(languages: Sequence[str], identity: ModelIdentity) -> tuple[str, ...]:
    """Those of the languages that the model was trained for."""
    return tuple(one for one in languages if one in identity.languages or "*" in identity.languages)


def score(text: str, languages: Sequence[str], classifier: Classifier, *, by_sentence: bool) -> Answer:
    """Score a text in one or more languages; the highest score counts.

    Raises:
        LanguageNotCoveredError: the model knows none of the languages.
        ClassifierUnavailableError: there is no model to ask.
        ClassifierError: the text could not be scored.
    """
    known = covered(languages, classifier.identity)
    if not known:
        raise LanguageNotCoveredError(languages[0])
    parts = sentences(text) if by_sentence else ()
    whole = [score_spans(text, windows(text, max_chars=WINDOW_CHARS), one, classifier) for one in known]
    spans = [_sentence_scores(text, parts, one, classifier) for one in known]
    return Answer(
        scores=worst(window.scores for found in whole for window in found),
        spans=tuple(
            ScoredWindow(part.begin, part.end, worst(found[place].scores for found in spans))
            for place, part in enumerate(parts)
        ),
    )


def _sentence_scores(
    text: str, parts: Sequence[Window], language: str, classifier: Classifier
) -> Sequence[ScoredWindow]:
    """One score for each sentence, of its worst window where it is longer than one."""
    pieces = [[Window(part.begin + cut.begin, part.begin + cut.end) for cut in _cuts(text, part)] for part in parts]
    scored = iter(score_spans(text, [piece for cuts in pieces for piece in cuts], language, classifier))
    return [
        ScoredWindow(part.begin, part.end, worst([next(scored).scores for _ in cuts]))
        for part, cuts in zip(parts, pieces, strict=True)
    ]


def _cuts(text: str, part: Window) -> Sequence[Window]:
    return windows(text[part.begin : part.end], max_chars=WINDOW_CHARS)


def keep(
    session: Session, site_id: uuid.UUID, suggestion: Suggestion, *, home: str, now: dt.datetime
) -> SuggestedScore:
    """Keep what a person thought of a text, to calibrate the site's thresholds with."""
    row = SuggestedScore(
        site_id=site_id,
        text=suggestion.text,
        language=spoken(suggestion.text, suggestion.requested, home)[0],
        scores=dict(suggestion.scores),
        community=suggestion.community,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row
