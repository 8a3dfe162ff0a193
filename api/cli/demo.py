from __future__ import annotations

import click
from rich.console import Console

from api import migrating
from api.app import Replacements, make_services
from api.classifying import load
from api.cli.output import answer, as_json, read_settings
from seeds.demo import load_demo


@click.command(help="Load the demo: a site, an article, accounts and comments.")
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
