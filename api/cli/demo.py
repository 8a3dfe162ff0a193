from __future__ import annotations

import click
from rich.console import Console

from api import migrating
from api.app import Replacements, make_services
from api.classifying import load
from api.cli.output import Failure, answer, as_json, read_settings
from moderation import sites
from moderation.db import Database
from seeds.demo import SITE_KEY, load_demo


@click.command()
@click.option("--origin", "origins", multiple=True, help="An origin whose pages may embed the demo's comments.")
@click.option("--quiet", is_flag=True, help="Only a progress bar.")
@as_json
def command(origins: tuple[str, ...], *, quiet: bool, as_json: bool) -> None:
    """Load what is missing of the demo; run again, it changes nothing. Every comment is really screened."""
    settings = read_settings()
    console = Console(stderr=True)
    services = make_services(settings, Replacements(classifier=load(settings)))
    try:
        migrating.upgrade(services.database)
        _demand_no_other_site(services.database)
        with console.status("Loading the demo …") as status:
            loaded = load_demo(
                services.database,
                services.runner.screener,
                services.hasher,
                clock=services.clock,
                origins=origins or (settings.base_url.rstrip("/"),),
                report=(lambda line: status.update(f"Loading the demo: {line}")) if quiet else console.print,
            )
    finally:
        services.runner.close()
        services.database.dispose()
    if not quiet:
        answer(loaded.as_json(), loaded.in_words(), as_json=as_json)


def _demand_no_other_site(database: Database) -> None:
    """The passwords of the demo's moderator and admin are public, and an admin sees every site."""
    with database.read() as session:
        others = sorted(set(sites.keys(session)) - {SITE_KEY})
    if others:
        raise Failure(
            f"this database has sites of its own ({', '.join(others)}), and the demo's passwords are public. "
            "VORAB_DATABASE_URL gives the demo another one"
        )
