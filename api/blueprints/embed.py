"""What publishers' pages load: the scripts, and the comments as plain HTML for readers without them."""

from __future__ import annotations

import gzip
from functools import cache
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request, send_from_directory
from markupsafe import Markup

from api import language, presenting
from api.embed import bundle
from api.embed.bundle import Script
from api.embed.times import in_words
from api.services import services
from moderation import sections, served_scripts, threads
from moderation.comment_views import Viewer
from moderation.sections import Section
from moderation.threads import Page, PageRequest

blueprint = Blueprint("embed", __name__, template_folder="../templates/embed")

_SHORT_S = 300
_FOREVER_S = 31_536_000
_PAGE_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {}"
)
_PAGE_SIZE = 50


@cache
def scripts() -> dict[str, Script]:
    return bundle.scripts()


@blueprint.get("/embed.js", defaults={"name": "embed.js"})
@blueprint.get("/counts.js", defaults={"name": "counts.js"})
def current_script(name: str) -> Response:
    """The newest one, for tags that follow every update."""
    script = scripts()[name]
    return _script(script.compressed, script.version, f"public, max-age={_SHORT_S}")


@blueprint.get("/embed/<build>/<script>")
def pinned_script(build: str, script: str) -> Response:
    """One that never changes, for tags with an integrity hash: the current one, or one of an earlier version."""
    current = scripts().get(script)
    if current is not None and current.version == build:
        compressed: bytes | None = current.compressed
    else:
        with services().database.read() as session:
            compressed = served_scripts.find(session, build, script)
    if compressed is None:
        abort(404)
    return _script(compressed, build, f"public, max-age={_FOREVER_S}, immutable")


def _script(compressed: bytes, version: str, cache_control: str) -> Response:
    if request.accept_encodings["gzip"] > 0:
        answer = make_response(compressed)
        answer.headers["Content-Encoding"] = "gzip"
    else:
        answer = make_response(gzip.decompress(compressed))
    answer.content_type = "text/javascript; charset=utf-8"
    answer.headers["Cache-Control"] = cache_control
    answer.vary.add("Accept-Encoding")
    _let_any_page_load(answer)
    answer.set_etag(version)
    answer.make_conditional(request)
    return answer


def _let_any_page_load(answer: Response) -> None:
    """The script is the same for everybody; a tag with an integrity hash has to fetch it by CORS."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"


@blueprint.get("/embed/sites/<site>/articles/<article>/comments.html")
def page(site: str, article: str) -> Response:
    """The comments as a page of its own, to be shown in a frame on the site's pages and nowhere else."""
    section, found = _read(site, article, request.args.get("cursor"))
    answer = make_response(render_template("page.html", **_material(section, found)))
    answer.headers["Content-Security-Policy"] = _PAGE_CSP.format(" ".join(section.origins) or "'none'")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/embed/sites/<site>/articles/<article>/fragment.html")
def fragment(site: str, article: str) -> Response:
    """The first comments as a piece of HTML, for the site's server to put into its page."""
    answer = make_response(rendered_fragment(site, article))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def rendered_fragment(site: str, article: str) -> Markup:
    """
    Raises:
        NotFoundError: no such site.
    """
    section, found = _read(site, article, None)
    return Markup(render_template("fragment.html", **_material(section, found)))  # noqa: S704  # The template escapes.


def _read(site: str, article: str, cursor: str | None) -> tuple[Section, Page]:
    wish = PageRequest(_PAGE_SIZE, cursor, "newest")
    with services().database.read() as session:
        section = sections.section(session, site, article)
        if not section.is_known:
            return section, Page((), None, 0)
        return section, threads.of_article(session, site, article, wish, Viewer())


def _material(section: Section, found: Page) -> dict[str, Any]:
    spoken = request.args.get("lang") or section.language
    spoken = spoken if spoken in language.LANGUAGES else language.LANGUAGES[0]
    return {
        "section": section,
        "comments": [presenting.comment(view) for view in found.items],
        "next_cursor": found.next_cursor,
        "lang": spoken,
        "t": bundle.texts(spoken),
        "when": lambda moment: in_words(moment, spoken),
        "safe": Markup,
    }


@blueprint.get("/static/embed.css")
def style() -> Response:
    answer = send_from_directory("static", "embed.css")
    answer.headers["Cache-Control"] = f"public, max-age={_SHORT_S}"
    return answer
