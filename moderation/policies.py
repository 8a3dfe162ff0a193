"""What a site asks for: thresholds, word lists, limits, who is pre-moderated.

A policy is a value. Sites keep every policy that they ever had, and each screening names the one that it used.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moderation.errors import InvalidInputError

Thresholds = Mapping[str, Mapping[str, float]]
"""Language (ISO 639-1, or ``*`` for any other) to label to the score (0..1) at which the label acts."""


@dataclass(frozen=True, slots=True)
class WordLists:
    """The site's own entries, and whether the lists that come with Vorab apply.

    Entries are written as a person writes them ("Vollpfosten"); matching is the word-list rule's business.
    ``allowed`` takes an entry of the shipped lists back.
    """

    use_default: bool = True
    banned: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that a site can choose. The defaults are what a new site gets."""

    hold_thresholds: Thresholds = field(default_factory=dict)
    """Empty: the thresholds that come with the model."""

    reject_thresholds: Thresholds = field(default_factory=dict)
    """Empty: the classifier never rejects by itself, a person does."""

    word_lists: WordLists = WordLists()

    min_length: int = 1
    max_length: int = 5000
    """Lengths in code points of the normalised text."""
    shouting_from: int = 20
    """This many letters, all of them capitals, are held."""

    max_links: int = 2
    blocked_hosts: tuple[str, ...] = ()

    repeat_window_s: int = 3600
    burst_window_s: int = 60
    burst_limit: int = 5
    """More than this many comments by one author within the window are held."""

    premoderate_site: bool = False
    premoderate_first: int = 0
    """An author's first n comments on the site wait for a moderator."""
    offender_refusals: int = 3
    """From this many comments refused by moderators on, an author's comments wait for one; 0 turns it off."""
    offender_percent: int = 50
    """… if they are at least this share of what was refused or published of theirs,"""
    offender_days: int = 30
    """… among the comments of so many days."""

    edit_window_s: int = 15 * 60
    shown_depth: int = 3
    """Replies below this depth are shown flat under their ancestor at this depth; 1 is a flat section."""
    flags_to_hold: int = 3
    """A published comment with this many open flags is taken down until a moderator has looked."""
    appeal_days: int = 184
    """So long after a refusal its author may ask for a second look; 0 turns appeals off. The Digital Services Act asks
    for six months (Article 20), 184 days at most, and nothing of micro and small enterprises (Article 19)."""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, the inverse of :func:`policy_from_json`."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # type: ignore[no-any-return]  # json's own signature


_DEFAULTS = Policy()
_MOST_OTHERWISE = 1_000_000_000
"""For seconds that is 31 years, and still a date that the calendar knows."""
_MOST = {"shown_depth": 10, "offender_percent": 100, "offender_days": 3650, "appeal_days": 3650}
"""Replies nested deeper than this are beyond any page, and each level is one more query."""


def stored_policy(stored: Mapping[str, Any]) -> Policy:
    """The policy that lies in the database. A later release may have stored it while this process still serves: what
    this one has no name for it cannot heed."""
    known = {entry.name for entry in dataclasses.fields(Policy)}
    return policy_from_json({name: value for name, value in stored.items() if name in known})


def policy_from_json(sent: Mapping[str, Any]) -> Policy:
    """The policy that somebody wants. What it leaves out has its default.

    Raises:
        InvalidInputError: a name is unknown, or a value is not of the right kind or out of range.
    """
    known = {entry.name: entry for entry in dataclasses.fields(Policy)}
    for name, value in sent.items():
        if name not in known or not _acceptable(name, value):
            raise InvalidInputError(f"policy.{name}", "invalid_policy")
    values = {name: _frozen(name, value) for name, value in sent.items()}
    return Policy(**values)


def _acceptable(name: str, value: object) -> bool:
    default = getattr(_DEFAULTS, name)
    if name.endswith("_thresholds"):
        return _are_thresholds(value)
    if name == "word_lists":
        return _are_word_lists(value)
    if isinstance(default, tuple):
        return _are_strings(value)
    if isinstance(default, bool):
        return isinstance(value, bool)
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST.get(name, _MOST_OTHERWISE)


def _are_thresholds(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(labels, Mapping)
        and all(isinstance(limit, int | float) and 0 <= limit <= 1 for limit in labels.values())
        for labels in value.values()
    )


def _are_word_lists(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) <= {entry.name for entry in dataclasses.fields(WordLists)}
        and isinstance(value.get("use_default", True), bool)
        and all(_are_strings(value.get(kind, ())) for kind in ("banned", "suspect", "allowed"))
    )


def _are_strings(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(entry, str) and entry.strip() for entry in value)


def _frozen(name: str, value: Any) -> Any:
    if name == "word_lists":
        parts: dict[str, Any] = {key: tuple(part) if isinstance(part, list) else part for key, part in value.items()}
        return WordLists(**parts)
    return tuple(value) if isinstance(value, list) else value
