"""The demo's article: its text as the demo page shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from importlib.resources import files

ARTICLE_ID = "deepseek-r1"
"""The publisher's own id."""


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """Plain text throughout; whoever shows it escapes it."""

    title: str
    lead: str
    paragraphs: tuple[str, ...]
    published_at: dt.datetime
    author: str


def article() -> DemoArticle:
    """Read ``data/article.de.txt``: three lines of head, then lead and paragraphs, with blank lines between."""
    text = (files("seeds") / "data" / "article.de.txt").read_text(encoding="utf-8")
    head, lead, *paragraphs = (block.strip() for block in text.split("\n\n"))
    title, author, published = (line.split(": ", maxsplit=1)[1] for line in head.splitlines())
    return DemoArticle(title, lead, tuple(paragraphs), dt.datetime.fromisoformat(published), author)
