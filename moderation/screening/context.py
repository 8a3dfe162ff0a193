"""Everything that a rule may look at. Read from the database before the rules run, so that rules are pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from moderation.classifiers.protocol import ModelIdentity
from moderation.policies import Policy
from moderation.text.normalising import Normalised


class Standing(StrEnum):
    """What a site lets an author do."""

    GOOD = "good"
    PREMODERATED = "premoderated"
    SUSPENDED = "suspended"
    BANNED = "banned"


class Elsewhere(StrEnum):
    """What became of a comment in the system that it was imported from."""

    PUBLISHED = "published"
    HELD = "held"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class RecentText:
    """A text that the same author wrote on the same site lately."""

    text: str
    age_s: float


@dataclass(frozen=True, slots=True)
class AuthorFacts:
    standing: Standing = Standing.GOOD
    unconfirmed: bool = False
    """Nobody has shown yet that the account's address is theirs."""
    published_count: int = 0
    refused_lately: int = 0
    """Comments of the policy's last ``offender_days`` that a moderator refused."""
    published_lately: int = 0
    recent: tuple[RecentText, ...] = ()
    """Newest first; reaches back at least as far as the policy's longest window, 50 texts at most."""


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    premoderated: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class ScoredWindow:
    """One stretch of the text (offsets into the text as written) with the higher of its raw and normalised scores."""

    begin: int
    end: int
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the classifier made of the whole text: the worst window counts for each label."""

    identity: ModelIdentity
    windows: tuple[ScoredWindow, ...]
    sentences: tuple[ScoredWindow, ...]
    """The single sentences of the windows that the policy would hold, scored by themselves."""
    scores: Mapping[str, float]
    duration_ms: float


@dataclass(frozen=True, slots=True)
class RuleContext:
    text: str
    """As written."""
    normalised: Normalised
    language: str
    """ISO 639-1 code of the language that the text is taken to be in, ``und`` if no guess is good enough."""
    policy: Policy
    author: AuthorFacts
    article: ArticleFacts
    assessment: Assessment | None
    """``None`` if the text's language is outside the model's, and it was therefore not scored."""
    elsewhere: Elsewhere | None = None
    """What it was in another system; ``None`` for what was written here."""
