from __future__ import annotations

import uuid
from typing import Any

import click

from api.app import utc_now
from api.cli.output import answer, as_json, open_database
from moderation import api_keys
from moderation.models import ApiKey


@click.group(help="Keys with which other servers ask for scores (the Perspective API's calls).")
def command() -> None: ...


@command.command()
@click.option("--site", "site_key", required=True, help="The key asks on this site's behalf.")
@click.option("--name", default="Perspective API", show_default=True, help="To know it again by.")
@click.option(
    "--hold-uncovered",
    is_flag=True,
    help="Answer texts in a language that the model does not cover with the highest score instead of an error: for "
    "clients that publish where they get an error, as Coral does.",
)
@as_json
def create(site_key: str, name: str, *, hold_uncovered: bool, as_json: bool) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    with open_database() as database, database.write() as session:
        made = api_keys.create(session, site_key, name, holds_uncovered=hold_uncovered, now=utc_now())
        facts = {"key": made.key, **_facts(made.stored, site_key)}
    sentence = f"{made.key}\nThis is the key of {site_key}. It cannot be shown again."
    answer(facts, sentence, as_json=as_json)


@command.command("list")
@click.option("--site", "site_key", help="Only this site's.")
@as_json
def list_keys(site_key: str | None, *, as_json: bool) -> None:
    """Every key, without the key itself."""
    with open_database() as database, database.read() as session:
        found = [_facts(key, site.key) for key, site in api_keys.listed(session, site_key)]
    lines = [
        f"{key['id']}  {key['site']}  {key['hint']}…  {key['name']}  "
        + (f"revoked {key['revoked_at']}" if key["revoked_at"] else f"last used {key['last_used_at'] or 'never'}")
        for key in found
    ]
    answer({"keys": found}, "\n".join(lines) or "There are no keys yet.", as_json=as_json)


@command.command()
@click.argument("key_id", metavar="ID", type=click.UUID)
@as_json
def revoke(key_id: uuid.UUID, *, as_json: bool) -> None:
    """End the key with this ID (see `list`) at once and for good."""
    with open_database() as database, database.write() as session:
        key = api_keys.revoke(session, key_id, now=utc_now())
        facts = {"id": key.id, "hint": key.hint, "revoked_at": key.revoked_at}
    answer(facts, f"The key {facts['hint']}… is revoked.", as_json=as_json)


def _facts(key: ApiKey, site_key: str) -> dict[str, Any]:
    return {
        "id": key.id,
        "site": site_key,
        "name": key.name,
        "hint": key.hint,
        "hold_uncovered": key.holds_uncovered,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }
