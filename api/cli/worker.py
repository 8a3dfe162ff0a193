from __future__ import annotations

import click

from api.cli.output import Failure, open_database, read_settings


@click.command()
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=16,
    show_default=True,
    help="Screenings at once; they share one model.",
)
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Serve figures for Prometheus on this port.")
@click.option(
    "--metrics-host", default="127.0.0.1", show_default=True, help="… on this address. They ask for no token."
)
def command(threads: int, metrics_port: int | None, metrics_host: str) -> None:
    """Screen comments for web processes (VORAB_SCREENING=celery) until SIGTERM, which lets those under way finish."""
    from api import migrating, worker

    settings = read_settings(log_level=None)
    if settings.broker_url is None:
        raise Failure("VORAB_BROKER_URL names no broker to take work from")
    with open_database(settings) as database:
        present, wanted = migrating.present_and_wanted(database)
    if not migrating.works_with(present):
        raise Failure(f"the database is at revision {present}, not at {wanted}: run `vorab db upgrade` first")
    worker.run(settings, threads=threads, metrics_at=(metrics_host, metrics_port) if metrics_port else None)
