"""What an entry is once its values are checked: fit to be stored, or with the reason why not."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from moderation.errors import InvalidInputError
from moderation.imports.entries import ArticleEntry, Author, CommentEntry
from moderation.imports.values import LONGEST_ID
from moderation.text.input import clean, clean_name, without_controls, without_invisible

EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
_LONGEST_NAME = 80
_LONGEST_TITLE = 500
_LONGEST_URL = 2000
_LONGEST_ARTICLE_ID = 200
ARTICLE_IDS = ("id", "path", "slug")
"""The publisher's own id; the address's path with ``-`` for ``/``; the path's last part."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of an export's rows.

    ``article_id`` says which part of an article the site's pages give as its id, ``origins`` where its pages are.
    ``base_url`` stands in for the origin of all addresses: the site has moved, or the export has paths only.
    ``pseudonym`` makes something of an address that tells people apart and is no address.
    """

    origins: tuple[str, ...]
    max_length: int
    now: dt.datetime
    pseudonym: Callable[[str], str]
    article_id: str = "id"
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedArticle:
    """With a ``problem`` there is no page that its comments could stand under.

    ``page`` is the whole path that an id was made of a part of: two pages must not come to one id.
    """

    external_id: str = ""
    url: str | None = None
    title: str | None = None
    page: str | None = None
    problem: str | None = None


def article(entry: ArticleEntry, rules: Rules) -> CheckedArticle:
    page = _page(entry.url) if rules.article_id != "id" else None
    external_id = entry.id if rules.article_id == "id" else _id_from(page, rules.article_id)
    if not external_id:
        return CheckedArticle(problem="article_without_id")
    # The addresses of our API have the id between slashes.
    if len(external_id) > _LONGEST_ARTICLE_ID or not external_id.isprintable() or "/" in external_id:
        return CheckedArticle(problem="invalid_article_id")
    found = CheckedArticle(external_id, None, _title(entry.title), page)
    url = _full(entry.url, rules.base_url)
    if url is None:
        return found
    ours = _on_origin(url, rules.origins)
    return replace(found, url=ours, problem=None if ours is not None else "foreign_article_url")


def _page(url: str | None) -> str | None:
    parts = _split(url) if url is not None else None
    if parts is None:
        return None
    return storable(unquote(parts.path).strip("/") + (f"?{parts.query}" if parts.query else ""))


def _id_from(page: str | None, kind: str) -> str:
    if page is None:
        return ""
    return page.replace("/", "-") if kind == "path" else page.partition("?")[0].rpartition("/")[2]


def storable(text: str) -> str:
    """What UTF-8 has no place for is replaced."""
    return text.encode("utf-8", "replace").decode()


def _full(url: str | None, base_url: str | None) -> str | None:
    """The whole address, under ``base_url`` if there is one; a path alone is no address."""
    if url is None:
        return None
    parts = _split(url)
    if parts is not None and base_url is not None:
        rest = parts.path + (f"?{parts.query}" if parts.query else "")
        return urljoin(base_url, rest if rest.startswith("/") else f"/{rest}")
    return url if parts is None or parts.scheme else None


def _on_origin(url: str, origins: tuple[str, ...]) -> str | None:
    """The address if it is one of the site's; from the time before TLS, with it. ``None`` for anybody else's."""
    parts = _split(url)
    if parts is None or len(url) > _LONGEST_URL or not url.isprintable():
        return None
    host = parts.netloc.lower()
    if f"{parts.scheme}://{host}" in origins:
        return url
    return f"https{url[len('http') :]}" if parts.scheme == "http" and f"https://{host}" in origins else None


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _title(title: str | None) -> str | None:
    if title is None:
        return None
    try:
        return clean_name(without_invisible(" ".join(title.split()))[:_LONGEST_TITLE], max_length=_LONGEST_TITLE)
    except InvalidInputError:
        return None


def body(entry: CommentEntry, rules: Rules) -> tuple[str, str | None]:
    """The text as it will be stored, and what is wrong with it.

    Control characters are left out: broken conversions are full of them, and nobody has ever seen them.
    """
    try:
        cleaned = clean(without_controls(entry.body))
    except InvalidInputError as error:
        return "", error.reason
    return ("", "too_long") if len(cleaned) > rules.max_length else (cleaned, None)


def written_at(entry: CommentEntry, rules: Rules) -> tuple[dt.datetime | None, str | None]:
    if entry.created_at is None:
        return None, "invalid_date"
    if entry.created_at > rules.now:
        return None, "future_date"
    return (None, "date_before_1990") if entry.created_at < EARLIEST else (entry.created_at, None)


def subject(author: Author, rules: Rules) -> str:
    """What tells one author from another: their number, or else their address, of which only a pseudonym is kept, or
    else nothing but their name. ``""`` for whoever gave none of these."""
    if author.id is not None:
        return f"id:{author.id}" if len(author.id) <= LONGEST_ID - 3 else f"id-hash:{_digest(author.id)}"
    if author.email is not None and "@" in author.email:
        return rules.pseudonym(author.email)
    name = shown_name(author.name)
    return f"name:{name}" if name is not None else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_LONE = re.compile("[\ud800-\udfff]")


@lru_cache(maxsize=4096)
def shown_name(name: str | None) -> str | None:
    """The name as it was written, as far as it can be shown in a line; ``None`` if nothing of it can."""
    if name is None:
        return None
    line = unicodedata.normalize("NFC", _LONE.sub("", without_invisible(" ".join(name.split()))))
    try:
        return clean_name(line[:_LONGEST_NAME].strip())
    except InvalidInputError:
        return None
