"""``vorab sites providers …``: identity providers (OpenID Connect) that a site's people may sign in with."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from api.app import utc_now
from api.cli.output import Failure, answer, as_json, open_database, read_settings
from api.provider_client import ProviderClient
from moderation import identity_providers, sites
from moderation.errors import ProviderUnavailableError
from moderation.identity_providers import DEFAULT_SCOPES, NewProvider
from moderation.models import IdentityProvider


@click.group(help="Identity providers (OpenID Connect) that a site's people may sign in with.")
def providers() -> None: ...


@providers.command()
@click.argument("site_key")
@click.argument("key")
@click.option("--name", required=True, help="What the button says after “Sign in with”.")
@click.option("--issuer", required=True, help="The provider's issuer identifier, exactly as it spells it.")
@click.option("--client-id", required=True, help="What the provider calls this installation.")
@click.option(
    "--secret-file",
    type=click.File("r", encoding="utf-8"),
    help="A file with the client's secret, - for standard input. A public client has none.",
)
@click.option("--scopes", default=DEFAULT_SCOPES, show_default=True)
@click.option("--name-claim", help="Which claim readers see as a name; else nickname, preferred_username, name.")
@click.option("--readers/--no-readers", default=True, show_default=True, help="May readers sign in with it?")
@click.option("--staff/--no-staff", default=False, show_default=True, help="May staff sign in at the desk with it?")
@click.option(
    "--link-verified-email/--no-link-verified-email",
    default=False,
    show_default=True,
    help="Know moderators of this site alone by an address that the provider has verified.",
)
@as_json
def add(site_key: str, key: str, *, secret_file: Any, as_json: bool, **wish: Any) -> None:
    """Add provider KEY to site SITE_KEY. Its secret is sealed and never shown again."""
    secret = secret_file.read().strip() if secret_file is not None else None
    command = NewProvider(
        key,
        wish["name"],
        wish["issuer"],
        wish["client_id"],
        secret=secret,
        scopes=wish["scopes"],
        name_claim=wish["name_claim"],
        for_readers=wish["readers"],
        for_staff=wish["staff"],
        links_verified_email=wish["link_verified_email"],
    )
    settings = read_settings()
    with open_database(settings) as database, database.write() as session:
        site = sites.by_key(session, site_key)
        row = identity_providers.add(session, settings.sealer, site, command, now=utc_now())
        facts = _facts(row, site_key, settings.base_url)
    answer(facts, f"Register this address with the provider: {facts['callback']}", as_json=as_json)


@providers.command("list")
@click.argument("site_key")
@as_json
def list_providers(site_key: str, *, as_json: bool) -> None:
    """The site's providers, without secrets."""
    settings = read_settings()
    with open_database(settings) as database, database.read() as session:
        rows = identity_providers.of_site(session, sites.by_key(session, site_key).id)
        found = [_facts(row, site_key, settings.base_url) for row in rows]
    lines = [f"{one['key']}  {one['name']}  {one['issuer']}  {_for_whom(one)}" for one in found]
    answer({"providers": found}, "\n".join(lines) or "The site has no identity providers.", as_json=as_json)


@providers.command()
@click.argument("site_key")
@click.argument("key")
@as_json
def check(site_key: str, key: str, *, as_json: bool) -> None:
    """Ask provider KEY what it says of itself, as a sign-in would."""
    settings = read_settings()
    with open_database(settings) as database, database.read() as session:
        row = identity_providers.get(session, sites.by_key(session, site_key), key)
        provider = identity_providers.opened(settings.sealer, row)
    try:
        metadata = ProviderClient().metadata(provider)
    except ProviderUnavailableError as error:
        raise Failure(f"{provider.issuer} cannot be used: {error.details['reason']}") from error
    facts = {"issuer": provider.issuer, "authorization_endpoint": metadata.authorization_endpoint}
    answer(facts, f"{provider.issuer} answers. People are sent to {metadata.authorization_endpoint}.", as_json=as_json)


@providers.command()
@click.argument("site_key")
@click.argument("key")
@as_json
def remove(site_key: str, key: str, *, as_json: bool) -> None:
    """Let nobody sign in with provider KEY any more. Accounts and sessions that began with it stay."""
    with open_database() as database, database.write() as session:
        identity_providers.remove(session, sites.by_key(session, site_key), key)
    answer({"removed": key}, f"Provider {key} of {site_key} is removed.", as_json=as_json)


def _facts(row: IdentityProvider, site_key: str, base_url: str) -> dict[str, Any]:
    return {
        "key": row.key,
        "name": row.name,
        "issuer": row.issuer,
        "client_id": row.client_id,
        "has_secret": row.sealed_secret is not None,
        "scopes": row.scopes,
        "name_claim": row.name_claim,
        "readers": row.for_readers,
        "staff": row.for_staff,
        "link_verified_email": row.links_verified_email,
        "callback": f"{base_url.rstrip('/')}/sign-in/{quote(site_key)}/{quote(row.key)}/callback",
    }


def _for_whom(facts: dict[str, Any]) -> str:
    return ", ".join(name for name in ("readers", "staff") if facts[name]) or "nobody"
