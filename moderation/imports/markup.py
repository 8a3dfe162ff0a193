"""HTML as other systems keep it, as the text that it shows: paragraphs, line ends, quotes and links stay."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

LONGEST = 200_000
"""Characters of HTML. What is longer is no comment, and is handed on as it is for its length to be seen."""

_BREAKS = frozenset({"p", "div", "ul", "ol", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "table", "tr"})
_KEPT = {*_BREAKS, "br", "li", "a"}
_MANY_BREAKS = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[ \t\r\n\f]+")


def to_text(html: str, *, lines_count: bool) -> str:
    """The text. With ``lines_count`` its line ends are line ends, as in WordPress; else they are blanks, as in HTML.

    Scripts, styles, pictures and attributes are left out; a link's address stands behind its words.
    """
    if len(html) > LONGEST:
        return html
    try:
        # Parsed as browsers do, and written anew: what follows meets nothing but well-formed HTML.
        cleaned = nh3.clean(html, tags=_KEPT, attributes={"a": {"href"}}, link_rel=None, strip_comments=True)
    except UnicodeEncodeError:
        return html  # Half a character: whoever checks the text says so.
    writer = _Writer(lines_count=lines_count)
    writer.feed(cleaned)
    writer.close()
    return writer.text()


class _Writer(HTMLParser):
    def __init__(self, *, lines_count: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._lines_count = lines_count
        self._quotes = 0
        self._pre = 0
        self._parts: list[str] = []
        self._line: list[str] = []
        self._links: list[tuple[str, int]] = []

    def text(self) -> str:
        self._end_line()
        lines = [line for part in self._parts for line in part.split("\n")]
        # Blanks at its beginning would make code of a line, where Markdown is read.
        return _MANY_BREAKS.sub("\n\n", "\n".join(line.strip(" \t") for line in lines)).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self._break()
        if tag == "br":
            self._end_line()
        elif tag == "li":
            self._end_line(only_if_begun=True)
            self._line.append("- ")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._line)))
        self._count(tag, 1)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            self._end_link(*self._links.pop())
        if tag in _BREAKS:
            self._break()
        elif tag == "li":
            self._end_line(only_if_begun=True)
        self._count(tag, -1)
        if tag == "blockquote" and self._parts and self._parts[-1].strip() == ">":
            self._parts[-1] = "> " * self._quotes  # The blank line after it belongs to what is around.

    def handle_data(self, data: str) -> None:
        if not (self._lines_count or self._pre):
            blank = _SPACES.sub(" ", data)
            self._line.append(blank.lstrip(" ") if not self._line else blank)
            return
        first, *rest = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._line.append(first)
        for line in rest:
            self._end_line()
            self._line.append(line)

    def _count(self, tag: str, step: int) -> None:
        if tag == "blockquote":
            self._quotes = max(self._quotes + step, 0)
        elif tag == "pre":
            self._pre = max(self._pre + step, 0)

    def _end_link(self, href: str, begun: int) -> None:
        shown = "".join(self._line[begun:]).strip()
        if not href.startswith(("http://", "https://", "mailto:")) or (shown and href.endswith(shown)):
            return
        # Shortened by the other system: the whole address says more.
        if not shown or (shown.endswith(("...", "…")) and "://" in href and shown.rstrip(".… ") in href):
            self._line[begun:] = [href]
        else:
            self._line.append(f" ({href})")

    def _break(self) -> None:
        self._end_line(only_if_begun=True)
        if self._parts and self._parts[-1].strip("> "):
            self._parts.append("> " * self._quotes if self._quotes else "")

    def _end_line(self, *, only_if_begun: bool = False) -> None:
        line = "".join(self._line)
        self._line.clear()
        self._links = [(href, 0) for href, _ in self._links]
        if line.strip() or not only_if_begun:
            self._parts.append("> " * self._quotes + line)
