"""``vorab secrets``: what to do when ``VORAB_SECRET_KEY`` is changed."""

from __future__ import annotations

import click

from api.cli.output import Failure, answer, as_json, open_database, read_settings
from moderation import sealed_secrets


@click.group(help="Secrets that lie sealed in the database.")
def command() -> None: ...


@command.command()
@as_json
def reseal(*, as_json: bool) -> None:
    """Seal everything with VORAB_SECRET_KEY that VORAB_PREVIOUS_SECRET_KEYS still open."""
    settings = read_settings()
    with open_database(settings) as database, database.write() as session:
        found = sealed_secrets.reseal(session, settings.sealer)
    facts = {"resealed": found.resealed, "current": found.current, "unreadable": found.unreadable}
    answer(facts, f"Sealed anew: {found.resealed}. Were already: {found.current}.", as_json=as_json)
    if found.unreadable:
        raise Failure(f"No key opens these: {', '.join(found.unreadable)}")
