from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.progress import Progress

from api import language
from api.app import utc_now
from api.classifying import running_service
from api.cli.output import Failure, answer, as_json, open_database, read_settings
from api.cli.rows import progress
from api.settings import Settings
from moderation import importing, sites
from moderation.db import Database
from moderation.importer import Importer, Rehearsal, Tally
from moderation.importing import Origin
from moderation.imports import formats
from moderation.imports.checking import ARTICLE_IDS, Rules
from moderation.imports.entries import Was
from moderation.imports.staging import IMPORTED, Stage
from moderation.models import Site
from moderation.screener import Screener
from moderation.screening.pipeline import default_rules

SOME_WERE_BAD = 3
"""The exit code when everything else was imported."""
_SHOWN = 20
_LISTED = 10_000
_PATIENCE_S = 600.0
_EVERY = 1000

_PROBLEMS = {
    "ambiguous_article_id": "another article has the same id (see --article-id)",
    "article_without_id": "the article has no id (see --article-id)",
    "control_character": "the text holds control characters",
    "date_before_1990": "the time lies before 1990",
    "duplicate_id": "the export has another comment of the same id before it",
    "empty": "there is no text",
    "foreign_article_url": "the article's address is on none of the site's origins",
    "future_date": "the time lies in the future",
    "invalid_article": "`article` is no object",
    "invalid_article_id": "the article's id is too long, or holds a slash or control characters (see --article-id)",
    "invalid_author": "`author` is no object",
    "invalid_body": "the text is no text",
    "invalid_date": "the time is missing, or none",
    "invalid_metadata": "`metadata` is no object",
    "invalid_id": "an id is too long, no text or number, or holds control characters",
    "line_too_long": "the line is longer than any comment",
    "lone_surrogate": "the text holds half a character (a lone surrogate)",
    "missing_article": "it does not say which article it stands under, or that one is missing",
    "missing_id": "it has no id",
    "not_an_object": "the line is no JSON object",
    "not_json": "the line is no JSON",
    "not_utf8": "the line is not in UTF-8",
    "parent_cycle": "it is an answer to itself, over others or directly",
    "parent_on_another_article": "it answers a comment under another article",
    "too_long": "the text is longer than the site's policy allows (max_length)",
    "too_many_combining_marks": "the text piles up combining marks",
    "unknown_kind": "it is no comment, no story and no user",
    "unknown_parent": "it answers a comment that is missing",
    "unknown_status": "the status is none that is known",
}
_LEFT_OUT = {
    "published": "published",
    "held": "waiting there",
    "rejected": "rejected there",
    "spam": "spam",
    "deleted": "deleted",
    "no_comment": "no comments, but pingbacks and the like",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says."""

    site: str
    paths: tuple[Path, ...]
    kind: str
    source: str
    article_id: str
    base_url: str | None
    site_users: bool
    published_only: bool
    dry_run: bool
    is_quiet: bool


@click.command("import")
@click.argument("site")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--format", "kind", type=click.Choice(["auto", *formats.READERS]), default="auto", show_default=True)
@click.option(
    "--article-id",
    type=click.Choice(ARTICLE_IDS),
    help="What your pages give as data-article: the export's id of the article (default; not for isso), its address's "
    "path with - for /, or the path's last part.",
)
@click.option("--base-url", metavar="URL", help="Where the articles are now, like https://www.example.com.")
@click.option("--source", metavar="NAME", help="Tells two systems of the same format apart. Default: the format.")
@click.option("--site-users", is_flag=True, help="Authors' ids are what the site's own sign-in tokens call them.")
@click.option("--published-only", is_flag=True, help="Leave out what was rejected or waited.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@as_json
def command(site: str, files: tuple[Path, ...], *, as_json: bool, **options: Any) -> None:
    """Import the comments in FILE from another system to SITE, each screened like a new one.

    What passes and was published there is published, with its time; what is doubted waits in the review queue. What was
    rejected or waited there stays so. Run again after a break, it goes on; nothing is imported twice. docs/import.md
    says how to get the export. Exit code 3: some rows were bad and left out, all others are imported.
    """
    wish = _wish(site, files, is_quiet=as_json, **options)
    began = time.perf_counter()
    settings = read_settings()
    with open_database(settings) as database:
        facts = _carry_out(wish, settings, database)
    facts["seconds"] = round(time.perf_counter() - began, 2)
    answer(facts, _in_words(facts), as_json=as_json)
    if facts["bad"]:
        sys.exit(SOME_WERE_BAD)


def _wish(site: str, files: tuple[Path, ...], *, kind: str, source: str | None, **rest: Any) -> Wish:
    found = formats.recognise(files[0]) if kind == "auto" else kind
    rest["article_id"] = rest["article_id"] or formats.ARTICLE_ID.get(found, "id")
    rest["base_url"] = _origin(rest["base_url"])
    return Wish(site=site, paths=files, kind=found, source=_name(source or found), **rest)


def _name(source: str) -> str:
    if not source.isascii() or not source.isprintable() or not 0 < len(source) <= 40:
        raise Failure("--source takes up to 40 letters, digits and signs")
    return source


def _origin(base_url: str | None) -> str | None:
    if base_url is None:
        return None
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
        raise Failure("--base-url takes an origin like https://www.example.com")
    return f"{parts.scheme}://{parts.netloc}".lower()


def _carry_out(wish: Wish, settings: Settings, database: Database) -> dict[str, Any]:
    with database.read() as session:
        site = sites.by_key(session, wish.site)
        max_length = sites.policy_of(session, site.id).policy.max_length
    rules = Rules(
        origins=tuple(site.allowed_origins),
        max_length=max_length,
        now=utc_now(),
        pseudonym=settings.pseudonyms.of,
        article_id=wish.article_id,
        base_url=wish.base_url,
    )
    console = Console(stderr=True, quiet=wish.is_quiet)
    with Stage.opened(rules) as stage, progress(console) as shown:
        _read(wish, stage, shown)
        _put_in_order(wish, stage, site, database)
        tally = _work(wish, settings, database, site, stage, shown) if stage.total() else Tally()
        return _facts(wish, stage, tally)


def _read(wish: Wish, stage: Stage, shown: Progress) -> None:
    task = shown.add_task("Reading", total=None)
    for count in stage.add(formats.READERS[wish.kind](wish.paths)):
        if count % _EVERY == 0:
            shown.update(task, completed=count)
    shown.remove_task(task)


def _put_in_order(wish: Wish, stage: Stage, site: Site, database: Database) -> None:
    with database.read() as session:
        stage.settle(
            lambda ids: importing.known(session, site, wish.source, ids),
            wanted=(Was.PUBLISHED,) if wish.published_only else IMPORTED,
        )


def _work(wish: Wish, settings: Settings, database: Database, site: Site, stage: Stage, shown: Progress) -> Tally:
    nameless = language.text("names", "nameless", language=site.language)
    origin = Origin(wish.source, nameless, are_site_users=wish.site_users)
    with running_service(settings, patience_s=_PATIENCE_S, queue_limit=1_000_000) as classifier:
        task = shown.add_task("Looking" if wish.dry_run else "Importing", total=stage.total())
        advance: Callable[[int], None] = lambda count: shown.advance(task, count)  # noqa: E731  # Typed, and in place.
        if wish.dry_run:
            return Rehearsal(database, classifier, site, origin).run(stage, advance)
        screener = Screener(database, classifier, default_rules(), utc_now, settings.screening_lease)
        return Importer(database, screener, site, origin, utc_now).run(stage, advance)


def _facts(wish: Wish, stage: Stage, tally: Tally) -> dict[str, Any]:
    bad = stage.problems()
    return {
        "site": wish.site,
        "format": wish.kind,
        "source": wish.source,
        "dry_run": wish.dry_run,
        "imported": {status: tally.outcomes[status] for status in ("published", "held", "rejected")},
        "waiting": tally.waiting,
        "known": tally.known,
        "places": tally.places,
        "left_out": stage.left_out(),
        "bad": sum(bad.values()),
        "reasons": bad,
        "rows": [{"where": one.where, "id": one.id, "reason": one.reason} for one in stage.bad(_LISTED)],
        "articles": [{"id": one.external_id, "url": one.url, "title": one.title} for one in stage.sample_articles()],
    }


def _in_words(facts: Mapping[str, Any]) -> str:
    lines = [f"{row['where']}{_named(row['id'])}: {_PROBLEMS[row['reason']]}" for row in facts["rows"][:_SHOWN]]
    if facts["bad"] > _SHOWN:
        lines.append(f"… and {facts['bad'] - _SHOWN} more (--json lists {min(facts['bad'], _LISTED)})")
    counts = facts["imported"]
    new = ", ".join(f"{counts[status]} {status}" for status in counts)
    verb = "would be imported" if facts["dry_run"] else "imported"
    lines.append(f"{sum(counts.values())} comments {verb} in {facts['seconds']} s: {new}.")
    lines += _besides(facts)
    if facts["dry_run"] and facts["articles"]:
        lines.append("Your pages' data-article has to be what stands here first:")
        lines += [f"  {one['id']}  {one['url'] or ''}  {one['title'] or ''}".rstrip() for one in facts["articles"]]
    return "\n".join(lines)


def _besides(facts: Mapping[str, Any]) -> Sequence[str]:
    left_out = ", ".join(f"{count} {_LEFT_OUT[was]}" for was, count in facts["left_out"].items())
    found = (
        (facts["waiting"], "stored and wait for their screening; the server goes on with them."),
        (facts["known"], "had been imported before."),
        (sum(facts["left_out"].values()), f"left out: {left_out}."),
        (facts["places"], "of those that are missing keep a place, because others answered them."),
        (facts["bad"], "were bad and left out; see above."),
    )
    return [f"{count} {words}" for count, words in found if count]


def _named(external_id: str | None) -> str:
    return f" (id {external_id})" if external_id else ""
