"""What letters about appeals say."""

from __future__ import annotations

from api import language
from moderation.models import Article, Decision


def in_letter(decision: Decision, article: Article, spoken: str) -> dict[str, str]:
    """The words for what was decided, and about what. What there is not leaves no gap."""
    return {
        "article": _words("appeal.article", spoken, title=article.title) if article.title else "",
        "reason": _reason(decision, spoken),
        "note": _words("appeal.note", spoken, note=decision.note) if decision.note else "",
        "link": f"{article.url}\n" if article.url else "",
    }


def _reason(decision: Decision, spoken: str) -> str:
    if not decision.reasons:
        return ""
    code = decision.reasons[0]
    known = code if language.has_text("reasons", code) else "other"
    return _words("appeal.reason", spoken, reason=language.text("reasons", known, language=spoken))


def _words(code: str, spoken: str, **details: str) -> str:
    return language.text("mail", code, language=spoken, **details)
