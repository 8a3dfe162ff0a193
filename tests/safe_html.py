"""Looks for anything in a comment's HTML that must not be there, with a parser other than the one that made it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

TAGS = {"p", "br", "em", "strong", "s", "blockquote", "a", "code", "pre", "ul", "ol", "li"}
ATTRIBUTES = {"a": {"href", "rel", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
REL = "nofollow ugc noopener noreferrer"


def forbidden_nodes(html: str) -> list[str]:
    """What a comment may not hold, in words; nothing for safe HTML."""
    finder = _Finder(convert_charrefs=True)
    finder.feed(html)
    finder.close()
    return finder.found


class _Finder(HTMLParser):
    def __init__(self, *, convert_charrefs: bool) -> None:
        super().__init__(convert_charrefs=convert_charrefs)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.found.append(f"<{tag}>")
        self.found += [f"<{tag} {name}>" for name, _ in attrs if name not in ATTRIBUTES.get(tag, set())]
        values = dict(attrs)
        if tag == "a" and not _is_safe_link(values.get("href"), values.get("rel")):
            self.found.append(f"<a> with {values}")
        if tag == "ol" and not re.fullmatch(r"\d*", values.get("start") or ""):
            self.found.append(f"<ol> with {values}")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"<![{data}]>")


def _is_safe_link(href: str | None, rel: str | None) -> bool:
    if href is None:
        # A link whose address was taken away is plain text.
        return True
    return urlsplit(href).scheme in SCHEMES and rel == REL
