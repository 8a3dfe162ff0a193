"""Which of our languages a person is answered in."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from flask import has_request_context, request

LANGUAGES = ("de", "en")


def current() -> str:
    """The best of our languages for ``Accept-Language``; German where it says nothing."""
    if not has_request_context():
        return LANGUAGES[0]
    # Not werkzeug's best_match: given "de-AT, en;q=0.5" it takes English, which alone matches letter for letter.
    for wanted, quality in request.accept_languages:
        language = wanted.partition("-")[0].lower()
        if quality > 0 and language in LANGUAGES:
            return language
    return LANGUAGES[0]


def text(group: str, code: str, *, language: str | None = None, **details: Any) -> str:
    """The words for a code. ``details`` fill the places that a text leaves for them."""
    return texts(language or current())[group][code].format(**details)


def gone(language: str | None = None) -> str:
    """What somebody is called whose account is deleted, in a site's language or the caller's."""
    return text("names", "gone", language=language if language in LANGUAGES else None)


def has_text(group: str, code: str) -> bool:
    return code in texts(LANGUAGES[0])[group]


@cache
def texts(language: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(
        resources.files("api").joinpath(f"texts/{language}.json").read_text(encoding="utf-8")
    )
    return found
