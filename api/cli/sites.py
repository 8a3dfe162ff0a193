from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from api.app import utc_now
from api.cli.output import Failure, answer, as_json, open_database, read_settings
from api.cli.providers import providers
from api.cli.scripts import scripts
from api.cli.site_keys import keys, set_sign_in
from api.embed import bundle
from moderation import sites
from moderation.models import Site
from moderation.policies import policy_from_json
from moderation.sites import NewSite


@click.group(help="Sites and their policies.")
def command() -> None: ...


command.add_command(keys)
command.add_command(set_sign_in)
command.add_command(scripts)
command.add_command(providers)


@command.command()
@click.option("--key", required=True, help="Public; stands in the page's source.")
@click.option("--name", required=True)
@click.option("--language", type=click.Choice(["de", "en"]), default="de", show_default=True)
@click.option(
    "--origin", "origins", multiple=True, help="An origin whose pages may embed comments, like https://example.com."
)
@as_json
def create(key: str, name: str, language: str, origins: tuple[str, ...], *, as_json: bool) -> None:
    """Make a site."""
    with open_database() as database, database.write() as session:
        made = sites.create(session, NewSite(key, name, language, origins), now=utc_now())
        facts = _facts(made)
    answer(facts, f"Made site {key}.", as_json=as_json)


@command.command("list")
@as_json
def list_sites(*, as_json: bool) -> None:
    """Every site with its origins."""
    with open_database() as database, database.read() as session:
        found = [_facts(site) for site in session.scalars(select(Site).order_by(Site.key))]
    lines = [f"{site['key']}  {site['name']}  {' '.join(site['origins'])}" for site in found]
    answer({"sites": found}, "\n".join(lines) or "There are no sites yet.", as_json=as_json)


@command.command("set-origins")
@click.argument("key")
@click.argument("origins", nargs=-1)
@click.option("--none", "is_none", is_flag=True, help="Allow no origin any more.")
@as_json
def set_origins(key: str, origins: tuple[str, ...], *, is_none: bool, as_json: bool) -> None:
    """Replace the origins whose pages may embed the comments of site KEY."""
    if bool(origins) == is_none:
        raise click.UsageError("Name the origins to allow, or say --none.")
    with open_database() as database, database.write() as session:
        site = sites.by_key(session, key)
        sites.set_origins(site, origins)
        facts = _facts(site)
    answer(facts, f"{key} allows: {' '.join(origins) or 'no origin'}.", as_json=as_json)


@command.command()
@click.argument("key")
@as_json
def tag(key: str, *, as_json: bool) -> None:
    """Print the script tags for the pages of site KEY: one that follows updates, one pinned to these bytes."""
    found = read_settings()
    with open_database(found) as database, database.read() as session:
        sites.by_key(session, key)
    script, about = bundle.scripts()["embed.js"], f'data-site="{key}" data-article="ARTICLE"'
    current = f'<script src="{found.base_url}/embed.js" {about} async></script>'
    pin = f'integrity="{script.integrity}" crossorigin="anonymous"'
    pinned = f'<script src="{found.base_url}{script.path}" {pin} {about} async></script>'
    answer({"current": current, "pinned": pinned}, f"{current}\n{pinned}", as_json=as_json)


@command.command()
@click.argument("key")
@as_json
def policy(key: str, *, as_json: bool) -> None:
    """Show the policy in force of site KEY, as JSON that `set-policy` takes."""
    with open_database() as database, database.read() as session:
        in_force = sites.policy_of(session, sites.by_key(session, key).id)
    shown = in_force.policy.as_json()
    answer(
        {"number": in_force.number, "policy": shown}, json.dumps(shown, ensure_ascii=False, indent=2), as_json=as_json
    )


@command.command("set-policy")
@click.argument("key")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def set_policy(key: str, file: Path, *, as_json: bool) -> None:
    """Put the policy in FILE (JSON) in force for site KEY. What FILE leaves out stays as it is.

    Comments that were decided before stay as they are. Every policy is kept.
    """
    wish = _read(file)
    with open_database() as database, database.write() as session:
        site = sites.by_key(session, key)
        before = sites.policy_of(session, site.id).policy
        wanted = policy_from_json({**before.as_json(), **wish})
        row = sites.set_policy(session, site, wanted, actor_id=None, now=utc_now())
        changed = [
            entry.name
            for entry in dataclasses.fields(wanted)
            if getattr(wanted, entry.name) != getattr(before, entry.name)
        ]
        number = row.number
    facts = {"number": number, "changed": changed}
    answer(facts, f"Policy {number} of {key} is in force; changed: {', '.join(changed) or 'nothing'}.", as_json=as_json)


def _read(file: Path) -> dict[str, Any]:
    try:
        wish = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Failure(f"{file} is no JSON: {error}") from error
    if not isinstance(wish, dict):
        raise Failure(f"{file} must hold a JSON object")
    return wish


def _facts(site: Site) -> dict[str, Any]:
    return {"key": site.key, "name": site.name, "language": site.language, "origins": list(site.allowed_origins)}
