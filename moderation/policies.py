"""What a site asks for: thresholds, word lists, limits, who is pre-moderated.

A policy is a value. Sites keep every policy that they ever had, and each screening names the one that it used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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

    edit_window_s: int = 15 * 60
    shown_depth: int = 3
    """Replies below this depth are shown flat under their ancestor at this depth; 1 is a flat section."""
    flags_to_hold: int = 3
    """A published comment with this many open flags is taken down until a moderator has looked."""
