"""``vorab sites keys …`` and ``vorab sites set-sign-in``: how a site's own users come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from api.app import utc_now
from api.cli.output import Failure, answer, as_json, open_database, read_settings
from moderation import site_keys, sites
from moderation.models import SiteKey
from moderation.site_keys import AddedKey
from moderation.site_sign_in import audience
from moderation.site_tokens import ALGORITHMS, Algorithm


@click.group(help="The keys that a site signs its own users' tokens with.")
def keys() -> None: ...


@keys.command()
@click.argument("site_key")
@click.option("--kid", help="The key's name in a token's header; made up if left out.")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="HS256", show_default=True)
@click.option(
    "--public-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A public key in PEM, for every algorithm but HS256.",
)
@as_json
def add(site_key: str, kid: str | None, algorithm: str, public_key: Path | None, *, as_json: bool) -> None:
    """Add a key. With HS256 a shared secret is made and shown this once."""
    if (algorithm == "HS256") == (public_key is not None):
        raise Failure("HS256 takes no public key, every other algorithm needs one (--public-key)")
    settings = read_settings()
    with open_database(settings) as database, database.write() as session:
        site = sites.by_key(session, site_key)
        if public_key is None:
            added = site_keys.add_shared(session, settings.sealer, site, kid, now=utc_now())
        else:
            pem = public_key.read_text(encoding="utf-8")
            added = site_keys.add_public(session, site, kid, cast(Algorithm, algorithm), pem, now=utc_now())
        facts = {**_facts(added.key), "secret": added.secret, "audience": audience(settings.base_url, site.key)}
    answer(facts, _in_words(added, str(facts["audience"])), as_json=as_json)


@keys.command("list")
@click.argument("site_key")
@as_json
def list_keys(site_key: str, *, as_json: bool) -> None:
    """The site's keys, without secrets."""
    with open_database() as database, database.read() as session:
        found = [_facts(key) for key in site_keys.of_site(session, sites.by_key(session, site_key))]
    lines = [
        f"{key['kid']}  {key['algorithm']}  {'retired' if key['retired_at'] else 'valid'}  since {key['created_at']}"
        for key in found
    ]
    answer({"keys": found}, "\n".join(lines) or "The site has no keys.", as_json=as_json)


@keys.command()
@click.argument("site_key")
@click.argument("kid")
@as_json
def retire(site_key: str, kid: str, *, as_json: bool) -> None:
    """Accept nothing signed with key KID from now on."""
    with open_database() as database, database.write() as session:
        facts = _facts(site_keys.retire(session, sites.by_key(session, site_key), kid, now=utc_now()))
    answer(facts, f"Key {kid} of {site_key} is retired.", as_json=as_json)


@click.command("set-sign-in")
@click.argument("site_key")
@click.option("--moderators-by-token/--no-moderators-by-token", default=None, help="May tokens name moderators?")
@click.option("--second-factor/--no-second-factor", default=None, help="Do moderators need a second factor?")
@as_json
def set_sign_in(site_key: str, *, moderators_by_token: bool | None, second_factor: bool | None, as_json: bool) -> None:
    """Say how people may sign in to site SITE_KEY. What is left out stays as it is."""
    with open_database() as database, database.write() as session:
        site = sites.by_key(session, site_key)
        sites.set_sign_in(site, moderators_by_token=moderators_by_token, staff_second_factor=second_factor)
        facts = {
            "moderators_by_token": site.moderators_by_token,
            "staff_second_factor": site.staff_second_factor,
        }
    lines = [f"{name.replace('_', ' ')}: {'yes' if value else 'no'}" for name, value in facts.items()]
    answer(facts, "\n".join(lines), as_json=as_json)


def _facts(key: SiteKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "retired_at": key.retired_at.isoformat(timespec="seconds") if key.retired_at else None,
    }


def _in_words(added: AddedKey, audience: str) -> str:
    lines = [f"kid       {added.key.kid}", f"algorithm {added.key.algorithm}", f"audience  {audience}"]
    if added.secret is not None:
        lines += [f"secret    {added.secret}", "The secret is shown this once. Keep it on the site's server only."]
    return "\n".join(lines)
