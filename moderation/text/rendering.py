"""A comment's Markdown as safe HTML: a small subset goes in, an even smaller set of elements comes out."""

from __future__ import annotations

from functools import cache, lru_cache

import nh3
from markdown_it import MarkdownIt

from moderation.text.input import strip_bidi

_TAGS = {"p", "br", "em", "strong", "s", "blockquote", "a", "code", "pre", "ul", "ol", "li"}
_SCHEMES = {"http", "https", "mailto"}
_REL = "nofollow ugc noopener noreferrer"
_MOST_NESTING = 20
_MOST_COLONS = 200
"""Every colon may end a scheme, which is looked for in all that stands before it. Whoever writes that many writes no
links but wants the time."""


@lru_cache(maxsize=4096)
def to_html(body: str) -> str:
    """Paragraphs, line breaks, emphasis, quotes, lists, links and code; no images, headings or HTML.

    Parsed by CommonMark's rules without HTML, then cleaned against an allow list: neither step trusts the other.
    Characters that turn the direction of writing are taken out, so that a comment cannot reorder the page around it.
    """
    finds_links = body.count(":") <= _MOST_COLONS
    return _cleaner().clean(_markdown(finds_links=finds_links).render(strip_bidi(body)))


@cache
def _markdown(*, finds_links: bool) -> MarkdownIt:
    options = {"html": False, "breaks": True, "linkify": finds_links, "maxNesting": _MOST_NESTING}
    parser = MarkdownIt("commonmark", options)
    return parser.enable(["strikethrough", "linkify"]).disable(["image", "heading", "lheading", "hr", "reference"])


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=_SCHEMES,
        url_relative="deny",  # It would lead into the page that shows the comment.
        link_rel=_REL,
        strip_comments=True,
    )
